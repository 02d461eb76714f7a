"""Training: one epoch after the other, and the way back where the steps explode.

Before it: storage.py. After it: summary.py, and network.py, whose fit this is. Chapter 12.

Symbols: θ_t the parameters after t updates; L_t the loss of the batch that follows them, from which
update t + 1 is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from math import nan

import numpy as np

from .layers import Layer
from .losses import SoftmaxCrossEntropy
from .optimizers import SGD


@dataclass
class History:
    """What fit saw, one number an epoch: loss and accuracy are means over the epoch while the
    weights change, as Keras logs them; learning_rate is the rate of the epoch's first update.
    Chapter 12.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)

    def add(self, loss: float, accuracy: float, learning_rate: float) -> None:
        """One epoch more."""
        self.loss.append(loss)
        self.accuracy.append(accuracy)
        self.learning_rate.append(learning_rate)

    @property
    def history(self) -> dict[str, list[float]]:
        """The same as a dictionary, under Keras' name."""
        return asdict(self)


class DivergenceError(ValueError):
    """The loss, or a weight, stopped being finite: the steps are too long for these inputs.

    Where the loss has the curvature λ, a step multiplies the distance from the minimum by
    1 - lr·λ: with lr > 2/λ it grows without bound. λ is about as large as x², so that smaller
    inputs help as a smaller rate does.
    update: t, the first number of updates of this fit after which it was so; the network is left
    as t - 1 updates made it, the last with a finite loss. history: the epochs that were completed.
    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, §5.1.
    Chapter 12.
    """

    def __init__(self, message: str, update: int, history: History) -> None:
        super().__init__(message, update, history)
        self.update, self.history = update, history

    def __str__(self) -> str:
        return str(self.args[0])


class State:
    """θ_t and what the optimizer knows after t updates, to be put back."""

    def __init__(self, descent: Descent) -> None:
        self.t = descent.t
        self.params = [param.copy() for param in descent.network.params]
        self.optimizer = deepcopy(vars(descent.optimizer))

    def restore(self, descent: Descent) -> None:
        """The parameters in place, the optimizer's velocities and number of updates."""
        descent.t = self.t
        for param, value in zip(descent.network.params, self.params, strict=True):
            param[...] = value
        vars(descent.optimizer).update(self.optimizer)


class Descent:
    """Minibatch descent of a network on the examples x and their one-hot labels y (n, n_classes).

    A copy of the parameters at each update would cost a fifth of the time. One copy an epoch costs
    nothing, and from there the same updates lead again to every θ_t of the epoch.
    """

    def __init__(
        self, network: Layer, x: np.ndarray, y: np.ndarray, batch_size: int, optimizer: SGD
    ) -> None:
        self.network, self.x, self.y = network, x, y
        self.batch_size, self.optimizer = batch_size, optimizer
        self.loss, self.t = SoftmaxCrossEntropy(), 0

    def epoch(self, rng: np.random.Generator) -> tuple[float, float]:
        """Every row once, in a new order -> the mean loss and the accuracy; where the loss or a
        parameter is not finite, the loss is NaN, and rewind leads back."""
        order = rng.permutation(len(self.y))
        begun = deepcopy(rng)  # from which the masks of Dropout come
        total, n_right = 0.0, 0
        with self._lent(rng):
            for k, rows in enumerate(self._batches(order)):
                loss, right = self._forward(rows)
                if not np.isfinite(loss):
                    return nan, nan
                if k == 0:  # with a finite loss rewind may begin here
                    self.begun = State(self), order, begun
                total, n_right = total + loss * len(rows), n_right + right
                self._update()
        return total / len(order) if self.network.finite() else nan, n_right / len(order)

    def rewind(self) -> str:
        """Back to the last parameters that were finite and had a finite loss, over the same batches
        with the same masks as before -> which of the two was not finite afterwards."""
        if self.t == 0:
            return "the loss"
        kept, order, rng = self.begun
        kept.restore(self)
        with self._lent(rng):
            for rows in self._batches(order):
                loss, _ = self._forward(rows)
                if not (np.isfinite(loss) and self.network.finite()):
                    break
                kept = State(self)
                self._update()
        what = "the loss" if self.network.finite() else "a weight"
        kept.restore(self)
        return what

    def divergence(self, largest: float, history: History) -> DivergenceError:
        """rewind, and what there is to say about it; largest is that of |x|."""
        diverged = self.t > 0
        what, when = self.rewind(), "before the first update"
        cause, remedy = f"x holds values up to {largest:.4g}", "standardise x"
        if diverged:
            epoch = self.t // len(range(0, len(self.y), self.batch_size)) + 1
            when = f"after update {self.t + 1} (of epoch {epoch})"
            cause += f" and the learning rate is {self.optimizer.learning_rate:g}"
            remedy += " or lower the learning rate"
        message = f"{what} is not finite {when}: {cause}; {remedy}"
        return DivergenceError(message, self.t + diverged, history)

    def _batches(self, order: np.ndarray) -> Iterator[np.ndarray]:
        return (order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size))

    def _forward(self, rows: np.ndarray) -> tuple[float, int]:
        """The loss of these rows, and how many of the answers are right."""
        logits, y = self.network.forward(self.x[rows]), self.y[rows]
        right = int(np.sum(logits.argmax(axis=1) == y.argmax(axis=1)))
        return self.loss.forward(logits, y), right

    def _update(self) -> None:
        """θ_t -> θ_(t + 1), from the gradients of the last forward."""
        self.network.parameter_gradients(self.loss.backward())
        self.optimizer.step(self.network.params, self.network.grads)
        self.t += 1

    @contextmanager
    def _lent(self, rng: np.random.Generator) -> Iterator[None]:
        """While the layers train they have rng to draw from; on_epoch finds them at rest again."""
        self.network.lend(rng)
        try:
            yield
        finally:
            self.network.lend(None)

"""The network: layers in a row, trained by small steps, and kept in a file.

Before it: layers, activations, losses, optimizers, metrics, storage. After it: ensemble.py.
Chapters 11 (backward), 12 (fit) and 13 (the reference network).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import storage
from .gram import GramDense
from .layers import Dense, Layer, as_float
from .losses import SoftmaxCrossEntropy, softmax, targets
from .metrics import accuracy
from .optimizers import SGD


@dataclass
class History:
    """What fit saw, one number an epoch: loss and accuracy are means over the epoch while the
    weights change, as Keras logs them; learning_rate is the rate of the epoch's first update."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)

    @property
    def history(self) -> dict[str, list[float]]:
        """The same as a dictionary, under Keras' name."""
        return asdict(self)


class Sequential(Layer):
    """out = layer_k(… layer_2(layer_1(x))).  The outputs are logits: softmax is fused in the loss.

    A network is a layer too: it has params, grads, forward and backward, and can be checked as one.
    layers: any objects like Layer, the first of them reading x (n_examples, n_features).
    metadata: whatever should be kept in the model file beside the layers, as JSON can hold it.
    ValueError: no layers, or a Dense that does not fit the Dense before it.
    """

    def __init__(self, layers: Sequence[Layer], metadata: dict[str, Any] | None = None) -> None:
        self.layers = list(layers)
        self.metadata = {} if metadata is None else metadata
        if not self.layers:
            raise ValueError("layers=[] must hold at least one layer")
        dense = [layer for layer in self.layers if isinstance(layer, Dense)]
        for first, second in pairwise(dense):
            if first.n_out != second.n_in:
                raise ValueError(f"{second!r} must take the {first.n_out} outputs of {first!r}")

    @property
    def params(self) -> list[np.ndarray]:
        """The parameters of all layers, in order."""
        return [param for layer in self.layers for param in layer.params]

    @property
    def grads(self) -> list[np.ndarray]:
        """∂L/∂param for each of params."""
        return [grad for layer in self.layers for grad in layer.grads]

    @property
    def n_params(self) -> int:
        """How many numbers are learnt."""
        return sum(param.size for param in self.params)

    def to_dtype(self, dtype: np.dtype) -> None:
        """Keep the parameters of all layers as dtype from now on."""
        for layer in self.layers:
            layer.to_dtype(dtype)

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> logits (n, n_classes)."""
        for layer in self.layers:
            x = layer.forward(x)
        return np.asarray(x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """∂L/∂logits -> ∂L/∂x, by the chain rule from the last layer to the first; sets grads."""
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def lend(self, rng: np.random.Generator | None) -> None:
        """To every layer; see Layer."""
        for layer in self.layers:
            layer.lend(rng)

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        epochs: int,
        batch_size: int,
        optimizer: SGD,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
        gram: bool | None = None,
    ) -> History:
        """Minibatch descent: each epoch visits every row once, in a new order drawn from rng.

        x (n, n_features), y (n,) ints or (n, n_classes) one-hot; the last batch of an epoch may be
        smaller. Trains in the dtype of x. on_epoch is called with the history after each epoch.
        gram: train the first layer in its Gram form, which gives the same weights up to rounding;
        None: where examples are fewer than features, so that it is faster, and the optimizer is SGD
        itself: another rule may take steps that are no sums of gradients.
        ValueError: an x that is not finite or does not fit y, epochs or batch_size < 1.
        """
        x = _examples(x)
        y = targets(y, (len(x), self.forward(x[:1]).shape[1]), x.dtype)
        for name, count in (("epochs", epochs), ("batch_size", batch_size)):
            if not isinstance(count, int | np.integer) or count < 1:
                raise ValueError(f"{name}={count!r} must be a positive integer")
        self.to_dtype(x.dtype)
        history = History()
        with self._training_form(x, optimizer, gram) as inputs:
            for _ in range(epochs):
                history.learning_rate.append(optimizer.rate)
                order = rng.permutation(len(x))
                with self._lent(rng):
                    loss, n_right = self._epoch(inputs, y, batch_size, optimizer, order)
                history.loss.append(loss / len(x))
                history.accuracy.append(n_right / len(x))
                if on_epoch is not None:
                    on_epoch(history)
        return history

    @contextmanager
    def _lent(self, rng: np.random.Generator) -> Iterator[None]:
        """While the layers train they have rng to draw from; on_epoch finds them at rest again."""
        self.lend(rng)
        try:
            yield
        finally:
            self.lend(None)

    @contextmanager
    def _training_form(
        self, x: np.ndarray, optimizer: SGD, gram: bool | None
    ) -> Iterator[np.ndarray]:
        """What batches are drawn from: x itself, or with the Gram form in the place of the first
        layer the row numbers of x; afterwards the layer is back, with the weights it has learnt."""
        first = self.layers[0]
        known = type(optimizer) is SGD and not optimizer.velocities
        possible = type(first) is Dense and known
        if gram is None:
            gram = possible and x.shape[0] < x.shape[1]
        if not gram:
            yield x
            return
        if not (possible and isinstance(first, Dense)):
            raise ValueError(
                "gram=True needs a Dense first and an optimizer without velocities, an SGD"
            )
        form = GramDense(first, x)
        self.layers[0] = form
        try:
            yield np.arange(len(x))
        finally:
            self.layers[0] = first
            first.W += form.unfold(form.A)
            if optimizer.velocities:
                optimizer.velocities[0] = form.unfold(optimizer.velocities[0])

    def _epoch(
        self, x: np.ndarray, y: np.ndarray, batch_size: int, optimizer: SGD, order: np.ndarray
    ) -> tuple[float, int]:
        """One pass over the rows in the given order -> summed loss, number of right answers."""
        loss, total, n_right = SoftmaxCrossEntropy(), 0.0, 0
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            logits = self.forward(x[rows])
            total += loss.forward(logits, y[rows]) * len(rows)
            n_right += int(np.sum(logits.argmax(axis=1) == y[rows].argmax(axis=1)))
            self.parameter_gradients(loss.backward())
            optimizer.step(self.params, self.grads)
        return total, n_right

    def parameter_gradients(self, dout: np.ndarray) -> None:
        """backward, but for ∂L/∂x: training has no use for it, and it is a third of the work."""
        for layer in reversed(self.layers[1:]):
            dout = layer.backward(dout)
        self.layers[0].parameter_gradients(dout)

    def predict_proba(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the probability of each class, (n, n_classes), rows sum to one."""
        return softmax(self.forward(x))

    def predict(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the likeliest class of each row, (n,) ints."""
        return self.forward(x).argmax(axis=1)

    def evaluate(self, x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
        """(loss, accuracy) of the weights as they are; x and y as in fit."""
        logits = self.forward(_examples(x))
        rows = targets(y, logits.shape, logits.dtype)
        return (
            SoftmaxCrossEntropy().forward(logits, rows),
            accuracy(rows.argmax(axis=1), logits.argmax(axis=1)),
        )

    def shapes(self) -> list[tuple[int | None, int | None]]:
        """(inputs, outputs) of each layer; None where no Dense says so."""
        widths = [layer.n_in for layer in self.layers if isinstance(layer, Dense)]
        width = widths[0] if widths else None
        pairs = []
        for layer in self.layers:
            n_out = layer.n_out if isinstance(layer, Dense) else width
            pairs.append((width, n_out))
            width = n_out
        return pairs

    def summary(self) -> str:
        """The layers as a table, as Keras prints it: layer, output shape, parameters."""
        counts: dict[str, int] = {}
        rows: list[tuple[str, str, str]] = [("Layer (type)", "Output shape", "Parameters")]
        for layer, (_, n_out) in zip(self.layers, self.shapes(), strict=True):
            kind = type(layer).__name__
            counts[kind] = counts.get(kind, 0) + 1
            name = f"{kind.lower()}_{counts[kind]} ({kind})"
            size = sum(param.size for param in layer.params)
            rows.append((name, f"(None, {n_out})", f"{size:,}"))
        width = max(29, *(len(name) + 1 for name, _, _ in rows))
        line, double = "_" * (width + 36), "=" * (width + 36)
        head, *body = [f"{name:<{width}}{shape:<26}{size:>10}" for name, shape, size in rows]
        total = f"Total parameters: {self.n_params:,}"
        return "\n".join([line, head, double, *body, double, total, line])

    def save(self, path: str | PathLike[str]) -> None:
        """Everything load needs, in one .npz file without pickle: metadata, layers, parameters."""
        storage.save(path, self.layers, metadata=self.metadata)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Sequential:
        """The network that save wrote. ValueError: another file. OSError: no file."""

        def build(layers: list[Layer], header: dict[str, Any]) -> Sequential:
            if "sizes" in header:
                raise ValueError("it holds an ensemble, not one network")
            return cls(layers, header["metadata"])

        return storage.load(path, build)


def _examples(x: ArrayLike) -> np.ndarray:
    x = as_float(x)
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"x has shape {x.shape}; it must be (n_examples, n_features)")
    n_bad = x.size - int(np.count_nonzero(np.isfinite(x)))
    if n_bad:
        raise ValueError(f"x holds {n_bad} values that are NaN or infinite")
    return x

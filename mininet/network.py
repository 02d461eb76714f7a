"""The network: a sequence of layers (chapter 11), its training (12), its summary (13)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isnan, nan
from os import PathLike
from typing import Any, NoReturn

import numpy as np
from threadpoolctl import ThreadpoolController

from . import storage
from ._checks import ArrayLike, all_finite, finite_examples, generator, positive_integer, row_blocks
from .layers import Layer
from .losses import SoftmaxCrossEntropy, softmax, targets
from .metrics import accuracy
from .minibatches import minibatches
from .optimizers import SGD

BLAS = ThreadpoolController().select(user_api="blas")  # limits the threads of matrix products


@dataclass
class History:
    """Values per epoch: loss and accuracy are means over its examples, each before the update of
    its batch, as in Keras; learning_rate is that of the epoch's first update, NaN without a rate;
    val_loss and val_accuracy, if validation data were given, are of the weights at its end."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)

    def append(self, loss: float, accuracy: float, learning_rate: float, *val: float) -> None:
        """Append the values of one epoch; val: val_loss and val_accuracy, or nothing."""
        epoch = loss, accuracy, learning_rate, *val
        for values, value in zip(vars(self).values(), epoch, strict=False):
            values.append(value)

    @property
    def history(self) -> dict[str, list[float]]:
        """The values as a dictionary, named as in Keras; without the empty lists."""
        return {name: list(values) for name, values in vars(self).items() if values}

    def __repr__(self) -> str:
        last = [f"{name} {v[-1]:.4g}" for name, v in self.history.items() if not isnan(v[-1])]
        return ", ".join([f"epoch {len(self.loss)}", *last])


class DivergenceError(ValueError):
    """The loss or a weight became NaN or infinite. The weights from the start of the epoch are
    restored; continue with a new optimizer, since the old velocities may be infinite.

    Along a direction of curvature λ an update multiplies the distance from the minimum by
    1 - lr·λ: the distance grows without bound if lr > 2/λ, and λ grows with E[x²] of the input.
    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, §5.1.
    """


class Sequential(Layer):
    """out = layer_k(… layer_2(layer_1(x))).  The outputs are logits: the loss contains the softmax.

    A network is a layer itself, with params, grads, forward and backward.
    layers: objects with the members of Layer. metadata: a JSON-serializable dictionary, saved with
    the network. ValueError: no layers, an entry that is no layer or occurs twice, other widths.
    """

    def __init__(self, layers: Sequence[Layer], metadata: dict[str, Any] | None = None) -> None:
        self.layers = list(layers)
        self.metadata = {} if metadata is None else metadata
        if not self.layers:
            raise ValueError("layers=[] must contain at least one layer")
        for layer in self.layers:
            if isinstance(layer, type) or not hasattr(layer, "backward"):
                raise ValueError(f"{layer!r} must be a layer, such as ReLU()")
        ids = [id(layer) for layer in _all_layers(self)]
        if len(set(ids)) < len(ids):
            raise ValueError("a layer occurs twice; it stores one input: create another layer")
        for layer, (width, _) in zip(self.layers, self.shapes(), strict=True):
            if layer.n_in not in (None, width):
                raise ValueError(f"{layer!r} must accept the {width} outputs of the previous layer")
        self.n_in, self.n_out = self.shapes()[0][0], self.shapes()[-1][1]

    @property
    def params(self) -> list[np.ndarray]:
        return [param for layer in self.layers for param in layer.params]

    @property
    def grads(self) -> list[np.ndarray]:
        return [grad for layer in self.layers for grad in layer.grads]

    @property
    def n_params(self) -> int:
        """The number of trainable parameters."""
        return sum(param.size for param in self.params)

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> logits (n, n_classes)."""
        out = np.asarray(x)
        for layer in self.layers:
            out = layer.forward(out)
        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """∂L/∂logits -> ∂L/∂x by the chain rule, from the last layer to the first; sets grads."""
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike,
        epochs: int = 100,
        batch_size: int = 40,
        optimizer: Any = None,
        rng: np.random.Generator | int = 0,
        on_epoch: Callable[[History], object] | None = None,
        *,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        verbose: bool = False,
    ) -> History:
        """Minibatch gradient descent: each epoch visits every row once, in a new random order.

        x (n, n_features), y (n,) ints or (n, n_classes) one-hot; computes in the dtype of x, which
        may be an np.memmap, see minibatches.
        epochs, batch_size: passes over x, and rows per update; the last batch may be smaller.
        optimizer: any object whose method step(params, grads) changes the arrays params in place,
        optionally with a numeric attribute rate; None: SGD().
        rng: a generator, or a seed for one.
        on_epoch: called with the history after each epoch; the network is in inference mode.
        validation_data: x and y, evaluated after each epoch.
        verbose: whether to print each epoch.

        Within an epoch NumPy's matrix products run on one thread, in the whole process.
        ValueError: data or weights that are not finite, x and y that do not match, epochs or
        batch_size < 1, no step. DivergenceError: the loss or a weight becomes non-finite.
        """
        batch_size = positive_integer(batch_size, "batch_size")
        x, y = self._prepare(x, y)
        self._validate(validation_data)  # an error now rather than after an epoch
        optimizer = SGD() if optimizer is None else optimizer
        if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
            raise ValueError(f"{optimizer=} must have a method step(params, grads), as SGD() has")
        rng = generator(np.random.default_rng(rng) if isinstance(rng, int | np.integer) else rng)
        criterion, history = SoftmaxCrossEntropy(), History()
        for epoch in range(positive_integer(epochs, "epochs")):
            before = [param.copy() for param in self.params]  # restored after divergence
            rate, total, n_correct, n = getattr(optimizer, "rate", nan), 0.0, 0, 0
            with self._training_mode(rng):
                for x_b, y_b in minibatches(x, y, batch_size, rng):
                    n += len(x_b)
                    logits = self.forward(x_b)
                    total += criterion.forward(logits, y_b) * len(x_b)
                    if not np.isfinite(total):
                        break
                    n_correct += int(np.sum(logits.argmax(axis=1) == y_b.argmax(axis=1)))
                    self.update(criterion.backward(), optimizer)
            if not (np.isfinite(total) and all_finite(self.params)):
                self._restore_and_raise(before, epoch + 1, -(-n // batch_size), rate)
            history.append(total / n, n_correct / n, rate, *self._validate(validation_data))
            if verbose:
                print(history)
            if on_epoch is not None:
                on_epoch(history)
        return history

    def update(self, dlogits: np.ndarray, optimizer: Any) -> None:
        """One step of the optimizer, for ∂L/∂logits (n, n_classes) of the last forward."""
        self.backward(dlogits)
        optimizer.step(self.params, self.grads)

    def _prepare(self, x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Check x, y and the weights, and convert the weights to the dtype of x, in place.

        Return x, and y as one-hot rows."""
        x = finite_examples(x)
        if not all_finite(self.params):
            raise ValueError("the network has weights that are NaN or infinite")
        with np.errstate(over="ignore", invalid="ignore"):
            shape = len(x), *self.forward(x[:1]).shape[1:]  # also checks the width of x
        y = targets(y, shape, x.dtype)
        self.astype(x.dtype)
        return x, y

    def _validate(self, data: Any) -> Sequence[float]:
        """evaluate(*data), nothing without data. ValueError: data are no pair (x, y) that fits."""
        if data is None:
            return ()
        if not isinstance(data, tuple | list) or len(data) != 2:
            raise ValueError(f"validation_data must be a pair (x, y), not {type(data).__name__}")
        try:
            return self.evaluate(*data)
        except ValueError as error:
            raise ValueError(f"validation_data: {error}") from None

    def _restore_and_raise(
        self, before: list[np.ndarray], epoch: int, batch: int, rate: float
    ) -> NoReturn:
        for param, value in zip(self.params, before, strict=True):
            param[...] = value  # in place: these are the layers' arrays
        shown = "" if isnan(rate) else f" {rate:g}"
        raise DivergenceError(
            f"the loss or a weight is NaN or infinite in epoch {epoch}, batch {batch}: the inputs"
            f" are too large, or the learning rate{shown} is too high for them."
            " Standardize x or lower the learning rate"
        )

    def train(self, rng: np.random.Generator | None) -> None:
        for layer in self.layers:
            layer.train(rng)

    @contextmanager
    def _training_mode(self, rng: np.random.Generator) -> Iterator[None]:
        """Training mode for the block, on one BLAS thread: several would wait for each other at
        every product. NumPy's warnings are off, since fit checks for overflow itself."""
        self.train(rng)
        try:
            with BLAS.limit(limits=1), np.errstate(over="ignore", invalid="ignore"):
                yield
        finally:
            self.eval()

    def predict_proba(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the probability of each class, (n, n_classes), rows sum to one.
        ValueError: no rows, another width, NaN, infinity."""
        return softmax(forward_blocks(self, finite_examples(x)))

    def predict(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the most probable class of each row, (n,) ints; else as above."""
        return forward_blocks(self, finite_examples(x)).argmax(axis=1)

    def evaluate(self, x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
        """Return (loss, accuracy) for the current weights; x and y as in fit."""
        logits = forward_blocks(self, finite_examples(x))
        y = targets(y, logits.shape, logits.dtype)
        loss = SoftmaxCrossEntropy().forward(logits, y)
        return loss, accuracy(y.argmax(axis=1), logits.argmax(axis=1))

    def astype(self, dtype: np.dtype) -> None:
        for layer in self.layers:
            layer.astype(dtype)

    def shapes(self) -> list[tuple[int | None, int | None]]:
        """(n_in, n_out) of each layer. A layer of unknown width has that of the layer before it;
        the first ones have the first known n_in. None: unknown."""
        width = next((layer.n_in for layer in self.layers if layer.n_in is not None), None)
        pairs = []
        for layer in self.layers:
            pairs.append((width, width if layer.n_out is None else layer.n_out))
            width = pairs[-1][1]
        return pairs

    def summary(self) -> str:
        """A table as in Keras: name, output shape and number of parameters of each layer."""
        counts: dict[str, int] = {}
        rows = [("Layer (type)", "Output shape", "Parameters")]
        for layer, (_, n_out) in zip(self.layers, self.shapes(), strict=True):
            kind, size = type(layer).__name__, sum(param.size for param in layer.params)
            counts[kind] = counts.get(kind, 0) + 1
            name = f"{kind.lower()}_{counts[kind]} ({kind})"
            rows.append((name, f"(None, {n_out})", f"{size:,}"))
        width = max(29, *(len(name) + 1 for name, _, _ in rows))
        line, double = "_" * (width + 36), "=" * (width + 36)
        head, *body = [f"{name:<{width}}{shape:<26}{size:>10}" for name, shape, size in rows]
        total = f"Total parameters: {self.n_params:,}"
        return "\n".join([line, head, double, *body, double, total, line])

    def save(self, path: str | PathLike[str]) -> None:
        """Write metadata, layers and parameters to one .npz file without pickle, atomically.

        ValueError: layers that load cannot rebuild, see Layer, weights that are not finite.
        """
        storage.save(path, self.layers, metadata=self.metadata)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Sequential":
        """Load a network that save wrote. ValueError: not a model file. OSError: no file."""
        (network,), metadata = storage.load(path, cls, n_networks=1)
        network.metadata = metadata
        return network


def forward_blocks(network: Layer, x: np.ndarray) -> np.ndarray:
    """network.forward(x), computed by blocks of rows, so that hidden values need little memory."""
    return np.concatenate([network.forward(rows) for rows in row_blocks(x)])


def _all_layers(layer: Layer) -> list[Layer]:
    """The layer and, in a network, all layers inside it."""
    return [layer, *(each for part in getattr(layer, "layers", []) for each in _all_layers(part))]

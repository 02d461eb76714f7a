"""The network: layers in a row, trained by small steps, and kept in a file.

Before it: summary.py. After it: ensemble.py, which asks several networks at once. Chapters 11
(backward), 12 (fit) and 13 (the reference network).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import storage
from .gram import GramDense
from .layers import Dense, Layer, examples, positive_integer
from .losses import SoftmaxCrossEntropy, softmax, targets
from .metrics import accuracy
from .optimizers import SGD
from .product import Product
from .summary import shapes, summary
from .training import Descent, History


class Sequential(Layer):
    """out = layer_k(… layer_2(layer_1(x))).  The outputs are logits: softmax is fused in the loss.

    A network is a layer too: it has params, grads, forward and backward, and can be checked as one.
    layers: any objects like Layer, the first of them reading x (n_examples, n_features).
    metadata: whatever should be kept in the model file beside the layers, as JSON can hold it.
    ValueError: no layers, or one that does not take what those before it give.
    Chapter 11.
    """

    def __init__(self, layers: Sequence[Layer], metadata: dict[str, Any] | None = None) -> None:
        self.layers = list(layers)
        self.metadata = {} if metadata is None else metadata
        if not self.layers:
            raise ValueError("layers=[] must hold at least one layer")
        for layer, (width, _) in zip(self.layers, self.shapes(), strict=True):
            if layer.n_in not in (None, width):
                raise ValueError(f"{layer!r} must take the {width} outputs of the layers before it")

    @property
    def n_in(self) -> int | None:
        """How many features it takes; None: no layer says so."""
        return self.shapes()[0][0]

    @property
    def n_out(self) -> int | None:
        """How many outputs it gives; None: no layer says so."""
        return self.shapes()[-1][1]

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

    def finite(self) -> bool:
        """Whether no parameter of any layer is NaN or infinite."""
        return all(layer.finite() for layer in self.layers)

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
        smaller. Trains in the dtype of x. on_epoch is called with the history after each epoch; it
        may ask the network, whose layers[0] may then be the Gram form, which cannot be saved.
        gram: train the first layer in its Gram form, which gives the same weights up to rounding;
        None: where examples are fewer than features, so that it is faster, and the optimizer is SGD
        itself: another rule may take steps that are no sums of gradients.
        ValueError: an x that is not finite or does not fit y, epochs or batch_size < 1, weights
        that are not finite. DivergenceError: the loss or a weight stops being finite; the network
        keeps the last weights whose loss was finite.
        """
        x = examples(x)
        epochs = positive_integer(epochs, "epochs")
        batch_size = positive_integer(batch_size, "batch_size")
        history = History()
        with np.errstate(over="ignore", invalid="ignore"):  # the loss shows it, or the weights
            y = targets(y, (len(x), self.forward(x[:1]).shape[1]), x.dtype)
            self.to_dtype(x.dtype)
            if not self.finite():
                raise ValueError("the network begins with weights that are NaN or infinite")
            with self._training_form(x, optimizer, gram) as inputs:
                descent = Descent(self, inputs, y, batch_size, optimizer)
                for _ in range(epochs):
                    rate = optimizer.rate
                    loss, share = descent.epoch(rng)
                    if not np.isfinite(loss):
                        raise descent.divergence(float(np.abs(x).max()), history)
                    history.add(loss, share, rate)
                    if on_epoch is not None:
                        on_epoch(history)
        return history

    @contextmanager
    def _training_form(
        self, x: np.ndarray, optimizer: SGD, gram: bool | None
    ) -> Iterator[np.ndarray]:
        """What batches are drawn from: x itself, while the first layer's dW is a Product, or with
        the Gram form in its place the row numbers of x; afterwards the layer is as it was, with the
        weights it has learnt."""
        first = self.layers[0]
        dense = first if type(first) is Dense and type(optimizer) is SGD else None
        possible = dense is not None and not optimizer.velocities
        if gram is None:
            gram = possible and x.shape[0] < x.shape[1]
        if not gram:
            with nullcontext() if dense is None else _by_rows(dense):
                yield x
            return
        if dense is None or not possible:
            raise ValueError(
                "gram=True needs a Dense first, and SGD itself without velocities of an earlier fit"
            )
        form = GramDense(dense, x)
        self.layers[0] = form
        try:
            yield np.arange(len(x))
        finally:
            self.layers[0] = dense
            dense.W += form.unfold(form.A)
            if optimizer.velocities:
                optimizer.velocities[0] = form.unfold(optimizer.velocities[0])

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
        logits = self.forward(examples(x))
        rows = targets(y, logits.shape, logits.dtype)
        return (
            SoftmaxCrossEntropy().forward(logits, rows),
            accuracy(rows.argmax(axis=1), logits.argmax(axis=1)),
        )

    def shapes(self) -> list[tuple[int | None, int | None]]:
        """(inputs, outputs) of each layer; None where no Dense says so."""
        return shapes(self.layers)

    def summary(self) -> str:
        """The layers as a table, as Keras prints it: layer, output shape, parameters."""
        return summary(self.layers)

    def save(self, path: str | PathLike[str]) -> None:
        """Everything load needs, in one .npz file without pickle: metadata, layers, parameters.

        path is written whole or left as it was. ValueError: layers that load would refuse.
        """
        storage.save(path, self.layers, metadata=self.metadata)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Sequential:
        """The network that save wrote. ValueError: another file. OSError: no file."""

        def build(layers: list[Layer], header: dict[str, Any]) -> Sequential:
            if "sizes" in header:
                raise ValueError("it holds an ensemble, not one network")
            return cls(layers, header["metadata"])

        return storage.load(path, build)


@contextmanager
def _by_rows(dense: Dense) -> Iterator[None]:
    """In the block dense gives the optimizer its dW as a Product; afterwards it is an array."""
    dense.multiply = Product
    try:
        yield
    finally:
        del dense.multiply
        if "dW" in vars(dense):
            dense.dW = np.asarray(dense.dW)

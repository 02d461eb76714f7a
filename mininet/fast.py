"""The Gram form: a wide first layer trained without its weights. Chapter 15.

Symbols: X (n, d) the training examples, K = X Xᵀ (n, n) their Gram matrix; X_b the rows of a batch,
G_b = ∂L/∂out for them; W⁰ the initial weights of the first layer, (d, m).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ._checks import ArrayLike, examples, finite_examples
from .activations import Activation
from .layers import Dense, Layer
from .network import BLAS, Sequential
from .optimizers import SGD
from .regularization import Dropout, Normalization

LINEAR = Dense, Activation, Dropout, Normalization  # their backward is linear in dout


class GramDense(Layer):
    """out = x W⁰ + (x Xᵀ) A + b: the dense layer with W = W⁰ + Xᵀ A, for known examples.

    The gradient of a dense layer, dW = X_bᵀ G_b, is a combination of examples. SGD, with or without
    momentum, adds multiples of gradients to the weights, so that W - W⁰ = Xᵀ A at any time. It
    suffices to update A: row i by the gradient G_i of example i. x W⁰ and x Xᵀ are computed
    once. An output costs n multiplications instead of d; an update of n_b rows costs n_b·m
    subtractions instead of d·m.

    Inputs are row numbers, first of X, then of held_out, which is only evaluated.
    Source: Aizerman, Braverman and Rozonoer (1964), Theoretical foundations of the potential
    function method; Schölkopf, Herbrich and Smola (2001), A generalized representer theorem.
    """

    n_in = 1

    def __init__(self, dense: Dense, x: np.ndarray, held_out: np.ndarray) -> None:
        self.n_out, self.X = dense.n_out, x
        self.W, self.b = dense.W.astype(x.dtype), dense.b.astype(x.dtype)
        # up to 256 rows at a time, so that Ctrl-C does not wait for one large product
        blocks = [b for part in (x, held_out) for b in np.array_split(part, 1 + len(part) // 256)]
        self.K = np.concatenate([rows @ x.T for rows in blocks])  # (n + n_held_out, n)
        self.Z = np.concatenate([x @ self.W, held_out @ self.W])  # (n + n_held_out, m)
        self.A = np.zeros((len(x), dense.b.size), x.dtype)

    @property
    def params(self) -> list[np.ndarray]:
        return [self.A, self.b]

    @property
    def grads(self) -> list[np.ndarray]:
        """[dA, db]. dA is zero outside the rows of the batch; dW is Xᵀ dA."""
        dA = np.zeros_like(self.A)
        dA[self.batch] = self.dout
        return [dA, self.db]

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (k, 1), row numbers -> (k, m)."""
        self.rows = examples(x, 1)[:, 0].astype(int)
        out = self.K[self.rows] @ self.A
        out += self.Z[self.rows]
        out += self.b
        return out

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """Store dA, which is dout at the rows of the batch, and db = Σ dout; dx = 0."""
        self.batch, self.dout, self.db = self.rows, dout, dout.sum(axis=0)
        return np.zeros((len(dout), 1), dout.dtype)


class GramForm(Sequential):
    """A network with its first layer, Dense, in the Gram form; the other layers are shared with the
    network. form.fit(form.rows, y, ...) is, to rounding, network.fit(x, y, ...) for optimizers
    linear in the gradients, such as SGD; it is faster for fewer examples than features. Until
    write_back the network has its old first layer; afterwards it needs a new optimizer.

    x (n, d); held_out (n_held_out, d): more examples for `evaluate`, as form.held_out_rows.
    ValueError: the first layer is not Dense; x or held_out is not finite or of another width.
    """

    def __init__(
        self, network: Sequential, x: ArrayLike, held_out: ArrayLike | None = None
    ) -> None:
        first, *others = network.layers
        x = finite_examples(x)
        more = x[:0] if held_out is None else finite_examples(held_out).astype(x.dtype)
        if type(first) is not Dense or {x.shape[1], more.shape[1]} != {first.n_in}:
            widths = f"x {x.shape} and held_out {more.shape}"
            raise ValueError(f"the first layer {first!r} must be Dense and accept {widths}")
        self.dense, self.gram = first, GramDense(first, x, more)
        super().__init__([self.gram, *others], network.metadata)
        rows = np.arange(len(x) + len(more), dtype=x.dtype)[:, None]  # exact up to 2²⁴ in float32
        self.rows, self.held_out_rows = rows[: len(x)], rows[len(x) :]

    def update(self, dlogits: np.ndarray, optimizer: Any) -> None:
        """As in Sequential. Without momentum an update is linear in dlogits, so that the rate
        multiplies dlogits instead of every gradient; only the batch's rows of A change. A layer
        of another kind may not be linear in dlogits."""
        linear = all(isinstance(layer, LINEAR) for layer in self.layers[1:])
        if not linear or type(optimizer) is not SGD or optimizer.momentum:
            super().update(dlogits, optimizer)
            return
        optimizer.bind(self.params)
        self.backward(optimizer.rate * dlogits)
        self.gram.A[self.gram.batch] -= self.gram.dout
        self.gram.b -= self.gram.db
        for layer in self.layers[1:]:
            for param, step in zip(layer.params, layer.grads, strict=True):
                param -= step
        optimizer.t += 1

    def write_back(self) -> None:
        """Set W = W⁰ + Xᵀ A and b in the first layer of the network; may be called repeatedly."""
        W = self.gram.W + self.gram.X.T @ self.gram.A
        self.dense.W, self.dense.b = W, self.gram.b.copy()


@contextmanager
def gram_form(
    network: Sequential, x: ArrayLike, held_out: ArrayLike | None = None
) -> Iterator[GramForm]:
    """Yield a GramForm of a network; on exit, also after an exception, write the weights back. The
    block runs on one thread, as fit does."""
    with BLAS.limit(limits=1):
        form = GramForm(network, x, held_out)
        try:
            yield form
        finally:
            form.write_back()

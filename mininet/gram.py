"""The Gram form: training a wide first layer without ever touching its weights.

Before it: metrics.py. After it: product.py, for more examples than that; and network.py, whose fit
uses it where examples are fewer than features. Chapter 15.

Symbols: X (n, d) the training examples, K = X Xᵀ (n, n) their Gram matrix; X_b the rows of a batch,
G_b = ∂L/∂out for them; W⁰ the weights that training began with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .layers import Dense, Layer

ROWS = 256  # of K at a time: Ctrl-C need not wait for all of a large one


class GramDense(Layer):
    """out = x W⁰ + (x Xᵀ) A + bias: a Dense layer with W = W⁰ + Xᵀ A, where X are its examples.

    Every gradient of Dense is dW = X_bᵀ G_b, a combination of examples. SGD, with or without
    momentum, only adds up multiples of gradients, so W - W⁰ stays such a combination, Xᵀ A, and it
    is enough to move A: its row i by the gradient G_i of example i. For the examples themselves
    x W⁰ and x Xᵀ are computed once, as Z⁰ and K. The numbers are the same, but d has left the loop:
    n multiplications for an output instead of d, n·n_out parameters to update instead of d·n_out.

    dense (d inputs, n_out outputs) is the layer to stand in for, x (n, d) the examples.
    Source: Aizerman, Braverman and Rozonoer (1964), Theoretical foundations of the potential
    function method; Schölkopf, Herbrich and Smola (2001), A generalized representer theorem.
    """

    def __init__(self, dense: Dense, x: np.ndarray) -> None:
        self.dense, self.examples = dense, x
        self.K = np.empty((len(x), len(x)), x.dtype)
        for rows in range(0, len(x), ROWS):
            self.K[rows : rows + ROWS] = x[rows : rows + ROWS] @ x.T
        self.Z = x @ dense.W  # (n, n_out)
        self.A = np.zeros_like(self.Z)
        self.reach = len(x) * float(np.abs(x).max())  # of Xᵀ, n max|X|

    @property
    def params(self) -> list[np.ndarray]:
        """[A, b]: the bias is that of dense itself."""
        return [self.A, self.dense.b]

    @property
    def grads(self) -> list[np.ndarray]:
        """[dA, db], where dA stands for dW = Xᵀ dA."""
        return [self.dA, self.db]

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (m, d), or the row numbers (m,) of examples in X, which is faster -> (m, n_out)."""
        x = np.asarray(x)
        if x.ndim == 1:
            self.rows = x
            return self.Z[x] + self.K[x] @ self.A + self.dense.b
        return x @ self.dense.W + (x @ self.examples.T) @ self.A + self.dense.b

    def parameter_gradients(self, dout: np.ndarray) -> None:
        """dA = dout at the rows of the last forward and zero elsewhere; db = Σ dout."""
        self.dA = np.zeros_like(self.A)
        self.dA[self.rows] = dout
        self.db = dout.sum(axis=0)

    def finite(self) -> bool:
        """Whether W⁰ + Xᵀ A is finite for sure: |Xᵀ A| is at most n max|X| max|A|, and a fourth of
        the largest number leaves room for W⁰ and for a velocity, the difference of two A."""
        largest = self.reach * float(np.abs(self.A).max())
        below = largest < float(np.finfo(self.A.dtype).max) / 4
        return below and bool(np.isfinite(self.dense.b).all())

    def unfold(self, A: np.ndarray) -> np.ndarray:
        """Xᵀ A: what A (n, n_out), or a velocity of A, means for W, (d, n_out)."""
        return self.examples.T @ A

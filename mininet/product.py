"""A gradient kept as the product that it is: a wide first layer whose dW is never written out.

Before it: gram.py, for fewer examples than features. After it: storage.py, and network.py, whose
fit lets the first layer multiply this way where the Gram form does not. Chapter 15.

Symbols: x (n, d) a batch, dout (n, m) the gradient at the layer's outputs.
"""

from __future__ import annotations

from types import EllipsisType

import numpy as np


class Product:
    """left @ right, (d, n) and (n, m), as the two: rows of it are computed when they are asked for.

    The gradient of Dense, dW = xᵀ dout, has d·m numbers, which n·(d + m) numbers say as well. An
    optimizer that asks for a few rows, and subtracts them at once, finds them in the cache; the
    whole would go to memory and come back. numpy.asarray gives the whole.
    Source: Goto and van de Geijn (2008), Anatomy of high-performance matrix multiplication, §4.
    Chapter 15.
    """

    def __init__(self, left: np.ndarray, right: np.ndarray) -> None:
        self.left, self.right = left, right

    def __getitem__(self, rows: slice | EllipsisType) -> np.ndarray:
        """The rows (k, m) of the product; with ... all of them."""
        return self.left[rows] @ self.right

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """All of it, (d, m)."""
        return np.asarray(self.left @ self.right, dtype)

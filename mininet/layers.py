"""A layer: what a network asks of one, and the dense layer, which multiplies by a matrix.

First in the reading order. After it: normalization.py. Chapter 9.

Symbols: n examples are the rows of x; L is the loss; dout, dx, dW, db are ∂L/∂out, ∂L/∂x, …, each
of the shape of the thing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class Layer:
    """What a network asks of a layer. A layer of your own overrides forward and backward, and
    params and grads when it has parameters. Chapter 9."""

    @property
    def n_in(self) -> int | None:
        """How many inputs it takes; None: any number."""
        return None

    @property
    def n_out(self) -> int | None:
        """How many outputs it gives; None: as many as inputs."""
        return None

    @property
    def params(self) -> list[np.ndarray]:
        """The arrays that training changes, in place."""
        return []

    @property
    def grads(self) -> list[np.ndarray]:
        """∂L/∂param for each of params, in the same order; backward sets them."""
        return []

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_in) -> out (n, n_out); remembers what backward needs."""
        raise NotImplementedError

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dout (n, n_out) -> dx (n, n_in), for the x of the last forward; sets grads."""
        raise NotImplementedError

    def parameter_gradients(self, dout: np.ndarray) -> None:
        """backward without dx: all that the first layer of a network has to do."""
        if self.params:
            self.backward(dout)

    def lend(self, rng: np.random.Generator | None) -> None:
        """fit lends its generator to the layers while it trains, and takes it back with None: a
        layer that draws must not draw when it only answers."""

    def to_dtype(self, dtype: np.dtype) -> None:
        """Keep the parameters as dtype from now on: float32 data are trained in float32."""

    def finite(self) -> bool:
        """Whether no parameter is NaN or infinite."""
        return all(bool(np.isfinite(param).all()) for param in self.params)

    def config(self) -> dict[str, Any]:
        """What rebuilds the layer apart from its parameters, as a model file keeps it."""
        return {}

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({options})" if options else type(self).__name__


class Dense(Layer):
    """out = x W + b.  W (n_in, n_out), b (n_out,).

    W starts uniform in ±√(6/(n_in + n_out)), b at zero. That variance, 2/(n_in + n_out), keeps the
    signal's variance on the way forward and the gradient's on the way back, as far as one number
    can do both. rng is a numpy.random.Generator.
    ValueError: a size < 1.
    Source: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
    neural networks, eq. 16.
    Chapter 9.
    """

    # What makes dW of xᵀ and dout. fit may lend the layer another product while it trains.
    multiply: Callable[[np.ndarray, np.ndarray], Any] = staticmethod(np.matmul)

    def __init__(self, n_in: int, n_out: int, rng: np.random.Generator) -> None:
        n_in, n_out = positive_integer(n_in, "n_in"), positive_integer(n_out, "n_out")
        limit = np.sqrt(6 / (n_in + n_out))
        self.W = rng.uniform(-limit, limit, (n_in, n_out))
        self.b = np.zeros(n_out)

    @classmethod
    def from_parameters(cls, W: ArrayLike, b: ArrayLike) -> Dense:
        """A layer with the given W (n_in, n_out) and b (n_out,).

        ValueError: they do not fit, or a size < 1.
        """
        layer = cls.__new__(cls)
        layer.W, layer.b = as_float(W).copy(), as_float(b).copy()
        if layer.W.ndim != 2 or layer.W.size == 0 or layer.b.shape != layer.W.shape[1:]:
            raise ValueError(
                f"W {layer.W.shape} and b {layer.b.shape} must be (n_in, n_out), (n_out,)"
            )
        return layer

    @property
    def n_in(self) -> int:
        """Number of inputs, the rows of W."""
        return self.W.shape[0]

    @property
    def n_out(self) -> int:
        """Number of outputs, the columns of W."""
        return self.W.shape[1]

    @property
    def params(self) -> list[np.ndarray]:
        """[W, b]"""
        return [self.W, self.b]

    @property
    def grads(self) -> list[np.ndarray]:
        """[dW, db]"""
        return [self.dW, self.db]

    def forward(self, x: ArrayLike) -> np.ndarray:
        """out = x W + b: x (n, n_in) -> (n, n_out), in x's dtype. ValueError: another width."""
        x = as_float(x)
        if x.ndim != 2 or x.shape[1] != self.n_in:
            raise ValueError(f"x has shape {x.shape}; Dense needs (n_examples, {self.n_in})")
        self.x = x
        return x @ self._weights(x.dtype) + self.b.astype(x.dtype, copy=False)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = dout Wᵀ: dout (n, n_out) -> (n, n_in); sets dW and db."""
        self.parameter_gradients(dout)
        return dout @ self._weights(self.x.dtype).T

    def parameter_gradients(self, dout: np.ndarray) -> None:
        """dW = xᵀ dout, db = Σ over the examples of dout."""
        self.dW = self.multiply(self.x.T, dout)
        self.db = dout.sum(axis=0)

    def to_dtype(self, dtype: np.dtype) -> None:
        """W and b as dtype, float32 or float64."""
        self.W, self.b = self.W.astype(dtype, copy=False), self.b.astype(dtype, copy=False)

    def _weights(self, dtype: np.dtype) -> np.ndarray:
        return self.W.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"Dense({self.n_in}, {self.n_out})"

    def __str__(self) -> str:
        return "Dense"


def as_float(x: ArrayLike) -> np.ndarray:
    """x as an array of floats: float32 and float64 stay, all other numbers become float64."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"dtype {array.dtype} must be one of real numbers")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def positive_integer(value: Any, name: str) -> int:
    """value as an int >= 1. ValueError naming the argument otherwise."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}={value!r} must be a positive integer")
    return int(value)


def number(value: Any, name: str, wanted: str, fits: Callable[[float], bool]) -> float:
    """value as a float for which fits holds. ValueError naming the argument and what is wanted."""
    try:
        found = float(value) if isinstance(value, Real) else nan
    except OverflowError:  # an integer beyond the largest float
        found = inf
    if not fits(found):
        raise ValueError(f"{name}={value!r} must be {wanted}")
    return found


def examples(x: ArrayLike) -> np.ndarray:
    """x (n, n_features) as floats, which all must be finite, n > 0. ValueError: another x."""
    x = as_float(x)
    if x.ndim != 2 or len(x) == 0:
        raise ValueError(f"x has shape {x.shape}; it must be (n_examples, n_features)")
    n_bad = x.size - int(np.count_nonzero(np.isfinite(x)))
    if n_bad:
        raise ValueError(f"x holds {n_bad} values that are NaN or infinite")
    return x

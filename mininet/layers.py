"""A layer, and the dense layer. Chapter 9.

Symbols: the n rows of x are examples; L is the loss; dout, dx, dW, db are ∂L/∂out, ∂L/∂x, …, each
of the shape of its variable. In chapters 9 and 11 the x and out of Dense are called a and z, and
those of an activation z and a.
"""

from inspect import signature
from typing import Any

import numpy as np

from ._checks import ArrayLike, as_float, examples, generator, positive_integer


class Layer:
    """Base class for layers. A subclass implements forward and backward; one with parameters also
    params and grads, as properties, and astype. It stores its constructor's arguments under their
    own names; then a model file can contain it, and load finds its class, once defined, by its
    name."""

    n_in: int | None = None  # number of inputs; None: any
    n_out: int | None = None  # number of outputs; None: same as inputs
    rng: np.random.Generator | None = None  # of random layers in training; None: inference mode

    @property
    def params(self) -> list[np.ndarray]:
        """The parameters, which the optimizer updates in place."""
        return []

    @property
    def grads(self) -> list[np.ndarray]:
        """∂L/∂param for each parameter, in the same order, set by backward."""
        return []

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (n, n_in) -> out (n, n_out); stores the values that backward needs."""
        raise NotImplementedError

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dout (n, n_out) -> dx (n, n_in), for the x of the last forward; sets grads."""
        raise NotImplementedError

    def train(self, rng: np.random.Generator | None) -> None:
        """Enter training mode, in which random layers draw from rng; None: inference mode."""
        self.rng = rng

    def eval(self) -> None:
        """Enter inference mode, the initial mode, in which no layer is random."""
        self.train(None)

    def astype(self, dtype: np.dtype) -> None:
        """Convert the parameters to dtype, float32 or float64."""

    def __getstate__(self) -> dict[str, Any]:
        """What pickle writes: not the input that forward stores, nor the gradients."""
        stored = {"x", "mask", "dW", "db"}
        return {name: value for name, value in vars(self).items() if name not in stored}

    def config(self) -> dict[str, Any]:
        """Constructor arguments by name, from which a model file rebuilds the layer."""
        names = [name for name in signature(type(self)).parameters if hasattr(self, name)]
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({options})"


class Dense(Layer):
    """out = x W + b.  W (n_in, n_out), b (n_out,).

    W starts uniform in ±√(6/(n_in + n_out)), b at zero. The variance 2/(n_in + n_out) is a
    compromise: it nearly preserves the variance of activations forward and gradients backward.
    ValueError: a size < 1, an rng that is no numpy.random.Generator.
    Source: Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward
    neural networks, eq. 16.
    """

    def __init__(self, n_in: int, n_out: int, rng: np.random.Generator) -> None:
        self.n_in, self.n_out = positive_integer(n_in, "n_in"), positive_integer(n_out, "n_out")
        limit = np.sqrt(6 / (self.n_in + self.n_out))
        self.W = generator(rng).uniform(-limit, limit, (self.n_in, self.n_out))
        self.b = np.zeros(self.n_out)

    @classmethod
    def from_parameters(cls, W: ArrayLike, b: ArrayLike) -> "Dense":
        """Create a layer with W (n_in, n_out) and b (n_out,). ValueError: other shapes."""
        W, b = as_float(W).copy(), as_float(b).copy()
        if W.ndim != 2 or b.shape != W.shape[1:]:
            raise ValueError(f"W {W.shape} and b {b.shape} must be (n_in, n_out) and (n_out,)")
        layer = cls(W.shape[0], W.shape[1], rng=np.random.default_rng(0))
        layer.W, layer.b = W, b
        return layer

    @property
    def params(self) -> list[np.ndarray]:
        return [self.W, self.b]

    @property
    def grads(self) -> list[np.ndarray]:
        return [self.dW, self.db]

    def forward(self, x: ArrayLike) -> np.ndarray:
        """out = x W + b, in the dtype of x (n, n_in). ValueError: another width."""
        self.x = examples(x, self.n_in)
        W, b = (np.asarray(param, self.x.dtype) for param in self.params)
        return self.x @ W + b

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dW = xᵀ dout,  db = Σ over the examples of dout,  dx = dout Wᵀ."""
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ np.asarray(self.W, self.x.dtype).T

    def astype(self, dtype: np.dtype) -> None:
        self.W, self.b = np.asarray(self.W, dtype), np.asarray(self.b, dtype)

    def config(self) -> dict[str, Any]:
        return {"n_in": self.n_in, "n_out": self.n_out}

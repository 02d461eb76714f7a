"""Activations: element-wise functions, each followed by its derivative. Chapter 9.

Without them a stack of dense layers would be one dense layer: (x W₁) W₂ = x (W₁ W₂). The input x
is the pre-activation z of chapters 9 and 11, the output is the activation a.
"""

from math import isfinite

import numpy as np

from ._checks import ArrayLike, as_float
from .layers import Layer


class Activation(Layer):
    """out = value(x) element by element, hence dx = dout · derivative(x)."""

    def value(self, x: np.ndarray) -> np.ndarray:
        """f(x), of the shape and dtype of x."""
        raise NotImplementedError

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """f'(x), of the shape and dtype of x."""
        raise NotImplementedError

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x of any shape -> out of the same shape and dtype; stores x."""
        self.x = as_float(x)
        return self.value(self.x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dout -> dx, both of the shape of x."""
        return dout * self.derivative(self.x)


class Sigmoid(Activation):
    """σ(x) = 1/(1 + e⁻ˣ),  σ'(x) = σ(x) σ(-x): from 0 to 1, almost flat beyond |x| = 5.

    Both are computed from e⁻|ˣ|, which never overflows; 1/(1 + e⁻ˣ) = eˣ/(1 + eˣ) for x < 0.
    Source: Verhulst (1845), the logistic curve; as an activation Rumelhart, Hinton and Williams
    (1986), Learning representations by back-propagating errors.
    """

    def value(self, x: np.ndarray) -> np.ndarray:
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1, e) / (1 + e)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        e = np.exp(-np.abs(x))
        return e / np.square(1 + e)


class LeakyReLU(Activation):
    """x where x > 0, αx elsewhere; the derivative is 1 where x > 0, α elsewhere.

    At the kink, x = 0, any slope from α to 1 is valid. α is fixed; in PReLU it is learned.
    ValueError: alpha not finite.
    Source: Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic
    models; PReLU: He et al. (2015), Delving deep into rectifiers.
    """

    def __init__(self, alpha: float = 0.3) -> None:
        if not isfinite(alpha):
            raise ValueError(f"{alpha=} must be a finite slope")
        self.alpha = alpha

    def value(self, x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, self.alpha * x)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, 1, self.alpha).astype(x.dtype)


class ReLU(Activation):
    """max(0, x), leaky ReLU with α = 0; the derivative is 1 where x > 0, 0 elsewhere.

    Source: Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
    """

    def value(self, x: np.ndarray) -> np.ndarray:
        return np.maximum(x, 0)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        return (x > 0).astype(x.dtype)

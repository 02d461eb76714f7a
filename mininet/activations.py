"""Activations: a function of each number on its own, and under it the derivative.

Before it: normalization.py. After it: dropout.py. Chapter 9.

Without them a stack of dense layers would be one dense layer: x W₁ W₂ is x times one matrix.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .layers import Layer, as_float, number


class Activation(Layer):
    """out = value(x) for each element of x, so that dx = dout · derivative(x)."""

    def value(self, x: np.ndarray) -> np.ndarray:
        """f(x), of the shape and dtype of x."""
        raise NotImplementedError

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """f'(x), of the shape and dtype of x."""
        raise NotImplementedError

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x of any shape -> out of the same shape and dtype; remembers the input x."""
        self.x = as_float(x)
        return self.value(self.x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dout -> dx, both of the shape of x: the derivative is taken at the input."""
        return dout * self.derivative(self.x)


class Sigmoid(Activation):
    """σ(x) = 1/(1 + e⁻ˣ): from 0 to 1, almost flat beyond |x| = 5.

    Source: Verhulst (1845), the logistic curve; as an activation Rumelhart, Hinton and Williams
    (1986), Learning representations by back-propagating errors.
    Chapter 9.
    """

    def value(self, x: np.ndarray) -> np.ndarray:
        """1/(1 + e⁻ˣ) for x >= 0 and the same as eˣ/(1 + eˣ) for x < 0: e⁻|ˣ| never overflows."""
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1, e) / (1 + e)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """σ(x) σ(-x) = e⁻|ˣ|/(1 + e⁻|ˣ|)², which keeps its digits where σ(x) rounds to one."""
        e = np.exp(-np.abs(x))
        return e / np.square(1 + e)


class LeakyReLU(Activation):
    """x where x > 0, αx elsewhere. The slope α is fixed; PReLU is the name when it is learnt.

    ValueError: alpha not finite.
    Source: Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic
    models; PReLU: He et al. (2015), Delving deep into rectifiers.
    Chapter 9.
    """

    def __init__(self, alpha: float = 0.3) -> None:
        self.alpha = number(alpha, "alpha", "a finite slope", isfinite)

    def value(self, x: np.ndarray) -> np.ndarray:
        """x where x > 0, αx elsewhere."""
        return np.where(x > 0, x, self.alpha * x)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """1 where x > 0, α elsewhere (at the kink x = 0, where any slope between would do, α)."""
        return np.where(x > 0, 1, self.alpha).astype(x.dtype)

    def config(self) -> dict[str, Any]:
        """{"alpha": α}"""
        return {"alpha": self.alpha}


class ReLU(Activation):
    """max(0, x): leaky ReLU with α = 0.

    Source: Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines.
    Chapter 9.
    """

    def value(self, x: np.ndarray) -> np.ndarray:
        """max(0, x)"""
        return np.maximum(x, 0)

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """1 where x > 0, 0 elsewhere (at the kink x = 0 too)."""
        return (x > 0).astype(x.dtype)

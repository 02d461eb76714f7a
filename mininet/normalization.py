"""Normalization: inputs of very different sizes brought to one scale, before the first layer.

Before it: layers.py. After it: activations.py. Chapter 16.

Symbols: μ, σ² the mean and the variance of each feature over the training examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .layers import Layer, as_float


class Normalization(Layer):
    """out = (x - μ)/σ for each feature; a constant feature, σ = 0, is only shifted.

    μ and σ are no parameters: they are taken from the training examples once, by adapt, and never
    from those that are tested. Why it helps: the loss is about as curved along a weight as its
    input is large, E[x²]; with one scale for all, one learning rate suits all.
    mean, variance (n_features,). ValueError: they do not fit, or a variance is negative.
    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, §4.3.
    """

    def __init__(self, mean: ArrayLike, variance: ArrayLike) -> None:
        self.mean, self.variance = as_float(mean), as_float(variance)
        if self.mean.ndim != 1 or self.mean.shape != self.variance.shape:
            shapes = f"mean {self.mean.shape} and variance {self.variance.shape}"
            raise ValueError(f"{shapes} must both be (n_features,)")
        if not np.all(self.variance >= 0):
            raise ValueError("variance must not be negative or NaN")
        self.scale = np.sqrt(np.where(self.variance > 0, self.variance, 1))

    @classmethod
    def adapt(cls, x: ArrayLike) -> Normalization:
        """μ = mean of x, σ² = mean of (x - μ)²: of the rows of x (n, n_features), in float64.

        A deviation that float32 could not tell from rounding counts as none.
        ValueError: no rows.
        """
        x = as_float(x).astype(np.float64)
        if x.ndim != 2 or len(x) == 0:
            raise ValueError(f"x has shape {x.shape}; it must be (n_examples, n_features)")
        mean = x.mean(axis=0)
        variance = np.mean((x - mean) ** 2, axis=0)
        rounding = (np.finfo(np.float32).eps * np.abs(x).max(axis=0)) ** 2
        return cls(mean, np.where(variance > rounding, variance, 0))

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the same shape and dtype. ValueError: another width."""
        x = as_float(x)
        if x.ndim != 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"x has shape {x.shape}; it must be (n_examples, {len(self.mean)})")
        return (x - self.mean.astype(x.dtype)) / self.scale.astype(x.dtype)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = dout/σ"""
        return dout / self.scale.astype(dout.dtype)

    def config(self) -> dict[str, Any]:
        """{"mean": μ, "variance": σ²}, as lists."""
        return {"mean": self.mean.tolist(), "variance": self.variance.tolist()}

    def __repr__(self) -> str:
        return f"Normalization({len(self.mean)})"

    def __str__(self) -> str:
        return "Normalization"

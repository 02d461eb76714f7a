"""Normalization: inputs of very different sizes brought to one scale, before the first layer.

Before it: layers.py. After it: activations.py. Chapter 16.

Symbols: μ, σ² the mean and the variance of each feature over the training examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .layers import Layer, as_float, examples


class Normalization(Layer):
    """out = (x - μ)/σ for each feature; a constant feature, σ = 0, is only shifted.

    μ and σ are no parameters: they are taken from the training examples once, by adapt, and never
    from those that are tested. Why it helps: the loss is about as curved along a weight as its
    input is large, E[x²]; with one scale for all, one learning rate suits all.
    mean, variance (n_features,). ValueError: they do not fit, one of their values is NaN or
    infinite, a variance is negative.
    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, §4.3.
    Chapter 16.
    """

    def __init__(self, mean: ArrayLike, variance: ArrayLike) -> None:
        self.mean, self.variance = as_float(mean), as_float(variance)
        if self.mean.ndim != 1 or self.mean.shape != self.variance.shape:
            shapes = f"mean {self.mean.shape} and variance {self.variance.shape}"
            raise ValueError(f"{shapes} must both be (n_features,)")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.variance).all()):
            raise ValueError("mean and variance must not be NaN or infinite")
        if not np.all(self.variance >= 0):
            raise ValueError("variance must not be negative")
        self.scale = np.sqrt(np.where(self.variance > 0, self.variance, 1))

    @property
    def n_in(self) -> int:
        """The number of features."""
        return len(self.mean)

    @classmethod
    def adapt(cls, x: ArrayLike) -> Normalization:
        """μ = mean of x, σ² = mean of (x - μ)²: of the rows of x (n, n_features), in float64.

        A deviation that float32 could not tell from rounding counts as none.
        ValueError: no rows, values that are not finite or so large that σ² is not.
        """
        x = examples(x).astype(np.float64)
        with np.errstate(over="ignore"):  # which the constructor refuses
            mean = x.mean(axis=0)
            variance = np.mean((x - mean) ** 2, axis=0)
        rounding = np.finfo(np.float32).eps * np.abs(x).max(axis=0)
        return cls(mean, np.where(np.sqrt(variance) > rounding, variance, 0))

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the same shape and dtype. ValueError: another width."""
        x = as_float(x)
        if x.ndim != 2 or x.shape[1] != self.n_in:
            raise ValueError(f"x has shape {x.shape}; it must be (n_examples, {self.n_in})")
        return (x - self.mean.astype(x.dtype)) / self.scale.astype(x.dtype)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = dout/σ"""
        return dout / self.scale.astype(dout.dtype)

    def config(self) -> dict[str, Any]:
        """{"mean": μ, "variance": σ²}, as lists."""
        return {"mean": self.mean.tolist(), "variance": self.variance.tolist()}

    def __repr__(self) -> str:
        return f"Normalization({self.n_in})"

    def __str__(self) -> str:
        return "Normalization"

"""Normalization of the inputs, and dropout. Chapter 16.

Symbols: μ, σ² mean and variance of each feature over the training examples; q the dropout rate.
"""

from typing import Any

import numpy as np

from ._checks import ArrayLike, all_finite, as_float, examples, finite_examples, row_blocks
from .layers import Layer


class Normalization(Layer):
    """out = (x - μ)/σ for each feature; a constant feature, σ = 0, is only shifted.

    μ and σ are not parameters: adapt computes them once, from the training examples only. The
    curvature of the loss along a weight grows with E[x²] of its input; with all inputs on one
    scale, one learning rate suits all weights. mean, variance (n_features,).
    ValueError: different shapes, NaN, infinity, a negative variance.
    Source: LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, §4.3.
    """

    def __init__(self, mean: ArrayLike, variance: ArrayLike) -> None:
        self.mean, self.variance = as_float(mean).copy(), as_float(variance).copy()
        if self.mean.ndim != 1 or self.mean.shape != self.variance.shape:
            shapes = f"mean {self.mean.shape} and variance {self.variance.shape}"
            raise ValueError(f"{shapes} must both be (n_features,)")
        if not all_finite([self.mean, self.variance]) or np.any(self.variance < 0):
            raise ValueError("mean and variance must be finite, and variance not negative")
        self.scale = np.sqrt(np.where(self.variance > 0, self.variance, 1))
        self.n_in = len(self.mean)

    @classmethod
    def adapt(cls, x: ArrayLike) -> "Normalization":
        """μ = mean of x, σ² = mean of (x - μ)² over the rows of x (n, n_features), in float64.

        A standard deviation below float32's rounding error counts as 0.
        ValueError: no rows, values that are not finite, or whose σ² overflows.
        """
        x = finite_examples(x)
        with np.errstate(over="ignore"):  # the constructor rejects non-finite values
            mean = x.mean(axis=0, dtype=np.float64)
            variance = sum(np.sum((rows - mean) ** 2, axis=0) for rows in row_blocks(x)) / len(x)
        rounding = np.finfo(np.float32).eps * np.maximum(x.max(axis=0), -x.min(axis=0))
        return cls(mean, np.where(np.sqrt(variance) > rounding, variance, 0))

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x (n, n_features) -> the same shape and dtype. ValueError: another width."""
        x = examples(x, self.n_in)
        return (x - self.mean.astype(x.dtype)) / self.scale.astype(x.dtype)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = dout/σ"""
        dout = as_float(dout)
        return dout / self.scale.astype(dout.dtype)

    def config(self) -> dict[str, Any]:
        return {"mean": self.mean.tolist(), "variance": self.variance.tolist()}

    def __repr__(self) -> str:
        return f"Normalization({self.n_in} features)"


class Dropout(Layer):
    """out = x · m,  m = 1/(1 - q) with probability 1 - q, else 0; in inference mode out = x.

    Randomly zeroes units during training to prevent co-adaptation. E[m] = 1: the mean input of the
    next layer is the same in both modes. rate: q. ValueError: not 0 <= rate < 1.
    Source: Srivastava, Hinton et al. (2014), Dropout: a simple way to prevent neural networks from
    overfitting; divided by 1 - q in training, as in Keras ("inverted dropout").
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"{rate=} must be at least 0 and below 1")
        self.rate = rate

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x of any shape -> out of the same shape and dtype; in training mode with a new mask."""
        x = as_float(x)
        self.mask = np.ones_like(x)
        if self.rng is not None:
            kept = self.rng.random(x.shape, dtype=np.float32) >= self.rate
            self.mask = (kept / (1 - self.rate)).astype(x.dtype)
        return x * self.mask

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = dout · m, with the mask of the last forward."""
        return dout * self.mask

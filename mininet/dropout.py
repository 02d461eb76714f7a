"""Dropout: in training each unit is missing now and then, so that none can lean on another.

Before it: activations.py. After it: losses.py. Chapter 16.

Symbols: q the rate, the probability that a unit is dropped; m the mask of an update.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .layers import Layer, as_float, number


class Dropout(Layer):
    """out = x · m,  m = 1/(1 - q) with probability 1 - q, else 0; outside training out = x.

    E[m] = 1, so that the layer behind sees the same input on average in training and afterwards.
    Each update trains another thinned network; the whole one answers about as their mean would.
    Masks are drawn from the generator that fit lends the layer while it trains; without one it
    drops nothing.
    rate: q. ValueError: not 0 <= rate < 1.
    Source: Srivastava, Hinton et al. (2014), Dropout: a simple way to prevent neural networks from
    overfitting; divided by 1 - q in training, as in Keras ("inverted dropout").
    Chapter 16.
    """

    def __init__(self, rate: float) -> None:
        self.rate = number(rate, "rate", "at least 0 and below 1", lambda q: 0 <= q < 1)
        self.rng: np.random.Generator | None = None

    def lend(self, rng: np.random.Generator | None) -> None:
        """What masks are drawn from; None: the layer is at rest, out = x."""
        self.rng = rng

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x of any shape -> out of the same shape and dtype; with rng a new mask."""
        x = as_float(x)
        self.mask = np.ones_like(x)
        if self.rng is not None:
            kept = self.rng.random(x.shape, dtype=np.float32) >= self.rate
            self.mask = (kept / (1 - self.rate)).astype(x.dtype)
        return x * self.mask

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = dout · m, with the mask of the last forward."""
        return dout * self.mask

    def config(self) -> dict[str, Any]:
        """{"rate": q}"""
        return {"rate": self.rate}

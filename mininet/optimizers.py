"""The optimizer: how a gradient becomes a step, and how the steps shrink.

Before it: checking.py. After it: metrics.py. Chapter 12.

Symbols: θ a parameter, g its gradient, v its velocity, t the number of updates so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import numpy as np

from .layers import number

STRETCH = 2**18  # numbers of a parameter that are moved together: a megabyte, which a cache holds


class SGD:
    """θ ← θ - lr_t g,  lr_t = learning_rate / (1 + decay · t).
    With momentum: v ← momentum·v - lr_t g,  θ ← θ + v.

    t counts updates, not epochs: with decay 0.9 and ten batches an epoch the rate falls to a tenth
    within the first epoch. The optimizer keeps t and v, so one serves one network.
    ValueError: learning_rate <= 0, decay < 0, momentum outside 0 <= momentum < 1.
    Source: Robbins and Monro (1951), A stochastic approximation method; Polyak (1964) for the
    momentum; the schedule as in Keras 2 (InverseTimeDecay in Keras 3).
    Chapter 12.
    """

    def __init__(
        self, learning_rate: float = 0.01, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        self.learning_rate = number(
            learning_rate, "learning_rate", "a positive number", lambda v: 0 < v < inf
        )
        self.decay = number(decay, "decay", "at least 0", lambda v: 0 <= v < inf)
        self.momentum = number(momentum, "momentum", "at least 0 and below 1", lambda v: 0 <= v < 1)
        self.t = 0
        self.velocities: list[np.ndarray] = []

    @property
    def rate(self) -> float:
        """lr_t, the rate of the next update."""
        return self.learning_rate / (1 + self.decay * self.t)

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        """One update of params, in place, by grads of the same shapes in the same order: arrays,
        or such as product.py has, whose rows are asked for when they are needed."""
        if self.momentum and not self.velocities:
            self.velocities = [np.zeros_like(param) for param in params]
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            for rows in _stretches(param):
                move = -self.rate * grad[rows]
                if self.momentum:
                    velocity = self.velocities[i][rows]  # a view
                    velocity *= self.momentum
                    velocity += move
                    move = velocity
                param[rows] += move
        self.t += 1


def _stretches(param: np.ndarray) -> Iterator[Any]:
    """Which rows of a parameter are moved together: all of a small one."""
    if param.size <= STRETCH:
        yield ...
        return
    step = max(1, STRETCH // (param.size // len(param)))
    yield from (slice(start, start + step) for start in range(0, len(param), step))

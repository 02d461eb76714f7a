"""The optimizer: how a gradient becomes an update, and how the learning rate decays. Chapter 12.

Symbols: θ a parameter, g its gradient, v its velocity, t the number of updates so far.
"""

from __future__ import annotations

from math import inf

import numpy as np

from ._checks import check_number


class SGD:
    """v ← momentum·v - lr_t g,  θ ← θ + v,  lr_t = learning_rate / (1 + decay · t).

    t counts updates, not epochs: with decay 0.9 and ten batches an epoch the second epoch starts at
    a tenth of the rate. An optimizer keeps t and v, so that each network needs its own.
    ValueError: learning_rate <= 0, decay < 0, momentum outside 0 <= momentum < 1.
    Source: Robbins and Monro (1951), A stochastic approximation method; Polyak (1964) for the
    momentum; the schedule as in Keras 2 (InverseTimeDecay in Keras 3).
    """

    def __init__(
        self, learning_rate: float = 0.01, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        self.learning_rate = check_number(
            learning_rate, "learning_rate", "a positive number", lambda x: 0 < x < inf
        )
        self.decay = check_number(decay, "decay", "at least 0", lambda x: 0 <= x < inf)
        self.momentum = check_number(
            momentum, "momentum", "at least 0 and below 1", lambda x: 0 <= x < 1
        )
        self.t = 0
        self.velocities: list[np.ndarray] = []  # one a parameter; none before the first update

    @property
    def rate(self) -> float:
        """lr_t, the learning rate of the next update."""
        return self.learning_rate / (1 + self.decay * self.t)

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        """One update of params, in place; grads has the same shapes in the same order."""
        updates = [-self.rate * grad for grad in grads]
        if self.momentum:
            old = self.velocities or [np.zeros_like(update) for update in updates]
            updates = [self.momentum * v + u for v, u in zip(old, updates, strict=True)]
            self.velocities = updates
        for param, update in zip(params, updates, strict=True):
            param += update
        self.t += 1

"""The optimizer: how a gradient becomes an update, and how the learning rate decays. Chapter 12.

Symbols: θ a parameter, g its gradient, v its velocity, t the number of updates so far.
"""

from __future__ import annotations

from math import inf

import numpy as np

from ._checks import check_number


class SGD:
    """v ← momentum·v - lr_t g,  θ ← θ + v,  lr_t = learning_rate / (1 + decay · t).

    t counts updates, not epochs: with decay 0.9 and ten batches an epoch the rate falls to a tenth
    within the first epoch. An optimizer keeps t and v, so that each network needs its own.
    ValueError: learning_rate <= 0, decay < 0, momentum outside 0 <= momentum < 1.
    Source: Robbins and Monro (1951), A stochastic approximation method; Polyak (1964) for the
    momentum; the schedule as in Keras 2 (InverseTimeDecay in Keras 3).
    """

    def __init__(
        self, learning_rate: float = 0.01, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        name, requirement = "learning_rate", "a positive number"
        self.learning_rate = check_number(learning_rate, name, requirement, lambda v: 0 < v < inf)
        self.decay = check_number(decay, "decay", "at least 0", lambda v: 0 <= v < inf)
        requirement = "at least 0 and below 1"
        self.momentum = check_number(momentum, "momentum", requirement, lambda v: 0 <= v < 1)
        self.t, self.velocities = 0, list[np.ndarray]()

    @property
    def rate(self) -> float:
        """lr_t, the learning rate of the next update."""
        return self.learning_rate / (1 + self.decay * self.t)

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        """One update of params, in place; grads has the same shapes in the same order."""
        steps = [-self.rate * grad for grad in grads]
        if self.momentum:
            if self.velocities:
                pairs = zip(steps, self.velocities, strict=True)
                steps = [step + self.momentum * v for step, v in pairs]
            self.velocities = steps
        for param, step in zip(params, steps, strict=True):
            param += step
        self.t += 1

"""The optimizer: gradient descent with momentum and a decaying learning rate. Chapter 12.

Symbols: θ a parameter, g its gradient, v its velocity, t the number of updates so far.
"""

from math import inf

import numpy as np


class SGD:
    """v ← momentum·v - lr_t g,  θ ← θ + v,  lr_t = learning_rate / (1 + decay · t).

    t counts updates, not epochs: with decay 0.9 and ten batches per epoch, the second epoch starts
    at a tenth of the initial rate. The optimizer stores t and v: each network needs its own.
    ValueError: learning_rate <= 0, decay < 0, either not finite, not 0 <= momentum < 1.
    Source: Robbins and Monro (1951), A stochastic approximation method; Polyak (1964) for the
    momentum; the schedule as in Keras 2 (InverseTimeDecay in Keras 3).
    """

    def __init__(
        self, learning_rate: float = 0.01, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        if not 0 < learning_rate < inf:
            raise ValueError(f"{learning_rate=} must be positive and finite")
        if not 0 <= decay < inf:
            raise ValueError(f"{decay=} must be at least 0 and finite")
        if not 0 <= momentum < 1:
            raise ValueError(f"{momentum=} must be at least 0 and below 1")
        self.learning_rate, self.decay, self.momentum, self.t = learning_rate, decay, momentum, 0
        self.params: list[np.ndarray] = []  # those of the first update
        self.velocities: dict[int, np.ndarray] = {}  # by parameter index; empty without momentum

    @property
    def rate(self) -> float:
        """lr_t, the learning rate of the next update."""
        return self.learning_rate / (1 + self.decay * self.t)

    def __repr__(self) -> str:
        options = [f"{name}={vars(self)[name]}" for name in ("learning_rate", "decay", "momentum")]
        return f"{type(self).__name__}({', '.join(options)})"

    def bind(self, params: list[np.ndarray]) -> None:
        """Record the parameters of the first step. ValueError: later ones are other arrays."""
        self.params = self.params or list(params)
        if list(map(id, self.params)) != list(map(id, params)):
            raise ValueError(
                "the optimizer has updated other parameters: each network needs its own"
            )

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        """Update params in place; grads has the same shapes in the same order.

        ValueError: other arrays than in the first step.
        """
        self.bind(params)
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            v = -self.rate * grad
            if self.momentum:
                v += self.momentum * self.velocities.get(i, 0.0)
                self.velocities[i] = v
            param += v
        self.t += 1

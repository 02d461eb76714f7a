"""Gradient descent in a valley ten times as curved across as along, with three settings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mininet import SGD

from .style import BLUE, GREEN, RED

CURVATURES = np.array([1.0, 10.0])
START = np.array([-9.0, 1.2])
UPDATES = 25
RULES = {  # learning rate, momentum, color
    "rate 0.02: slow along the valley": (0.02, 0.0, BLUE),
    "rate 0.19: near the limit 2/10": (0.19, 0.0, RED),
    "rate 0.02, momentum 0.8": (0.02, 0.8, GREEN),
}


def path(rate: float, momentum: float) -> np.ndarray:
    """The points of UPDATES steps on L = (θ₁² + 10 θ₂²)/2, (UPDATES + 1, 2)."""
    optimizer, theta, points = SGD(rate, momentum=momentum), START.copy(), [START]
    for _ in range(UPDATES):
        optimizer.step([theta], [CURVATURES * theta])
        points.append(theta.copy())
    return np.array(points)


def draw() -> Figure:
    """The contours of the loss and the three paths."""
    fig, axes = plt.subplots(3, 1, figsize=(8, 6), sharex=True, sharey=True)
    along, across = np.meshgrid(np.linspace(-10, 2.5, 200), np.linspace(-1.6, 1.6, 100))
    loss = (CURVATURES[0] * along**2 + CURVATURES[1] * across**2) / 2
    for ax, (name, (rate, momentum, color)) in zip(axes, RULES.items(), strict=True):
        ax.contour(along, across, np.sqrt(loss), levels=9, cmap="viridis", linewidths=0.8)
        ax.plot(*path(rate, momentum).T, "o-", color=color, markersize=4)
        ax.plot(0, 0, "+", color="black", markersize=14, markeredgewidth=2)
        ax.set_title(name, loc="left")
        ax.set_ylabel("θ₂")
    axes[-1].set_xlabel("θ₁")
    return fig

"""Gradient descent with and without momentum in a valley of condition number 100.

Each rule has its best learning rate for these curvatures, see chapter 12.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mininet import SGD

from .style import BLUE, ORANGE

CURVATURES = np.array([1.0, 100.0])
START = np.array([-9.0, 1.2])
UPDATES = 25
RULES = {  # learning rate, momentum, color, line style
    "plain: rate 2/101": (2 / 101, 0.0, ORANGE, "o-"),
    "momentum (9/11)²: rate (2/11)²": ((2 / 11) ** 2, (9 / 11) ** 2, BLUE, "s-"),
}


def path(rate: float, momentum: float) -> np.ndarray:
    """The points of UPDATES steps on L = (θ₁² + 100 θ₂²)/2, (UPDATES + 1, 2)."""
    optimizer, theta, points = SGD(rate, momentum=momentum), START.copy(), [START]
    for _ in range(UPDATES):
        optimizer.step([theta], [CURVATURES * theta])
        points.append(theta.copy())
    return np.array(points)


def draw() -> Figure:
    """Left the contours of the loss and both paths, right the loss after each step."""
    fig = plt.figure(figsize=(10, 4.8))
    grid = fig.add_gridspec(2, 2, width_ratios=[1.7, 1])
    right = fig.add_subplot(grid[:, 1])
    along, across = np.meshgrid(np.linspace(-10, 4, 200), np.linspace(-5, 5, 200))
    loss = (CURVATURES[0] * along**2 + CURVATURES[1] * across**2) / 2
    for row, (name, (rate, momentum, color, style)) in enumerate(RULES.items()):
        points = path(rate, momentum)
        ax = fig.add_subplot(grid[row, 0])
        ax.contour(along, across, np.sqrt(loss), levels=12, cmap="Greys", linewidths=0.8)
        ax.plot(*points.T, style, color=color, markersize=4)
        ax.plot(0, 0, "+", color="black", markersize=14, markeredgewidth=2)
        ax.set_title(name, loc="left")
        ax.set(ylabel="θ₂", xlabel="θ₁" if row else "")
        right.plot(points**2 @ CURVATURES / 2, style, color=color, markersize=4, label=name)
    right.set(xlabel="step", ylabel="loss", yscale="log", title="loss")
    return fig

"""Chapter 9: the plane before and after a hidden layer, and a curve that is a sum of ReLUs."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mininet import Dense, ReLU, Sequential

from .style import BLUE, GREEN, GREY, ORANGE, RED

EXAMPLES = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
CLASSES = np.array([0, 1, 1, 0])


def draw() -> Figure:
    """The example by hand: its input plane, the plane of its hidden layer, and a sum of ReLUs."""
    hidden = Sequential([Dense.from_parameters([[1, 1], [1, 1]], [0, -1]), ReLU()])
    last = Dense.from_parameters([[1], [-2]], [0])
    fig, (before, after, curve) = plt.subplots(1, 3, figsize=(12.5, 4.2))
    _regions(before, 1.6, lambda x: last.forward(hidden.forward(x)))
    before.set(
        title="before: the input plane", xlabel="$x_0$ (first half)", ylabel="$x_1$ (second half)"
    )
    _regions(after, 2.6, last.forward)
    line = np.linspace(-0.6, 1.3, 200)
    # the layer maps every point of the plane onto this path
    path = hidden.forward(np.column_stack([line, line]))
    after.plot(*path.T, color=GREY, linewidth=4, alpha=0.6, zorder=1)
    after.set(title="after: the hidden layer", xlabel="$a_0$", ylabel="$a_1$")
    places = hidden.forward(EXAMPLES)
    for ax, points in ((before, EXAMPLES), (after, places)):
        for label, color, marker in ((0, ORANGE, "s"), (1, BLUE, "o")):
            chosen = points[label == CLASSES]
            ax.scatter(*chosen.T, color=color, marker=marker, s=70, edgecolor="black", zorder=3)
    for text, point, y in (
        ("(0, 0)", places[0], 9),
        ("(0, 1), (1, 0)", places[1], -20),
        ("(1, 1)", places[3], 9),
    ):
        after.annotate(text, point, (0, y), textcoords="offset points", ha="center")
    for text, point in zip(("(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"), EXAMPLES, strict=True):
        before.annotate(text, point, (0, 9), textcoords="offset points", ha="center")
    _hinges(curve)
    return fig


def _regions(ax: Axes, right: float, output: Callable[[np.ndarray], np.ndarray]) -> None:
    """Shade where output, of points (n, 2), is above 1/2, and draw the boundary."""
    x, y = np.meshgrid(np.linspace(-0.6, right, 221), np.linspace(-0.6, 1.6, 221))
    values = output(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
    ax.contourf(x, y, values, [-100, 0.5, 100], colors=["#fbeacb", "#cfe3f1"])
    ax.contour(x, y, values, [0.5], colors=RED, linestyles="--")
    ax.set_aspect("equal")


def _hinges(ax: Axes) -> None:
    """A sine, and the broken line through nine of its points, as a weighted sum of eight ReLUs."""
    x, knots = np.linspace(0, 1, 401), np.linspace(0, 1, 9)
    slopes = np.diff(np.sin(2 * np.pi * knots)) / np.diff(knots)
    weights = np.append(slopes[0], np.diff(slopes))  # the change of slope at each knot but the last
    layer = Sequential([Dense.from_parameters(np.ones((1, 8)), -knots[:8]), ReLU()])
    parts = layer.forward(x[:, None]) * weights  # (401, 8)
    ax.plot(x, parts, color=GREY, linewidth=0.7, alpha=0.6)
    ax.plot(x, np.sin(2 * np.pi * x), color=GREEN, linewidth=4, alpha=0.4, label="target")
    ax.plot(x, parts.sum(axis=1), color=BLUE, label="sum of 8 ReLUs")
    ax.set(title="eight ReLUs add up to a curve", xlabel="input $x$", ylabel="output", ylim=(-2, 2))
    ax.legend(frameon=False, loc="upper right")

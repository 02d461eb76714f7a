"""Chapter 11's network of two inputs, two hidden units and two classes, forward and backward."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mininet import Dense, LeakyReLU, Sequential, SoftmaxCrossEntropy

from .style import BLUE, GREY, RED

HEIGHTS = 1.0, 0.0  # of the two units of a column
WIDTH, HEIGHT = 0.86, 0.42  # of a box


def draw() -> Figure:
    """Each box, weight and bias: the value above, the derivative of the loss below."""
    hidden = Dense.from_parameters([[1.0, -2.0], [0.5, 0.0]], [0.0, 1.0])
    last = Dense.from_parameters([[1.0, 0.5], [2.0, 0.0]], [0.0, np.log(3)])
    network = Sequential([hidden, LeakyReLU(0.5), last])
    activation, loss = network.layers[1], SoftmaxCrossEntropy()
    x = np.array([[1.0, 2.0]])
    z = hidden.forward(x)
    a = activation.forward(z)
    logits = last.forward(a)
    reported = loss.forward(logits, [0])
    dlogits = loss.backward()
    da = last.backward(dlogits)
    dz = activation.backward(da)
    dx = hidden.backward(dz)
    names = [
        "input x",
        r"$\bf{z_1 = xW_1 + b_1}$",
        r"$\bf{a_1 = f(z_1)}$",
        r"$\bf{z_2 = a_1W_2 + b_2}$",
        "p, and label y",
    ]
    values = [x, z, a, logits, loss.p]
    slopes = [dx, dz, da, dlogits, None]

    fig, ax = plt.subplots(figsize=(10, 5))
    _wires(ax, 0, hidden)
    _wires(ax, 2, last)
    for column, layer in ((1, hidden), (3, last)):
        for y, b, db in zip(HEIGHTS, layer.b, layer.db, strict=True):
            ax.text(2 * column, y + 0.38, f"b = {b:.4g}", color=BLUE, ha="center", size=10)
            ax.text(2 * column, y + 0.25, f"{db:.4g}", color=RED, ha="center", size=10)
    for column in (1, 3):
        for y in HEIGHTS:
            ax.plot([2 * column, 2 * column + 2], [y, y], color=GREY, linewidth=1, zorder=0)
    for column, (name, value, slope) in enumerate(zip(names, values, slopes, strict=True)):
        ax.text(2 * column, 1.66, name, ha="center", weight="bold")
        for k, y in enumerate(HEIGHTS):
            below = f"y = {1 - k}" if slope is None else f"{slope[0, k]:.4g}"
            _box(ax, 2 * column, y, f"{value[0, k]:.4g}", below, GREY if slope is None else RED)
    ax.text(8, -0.45, f"loss = {reported:.4g}", ha="center", weight="bold")
    _arrow(ax, 0, 8, 1.98, BLUE, "forward: values, the upper number of each pair")
    _arrow(ax, 8, 0, -0.68, RED, "backward: derivatives of the loss, the lower number of each pair")
    ax.set(xlim=(-0.7, 8.7), ylim=(-1, 2.25))
    ax.axis("off")
    return fig


def _arrow(ax: Axes, start: float, end: float, y: float, color: str, text: str) -> None:
    """A horizontal arrow with a text above it if it points right, below it otherwise."""
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 2.5, "mutation_scale": 20}
    ax.annotate("", xy=(end, y), xytext=(start, y), arrowprops=style)
    above = start < end
    place: dict[str, Any] = {"ha": "center", "va": "bottom" if above else "top"}
    ax.text((start + end) / 2, y + (0.05 if above else -0.07), text, color=color, **place)


def _box(ax: Axes, x: float, y: float, above: str, below: str, color: str) -> None:
    corner = x - WIDTH / 2, y - HEIGHT / 2
    ax.add_patch(plt.Rectangle(corner, WIDTH, HEIGHT, facecolor="white", edgecolor=GREY))
    ax.text(x, y + 0.02, above, color=BLUE, ha="center", va="bottom", size=12)
    ax.text(x, y - 0.03, below, color=color, ha="center", va="top", size=12)


def _wires(ax: Axes, column: int, layer: Dense) -> None:
    """Draw a line from each unit to each of the next column, with its weight and ∂L/∂weight."""
    for j, start in enumerate(HEIGHTS):
        for k, end in enumerate(HEIGHTS):
            ax.plot([2 * column, 2 * column + 2], [start, end], color=GREY, linewidth=1, zorder=0)
            where = 0.36 if j != k else 0.5
            x, y = 2 * column + 2 * where, start + (end - start) * where
            frame = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.text(
                x,
                y,
                f"{layer.W[j, k]:.4g}",
                color=BLUE,
                ha="center",
                va="bottom",
                size=10,
                bbox=frame,
            )
            ax.text(
                x, y, f"{layer.dW[j, k]:.4g}", color=RED, ha="center", va="top", size=10, bbox=frame
            )

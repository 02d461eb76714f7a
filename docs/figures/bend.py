"""What one dense layer makes of four points that no line parts, and what two with a bend make."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mininet import Dense, ReLU, Sequential

from .style import COLOUR_MAP

POINTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
WANTED = np.array([0, 1, 1, 0])


def draw() -> Figure:
    """The plane's output of the best single layer, and of chapter 9's network of two."""
    flat = Sequential([Dense.from_parameters(np.zeros((2, 1)), [0.5])])
    first = Dense.from_parameters([[1, 1], [1, 1]], [0, -1])
    bent = Sequential([first, ReLU(), Dense.from_parameters([[1], [-2]], [0])])
    side = np.linspace(-0.4, 1.4, 181)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 4), sharex=True, sharey=True)
    names = "the best dense layer: 1/2 everywhere", "dense, ReLU, dense"
    for ax, network, name in zip(axes, (flat, bent), names, strict=True):
        out = network.forward(grid).reshape(181, 181)
        limits = {"vmin": 0, "vmax": 1, "cmap": COLOUR_MAP}
        picture = ax.imshow(out, origin="lower", extent=(-0.4, 1.4, -0.4, 1.4), **limits)
        for (x0, x1), value in zip(POINTS, WANTED, strict=True):
            ax.plot(x0, x1, "o", markersize=17, color="white", markeredgecolor="black")
            ax.text(x0, x1, f"{value}", ha="center", va="center_baseline", weight="bold")
        ax.set(title=name, xlabel="$x_0$")
    axes[0].set_ylabel("$x_1$")
    fig.colorbar(picture, ax=axes, label="output (0 … 1)", shrink=0.85)
    return fig

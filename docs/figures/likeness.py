"""Inner products: eight samples under a cosine and a sine, with their products shaded."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GREEN, GREY, ORANGE

X = np.array([2, 3, 1, 0, -2, -1, -1, 0])


def draw() -> Figure:
    """Above, the samples with a curve; below, their products; one and two turns."""
    names = ("cosine, 1 turn", "sine, 1 turn", "cosine, 2 turns", "sine, 2 turns")
    fig, axes = plt.subplots(2, 4, figsize=(11, 4.4), sharex=True, sharey="row")
    n, fine = np.arange(8), np.linspace(-0.5, 7.5, 300)
    for j, (name, (above, below)) in enumerate(zip(names, axes.T, strict=True)):
        function, turns = (np.sin if j % 2 else np.cos), 1 + j // 2
        above.plot(fine, function(2 * np.pi * turns * fine / 8), color=GREY, linewidth=1)
        above.plot(n, function(2 * np.pi * turns * n / 8), "o", color=GREY, markersize=4)
        above.vlines(n, 0, X, color=BLUE, linewidth=1)
        above.plot(n, X, "o", color=BLUE)
        above.set(title=name)
        products = X * function(2 * np.pi * turns * n / 8)
        colors = [GREEN if product > 0 else ORANGE for product in products]
        below.bar(n, products, color=colors, width=0.8)
        below.set(title=f"sum {products.sum():.2f}".replace("-0.00", "0.00"), xlabel="sample n")
        for ax in (above, below):
            ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
            ax.set_xticks(n)
    axes[0, 0].set(ylabel="x[n], curve")
    axes[1, 0].set(ylabel="product")
    return fig

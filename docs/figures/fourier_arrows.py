"""DFT bins as sums of rotating arrows: a full cycle sums to zero."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BLUE, GREY, RED

X = np.array([2, 3, 1, 0, -2, -1, -1, 0])


def chain(ax: Axes, lengths: np.ndarray, k: int) -> None:
    """Draw arrows head to tail, arrow n of length lengths[n] at angle -2πkn/N; a dot at the sum."""
    n = np.arange(len(lengths))
    arrows = lengths * np.exp(-2j * np.pi * k * n / len(lengths))
    tips = np.cumsum(arrows)
    for m in np.flatnonzero(lengths):
        start, tip = tips[m] - arrows[m], tips[m]
        line = {"arrowstyle": "-|>", "color": BLUE, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (tip.real, tip.imag), (start.real, start.imag), arrowprops=line)
        aside = start + arrows[m] / 2 + 0.3j * arrows[m] / abs(arrows[m])
        ax.text(aside.real, aside.imag, f"{m}", size=10, ha="center", va="center")
    ax.plot(0, 0, "o", color=GREY, markersize=9)
    ax.plot(tips[-1].real, tips[-1].imag, "o", color=RED)


def draw() -> Figure:
    """Eight equal arrows; the chapter's eight samples, and their chains for bins 1 and 2."""
    widths = (3.9, 5.5, 8.6, 4.6)
    fig, (equal, samples, *bins) = plt.subplots(1, 4, figsize=(11, 3.9), width_ratios=widths)
    chain(equal, np.ones(8), 1)
    equal.set(title="sum 0", xlim=(-1.3, 2.6), ylabel="imaginary part")
    samples.vlines(range(8), 0, X, color=BLUE)
    samples.plot(X, "o", color=BLUE)
    samples.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    samples.set(title="the samples", xlabel="n", ylabel="x[n]", xticks=range(8))
    for k, ax, left, right in zip((1, 2), bins, (-0.6, -1.7), (8, 2.9), strict=True):
        chain(ax, X, k)
        ax.set(title=f"bin {k}", xlim=(left, right))
    for ax in (equal, *bins):
        ax.set(xlabel="real part", aspect="equal", ylim=(-5.6, 0.9), yticks=range(-5, 1))
    return fig

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
    """Eight equal arrows, then the chains of bins 1 and 2 of the chapter's eight samples."""
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharex=True, sharey=True)
    chains = (("eight equal arrows: sum 0", np.ones(8), 1), ("bin 1", X, 1), ("bin 2", X, 2))
    for ax, (title, lengths, k) in zip(axes, chains, strict=True):
        chain(ax, lengths, k)
        ax.set(title=title, xlabel="real part", aspect="equal")
        ax.set(xlim=(-1.6, 7.6), ylim=(-5.6, 0.9))
    axes[0].set_ylabel("imaginary part")
    return fig

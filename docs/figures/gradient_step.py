"""The error of a difference quotient over its step: rounding on the left, truncation right."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GREY, ORANGE

STEPS = 2.0 ** -np.arange(1, 45)
PLACES = np.linspace(0.3, 1.7, 41)


def f(w: np.ndarray) -> np.ndarray:
    """w/(1 + w²): sums, products and a quotient, which round identically on every machine."""
    return w / (1 + w * w)


def draw() -> Figure:
    """Error of forward and central differences of f, the mean over a few places w."""
    slope = (1 - PLACES**2) / (1 + PLACES**2) ** 2
    above, below = (f(PLACES + sign * STEPS[:, None]) for sign in (1, -1))
    forward = np.abs((above - f(PLACES)) / STEPS[:, None] - slope).mean(axis=1)
    central = np.abs((above - below) / (2 * STEPS[:, None]) - slope).mean(axis=1)

    eps = np.finfo(float).eps
    fig, ax = plt.subplots(figsize=(8, 4.4))
    ax.loglog(STEPS, forward, "o-", color=ORANGE, markersize=3, label="forward difference")
    ax.loglog(STEPS, central, "s-", color=BLUE, markersize=3, label="central difference")
    for power, text in ((1 / 2, r"$h = \epsilon^{1/2}$"), (1 / 3, r"$h = \epsilon^{1/3}$")):
        ax.axvline(eps**power, color=GREY, linestyle=":", linewidth=1.2)
        ax.text(eps**power * 1.15, 0.3, text, color=GREY)
    ax.set(xlabel="step h", ylabel="error of the slope", ylim=(1e-12, 3))
    ax.text(3e-13, 2e-8, "rounding\n" + r"$\sim \epsilon/h$", color=GREY)
    ax.text(8e-3, 1e-9, "truncation\n" + r"$\sim h$ and $\sim h^2$", color=GREY)
    ax.legend(loc="lower left", frameon=False)
    return fig

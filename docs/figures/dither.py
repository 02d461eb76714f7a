"""Appendix: rounding without and with dither, the mean result and the power of the error."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GREY, ORANGE


def draw() -> Figure:
    """Mean output and mean squared error over the input, both in steps, by (A.2) and (A.3)."""
    x = np.linspace(0, 3, 601)  # steps
    u = x % 1  # from the step below
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    left.plot(x, np.round(x), color=GREY, linestyle=":", label="no dither")
    left.plot(x, x, color=BLUE, label="either dither")
    left.set(xlabel="input $x$, steps $\\Delta$", ylabel="mean output, steps $\\Delta$")
    left.set_title("mean of many roundings")
    right.plot(x, np.minimum(u, 1 - u) ** 2, color=GREY, linestyle=":", label="none")
    right.plot(x, u * (1 - u), color=ORANGE, linestyle="--", label="rectangular")
    right.plot(x, np.full_like(x, 1 / 4), color=BLUE, label="triangular")
    right.set(xlabel="input $x$, steps $\\Delta$", ylabel="mean square error, $\\Delta^2$")
    right.set(ylim=(0, 0.4), title="power of the error")
    left.legend(loc="upper left", fontsize=10)
    right.legend(loc="upper center", fontsize=10, ncols=3, columnspacing=1, handlelength=1.5)
    return fig

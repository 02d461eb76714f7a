"""Complex numbers as arrows: a product, a turning arrow, and the cosine that it draws."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BLUE, GREEN, GREY, ORANGE, RED

START = 2 * np.exp(1j * np.pi / 3)  # magnitude 2, phase 60°


def arrow(ax: Axes, z: complex, color: str) -> None:
    """Draw the arrow from 0 to z."""
    line = {"arrowstyle": "-|>", "color": color, "shrinkA": 0, "shrinkB": 0, "linewidth": 2}
    ax.annotate("", (z.real, z.imag), (0, 0), arrowprops=line)


def draw() -> Figure:
    """(2 + i)(1 + i) = 1 + 3i; an arrow in eight positions; its horizontal coordinate."""
    fig, (product, turning, wave) = plt.subplots(1, 3, figsize=(11, 3.8), width_ratios=[1, 1.3, 2])

    for z, label, color, aside in (
        (2 + 1j, "2 + i", BLUE, (2.05, 0.85)),
        (1 + 1j, "1 + i", ORANGE, (1.1, 1.1)),
        (1 + 3j, "1 + 3i", GREEN, (0.45, 3.15)),
    ):
        arrow(product, z, color)
        product.text(*aside, label, color=color)
    product.set(xlim=(-0.3, 3), ylim=(-0.3, 3.6), xticks=(0, 1, 2, 3), yticks=(0, 1, 2, 3))
    product.set(title="(2 + i)(1 + i) = 1 + 3i", ylabel="imaginary part")

    circle = 2 * np.exp(2j * np.pi * np.linspace(0, 1, 200))
    turning.plot(circle.real, circle.imag, color=GREY, linewidth=0.8)
    tips = START * np.exp(2j * np.pi * np.arange(8) / 8)
    for z in tips:
        arrow(turning, z, BLUE if z == START else "#BBBBBB")
    turning.plot(tips.real, tips.imag, "o", color=GREY, markersize=5)
    turning.plot([START.real, START.real], [0, START.imag], color=RED, linestyle="--")
    turning.plot(START.real, 0, "o", color=RED, markersize=7, zorder=4)
    for n, z in enumerate(tips):
        turning.text(1.22 * z.real, 1.22 * z.imag, f"{n}", ha="center", va="center", size=11)
    turning.set(xlim=(-2.8, 2.8), ylim=(-2.8, 2.8), xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    turning.set(title="one turn in eight steps")
    for ax in (product, turning):
        ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
        ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
        ax.set(aspect="equal", xlabel="real part")

    fine = np.linspace(0, 16, 400)
    wave.plot(fine, 2 * np.cos(2 * np.pi * fine / 8 + np.pi / 3), color=GREY)
    wave.plot(np.arange(17), 2 * np.cos(2 * np.pi * np.arange(17) / 8 + np.pi / 3), "o", color=GREY)
    wave.plot(0, START.real, "o", color=RED, markersize=7, zorder=4)
    wave.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    wave.set(xlabel="step n", ylabel="real part", xticks=range(0, 17, 4), yticks=(-2, 0, 2))
    wave.set(title="the real part is a cosine", ylim=(-2.8, 2.8))
    return fig

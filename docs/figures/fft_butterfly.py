"""The FFT of 8 samples as a diagram of butterflies, with the numbers of the chapter."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfcc import fft

from .style import BLUE, RED

X = np.array([2, 3, 1, 0, -2, -1, -1, 0])
ORDER = [0, 4, 2, 6, 1, 5, 3, 7]  # even before odd, three times


def complex_text(value: complex) -> str:
    """A complex number as text: 4 − 2i."""
    re, im = (f"{part:.2f}".rstrip("0").rstrip(".") for part in (value.real, abs(value.imag)))
    re = re.replace("-", "−")
    if abs(value.imag) < 1e-9:
        return re
    sign = "−" if value.imag < 0 else "+"
    return f"{sign if sign == '−' else ''}{im}i" if abs(value.real) < 1e-9 else f"{re} {sign} {im}i"


def spectra(length: int) -> np.ndarray:
    """The spectra of the 8/length interleaved parts of x, concatenated: (8,)."""
    return np.concatenate([fft(X[start :: 8 // length]) for start in ORDER[::length]])


def butterflies(ax: Axes, column: int) -> None:
    """Draw the lines from one column to the next; a line marked W multiplies by that power of W."""
    half = 2**column
    left, cross, right = column + 0.2, column + 0.38, column + 0.7
    for row in range(8):
        place = row % (2 * half)
        ax.plot([left, cross], [row, row], color=BLUE, linewidth=1.2)
        for to in (row, row + half if place < half else row - half):
            ax.plot([cross, right], [row, to], color=BLUE, linewidth=1.2)
        if place >= half:
            turn = f"$W^{(place - half) * 4 // half}$"
            around = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            ax.text(cross - 0.07, row, turn, color=RED, ha="center", va="center", bbox=around)


def draw() -> Figure:
    """Three columns of four butterflies, with the value at each node."""
    fig, ax = plt.subplots(figsize=(10.5, 6))
    for column in range(4):
        for row, value in enumerate(spectra(2**column)):
            ax.text(column, row, complex_text(value), ha="center", va="center")
        if column < 3:
            butterflies(ax, column)
    for row, n in enumerate(ORDER):
        ax.text(-0.25, row, f"x[{n}]", ha="right", va="center", color=BLUE)
        ax.text(3.35, row, f"X[{row}]", ha="left", va="center", color=BLUE)
    for column, title in enumerate(("samples", "spectra of 2", "spectra of 4", "spectrum of 8")):
        ax.text(column, -0.8, title, ha="center", weight="bold")
    ax.set(xlim=(-0.5, 3.6), ylim=(7.4, -1.1))
    ax.axis("off")
    return fig

"""Chapter 4: the transform of six samples in a table of 3 rows and 2 columns, step by step."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfcc import fft

from .fft_butterfly import complex_text
from .style import GREY, RED

X = np.array([4, 1, 1, 2, 1, 2])


def table(ax: Axes, title: str, cells: np.ndarray, tints: np.ndarray) -> None:
    """Draw a table (rows, columns) of texts, each cell tinted with a color."""
    n_rows, n_columns = cells.shape
    for row in range(n_rows):
        for column in range(n_columns):
            box = plt.Rectangle((column, row), 1, 1, facecolor=tints[row, column], edgecolor=GREY)
            ax.add_patch(box)
            text = cells[row, column]
            ax.text(column + 0.53, row + 0.46, text, ha="center", va="center", fontsize=11)
    ax.set(xlim=(-0.05, n_columns + 0.05), ylim=(n_rows + 0.75, -0.05))
    ax.set_title(title, fontsize=12)
    ax.axis("off")


def with_names(values: np.ndarray, names: np.ndarray) -> np.ndarray:
    """The text of each cell: the name of the number, and the number under it."""
    pairs = zip(names.flat, values.flat, strict=True)
    return np.array([f"{name}\n{complex_text(value)}" for name, value in pairs]).reshape(3, 2)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """An arrow in the direction in which the table is filled, transformed or read."""
    line = {"arrowstyle": "-|>", "color": RED, "linewidth": 1.6}
    ax.annotate("", end, start, arrowprops=line)


def draw() -> Figure:
    """Fill, transform the columns, multiply by the twiddles, transform the rows, read."""
    samples = X.reshape(3, 2)
    columns = fft(samples.T).T
    twiddles = np.exp(-2j * np.pi * np.outer(range(3), range(2)) / 6)
    turned = columns * twiddles
    rows = fft(turned)
    by_column = np.array([["#D6E6F2", "#FBE8C8"]] * 3)
    by_row = np.array([["#D6E6F2"] * 2, ["#FBE8C8"] * 2, ["#D5EEE5"] * 2])
    plain = np.full((3, 2), "white")
    n, k = np.arange(6).reshape(3, 2), np.arange(6).reshape(2, 3).T

    def named(letter: str, indices: np.ndarray) -> np.ndarray:
        return np.array([f"{letter}[{i}]" for i in indices.flat]).reshape(3, 2)

    power = np.array([f"by $W_6^{i * j}$" for i in range(3) for j in range(2)]).reshape(3, 2)
    fig, axes = plt.subplots(1, 5, figsize=(13, 4))
    none = np.array([[""] * 2] * 3)
    table(axes[0], "1 fill row by row", with_names(samples, named("x", n)), plain)
    table(axes[1], "2 transform the columns", with_names(columns, none), by_column)
    table(axes[2], "3 multiply by twiddles", with_names(turned, power), plain)
    table(axes[3], "4 transform the rows", with_names(rows, none), by_row)
    table(axes[4], "5 read column by column", with_names(rows, named("X", k)), by_column)
    for row in range(3):
        arrow(axes[0], (0.15, row + 0.9), (1.85, row + 0.9))
        arrow(axes[3], (0.15, row + 0.9), (1.85, row + 0.9))
    for column in range(2):
        arrow(axes[1], (column + 0.06, 0.1), (column + 0.06, 2.9))
        arrow(axes[4], (column + 0.06, 0.1), (column + 0.06, 2.9))
    notes = ("$n = 2 n_1 + n_2$", "two of length 3", "no sums", "three of length 2")
    for ax, note in zip(axes, (*notes, "$k = k_1 + 3 k_2$"), strict=True):
        ax.text(1, 3.4, note, ha="center", va="center", color=GREY)
    return fig

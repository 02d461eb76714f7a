"""Chapter 7: the cosines that the cepstral coefficients measure."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mfcc import dct_matrix

from .style import BLUE, GREY, ORANGE

SHAPES = ("mean level", "bass − treble", "ends − middle", "1½ waves", "2 waves", "2½ waves")


def draw() -> Figure:
    """Rows i = 0 … 5 of the DCT matrix over the 128 mel bands."""
    fig, axes = plt.subplots(2, 3, figsize=(9, 4.2), sharex=True, sharey=True)
    bands = np.arange(128)
    for i, (ax, row) in enumerate(zip(axes.flat, dct_matrix(6, 128), strict=True)):
        ax.fill_between(bands, row, where=row > 0, color=BLUE, step="mid", linewidth=0)
        ax.fill_between(bands, row, where=row < 0, color=ORANGE, step="mid", linewidth=0)
        ax.axhline(0, color=GREY, linewidth=0.8)
        ax.set_title(f"$c[{i}]$: {SHAPES[i]}")
    for ax in axes[1]:
        ax.set(xlabel="mel band $m$", xticks=(0, 64, 127))
    for ax in axes[:, 0]:
        ax.set(ylabel="weight $D[i, m]$")
    return fig

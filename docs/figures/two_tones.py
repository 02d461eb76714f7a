"""Two tones 100 Hz apart, in frames of four lengths: their peaks merge as frames get shorter."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mfcc import hann, power_spectrum, power_to_db

from .style import BLUE, GREY, ORANGE

RATE, TONES = 44100, (1000, 1100)  # Hz
PADDED = 16  # the padded frame is this many times as long


def draw() -> Figure:
    """The bins of each frame as dots, those of the zero-padded frame as a line."""
    fig, axes = plt.subplots(1, 4, figsize=(11, 3.4), sharex=True, sharey=True)
    for ax, length in zip(axes, (3528, 1764, 882, 441), strict=True):
        t = (np.arange(length) - length / 2) / RATE  # both tones have phase 0 in the middle
        faded = sum(np.sin(2 * np.pi * f * t) for f in TONES) * hann(length)
        padded = np.pad(faded, (0, (PADDED - 1) * length))
        for f in TONES:
            ax.axvline(f, color=ORANGE, linestyle="--", linewidth=1)
        for part, style in ((padded, {"color": GREY, "linewidth": 1}), (faded, {"color": BLUE})):
            db = power_to_db(power_spectrum(part), ref=(length / 4) ** 2, top_db=None)
            hz = np.arange(len(db)) * RATE / len(part)
            ax.plot(hz, db, "o" if part is faded else "-", markersize=5, **style)
        ax.set(title=f"{1000 * length / RATE:.0f} ms", xlabel="frequency (Hz)")
        ax.set(xlim=(750, 1350), ylim=(-45, 8), xticks=(800, 1000, 1200))
    axes[0].set_ylabel("level (dB)")
    return fig

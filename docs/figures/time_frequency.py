"""Spectrograms with frames of three lengths: time resolution against frequency resolution."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import frame, hann, pad_center, power_spectrum, power_to_db

RATE, HOP = 44100, 88  # Hz, samples
FIRST, LAST = 0.15, 0.45  # s
TOP = 4.0  # kHz


def draw() -> Figure:
    """One drop with frames of 5, 20 and 80 ms."""
    clip = scene("dripping_tap", 0)[int(FIRST * RATE) : int(LAST * RATE)]
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True)
    for ax, length in zip(axes, (220, 882, 3528), strict=True):
        frames = frame(pad_center(clip, length), length, HOP) * hann(length)
        db = power_to_db(power_spectrum(frames), ref=(length / 4) ** 2, top_db=70)
        n_bins = int(TOP * 1000 * length / RATE) + 2
        bin_khz = RATE / length / 1000
        extent = (0, (LAST - FIRST) * 1000, -bin_khz / 2, (n_bins - 0.5) * bin_khz)
        image = ax.imshow(
            db[:, :n_bins].T, origin="lower", aspect="auto", extent=extent, vmin=-70, vmax=0
        )
        ax.set(title=f"frames of {1000 * length / RATE:.0f} ms", xlabel="time (ms)", ylim=(0, TOP))
    axes[0].set_ylabel("frequency (kHz)")
    fig.colorbar(image, ax=axes, label="level (dB)")
    return fig

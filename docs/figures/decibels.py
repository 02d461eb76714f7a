"""Chapter 6: a bird song in power and in decibels, without and with the floor of top_db."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import mel_spectrogram, power_to_db

from .style import BLUE, RED


def draw() -> Figure:
    """The mel spectrogram E[m, t] in three units, and the histogram of its levels."""
    power = mel_spectrogram(scene("bird_song", 3), 44100)  # (128, 501)
    db = power_to_db(power, top_db=None)
    clipped = power_to_db(power)
    fig, axes = plt.subplots(2, 2, figsize=(9, 6))
    pictures = (
        ("power $E$", power, None),
        ("decibels, floor $a_{\\min}$ only", db, db.min()),
        ("decibels, 80 dB under the maximum", clipped, db.min()),
    )
    for ax, (title, values, low) in zip(axes.flat, pictures, strict=False):
        image = ax.imshow(values, origin="lower", aspect="auto", extent=(0, 5, 0, 128), vmin=low)
        fig.colorbar(image, ax=ax, label="power" if low is None else "dB")
        ax.set(title=title, xlabel="time, s", ylabel="band $m$")
    floor = db.max() - 80
    axes[1, 1].hist(db.ravel(), bins=np.arange(-105, 40, 2.5), color=BLUE)
    axes[1, 1].axvline(floor, color=RED, label="max − 80 dB")
    axes[1, 1].set(title="how often each level comes", xlabel="level, dB", ylabel="cells of 64128")
    axes[1, 1].set_ylim(0, 3600)
    axes[1, 1].legend()
    return fig

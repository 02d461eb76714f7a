"""Chapter 6: a bird song in decibels, with the power beside it, and the floor of top_db."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import mel_spectrogram, power_to_db

from .style import BLUE, RED


def draw() -> Figure:
    """The mel spectrogram E[m, t]: small as power, large in decibels, gray below the floor; and the
    histogram of its levels."""
    power = mel_spectrogram(scene("bird_song", 3), 44100)  # (128, 501)
    db = power_to_db(power, top_db=None)
    floor = db.max() - 80
    fig, axes = plt.subplot_mosaic(
        [["power", "decibels"], ["levels", "decibels"]], figsize=(10, 5.4), width_ratios=(1, 1.9)
    )
    small, large, levels = axes["power"], axes["decibels"], axes["levels"]
    extent = (0, 5, 0, 128)
    image = small.imshow(power, origin="lower", aspect="auto", extent=extent)
    fig.colorbar(image, ax=small, label="full scale²/Hz")
    small.set(title="as power", xlabel="time, s", ylabel="band $m$")
    for values, color_map, low, high in (
        (np.where(db < floor, np.nan, db), "viridis", floor, db.max()),
        (np.where(db < floor, db, np.nan), "gray", -115, floor + 5),
    ):
        image = large.imshow(
            values, color_map, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high
        )
        if color_map == "viridis":
            fig.colorbar(image, ax=large, label="level, dB")
    large.set(title="in decibels (gray: below the floor)", xlabel="time, s")
    large.set(ylabel="band $m$")
    weights = np.full(db.size, 100 / db.size)
    levels.hist(db.ravel(), bins=np.arange(-105, 40, 2.5).tolist(), weights=weights, color=BLUE)
    levels.axvline(floor, color=RED, label="floor")
    levels.legend(loc="upper right", fontsize=10)
    levels.set(title="histogram of the levels", xlabel="level, dB", ylabel="proportion of cells, %")
    return fig

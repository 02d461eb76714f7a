"""Chapter 7: how bands depend on each other, before the cosine transform and after."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import CLASSES, scene
from mfcc import dct_matrix, mel_spectrogram, power_to_db


def draw() -> Figure:
    """|correlation| of 40 log-mel bands and of their 40 coefficients: ten scenes, all frames."""
    db = np.hstack(
        [
            power_to_db(mel_spectrogram(scene(name, 0, duration=2.0), 44100, n_mels=40))
            for name in CLASSES
        ]
    )  # (40, n_frames)
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.8))
    for ax, values, title in (
        (axes[0], db, "40 log-mel bands"),
        (axes[1], dct_matrix(40, 40) @ db, "their 40 coefficients"),
    ):
        image = ax.imshow(np.abs(np.corrcoef(values)), vmin=0, vmax=1, origin="lower")
        ax.set_title(title)
    axes[0].set(xlabel="band $m$", ylabel="band $m$")
    axes[1].set(xlabel="coefficient $i$", ylabel="coefficient $i$")
    fig.colorbar(image, ax=axes, label="|correlation|", shrink=0.85)
    return fig

"""Chapter 8: log-mel spectrograms of six synthetic clips, each of another class."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import mel_spectrogram, power_to_db

CLIPS = (
    ("applause", 0),
    ("bell", 0),
    ("bird_song", 3),
    ("engine", 0),
    ("footsteps", 0),
    ("siren", 0),
)


def draw() -> Figure:
    """128 bands over 501 frames; each clip's loudest cell is 0 dB."""
    fig, axes = plt.subplots(2, 3, figsize=(10, 5.6), sharex=True, sharey=True)
    for ax, (name, take) in zip(axes.flat, CLIPS, strict=True):
        log_mel = power_to_db(mel_spectrogram(scene(name, take), 44100))  # (128, 501)
        image = ax.imshow(
            log_mel - log_mel.max(),
            aspect="auto",
            origin="lower",
            extent=(-0.005, 5.005, -0.5, 127.5),
            vmin=-80,
            vmax=0,
        )
        ax.set_title(name.replace("_", " "))
    for ax in axes[1]:
        ax.set_xlabel("time (s)")
    for ax in axes[:, 0]:
        ax.set_ylabel("mel band $m$")
    fig.colorbar(image, ax=axes, label="level (dB), loudest cell: 0")
    return fig

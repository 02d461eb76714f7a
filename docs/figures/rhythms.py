"""What the structure function and the modulation spectrum say of three sounds."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import mfcc
from experiment.scenes import scene

from .style import BLUE, GREEN, RED

CLIPS = [
    ("footsteps", 1, "footsteps: regular, like a clock", BLUE),
    ("applause", 1, "applause: dense noise, like rain", RED),
    ("wind", 1, "wind: slow gusts", GREEN),
]
EDGES = tuple(range(1, 52))  # Hz, one bin each in windows of 1 s


def draw() -> Figure:
    """The level of three scenes over time, its structure function, its modulation spectrum."""
    fig, axes = plt.subplots(3, 3, figsize=(11, 7.4), sharex="col", width_ratios=[1.6, 1, 1])
    for row, (name, take, title, color) in zip(axes, CLIPS, strict=True):
        level = level_of(scene(name, take))[2:-2]  # the outermost frames contain padding
        t = np.arange(len(level)) / 100
        row[0].plot(t, level, color=color, linewidth=1)
        row[0].set(ylabel="mean level (dB)", title=title)
        lags = np.arange(1, 200)
        row[1].plot(lags / 100, mfcc.structure_function(level, list(lags)), color=color)
        row[1].set(ylabel="D (dB)", xlim=(0, 2), ylim=(0, None))
        windows = mfcc.frame(level, 100, 50)
        spectrum = mfcc.modulation_spectrum(windows, EDGES).mean(axis=0)
        row[2].plot(EDGES[:-1], spectrum, color=color)
        row[2].set(ylabel="variance (dB²)", ylim=(0, None), xlim=(0, 20))
    axes[0, 1].set_title("structure function")
    axes[0, 2].set_title("modulation spectrum")
    axes[2, 0].set_xlabel("time (s)")
    axes[2, 1].set_xlabel("lag (s)")
    axes[2, 2].set_xlabel("modulation frequency (Hz)")
    return fig


def level_of(signal: np.ndarray) -> np.ndarray:
    """The mean over 40 mel bands, 60 dB deep, of each frame of 10 ms, dB."""
    mel = mfcc.fast.mel_spectrogram(signal, 44100, n_mels=40)
    return mfcc.power_to_db(mel, top_db=60.0).mean(axis=0)

"""One kernel, moved over a log-mel spectrogram, finds a rising tone wherever it occurs."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view

import mfcc

RATE = 44100  # Hz
# start (s), frequency at the start and at the end (Hz): a rise, a fall, the same rise, higher
TONES = [(0.15, 500, 1000), (0.6, 2000, 1000), (1.1, 1500, 3000)]


def draw() -> Figure:
    """The spectrogram of three gliding tones, the kernel, and the output of the convolution."""
    log_mel = mfcc.power_to_db(mfcc.mel_spectrogram(tones(), RATE, n_mels=40), top_db=50.0)
    scaled = (log_mel - log_mel.mean()) / log_mel.std()
    kernel = rising(8, 25)
    windows = sliding_window_view(scaled, kernel.shape)
    output = np.maximum(np.einsum("mtab,ab->mt", windows, kernel), 0)
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), width_ratios=[3, 1, 3])
    images = [
        (log_mel, "log-mel spectrogram (dB)", "mel band"),
        (kernel, "kernel (weights)", "band of the kernel"),
        (output, "output after ReLU", "lowest band under the kernel"),
    ]
    for ax, (values, title, label) in zip(axes, images, strict=True):
        seconds = values.shape[1] / 100
        extent = (0.0, seconds, -0.5, len(values) - 0.5)
        drawn = ax.imshow(values, origin="lower", aspect="auto", extent=extent)
        fig.colorbar(drawn, ax=ax)
        ax.set(title=title, xlabel="time (s)", ylabel=label)
    return fig


def tones() -> np.ndarray:
    """1.5 s of faint noise and three tones of 0.25 s whose pitch glides, (n_samples,)."""
    signal = 1e-3 * np.random.default_rng(0).standard_normal(round(1.5 * RATE))
    t = np.arange(round(0.25 * RATE)) / RATE
    for start, first, last in TONES:
        ratio = np.log(last / first) / t[-1]
        phase = 2 * np.pi * first * (np.exp(ratio * t) - 1) / ratio
        begin = round(start * RATE)
        signal[begin : begin + len(t)] += np.sin(phase) * mfcc.hann(len(t))
    return signal


def rising(n_bands: int, n_frames: int) -> np.ndarray:
    """A ridge from the lower left to the upper right, of mean 0, (n_bands, n_frames)."""
    band, time = np.arange(n_bands)[:, None], np.linspace(0, n_bands - 1, n_frames)
    ridge = np.exp(-((band - time) ** 2))
    return ridge - ridge.mean()

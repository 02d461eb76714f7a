"""The stages of the MFCC: spectrum, mel bands, coefficients, and the bands reconstructed."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import (
    dct_matrix,
    frame,
    hann,
    mel_spectrogram,
    mfcc,
    pad_center,
    power_spectrum,
    power_to_db,
)


def draw() -> Figure:
    """One clip over time: 442 bins, 128 bands, 13 coefficients, 128 reconstructed bands."""
    signal = scene("bird_song", 3).astype(np.float64)
    frames = frame(pad_center(signal, 882), 882, 441) * hann(882)
    spectrum = power_to_db(power_spectrum(frames).T)
    log_mel = power_to_db(mel_spectrogram(signal, 44100))
    cepstra = mfcc(signal, 44100)
    rebuilt = dct_matrix(13, 128).T @ cepstra
    fig, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharex=True)
    panels = [
        (spectrum, "442 bins: power spectrum $P$", "frequency (kHz)", 22.05),
        (log_mel, "128 bands: log-mel $S$", "mel filter $m$", 128),
        (rebuilt, "128 bands again, from 13 numbers", "mel filter $m$", 128),
    ]
    low, high = log_mel.min(), log_mel.max()
    places = [axes[0, 0], axes[0, 1], axes[1, 1]]
    for ax, (values, title, label, top) in zip(places, panels, strict=True):
        limits = (low, high) if top == 128 else (None, None)
        image = ax.imshow(
            values,
            aspect="auto",
            origin="lower",
            extent=(0, 5, 0, top),
            vmin=limits[0],
            vmax=limits[1],
        )
        ax.set(title=title, ylabel=label)
        fig.colorbar(image, ax=ax, label="dB")
    ax = axes[1, 0]
    change = cepstra - cepstra.mean(axis=1, keepdims=True)
    image = ax.imshow(
        change, aspect="auto", origin="lower", extent=(0, 5, -0.5, 12.5), vmin=-100, vmax=100
    )
    ax.set(title="13 numbers: MFCC $c$, each less its mean", ylabel="index $i$")
    fig.colorbar(image, ax=ax, label="dB", extend="both")
    for ax in axes[1]:
        ax.set_xlabel("time (s)")
    return fig

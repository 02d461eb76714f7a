"""Chapter 7: two voices on one vowel, before and after the cepstrum is truncated."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mfcc import dct, idct, mel_spectrogram, power_to_db

from .style import BLUE, ORANGE

RESONANCES = ((700, 120), (1200, 150), (2700, 250))  # center and half-width in Hz, as of an a


def vowel(pitch: float) -> np.ndarray:
    """0.2 s at 44.1 kHz: the harmonics of `pitch` Hz, weighted by the resonances of an a."""
    t = np.arange(8820) / 44100
    f = pitch * np.arange(1, int(22050 / pitch))[:, None]  # (n_harmonics, 1) Hz
    height = sum(1 / (1 + ((f - center) / width) ** 2) for center, width in RESONANCES)
    # harmonics further apart carry more each, so that both voices have the same power per Hz
    return np.sqrt(pitch) * np.sum(height * np.cos(2 * np.pi * f * t + f), axis=0)


def draw() -> Figure:
    """Log-mel spectra of two pitches in 80 bands, and their reconstruction from 13 coefficients."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
    for pitch, color in ((130, BLUE), (180, ORANGE)):
        mel = mel_spectrogram(vowel(pitch), 44100, n_fft=1024, n_mels=80)  # (80, n_frames)
        db = power_to_db(mel[:, mel.shape[1] // 2])
        kept = dct(db)
        kept[13:] = 0
        axes[0].plot(db, color=color, label=f"pitch {pitch} Hz")
        axes[1].plot(idct(kept), color=color)
    axes[0].set(xlabel="mel band $m$", ylabel="level, dB", title="log-mel spectra")
    axes[1].set(xlabel="mel band $m$", title="rebuilt from 13 coefficients")
    axes[0].legend()
    return fig

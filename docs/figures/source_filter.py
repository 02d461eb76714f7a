"""Chapter 7: source, filter and their product; in decibels a sum; the cepstrum of the sum."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mfcc import dct, hann, idct, power_spectrum, power_to_db

from .cepstrum import RESONANCES
from .style import BLUE, GREEN, GREY, ORANGE

RATE, N_FFT, PITCH = 8000, 1024, 130  # Hz, samples, Hz


def draw() -> Figure:
    """Power above, decibels in the middle, the cepstrum and its first 13 coefficients below."""
    t = np.arange(N_FFT) / RATE
    harmonics = PITCH * np.arange(1, RATE // 2 // PITCH + 1)[:, None]  # Hz
    buzz = np.sum(np.cos(2 * np.pi * harmonics * t + harmonics**2), axis=0)
    source = power_spectrum(buzz * hann(N_FFT))  # (513,)
    source = source / source.max() + 1e-3  # with some noise of breath
    hz = np.arange(len(source)) * RATE / N_FFT
    centers, widths = np.array(RESONANCES).T[:, :, None]  # (n, 1)
    response = np.sum(1 / (1 + ((hz - centers) / widths) ** 2), axis=0)
    filter_power = np.square(response / response.max())
    powers = {"source": source, "filter": filter_power, "sound": source * filter_power}

    fig, axes = plt.subplot_mosaic("ABC;DEF;GGH", figsize=(10, 8))
    colors = ORANGE, GREEN, BLUE
    titles = ("source $|G|^2$", "times filter $|H|^2$", "is the sound $|X|^2$")
    for place, power, color, title in zip("ABC", powers.values(), colors, titles, strict=True):
        _spectrum(axes[place], hz, power, color, title, "power (relative)", (0, 1.05))
    titles = "source, dB", "plus filter, dB", "is the sound, dB"
    for place, power, color, title in zip("DEF", powers.values(), colors, titles, strict=True):
        _spectrum(axes[place], hz, power_to_db(power), color, title, "power (dB)", (-70, 5))

    sound = power_to_db(powers["sound"])
    cepstrum = dct(sound)
    n = np.arange(len(cepstrum))
    axes["G"].vlines(n[1:13], 0, cepstrum[1:13], color=GREEN, linewidth=3, label="$c[1]$ … $c[12]$")
    axes["G"].vlines(n[13:], 0, cepstrum[13:], color=ORANGE, linewidth=1.2, label="the others")
    axes["G"].axhline(0, color=GREY, linewidth=0.6)
    axes["G"].set(xlabel="coefficient $i$", ylabel="$c[i]$ (dB)", xlim=(0, 200))
    axes["G"].set_title("cepstrum of the sound: filter at the left, source at the right")
    axes["G"].legend(frameon=False, loc="lower right")
    smooth = idct(np.where(n < 13, cepstrum, 0))
    _spectrum(axes["H"], hz, smooth, GREEN, "from 13 coefficients", "power (dB)", (-70, 5))
    return fig


def _spectrum(
    ax: Axes, hz: np.ndarray, values: np.ndarray, color: str, title: str, unit: str, limits: tuple
) -> None:
    ax.plot(hz / 1000, values, color=color, linewidth=1.2)
    ax.set(title=title, xlabel="frequency (kHz)", ylabel=unit, xlim=(0, 4), ylim=limits)

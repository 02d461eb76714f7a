"""Aliasing: two tones with the same samples, and a sweep decimated with and without a filter."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mfcc import frame, hann, power_spectrum, power_to_db
from mfcc.audio import resample

from .style import BLUE, GREY, ORANGE

RATE, LOW = 44100, 11025  # Hz


def draw() -> Figure:
    """Tones of 1 and 7 kHz sampled at 8 kHz; a sweep to 11 kHz decimated by four."""
    t = np.arange(RATE) / RATE
    sweep = 0.5 * np.sin(np.pi * LOW * t**2)  # the frequency rises from 0 to 11025 Hz in 1 s
    fig, (tones, naive, right) = plt.subplots(1, 3, figsize=(11, 3.8), width_ratios=[1.1, 1, 1])

    ms, n = np.linspace(0, 1, 500), np.arange(9) / 8
    tones.plot(
        ms, -np.sin(2 * np.pi * 7 * ms), color=ORANGE, linewidth=1, label="7 kHz, upside down"
    )
    tones.plot(ms, np.sin(2 * np.pi * ms), color=BLUE, label="1 kHz")
    tones.plot(n, np.sin(2 * np.pi * n), "o", color=GREY, zorder=3, label="samples, 8 kHz")
    tones.set(title="two tones, same samples", xlabel="time (ms)", ylabel="x (full scale)")
    tones.set_ylim(-1.1, 2.6)
    tones.set_yticks([-1, 0, 1])
    tones.legend(loc="upper left", frameon=False, fontsize=11)

    for ax, signal, title in (
        (naive, sweep[::4], "every fourth sample"),
        (right, resample(sweep, RATE, LOW), "low-pass filter first"),
    ):
        db = power_to_db(power_spectrum(frame(signal, 256, 64) * hann(256)), ref=64**2)  # 0.5·128
        db = np.maximum(db, -80)
        extent = (0.0, 1.0, 0.0, LOW / 2000)
        image = ax.imshow(db.T, origin="lower", aspect="auto", extent=extent, vmin=-80, vmax=0)
        ax.plot([0, 1], [0, LOW / 1000], color=GREY, linestyle="--", linewidth=1.2)
        ax.axhline(LOW / 2000, color=GREY, linewidth=0.8)
        ax.text(0.03, 5.7, "half the rate", color=GREY, size=10)
        ax.text(0.78, 9.6, "true", color=GREY, ha="right")
        ax.set(title=title, xlabel="time (s)", xlim=(0, 1), ylim=(0, 11.1))
    naive.set_ylabel("frequency (kHz)")
    fig.colorbar(image, ax=[naive, right], label="level (dB)")
    return fig

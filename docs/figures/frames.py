"""Framing: a drop, the windows over it, and one spectrum with and without a window."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import frame, hann, power_spectrum, power_to_db

from .style import BLUE, GREEN, GREY, ORANGE, RED

RATE, LENGTH, HOP = 44100, 882, 441
START, SHOWN = 9450, 2  # the sample where the picture begins; the frame that is transformed


def draw() -> Figure:
    """50 ms under four windows; the spectrum of frame 2 with and without its window."""
    part = scene("dripping_tap", 0)[START : START + 5 * HOP]
    ms = np.arange(part.size) / RATE * 1000
    fig, (wave, spectrum) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=[1.3, 1])

    wave.plot(ms, part / np.abs(part).max(), color=GREY, linewidth=0.9)
    for t, color in enumerate((BLUE, ORANGE, GREEN, RED)):
        inside = slice(t * HOP, t * HOP + LENGTH)
        wave.plot(ms[inside], hann(LENGTH), color=color)
        wave.plot(ms[inside][[0, -1]], 2 * [-1.15 - 0.12 * t], color=color, linewidth=4)
        wave.text(ms[inside][LENGTH // 2], 1.04, f"t = {t}", color=color, ha="center")
    wave.set(xlabel="time (ms)", ylabel="x / max |x|, and window w", ylim=(-1.65, 1.2))
    wave.set_yticks([-1, 0, 1])

    cut = frame(part, LENGTH, HOP)[SHOWN].astype(float)
    khz = np.arange(LENGTH // 2 + 1) * RATE / LENGTH / 1000
    for window, color, label in ((1.0, GREY, "cut off"), (hann(LENGTH), GREEN, "faded by Hann")):
        power = power_spectrum(cut * window)
        spectrum.plot(khz, power_to_db(power, ref=np.max, top_db=None), color=color, label=label)
    spectrum.set(xlabel="frequency (kHz)", ylabel="power (dB, loudest bin at 0)")
    spectrum.set(ylim=(-95, 5), title=f"the spectrum of frame t = {SHOWN}")
    spectrum.legend()
    return fig

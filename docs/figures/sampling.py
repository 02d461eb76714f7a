"""A dripping tap: five seconds, 1.5 milliseconds, and the same quantized to four bits."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc.audio import resample

from .style import BLUE, GREY, ORANGE

RATE = 44100  # Hz
FIRST, LENGTH = 0.2292, 0.0015  # s, start and length of the enlarged part
STEP = 2**-3  # 4 bits


def draw() -> Figure:
    """The clip, its samples with the band-limited curve through them, and the quantized samples."""
    clip = scene("dripping_tap", 0)
    start, n = round(FIRST * RATE), round(LENGTH * RATE)
    part = clip[start : start + n]
    t = np.arange(n) / RATE * 1000  # ms
    fine = resample(clip[start - 100 : start + n + 100], RATE, 16 * RATE)
    curve = fine[1600 : 1600 + 16 * (n - 1) + 1]
    t_fine = np.arange(curve.size) / RATE / 16 * 1000

    fig, (whole, samples, levels) = plt.subplots(1, 3, figsize=(11, 3.6))
    whole.plot(np.arange(clip.size) / RATE, clip, color=BLUE, linewidth=0.4)
    whole.axvline(FIRST, color=ORANGE, linewidth=4, alpha=0.5)
    whole.set(title="a dripping tap", xlabel="time (s)", ylabel="x (full scale)", ylim=(-1, 1))
    samples.plot(t_fine, curve, color=GREY, linewidth=1)
    samples.plot(t, part, "o", color=BLUE, markersize=4)
    samples.set(title="1.5 ms of it: 66 samples", xlabel="time (ms)", ylim=(-1, 1))
    levels.step(t, STEP * np.round(part / STEP), where="mid", color=ORANGE)
    levels.plot(t_fine, curve, color=GREY, linewidth=1)
    levels.set_yticks(np.arange(-8, 9) * STEP, minor=True)
    levels.grid(axis="y", which="both", alpha=0.3)
    levels.set(title="rounded to 4 bits", xlabel="time (ms)", ylim=(-1, 1))
    return fig

"""A dripping tap: five seconds, ten samples with their sincs, and a drop quantized to four bits."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc.audio import resample

from .style import BLUE, GREY, ORANGE

RATE, LOW = 44100, 8000  # Hz
FIRST, LENGTH = 0.2292, 0.0015  # s, start and length of the enlarged part
STEP = 2**-3  # 4 bits


def draw() -> Figure:
    """The clip; ten samples at 8 kHz as a sum of sincs; 1.5 ms rounded to 4 bits."""
    clip = scene("dripping_tap", 0)
    start, n = round(FIRST * RATE), round(LENGTH * RATE)
    part = clip[start : start + n]
    t = np.arange(n) / RATE * 1000  # ms
    fine = resample(clip[start - 100 : start + n + 100], RATE, 16 * RATE)
    curve = fine[1600 : 1600 + 16 * (n - 1) + 1]
    t_fine = np.arange(curve.size) / RATE / 16 * 1000

    fig, (whole, sincs, levels) = plt.subplots(1, 3, figsize=(11, 3.6), width_ratios=[1, 1.35, 1])
    whole.plot(np.arange(clip.size) / RATE, clip, color=BLUE, linewidth=0.4)
    whole.axvline(FIRST, color=ORANGE, linewidth=4, alpha=0.5)
    whole.set(title="a dripping tap", xlabel="time (s)")

    ten = resample(clip[start - 441 :], RATE, LOW)[80:90]
    u = np.linspace(-3, 12, 900)  # in samples
    for j, value in enumerate(ten):
        sincs.plot(u / LOW * 1000, value * np.sinc(u - j), linewidth=0.9, alpha=0.8)
    total = np.sinc(u[:, None] - np.arange(10)) @ ten
    sincs.plot(u / LOW * 1000, total, color="black", linewidth=2)
    dots = np.arange(-3, 13)
    values = np.where((dots >= 0) & (dots < 10), np.resize(np.r_[np.zeros(3), ten], 16), 0)
    sincs.plot(dots / LOW * 1000, values, "o", color="black", markersize=6)
    sincs.set(title="ten samples, ten sincs, their sum", xlabel="time (ms)")

    levels.step(t, STEP * np.round(part / STEP), where="mid", color=ORANGE)
    levels.plot(t_fine, curve, color=GREY, linewidth=1)
    levels.set_yticks(np.arange(-8, 9) * STEP, minor=True)
    levels.grid(axis="y", which="both", alpha=0.3)
    levels.set(title="rounded to 4 bits", xlabel="time (ms)")
    for ax in (whole, sincs, levels):
        ax.set(ylabel="x (full scale)", ylim=(-1, 1))
    return fig

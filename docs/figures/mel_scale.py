"""Chapter 5: scales of pitch and of frequency resolution, and the widths of the filters."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mfcc import hz_to_mel, mel_filterbank, mel_to_hz

from .style import BLUE, GREEN, GREY, ORANGE, RED


def erb(f: np.ndarray) -> np.ndarray:
    """The equivalent rectangular bandwidth of the ear's filter at f, both in Hz.

    Source: Glasberg and Moore (1990), eq. 3.
    """
    return 24.7 * (4.37 * f / 1000 + 1)


def erb_rate(f: np.ndarray) -> np.ndarray:
    """The number of ERBs below f in Hz. Source: Glasberg and Moore (1990), eq. 4."""
    return 21.4 * np.log10(4.37 * f / 1000 + 1)


def bark(f: np.ndarray) -> np.ndarray:
    """The number of critical bands below f in Hz. Source: Traunmüller (1990), eq. 6."""
    return 26.81 * f / (1960 + f) - 0.53


def draw() -> Figure:
    """Left: four scales, each divided by its value at 1 kHz. Middle: ERB and the width of each
    filter of the reference. Right: the number of bins in each of these filters."""
    f = np.linspace(0, 22050, 500)  # Hz
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4))
    one = np.array(1000.0)
    for name, values, at_1_khz, style in (
        ("mel, Slaney", hz_to_mel(f), hz_to_mel(one), {"color": BLUE}),
        ("mel, HTK", hz_to_mel(f, True), hz_to_mel(one, True), {"color": ORANGE}),
        ("Bark", bark(f), bark(one), {"color": GREEN, "linestyle": "--"}),
        ("ERB-rate", erb_rate(f), erb_rate(one), {"color": RED, "linestyle": "--"}),
    ):
        left.plot(f / 1000, values / at_1_khz, label=name, **style)
    left.plot([0, 4], [0, 4], ":", color=GREY, label="proportional to $f$")
    left.plot(1, 1, "o", color=GREY)
    left.set(xlabel="frequency $f$, kHz", ylabel="scale / its value at 1 kHz", ylim=(0, 4.2))
    left.set_title("four scales")
    left.legend(loc="lower right", fontsize=10)
    edges = np.asarray(mel_to_hz(np.linspace(0, hz_to_mel(22050), 130)))  # Hz
    middle.loglog(edges[1:-1], edges[2:] - edges[:-2], ".", color=BLUE, label="128 mel filters")
    log_f = np.geomspace(30, 22050, 100)  # Hz
    middle.loglog(log_f, erb(log_f), "--", color=RED, label="ERB of the ear")
    middle.axhline(50, color=GREY, linestyle=":", label="bin spacing, 50 Hz")
    middle.set(xlabel="frequency $f$, Hz", ylabel="width, Hz", title="widths of filters")
    middle.set(xlim=(30, 25000), ylim=(20, 4000))
    middle.legend(loc="upper left", fontsize=10)
    n_bins = np.count_nonzero(mel_filterbank(44100, 882) > 1e-12, axis=1)
    for chosen, color, label in (
        (n_bins == 1, ORANGE, f"one bin: {np.sum(n_bins == 1)} filters"),
        (n_bins > 1, BLUE, "two bins or more"),
    ):
        right.bar(np.flatnonzero(chosen), n_bins[chosen], width=1, color=color, label=label)
    right.set(xlabel="filter $m$", ylabel="number of bins", title="128 filters on 442 bins")
    right.legend(loc="upper left", fontsize=10)
    return fig

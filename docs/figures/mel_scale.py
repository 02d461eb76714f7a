"""Chapter 5: the two mel scales, and the number of bins in each filter of the reference."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mfcc import hz_to_mel, mel_filterbank

from .style import BLUE, GREY, ORANGE


def draw() -> Figure:
    """Left: mel over Hz, each scale divided by its value at 1 kHz. Right: bins in each filter."""
    f = np.linspace(0, 22050, 500)  # Hz
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
    for name, htk, color in (("Slaney", False, BLUE), ("HTK", True, ORANGE)):
        left.plot(f / 1000, hz_to_mel(f, htk) / hz_to_mel(1000.0, htk), color=color, label=name)
    left.plot([0, 4], [0, 4], ":", color=GREY, label="straight on")
    left.plot(1, 1, "o", color=GREY)
    left.set(xlabel="frequency $f$, kHz", ylabel="$m(f)\\,/\\,m$(1 kHz)", title="two mel scales")
    left.legend(loc="lower right")
    n_bins = np.count_nonzero(mel_filterbank(44100, 882) > 1e-12, axis=1)
    for chosen, color, label in (
        (n_bins == 1, ORANGE, f"one bin: {np.sum(n_bins == 1)} filters"),
        (n_bins > 1, BLUE, "more"),
    ):
        right.bar(np.flatnonzero(chosen), n_bins[chosen], width=1, color=color, label=label)
    right.set(xlabel="filter $m$", ylabel="bins with weight", title="128 filters on 442 bins")
    right.legend(loc="upper left")
    return fig

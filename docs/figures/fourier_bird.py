"""A frame of bird song, its power in each bin, and the sum of its three strongest bins."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import fft, frame, hann, ifft, power_spectrum
from mfcc.audio import SAMPLE_RATE

from .style import BLUE, GREY, ORANGE

LENGTH = 882  # 20 ms
TAKE, INDEX = 3, 251  # the loudest frame of the clip


def draw() -> Figure:
    """Above, windowed samples in time; below, the same 882 numbers as power at each frequency."""
    x = frame(scene("bird_song", TAKE), LENGTH, LENGTH // 2)[INDEX] * hann(LENGTH)
    power = power_spectrum(x)
    strongest = np.argsort(power)[-3:]
    spectrum = fft(x)
    few = np.zeros_like(spectrum)
    for k in strongest:
        few[[k, -k]] = spectrum[[k, -k]]

    fig, (time, frequency) = plt.subplots(2, 1, figsize=(8, 6))
    t = np.arange(LENGTH) / SAMPLE_RATE * 1000
    drawn = (t >= 6) & (t <= 12)
    time.plot(t[drawn], x[drawn], ".", color=GREY, markersize=7, label="samples of bird song")
    time.plot(t[drawn], ifft(few).real[drawn], color=ORANGE, label="sum of three cosines")
    time.set(xlabel="time (ms)", ylabel="x[n], faded (full scale)", ylim=(-0.3, 0.4))
    time.legend(ncols=2, loc="upper center", frameon=False)

    hz = np.arange(len(power)) * SAMPLE_RATE / LENGTH
    frequency.vlines(hz, 0, power, color=BLUE, linewidth=2)
    frequency.vlines(hz[strongest], 0, power[strongest], color=ORANGE, linewidth=3)
    peak = int(power.argmax())
    label = f"bin {peak}: {hz[peak]:.0f} Hz"
    line = {"arrowstyle": "-", "color": GREY}
    at = (hz[peak], power[peak])
    frequency.annotate(label, at, (3400, 0.9 * power[peak]), arrowprops=line)
    frequency.set(xlabel="frequency (Hz)", ylabel="power P[k] (full scale²)")
    frequency.set(xlim=(0, 5000), ylim=0)
    return fig

"""The three activations, their derivatives, and the sigmoid's inputs in the first layer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import mfcc
from mininet import Dense, LeakyReLU, ReLU, Sigmoid
from mininet.activations import Activation

from .style import BLUE, GREY, ORANGE

CLIPS = ("bird_song", "engine", "wind")


def draw() -> Figure:
    """Above, each function and its derivative; below, |z| of 500 units for three clips."""
    fig, axes = plt.subplot_mosaic([[0, 1, 2], [3, 3, 3]], figsize=(9, 6.4), height_ratios=[1, 1.2])
    layers = (Sigmoid(), "sigmoid"), (LeakyReLU(0.3), "leaky ReLU, α = 0.3"), (ReLU(), "ReLU")
    for place, (layer, name) in enumerate(layers):
        _activation(axes[place], layer, name)
    axes[1].legend(frameon=False)

    x = np.stack([mfcc(scene(name, 0), 44100).ravel() for name in CLIPS])  # (3, 6513)
    dense = Dense(x.shape[1], 500, rng=np.random.default_rng(0))
    below, bins = axes[3], np.logspace(-3, 3, 73).tolist()
    for inputs, color, name in ((x, ORANGE, "raw MFCCs"), (x / 100, BLUE, "divided by 100")):
        below.hist(np.abs(dense.forward(inputs)).ravel(), bins, color=color, alpha=0.75, label=name)
    below.set(xscale="log", xlabel="|z|, size of a pre-activation", ylabel="units, of 1500")
    slope = below.twinx()
    z = np.logspace(-3, 3, 400)
    slope.plot(z, Sigmoid().derivative(z), "--", color=GREY)
    slope.set_ylabel("slope of the sigmoid", color=GREY)
    slope.set_ylim(0, 0.3)
    below.set_ylim(0, 185)
    below.legend(frameon=False, loc="upper right")
    return fig


def _activation(ax: Axes, layer: Activation, name: str) -> None:
    z = np.linspace(-6, 6, 241)
    ax.plot(z, layer.value(z), color=BLUE, label="value")
    ax.plot(z, layer.derivative(z), "--", color=ORANGE, label="slope")
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set(xlabel="z", title=name)

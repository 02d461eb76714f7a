"""Chapter 9: three activations, their derivatives, and the sizes of a first layer's inputs."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import mfcc
from experiment.scenes import scene
from mininet import Dense, LeakyReLU, ReLU, Sigmoid
from mininet.activations import Activation

from .style import BLUE, GREY, ORANGE

CLIPS = ("bird_song", "engine", "wind")


def draw() -> Figure:
    """Above, each function and its derivative; below, |z| of 500 neurons for three clips, and under
    it the derivative of the sigmoid over the same axis."""
    places: list[Any] = [[0, 1, 2], [3, 3, 3], [4, 4, 4]]
    fig, axes = plt.subplot_mosaic(places, figsize=(9, 7.6), height_ratios=[1.2, 1, 0.8])
    layers = (Sigmoid(), "sigmoid"), (LeakyReLU(0.3), "leaky ReLU, α = 0.3"), (ReLU(), "ReLU")
    for place, (layer, name) in enumerate(layers):
        _activation(axes[place], layer, name)
    axes[0].set_ylabel("$f(z)$, $f'(z)$")
    axes[1].legend(frameon=False)

    x = np.stack([mfcc.mfcc(scene(name, 0), 44100).ravel() for name in CLIPS])  # (3, 6513)
    dense = Dense(x.shape[1], 500, rng=np.random.default_rng(0))
    sizes, slope = axes[3], axes[4]
    bins = np.logspace(-3, 3, 73).tolist()
    for inputs, color, name in ((x, ORANGE, "raw MFCCs"), (x / 100, BLUE, "divided by 100")):
        z = np.abs(dense.forward(inputs)).ravel()
        sizes.hist(z, bins, color=color, alpha=0.75, label=name)
    sizes.set(ylabel="count, of 1500", title="pre-activations of 500 neurons for three clips")
    sizes.legend(frameon=False, loc="upper left")
    z = np.logspace(-3, 3, 400)
    slope.plot(z, Sigmoid().derivative(z), "--", color=ORANGE)
    slope.set(ylabel="slope $\\sigma'(z)$", xlabel="size of the pre-activation, $|z|$")
    slope.sharex(sizes)
    sizes.set_xscale("log")
    sizes.tick_params(labelbottom=False)
    for ax in (sizes, slope):
        ax.axvline(5, color=GREY, linewidth=0.8, linestyle=":")
    slope.text(5.5, 0.2, "$|z| = 5$", color=GREY)
    return fig


def _activation(ax: Axes, layer: Activation, name: str) -> None:
    z = np.linspace(-6, 6, 241)
    ax.plot(z, layer.value(z), color=BLUE, label="value $f$")
    ax.plot(z, layer.derivative(z), "--", color=ORANGE, label="slope $f'$")
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set(xlabel="pre-activation $z$", title=name)

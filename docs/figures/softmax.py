"""Logits and their softmax; cross-entropy and squared error with their derivatives."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import CLASSES
from mininet import Sigmoid, softmax

from .style import BLUE, GREY, ORANGE

LOGITS = np.array([1.2, -0.4, 2.1, 3.0, 0.2, 1.6, -1.5, 0.7, -0.8, -0.2])


def draw() -> Figure:
    """Left ten made-up logits and their softmax; right cross-entropy against squared error."""
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 4.4), width_ratios=[1, 1, 2.2])
    names = [name.replace("_", " ") for name in CLASSES]
    left.barh(names, LOGITS, color=GREY)
    left.set(xlabel="z (no unit)", title="logits")
    middle.barh(names, softmax(LOGITS), color=BLUE)
    middle.set(xlabel="probability p", title="softmax of the logits", yticks=[])
    for ax in (left, middle):
        ax.invert_yaxis()

    d = np.linspace(-6, 6, 241)
    p = Sigmoid().value(d)  # two classes: of the true one
    right.plot(d, -np.log(p), color=BLUE, label=r"$-\log\,p$ (nats)")
    right.plot(d, p - 1, "--", color=BLUE, label=r"its slope, $p - 1$")
    right.plot(d, (1 - p) ** 2, color=ORANGE, label=r"$(1 - p)^2$")
    right.plot(d, -2 * (1 - p) * p * (1 - p), "--", color=ORANGE, label="its slope")
    right.axhline(0, color=GREY, linewidth=0.8)
    right.set(xlabel="margin: true logit minus the other", ylabel="loss, and its slope")
    right.set_ylim(-1.3, 5)
    right.set_title("loss of a prediction, two classes")
    right.legend(frameon=False)
    return fig

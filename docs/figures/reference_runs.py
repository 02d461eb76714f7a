"""Twenty runs of the reference experiment, and the published run."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, FOLDER, RED


def draw() -> Figure:
    """Loss and accuracy by epoch from docs/reference_curves.csv, and the published values."""
    table = np.loadtxt(FOLDER.parent / "reference_curves.csv", delimiter=",", skiprows=1)
    published = json.loads((FOLDER.parent / "reference.json").read_text("utf-8"))["epochs"]
    epochs = [int(epoch) for epoch in published]
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.5))
    halves = np.hsplit(table, 2)  # (epochs, seeds) each
    names = {"loss": r"loss $\mathcal{L}$ (nats)", "accuracy": "accuracy on the training clips"}
    for ax, runs, (name, label) in zip(axes, halves, names.items(), strict=True):
        time = np.arange(1, len(runs) + 1)
        thin = ax.plot(time, runs, color=BLUE, linewidth=0.7, alpha=0.45)
        (mean,) = ax.plot(time, runs.mean(axis=1), color=BLUE, linewidth=2.5)
        values = [published[str(epoch)][f"published_{name}"] for epoch in epochs]
        (dots,) = ax.plot(epochs, values, "o", color=RED, zorder=3)
        ax.set(xlabel="epoch", ylabel=label, xscale="log", xlim=(0.9, 112))
        ax.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
        ax.minorticks_off()
    axes[1].set_ylim(0, 0.75)
    named = {"one of twenty seeds": thin[0], "their mean": mean, "published": dots}
    fig.legend(named.values(), named.keys(), loc="outside upper center", ncols=3)
    return fig

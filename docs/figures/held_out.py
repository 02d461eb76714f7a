"""Confusion matrices: the tutorial's recipe, the improved one, and people."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.evaluate import human_confusion

SHOWN = 0.05  # of a row; smaller proportions are not printed


def draw() -> Figure:
    """Three confusion matrices of ESC-10, per cent of each row."""
    results = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    classes = results["facts"]["classes"]
    people = human_confusion(classes)
    if people is None:
        raise ValueError(f"no human answers for the classes {classes}")
    fig, axes = plt.subplots(1, 3, figsize=(12, 5.1), sharey=True)
    matrices = {
        "the tutorial's recipe, held out": np.array(results["reference"]["confusion"]),
        "the improved recipe, held out": np.array(results["improved"]["confusion"]),
        "people": people,
    }
    names = [name.replace("_", " ") for name in classes]
    for ax, (title, matrix) in zip(axes, matrices.items(), strict=True):
        proportion = matrix / matrix.sum(axis=1, keepdims=True)
        ax.imshow(proportion, vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(proportion):
            if value >= SHOWN:
                color = "black" if value > 0.6 else "white"
                ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", size=10, color=color)
        ax.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(names)), names)
        ax.set(title=f"{title}: {matrix.trace() / matrix.sum():.2f}", xlabel="predicted class")
    axes[0].set_ylabel("true class")
    return fig

"""Who takes what for what: the tutorial's recipe, the improved one, and people."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.people import people_confusion

SHOWN = 0.05  # of a row: smaller shares stay without a number


def draw() -> Figure:
    """Three confusion matrices of ESC-10, per cent of each row."""
    known = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    classes = known["facts"]["classes"]
    people = people_confusion(classes)
    if people is None:
        raise ValueError(f"nobody was asked about {classes}")
    fig, axes = plt.subplots(1, 3, figsize=(12, 5.1), sharey=True)
    matrices = {
        "the tutorial's, held out": np.array(known["reference"]["confusion"]),
        "improved, held out": np.array(known["improved"]["confusion"]),
        "people": people,
    }
    names = [name.replace("_", " ") for name in classes]
    for ax, (title, matrix) in zip(axes, matrices.items(), strict=True):
        share = matrix / matrix.sum(axis=1, keepdims=True)
        ax.imshow(share, vmin=0, vmax=1)
        for (i, j), value in np.ndenumerate(share):
            if value >= SHOWN:
                color = "black" if value > 0.6 else "white"
                ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", size=10, color=color)
        ax.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(names)), names)
        ax.set(title=f"{title}: {matrix.trace() / matrix.sum():.2f}", xlabel="answered")
    axes[0].set_ylabel("true class")
    return fig

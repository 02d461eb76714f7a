"""The rungs of chapter 16: training and held-out accuracy."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .style import BLUE, GREY, RED

RUNGS = {
    "reference": "the tutorial's recipe",
    "standardised": "standardised",
    "no-decay": "no decay",
    "two-changes": "both changes together",
    "relu": "and ReLU everywhere",
    "means": "mean and deviation of 13 MFCCs",
    "first-difference": "and of their difference",
    "structure": "structure function",
    "clip": "of 20 MFCCs, 60 dB",
    "windows": "windows with modulation",
    "both": "the last two together",
    "three": "and the rhythm network",
    "improved": "with augmented copies",
}
PEOPLE = 4487 / 4687  # experiment/human_confusion.csv


def draw() -> Figure:
    """Training and held-out accuracy of each rung of docs/ladder.json."""
    results = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    fig, ax = plt.subplots(figsize=(8, 5.5))
    for y, name in enumerate(RUNGS):
        rung = results[name]
        ax.plot([rung["held_out"], rung["train"]], [y, y], color="#c9d3dc", linewidth=6, zorder=1)
        label = "held out" if y == 0 else None
        ax.errorbar(rung["held_out"], y, xerr=rung["seeds_std"], fmt="o", color=RED, label=label)
        ax.plot(rung["train"], y, "s", color=BLUE, label=label and "training parts")
        ax.annotate(f"{rung['held_out']:.3f}", (rung["held_out"], y - 0.33), ha="center", size=9)
    ax.axvline(PEOPLE, color=GREY, linestyle=":", label="people, 0.957")
    ax.axvline(0.1, color=GREY, linestyle="--", label="chance")
    ax.set_yticks(range(len(RUNGS)), list(RUNGS.values()))
    ax.set(xlabel="accuracy, mean of five folds and five seeds", xlim=(0, 1.03))
    ax.set_ylim(len(RUNGS) - 0.5, -0.7)
    fig.legend(loc="outside upper center", ncols=4)
    return fig

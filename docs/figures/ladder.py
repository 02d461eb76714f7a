"""The rungs of chapter 16: training and held-out accuracy."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .style import BLUE, GREY, RED

RUNGS = {
    "reference": "the tutorial's recipe",
    "standardized": "only standardized inputs",
    "no-decay": "only constant learning rate",
    "two-changes": "both changes",
    "means": "mean and standard deviation over time",
    "first-difference": "and structure function, lag 1",
    "structure": "and structure function, all lags",
    "clip": "the clip network",
    "windows": "the windows network",
    "rhythm": "the rhythm network",
    "three": "the three networks averaged",
    "improved": "and augmented copies",
}
PEOPLE = 4487 / 4687  # experiment/human_confusion.csv


def draw() -> Figure:
    """Training and held-out accuracy of each rung of docs/ladder.json."""
    results = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    fig, ax = plt.subplots(figsize=(8.4, 5.8))
    for y, name in enumerate(RUNGS):
        rung = results[name]
        ax.plot([rung["held_out"], rung["train"]], [y, y], color="#d5dce3", linewidth=2, zorder=1)
        first = y == 0
        held = ax.errorbar(rung["held_out"], y, xerr=rung["seeds_std"], fmt="o", color=RED)
        (train,) = ax.plot(rung["train"], y, "|", color=BLUE, markersize=11, markeredgewidth=2.5)
        if first:
            held.set_label("held-out clips, ± standard deviation over seeds")
            train.set_label("training clips")
        ax.annotate(f"{rung['held_out']:.3f}", (rung["held_out"], y - 0.32), ha="center", size=9)
    last = len(RUNGS) - 0.5
    for x, name in ((PEOPLE, f"people {PEOPLE:.3f}"), (0.1, "chance")):
        ax.plot([x, x], [-1.0, last], color=GREY, linestyle=":", linewidth=1, zorder=0)
        ax.text(x, -1.15, name, color=GREY, size=10, ha="center")
    ax.set_yticks(range(len(RUNGS)), list(RUNGS.values()))
    ax.set(xlabel="accuracy, mean of five folds and five seeds", xlim=(0, 1.03), ylim=(last, -1.6))
    fig.legend(loc="outside upper center", ncols=2)
    return fig

"""Baselines for an accuracy on ESC-10: chance, single cues, nearest neighbor, people."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.evaluate import human_confusion
from mininet import wilson_interval

from .style import BLUE, GREY, RED


def draw() -> Figure:
    """Accuracies with their Wilson intervals for the number of recordings, in three groups."""
    results = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    people = human_confusion(results["facts"]["classes"])
    if people is None:
        raise ValueError("ladder.json is not about ESC-10")
    n = results["facts"]["recordings"]
    groups = {
        "tested on new recordings": (
            BLUE,
            "o",
            [
                ("the tutorial's recipe", results["reference"]["held_out"]),
                ("nearest neighbor", results["leak"]["official"]["nearest"]),
                ("the improved recipe", results["improved"]["held_out"]),
                ("people", people.trace() / people.sum()),
            ],
        ),
        "tested on recordings from the training set": (
            RED,
            "s",
            [
                ("the tutorial's recipe, training set", results["reference"]["train"]),
                ("nearest neighbor, random folds", results["leak"]["random"]["nearest"]),
            ],
        ),
        "networks with one number as their only input": (
            GREY,
            "D",
            [
                ("where the spectrum ends", results["recorded"]["band"]["held_out"]),
                ("proportion of silence", results["chance"]["silence"]["held_out"]),
            ],
        ),
    }
    fig, ax = plt.subplots(figsize=(8, 5.2))
    y, ticks = 0.0, dict[float, str]()
    for heading, (color, marker, rows) in groups.items():
        ax.text(1.09, y, heading, color=color, size=11, weight="bold", va="center", ha="right")
        for name, proportion in rows:
            y += 1
            ticks[y] = name
            low, high = wilson_interval(proportion, n)
            ax.plot([low, high], [y, y], color=color, linewidth=4, solid_capstyle="butt", alpha=0.4)
            ax.plot(proportion, y, marker, color=color)
            ax.annotate(f"{proportion:.3f}", (high + 0.01, y), va="center", size=10)
        y += 1.2
    ax.axvline(0.1, color="black", linestyle=":", linewidth=1)
    ax.text(0.11, 0, "chance", size=10, va="center")
    ax.set_yticks(list(ticks), list(ticks.values()))
    ax.set(xlabel="accuracy and its 95 % interval", xlim=(0, 1.1), ylim=(y - 0.4, -0.6))
    return fig

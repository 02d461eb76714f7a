"""Baselines for an accuracy on ESC-10: chance, single cues, nearest neighbor, people."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.evaluate import human_confusion
from mininet import wilson_interval

from .style import BLUE, GREY, ORANGE, RED


def draw() -> Figure:
    """Accuracies with their Wilson intervals for the number of recordings."""
    results = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    people = human_confusion(results["facts"]["classes"])
    if people is None:
        raise ValueError("ladder.json is not about ESC-10")
    n = results["facts"]["recordings"]
    rows = [
        ("where the spectrum ends, alone", results["recorded"]["band"]["held_out"], ORANGE),
        ("share of silence, alone", results["chance"]["silence"]["held_out"], ORANGE),
        ("the tutorial's recipe", results["reference"]["held_out"], BLUE),
        ("nearest neighbour", results["leak"]["official"]["nearest"], BLUE),
        ("nearest neighbour, random folds", results["leak"]["random"]["nearest"], RED),
        ("the tutorial's recipe, training part", results["reference"]["train"], RED),
        ("the improved recipe", results["improved"]["held_out"], BLUE),
        ("people", people.trace() / people.sum(), GREY),
    ]
    fig, ax = plt.subplots(figsize=(8, 4.2))
    for y, (_, proportion, color) in enumerate(rows):
        low, high = wilson_interval(proportion, n)
        ax.plot([low, high], [y, y], color=color, linewidth=4, solid_capstyle="butt", alpha=0.5)
        ax.plot(proportion, y, "o", color=color)
        ax.annotate(f"{proportion:.3f}", (high + 0.01, y), va="center", size=10)
    ax.axvline(0.1, color=GREY, linestyle="--")
    ax.text(0.105, -0.75, "chance", size=10, va="top")
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set(xlabel="accuracy and its 95 % interval", xlim=(0, 1.1), ylim=(len(rows) - 0.5, -0.9))
    return fig

"""What an accuracy on ESC-10 should be held against: chance, single cues, neighbours, people."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.people import people_confusion
from mininet import wilson_interval

from .style import BLUE, GREY, ORANGE, RED


def draw() -> Figure:
    """Accuracies with the interval that as many recordings leave open."""
    known = json.loads((Path(__file__).parents[1] / "ladder.json").read_text("utf-8"))
    people = people_confusion(known["facts"]["classes"])
    if people is None:
        raise ValueError("ladder.json is not of ESC-10")
    n = known["facts"]["recordings"]
    rows = [
        ("where the spectrum ends, alone", known["recorded"]["band"]["held_out"], ORANGE),
        ("share of silence, alone", known["chance"]["silence"]["held_out"], ORANGE),
        ("the tutorial's recipe", known["reference"]["held_out"], BLUE),
        ("nearest neighbour", known["leak"]["official"]["nearest"], BLUE),
        ("nearest neighbour, random folds", known["leak"]["random"]["nearest"], RED),
        ("the tutorial's recipe, training part", known["reference"]["train"], RED),
        ("the improved recipe", known["improved"]["held_out"], BLUE),
        ("people", people.trace() / people.sum(), GREY),
    ]
    fig, ax = plt.subplots(figsize=(8, 4.2))
    for y, (_, share, color) in enumerate(rows):
        low, high = wilson_interval(share, n)
        ax.plot([low, high], [y, y], color=color, linewidth=4, solid_capstyle="butt", alpha=0.5)
        ax.plot(share, y, "o", color=color)
        ax.annotate(f"{share:.3f}", (high + 0.01, y), va="center", size=10)
    ax.axvline(0.1, color=GREY, linestyle="--")
    ax.text(0.105, -0.75, "chance", size=10, va="top")
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set(xlabel="accuracy and its 95 % interval", xlim=(0, 1.1), ylim=(len(rows) - 0.5, -0.9))
    return fig

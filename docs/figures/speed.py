"""Speed relative to other libraries, from benchmarks/results.json."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .style import BLUE, FOLDER, GREY, ORANGE

SHORT = {
    "MFCC of 400 clips": "MFCC",
    "MFCC, plain definition": "MFCC, plain",
    "20 times rfft of (501, 882) float32": "rfft",
    "Training, 100 epochs": "training",
    "Training without the Gram form": "training, plain form",
    "The whole job": "whole job",
    "Import, with a librosa whose compiled code is cached": "import",
}
THEIRS = {
    "keras": "Keras",
    "torch": "PyTorch",
    "sklearn": "scikit-learn",
    "the tutorial's libraries": "all of them",
    "import librosa and the first MFCC": "librosa",
}
KINDS = ("default threads", "one thread")


def draw() -> Figure:
    """A bar for each comparison, with default threads and with one; the aim as a tick."""
    path = FOLDER.parents[1] / "benchmarks" / "results.json"
    results = json.loads(path.read_text("utf-8"))
    rows = [
        (
            f"{SHORT[title]}: {THEIRS.get(name, name)}",
            [results[kind][title][name] for kind in KINDS],
        )
        for title, contestants in results["one thread"].items()
        for name, one in contestants.items()
        if "ratio" in one
    ]
    fig, ax = plt.subplots(figsize=(8, 6))
    for y, (_, both) in enumerate(rows):
        for shift, one, color in zip((-0.2, 0.2), both, (BLUE, ORANGE), strict=True):
            ax.barh(y + shift, one["ratio"], 0.38, color=color)
            beyond = max(one["ratio"], one["at least"])
            ax.annotate(f"  {one['ratio']:.2f}", (beyond, y + shift), va="center", size=10)
            ax.plot([one["at least"]] * 2, [y + shift - 0.19, y + shift + 0.19], color="black")
    ax.axvline(1, color=GREY, linestyle=":")
    ax.set_xscale("log")
    ratios = [one["ratio"] for _, both in rows for one in both]
    ax.set_xlim(min(0.5, 0.8 * min(ratios)), 2 * max(ratios))
    ax.set_yticks(range(len(rows)), [label for label, _ in rows])
    ax.invert_yaxis()
    ax.set_xlabel("times as fast as theirs (black: the aim)")
    ax.xaxis.set_major_formatter("{x:g}")
    handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in (BLUE, ORANGE)]
    fig.legend(handles, KINDS, loc="outside upper center", ncols=2)
    return fig

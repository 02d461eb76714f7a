"""Speed relative to other libraries, from benchmarks/results.json."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .style import BLUE, FOLDER, GREY, ORANGE

# The tables of results.json that are drawn, and their titles here
TABLES = {
    "MFCC of 40 clips, one thread, mfcc.fast.mfcc": "MFCC, fast form",
    "MFCC of 40 clips, one thread, the definition mfcc.mfcc": "MFCC, definition",
    "Training in the Gram form, 100 epochs, one thread": "training, Gram form",
    "The whole job, 400 clips, default threads": "from files to pictures",
}
LABELS = {
    "JAX jit, float64": "JAX, compiled, float64",
    "JAX jit, float32": "JAX, compiled, float32",
    "JAX, scan": "JAX, compiled",
    "torch, eager": "PyTorch",
    "torch, compiled": "PyTorch, compiled",
    "Keras on JAX, 10 steps a call": "Keras on JAX",
    "Keras on TensorFlow, XLA": "Keras on TensorFlow, compiled",
    "mininet, plain fit": "this project, plain form",
}
OMITTED = {"before"}  # an earlier version of this project


def draw() -> Figure:
    """A dot for each row and kind of kernels, the aim as a tick, on a logarithmic axis."""
    path = FOLDER.parents[1] / "benchmarks" / "results.json"
    parts = json.loads(path.read_text("utf-8"))["comparisons"].values()
    tables = {title: variants for part in parts for title, variants in by_title(part).items()}
    fig, ax = plt.subplots(figsize=(8, 7.4))
    ticks, y = {}, 0.0
    for title, heading in TABLES.items():
        ax.text(0.99, y, heading, transform=ax.get_yaxis_transform(), va="center", ha="right")
        for rows in zip(*tables[title].values(), strict=True):
            if rows[0]["label"] in OMITTED:
                continue
            measured = [row for row in rows if "ratio" in row]
            y += 1
            ticks[y] = LABELS.get(rows[0]["label"], rows[0]["label"])
            for row, color in zip(measured, (BLUE, ORANGE), strict=False):
                low, high = row["range"]
                ax.plot([low, high], [y, y], color=color, linewidth=3, alpha=0.35)
                ax.plot(row["ratio"], y, "o", color=color)
                if row["at least"]:
                    ax.plot(row["at least"], y, "|", color="black", markersize=11)
            ax.annotate(f"{rows[0].get('ratio', 0):.2f}", (0.13, y), va="center", size=9)
        y += 1.6
    ax.axvline(1, color=GREY, linestyle=":")
    ax.set_xscale("log")
    ax.set_xticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
    ax.minorticks_off()
    ax.set_yticks(list(ticks), list(ticks.values()), size=10)
    ax.set(xlim=(0.12, 16), ylim=(y - 0.8, -0.8))
    ax.set_xlabel("their time divided by ours (above 1: ours is faster)")
    return fig


def by_title(part: dict[str, dict[str, list]]) -> dict[str, dict[str, list]]:
    """{kernels: {title: rows}} -> {title: {kernels: rows}}."""
    titles = next(iter(part.values()))
    return {title: {kind: tables[title] for kind, tables in part.items()} for title in titles}

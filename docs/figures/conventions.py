"""How far each convention moves an MFCC, and how much of that a gain and an offset explain."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .style import BLUE, ORANGE

TABLE = Path(__file__).parents[1] / "conventions.json"


def draw() -> Figure:
    """The table of docs/conventions.json: differences on a logarithmic axis, and what is left."""
    known = json.loads(TABLE.read_text("utf-8"))
    names = sorted(known["embedded"], key=lambda name: known["embedded"][name]["unexplained"])
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 5.6), sharey=True)
    series = [("recorded", "a dog's bark", ORANGE, "D"), ("embedded", "embedded scene", BLUE, "o")]
    for key, label, colour, marker in series:
        rows = [known[key][name] for name in names]
        size = 5 if marker == "o" else 9  # the one inside the other where they coincide
        left.plot([r["largest"] for r in rows], names, marker, color=colour, ms=size, label=label)
        right.plot([r["unexplained"] for r in rows], names, marker, color=colour, ms=size)
    left.set(xlabel="largest difference of an MFCC (dB; 0 not drawn)", xscale="log")
    right.set(xlabel="share of variance unexplained", xlim=(-0.02, 0.6))
    for ax in (left, right):
        ax.grid(axis="y", color="#dddddd")
    fig.legend(loc="outside upper center", ncols=2)
    return fig

"""Speed relative to other libraries, from benchmarks/results.json."""

from __future__ import annotations

import json
from itertools import count

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .style import BLUE, FOLDER, GREY, ORANGE


def draw() -> Figure:
    """Each table of the results: a bar for each row and kind of kernels, the aim as a tick."""
    path = FOLDER.parents[1] / "benchmarks" / "results.json"
    parts = json.loads(path.read_text("utf-8"))["comparisons"].values()
    fig, ax = plt.subplots(figsize=(8, 10))
    ticks, line = {}, count()
    for part in parts:
        for title in next(iter(part.values())):
            ax.text(
                0.01, next(line), title, transform=ax.get_yaxis_transform(), va="center", size=9
            )
            for rows in zip(*(tables[title] for tables in part.values()), strict=True):
                measured = [row for row in rows if "ratio" in row]
                y, height = next(line), 0.8 / len(rows)
                ticks[y] = rows[0]["label"]
                for k, (row, color) in enumerate(zip(measured, (BLUE, ORANGE), strict=False)):
                    center = y + (k - (len(rows) - 1) / 2) * height
                    ax.barh(center, row["ratio"], height, color=color)
                    end = max(row["ratio"], row["at least"] or 0)
                    ax.annotate(f"  {row['ratio']:.2f}", (end, center), va="center", size=8)
                    if row["at least"]:
                        ends = [center - height / 2, center + height / 2]
                        ax.plot([row["at least"]] * 2, ends, color="black")
    ax.axvline(1, color=GREY, linestyle=":")
    ax.set_xscale("log")
    ax.margins(x=0.15, y=0.01)
    ax.set_yticks(list(ticks), list(ticks.values()), size=9)
    ax.invert_yaxis()
    ax.set_xlabel("times as fast as theirs (black: the aim)")
    ax.xaxis.set_major_formatter("{x:g}")
    kinds = list(dict.fromkeys(kind for part in parts for kind in part))
    handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in (BLUE, ORANGE)]
    fig.legend(handles[: len(kinds)], kinds, loc="outside upper center", ncols=2)
    return fig

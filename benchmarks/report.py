"""Turn the measured numbers into tables: benchmarks/results.json -> benchmarks/results.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

HEAD = """# Results

Each library runs alone in its process, ours in another one beside it, and they take turns. Seconds
are medians; those of libraries that train for 20 epochs are multiplied by five. "Speedup" is the
median (least … most) of their wall time over ours in the same turn, "by CPU" that of the CPU times;
"at least" and "aim" were set beforehand. "Difference" is the largest one of their MFCCs from those
of librosa, of ours in the row of librosa. A loaded machine runs two busy loops on its first core.

OpenBLAS names its kernels by processors: Haswell and Zen are AVX2; SkylakeX, Cooperlake and
SapphireRapids AVX-512. "AVX2 kernels" is `OPENBLAS_CORETYPE=Haswell`, for OpenBLAS alone; there is
one run if the processor has no AVX-512. XLA and oneDNN compile for the processor; ducc0, FFTW,
audioflux and python_speech_features are as their wheels were compiled.
"""


def summary(turns: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Of turns (our wall, our CPU, their wall, their CPU seconds): the medians of the wall seconds;
    median, least and most of their wall over ours in the same turn; the median by CPU time."""
    own, own_cpu, other, other_cpu = np.array(turns).T
    ratios = other / own
    return {
        "seconds": [float(np.median(own)), float(np.median(other))],
        "ratio": float(np.median(ratios)),
        "range": [float(ratios.min()), float(ratios.max())],
        "CPU ratio": float(np.median(other_cpu / own_cpu)),
    }


def report(results: dict[str, Any]) -> str:
    """The tables of all comparisons, of growth and of size, as Markdown."""
    lines = [HEAD]
    measured = results["measured"].items()
    for machine in dict.fromkeys(how["machine"] for _, how in measured):
        parts = [f"{part} {how['rounds']}" for part, how in measured if how["machine"] == machine]
        lines.append(f"Rounds: {', '.join(parts)}, on {machine}.")
    for variants in results["comparisons"].values():
        for variant, tables in variants.items():
            for title, rows in tables.items():
                lines += ["", f"## {title}, {variant}", "", *comparison(rows)]
    lines += ["", "## Growth, one thread", "", *table("|sizes|seconds|exponent")]
    for name, one in results["growth"].items():
        sizes, seconds = (", ".join(f"{x:.4g}" for x in one[key]) for key in ("sizes", "seconds"))
        lines.append(f"| {name} | {sizes} | {seconds} | {one['exponent']:.2f} |")
    lines += ["", "## Size: extraction of many clips by all cores", ""]
    columns = ["clips", "features", "peak", "difference", "seconds"]
    lines += table("clips|features, MB|peak of all processes, MB|difference, MB|seconds")
    for row in results["size"]:
        lines.append("| " + " | ".join(f"{round(row[column], 1):g}" for column in columns) + " |")
    return "\n".join([*lines, ""])


def table(columns: str) -> list[str]:
    """The first two lines of a table."""
    return [f"|{columns}|", "|---" * (columns.count("|") + 1) + "|"]


def comparison(rows: list[dict[str, Any]]) -> list[str]:
    """One comparison; a library that is not installed has the reason instead of numbers."""
    lines, notes = table("|ours, s|theirs, s|speedup|by CPU|at least|aim|difference"), [""]
    for row in rows:
        label = row["label"]
        if "missing" in row:
            lines.append(f"| {label} | | | {row['missing']} | | | | |")
            continue
        cells, (least, most) = [f"{x:.4g}" for x in row["seconds"]], row["range"]
        cells += [f"{row['ratio']:.2f} × ({least:.2f} … {most:.2f})", f"{row['CPU ratio']:.2f} ×"]
        cells += ["" if row[key] is None else f"{row[key]:.2f} ×" for key in ("at least", "aim")]
        cells += [f"{row['difference']:.1e}" if "difference" in row else ""]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
        for key, theirs in row["theirs"].items():
            notes.append(f"- {label}: {key} {row['ours'][key]} (ours), {theirs} (theirs)")
    return [*lines, *notes]

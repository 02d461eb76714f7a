"""Turn the measured numbers into tables: benchmarks/results.json -> benchmarks/results.md."""

from __future__ import annotations

from typing import Any

HEAD = """# Results

Each library runs alone in its process, ours in another one beside it, and they take turns. Seconds
are medians of the turns; of libraries that train for fewer epochs than ours they are multiplied to
as many. "Speedup" is the median (least … most) of their wall time over ours in the same turn, "by
CPU" the median of the CPU times likewise; "at least" and "aim" were set beforehand. "Difference" is
the largest one from librosa's MFCCs. "Machine loaded": beside two busy loops on the first core.
`mfcc.mfcc` and the plain `fit` are the definitions, for reading; `mfcc.fast` and the Gram form,
`mininet.fast`, compute the same values for work.

OpenBLAS names its kernels by processors: Haswell and Zen are AVX2; SkylakeX, Cooperlake and
SapphireRapids AVX-512. "AVX2 kernels" is `OPENBLAS_CORETYPE=Haswell`, which changes those of OpenBLAS
alone; a processor without AVX-512 has only AVX2, and one run. XLA and oneDNN compile for the
processor; ducc0, FFTW, audioflux and python_speech_features are as their wheels were compiled.
"""


def report(results: dict[str, Any]) -> str:
    """The tables of all comparisons, of growth and of size, as Markdown."""
    lines = [HEAD]
    for part, how in results["measured"].items():
        command = f"`python -m benchmarks CATEGORY {how['rounds']} {part}`"
        lines += [f"- {command} on {how['machine']}"]
    lines += [""]
    for variants in results["comparisons"].values():
        for variant, tables in variants.items():
            for title, table in tables.items():
                lines += [f"## {title}, {variant}", "", *comparison(table["rows"])]
    return "\n".join([*lines, *growth(results["growth"]), *size(results["size"])])


def comparison(rows: list[dict[str, Any]]) -> list[str]:
    """One comparison; a library that is not installed has the reason instead of numbers."""
    lines = ["| | ours, s | theirs, s | speedup | by CPU | at least | aim | difference |"]
    lines += ["|---" * 8 + "|"]
    notes = []
    for row in rows:
        if "missing" in row:
            lines.append(f"| {row['label']} | | | {row['missing']} | | | | |")
            continue
        aims = " | ".join("" if x is None else f"{x:.2f} ×" for x in (row["at least"], row["aim"]))
        difference = row.get("difference", "")
        if difference != "":
            difference = "other frames" if difference is None else f"{difference:.1e}"
        least, most = row["range"]
        ours, theirs = row["seconds"]
        lines.append(
            f"| {row['label']} | {ours:.4g} | {theirs:.4g} | {row['ratio']:.2f} × ({least:.2f} … "
            f"{most:.2f}) | {row['CPU ratio']:.2f} × | {aims} | {difference} |"
        )
        if "peak memory, MB" in row:
            own, other = row["peak memory, MB"]
            notes.append(f"{row['label']}: peak memory {own:.0f} MB against {other:.0f} MB")
        if row["kernels"][0]:
            notes.append(f"{row['label']}: {row['kernels'][1]} (ours: {row['kernels'][0]})")
    return [*lines, "", *[f"- {note}" for note in notes], ""]


def growth(results: dict[str, Any]) -> list[str]:
    """Time of extraction and training over size."""
    lines = ["## Growth, one thread", "", "| | sizes | seconds | exponent |", "|---|---|---|---|"]
    for name, one in results.items():
        sizes = ", ".join(str(size) for size in one["sizes"])
        seconds = ", ".join(f"{run:.3g}" for run in one["seconds"])
        lines.append(f"| {name} | {sizes} | {seconds} | {one['exponent']:.2f} |")
    return [*lines, ""]


def size(rows: list[dict[str, float]]) -> list[str]:
    """Memory and time of the extraction of many clips by all cores."""
    lines = [
        "## Size, all cores",
        "",
        "| clips | features, MB | peak memory of all processes, MB | difference, MB | seconds |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = (row["features"], row["peak"], row["difference"], row["seconds"])
        lines.append(f"| {row['clips']} | " + " | ".join(f"{x:.1f}" for x in numbers) + " |")
    return [*lines, ""]

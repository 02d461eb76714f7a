"""Turn the measured numbers into tables: benchmarks/results.json -> benchmarks/results.md."""

from __future__ import annotations

from typing import Any

HEAD = """# Results

Measured by `{command}` on {machine}.

Seconds are medians (least … most) of {runs} runs in turns. "Speedup" is their median over ours, "at
least" the aim, set beforehand. `mfcc.mfcc`, `mfcc.rfft` and `Sequential.fit` are the definitions,
for reading; `mfcc.fast` and the Gram form, `mininet.fast`, compute the same values for work.
"""


def report(results: dict[str, Any]) -> str:
    """The tables of all comparisons, of growth and of size, as Markdown."""
    comparisons = [results[name] for name in ("default threads", "one thread") if name in results]
    runs = next(iter(comparisons[0]["The whole job"].values()))["runs"]
    lines = [HEAD.format(runs=runs, **results)]
    if results["anew"]:
        lines += [f"Measured later, in a separate run: {', '.join(results['anew'])}.", ""]
    for name in ("default threads", "one thread"):
        if name in results:
            lines += [f"## {name.capitalize()}", "", f"Threads: {results['threads'][name]}.", ""]
            for title, contestants in results[name].items():
                lines += comparison(title, contestants)
    if "growth" in results:
        lines += growth(results["growth"])
    if "size" in results:
        lines += size(results["size"])
    return "\n".join(lines)


def comparison(title: str, contestants: dict[str, dict[str, Any]]) -> list[str]:
    """One comparison; ours is the first row."""
    rows = [f"### {title}", "", "| | seconds | speedup | at least |", "|---|---|---|---|"]
    for name, one in contestants.items():
        seconds = f"{one['median']:.4g} ({one['least']:.4g} … {one['most']:.4g})"
        ratio = f"{one['ratio']:.2f} × | {one['at least']:g} ×" if "ratio" in one else " | "
        rows.append(f"| {name} | {seconds} | {ratio} |")
    memory = [one["peak memory, MB"] for one in contestants.values() if "peak memory, MB" in one]
    if memory:
        ours, theirs = memory
        rows += ["", f"Peak memory: {ours:.0f} MB against {theirs:.0f} MB, {theirs / ours:.1f} ×."]
    return [*rows, ""]


def growth(results: dict[str, Any]) -> list[str]:
    """Time and memory of extraction and training over size, and the size of the installation."""
    extraction = results["extraction"]
    lines = ["## Growth, one thread", "", "| clips | seconds | peak memory, MiB |", "|---|---|---|"]
    for n_clips, one in extraction["clips"].items():
        lines.append(f"| {n_clips} | {one['seconds']:.3g} | {one['peak']:.0f} |")
    workers = dict(extraction["seconds by workers"])
    n_clips = workers.pop("clips")
    lines += [
        "",
        f"Extraction takes seconds ∝ clips^{extraction['exponent']:.2f}. The features take 26 kB a "
        "clip; the memory beside them grows by "
        + ", ".join(
            f"{kilobytes:.1f}" for kilobytes in extraction["kilobytes beside the features, a clip"]
        )
        + " kB a clip up to the second, third and fourth row. "
        + f"{n_clips} clips by "
        + ", ".join(f"{jobs} worker(s): {seconds:.3g} s" for jobs, seconds in workers.items())
        + ".",
        "",
        "| training, 10 epochs | sizes | seconds | exponent |",
        "|---|---|---|---|",
    ]
    for name, one in results["training"].items():
        sizes = ", ".join(str(size) for size in one["sizes"])
        seconds = ", ".join(f"{run:.3g}" for run in one["seconds"])
        lines.append(f"| {name} | {sizes} | {seconds} | {one['exponent']:.2f} |")
    peak, size = results["share of the peak"], results["installed"]
    lines += [
        "",
        f"A large float32 matrix product runs at {peak['product']:.0f} · 10⁹ operations a second. "
        f"Training reaches {peak['plain, share']:.0%} of that in the plain form and "
        f"{peak['gram, share']:.0%} in the Gram form, which needs fewer operations.",
        "",
        f"Installed: {size['ours']:.0f} MB with all that it requires, against "
        f"{size['peers']:.0f} MB of librosa, Keras with TensorFlow, scikit-learn and Matplotlib.",
        "",
    ]
    return lines


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

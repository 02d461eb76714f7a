"""The measured numbers as tables: benchmarks/results.json -> benchmarks/results.md."""

from __future__ import annotations

from typing import Any

HEAD = """# Results

Measured by `{command}` on {machine}.

Seconds are medians (least … most) of {runs} runs in turns. "At least" is the aim, set beforehand.
"""


def report(results: dict[str, Any]) -> str:
    """The tables of every comparison that was made, and how the work grows."""
    comparisons = [results[name] for name in ("default threads", "one thread") if name in results]
    runs = next(iter(comparisons[0]["The whole job"].values()))["runs"]
    lines = [HEAD.format(runs=runs, **results)]
    if results["anew"]:
        lines += [f"Measured anew since, in a run of their own: {', '.join(results['anew'])}.", ""]
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
    """One comparison: ours in the first row."""
    rows = [f"### {title}", "", "| | seconds | ours is faster by | at least |", "|---|---|---|---|"]
    for name, one in contestants.items():
        seconds = f"{one['median']:.4g} ({one['least']:.4g} … {one['most']:.4g})"
        ratio = f"{one['ratio']:.2f} × | {one['at least']:g} ×" if "ratio" in one else " | "
        rows.append(f"| {name} | {seconds} | {ratio} |")
    memory = [one["peak memory, MB"] for one in contestants.values() if "peak memory, MB" in one]
    if memory:
        ours, theirs = memory
        rows += ["", f"Peak memory: {ours:.0f} MB against {theirs:.0f} MB, {theirs / ours:.1f} ×."]
    return [*rows, ""]


def growth(found: dict[str, Any]) -> list[str]:
    """How extraction and training grow, and what is installed."""
    heard = found["extraction"]
    lines = ["## Growth, one thread", "", "| clips | seconds | peak memory, MiB |", "|---|---|---|"]
    for n_clips, one in heard["clips"].items():
        lines.append(f"| {n_clips} | {one['seconds']:.3g} | {one['peak']:.0f} |")
    workers = dict(heard["seconds by workers"])
    n_clips = workers.pop("clips")
    lines += [
        "",
        f"Extraction takes seconds ∝ clips^{heard['exponent']:.2f}; the features themselves are "
        "26 kB a clip, and what else the process holds grows by "
        + ", ".join(
            f"{kilobytes:.1f}" for kilobytes in heard["kilobytes beside the features, a clip"]
        )
        + " kB a clip up to the second, third and fourth row. "
        + f"{n_clips} clips by "
        + ", ".join(f"{jobs} worker(s): {seconds:.3g} s" for jobs, seconds in workers.items())
        + ".",
        "",
        "| training, 10 epochs | sizes | seconds | exponent |",
        "|---|---|---|---|",
    ]
    for name, one in found["training"].items():
        sizes = ", ".join(str(size) for size in one["sizes"])
        seconds = ", ".join(f"{run:.3g}" for run in one["seconds"])
        lines.append(f"| {name} | {sizes} | {seconds} | {one['exponent']:.2f} |")
    share, size = found["share of the peak"], found["installed"]
    lines += [
        "",
        f"A large float32 matrix product runs at {share['product']:.0f} · 10⁹ operations a second. "
        f"Training reaches {share['plain, share']:.0%} of that in the plain form and "
        f"{share['gram, share']:.0%} in the Gram form, which has fewer to do.",
        "",
        f"Installed: {size['ours']:.0f} MB with all that it requires, against "
        f"{size['peers']:.0f} MB of librosa, Keras with TensorFlow, scikit-learn and Matplotlib.",
        "",
    ]
    return lines


def size(rows: list[dict[str, float]]) -> list[str]:
    """Memory of the extraction of very many clips by all cores."""
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

"""Compare this project with the libraries it replaces; print and write the tables.

    python -m benchmarks CATEGORY [ROUNDS [PART...]]

CATEGORY is the WAV folder of the tutorial. Needs the extra peers, Linux, and half an hour on an
otherwise idle machine. PART is features, training, whole, growth or size: only these are measured,
and the other numbers remain. Writes benchmarks/results.json and from it the tables,
benchmarks/results.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import size
from benchmarks.report import report
from benchmarks.timing import ROOT, Timing, machine, processes_in_turns, python, threads
from benchmarks.training import CONTESTANTS, GRAM, PLAIN
from experiment.data import scan
from experiment.extract import extract_features
from experiment.recipes import Reference

RESULTS = Path(__file__).parent / "results"
PARTS = ("features", "training", "whole", "growth", "size")
EPOCHS = 100
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # suppress TensorFlow's messages at import
IMPORT_PEER = "import librosa, numpy; librosa.feature.mfcc(y=numpy.ones(44100, 'f'), sr=44100)"
# Title of a comparison -> ours, the others, and the aim: at least how many times ours is as fast.
# The plain definitions are for reading; the aim is that they stay within four times the others.
FEATURES = {
    "MFCC of 400 clips": ("mfcc.fast.mfcc", {"librosa": 1.2, "python_speech_features": 3.0}),
    "MFCC, plain definition": ("mfcc.mfcc", {"librosa": 0.25}),
    "20 times rfft of (501, 882) float32": ("mfcc.rfft, plain definition", {"NumPy": 0.25}),
}


def run(command: list[str], environment: dict[str, str]) -> str:
    """The output of a command."""
    full = os.environ | environment
    return subprocess.run(
        command, cwd=ROOT, env=full, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def features(folder: Path, rounds: int, environment: dict[str, str]) -> dict[str, Timing]:
    """MFCCs of all clips, and transforms, by each library."""
    printed = run(python("-m", "benchmarks.features", str(folder), str(rounds)), environment)
    return {name: Timing(seconds) for name, seconds in json.loads(printed).items()}


def training(path: str, rounds: int, environment: dict[str, str]) -> dict[str, Timing]:
    """The reference training by each library, in turns, one process per run."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name in CONTESTANTS:
            command = python("-m", "benchmarks.training", name, path, str(EPOCHS), "1")
            seconds[name].append(float(run(command, environment)))
    return {name: Timing(runs) for name, runs in seconds.items()}


def compare(
    timed: dict[str, Timing], ours: str, aims: dict[str, float]
) -> dict[str, dict[str, object]]:
    """The seconds of each contestant; for the others, the ratio of medians and its aim."""
    rows: dict[str, dict[str, object]] = {ours: timed[ours].summary()}
    for name, aim in aims.items():
        ratio = timed[name].median / timed[ours].median
        rows[name] = {**timed[name].summary(), "ratio": ratio, "at least": aim}
    return rows


def whole(folder: Path, out: str, rounds: int, environment: dict[str, str]) -> dict[str, object]:
    """The whole job and the imports, as processes, with their peak memory in MB."""
    jobs = {
        "ssc.py": python("ssc.py", "--data", str(folder), "--out", f"{out}/ours", "--quiet"),
        "the tutorial's libraries": python(
            "-m", "benchmarks.tutorial", str(folder), f"{out}/theirs"
        ),
    }
    imports = {
        "import mfcc, mininet": python("-c", "import mfcc, mininet"),
        "import librosa and the first MFCC": python("-c", IMPORT_PEER),
    }
    comparisons: dict[str, object] = {}
    for title, commands, aim in (
        ("The whole job", jobs, 4.0),
        ("Import, with a librosa whose compiled code is cached", imports, 10.0),
    ):
        results = processes_in_turns(commands, rounds, environment | QUIET)
        ours, theirs = results
        rows = compare({name: timing for name, (timing, _) in results.items()}, ours, {theirs: aim})
        for name, (_, peak) in results.items():
            rows[name]["peak memory, MB"] = peak
        comparisons[title] = rows
    return comparisons


def main(folder: Path, rounds: int, parts: Sequence[str]) -> None:
    """All comparisons, with each library's default number of threads and with one; then growth."""
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    if set(parts) < set(PARTS):
        results: dict = json.loads(RESULTS.with_suffix(".json").read_text("utf-8"))
        results["anew"] = sorted({*results["anew"], *parts})
    else:
        command = f"python -m benchmarks CATEGORY {rounds}"
        results = {"command": command, "machine": machine(), "threads": {}, "anew": []}
    with tempfile.TemporaryDirectory() as out:
        for count, name, fast in ((None, "default threads", 3.0), (1, "one thread", 5.0)):
            environment, tables = threads(count), results.setdefault(name, {})
            pools = run(python("-m", "benchmarks.pools"), environment | QUIET)
            results["threads"][name] = pools.strip()
            if "features" in parts:
                timed = features(folder, rounds, environment)
                for title, (ours, aims) in FEATURES.items():
                    tables[title] = compare(timed, ours, aims)
            if "training" in parts:
                path = f"{out}/features.npy"
                np.save(path, extract_features(scan(folder), Reference().views).views[0])
                timed = training(path, rounds, environment)
                aims = {"keras": fast, "torch": fast, "sklearn": 4.0}
                tables[f"Training, {EPOCHS} epochs"] = compare(timed, GRAM, aims)
                aims = {"keras": 1.2, "torch": 1.2}
                tables["Training without the Gram form"] = compare(timed, PLAIN, aims)
            if "whole" in parts:
                tables |= whole(folder, out, rounds, environment)
            write(results)
    if "growth" in parts:
        growth = run(python("-m", "benchmarks.growth", str(folder)), threads(1))
        results["growth"] = json.loads(growth)
    if "size" in parts:
        results["size"] = size.main()
    write(results)


def write(results: dict) -> None:
    """Write the numbers and the tables."""
    numbers, tables = json.dumps(results, indent=1) + "\n", report(results)
    RESULTS.with_suffix(".json").write_text(numbers, "utf-8")
    RESULTS.with_suffix(".md").write_text(tables, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int((sys.argv[2:] or ["5"])[0]), sys.argv[3:] or PARTS)

"""Ours against the libraries it replaces, side by side in one run; prints and writes the tables.

    python -m benchmarks CATEGORY [ROUNDS [PART...]]

CATEGORY is the WAV folder of the tutorial; needs the extra peers, and half an hour in which the
machine has nothing else to do. PART is features, training, whole, growth or size: only these are
measured anew, and the rest stays as it was measured before. Writes benchmarks/results.json, all
numbers, and from them the tables, benchmarks/results.md.
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
from benchmarks.timing import ROOT, Measured, machine, processes_in_turns, python, threads
from benchmarks.training import CONTESTANTS
from experiment.dataset import scan
from experiment.extraction import extract
from experiment.recipes import Features

RESULTS = Path(__file__).parent / "results"
PARTS = ("features", "training", "whole", "growth", "size")
EPOCHS = 100
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # TensorFlow says a page of things when it is loaded
IMPORT_PEER = "import librosa, numpy; librosa.feature.mfcc(y=numpy.ones(44100, 'f'), sr=44100)"
# Title of a comparison -> ours, the others, and at least how many times ours should be faster.
FEATURES = {
    "MFCC of 400 clips": ("mfcc ours", {"librosa": 1.2, "python_speech_features": 3.0}),
    "20 times rfft of (501, 882) float32": ("rfft ours", {"NumPy": 1.5}),
}


def run(command: list[str], environment: dict[str, str]) -> str:
    """What a command prints; its errors are ours."""
    full = os.environ | environment
    return subprocess.run(
        command, cwd=ROOT, env=full, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def features(folder: Path, rounds: int, environment: dict[str, str]) -> dict[str, Measured]:
    """MFCCs of all clips and the FFT alone; the other libraries by their names alone."""
    printed = run(python("-m", "benchmarks.features", str(folder), str(rounds)), environment)
    return {
        name if name.endswith("ours") else name.split(" ", 1)[1]: Measured(seconds)
        for name, seconds in json.loads(printed).items()
    }


def training(path: str, rounds: int, environment: dict[str, str]) -> dict[str, Measured]:
    """The reference training, a process a contestant and round, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name in CONTESTANTS:
            command = python("-m", "benchmarks.training", name, path, str(EPOCHS), "1")
            seconds[name].append(float(run(command, environment)))
    return {name: Measured(runs) for name, runs in seconds.items()}


def contest(
    timed: dict[str, Measured], ours: str, targets: dict[str, float]
) -> dict[str, dict[str, object]]:
    """Each contestant's seconds, and of the others how many times ours is faster, and should be."""
    found: dict[str, dict[str, object]] = {ours: timed[ours].summary()}
    for name, target in targets.items():
        ratio = timed[name].median / timed[ours].median
        found[name] = {**timed[name].summary(), "ratio": ratio, "at least": target}
    return found


def whole(folder: Path, out: str, rounds: int, environment: dict[str, str]) -> dict[str, object]:
    """The whole job and the imports, as processes; their peak memory in MB."""
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
    found: dict[str, object] = {}
    for title, commands, target in (
        ("The whole job", jobs, 4.0),
        ("Import, with a librosa whose compiled code is cached", imports, 10.0),
    ):
        results = processes_in_turns(commands, rounds, environment | QUIET)
        ours, theirs = results
        timed = {name: measured for name, (measured, _) in results.items()}
        comparison = contest(timed, ours, {theirs: target})
        for name, (_, peak) in results.items():
            comparison[name]["peak memory, MB"] = peak
        found[title] = comparison
    return found


def main(folder: Path, rounds: int, parts: Sequence[str]) -> None:
    """All comparisons, with the threads that each library takes by itself and with one; growth."""
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"there is no part {', '.join(sorted(unknown))}, only {', '.join(PARTS)}")
    known = RESULTS.with_suffix(".json")
    if set(parts) < set(PARTS):
        results: dict = json.loads(known.read_text("utf-8"))
        results["anew"] = sorted({*results["anew"], *parts})
    else:
        said = f"python -m benchmarks CATEGORY {rounds}"
        results = {"command": said, "machine": machine(), "threads": {}, "anew": []}
    with tempfile.TemporaryDirectory() as out:
        for count, name, fast in ((None, "default threads", 3.0), (1, "one thread", 5.0)):
            environment, found = threads(count), results.setdefault(name, {})
            pooled = run(python("-m", "benchmarks.pools"), environment | QUIET)
            results["threads"][name] = pooled.strip()
            if "features" in parts:
                timed = features(folder, rounds, environment)
                for title, (ours, others) in FEATURES.items():
                    found[title] = contest(timed, ours, others)
            if "training" in parts:
                path = f"{out}/features.npy"
                np.save(path, extract(scan(folder), Features().views).views[0])
                trained = training(path, rounds, environment)
                targets = {"keras": fast, "torch": fast, "sklearn": 4.0}
                found[f"Training, {EPOCHS} epochs"] = contest(trained, "mininet", targets)
                targets = {"keras": 1.2, "torch": 1.2}
                found["Training without the Gram form"] = contest(trained, "mininet-plain", targets)
            if "whole" in parts:
                found |= whole(folder, out, rounds, environment)
            write(results)
    if "growth" in parts:
        command = python("-m", "benchmarks.growth", str(folder))
        results["growth"] = json.loads(run(command, threads(1)))
    if "size" in parts:
        results["size"] = size.main()
    write(results)


def write(results: dict) -> None:
    """Keep what is known so far, as numbers and as tables."""
    numbers, tables = json.dumps(results, indent=1) + "\n", report(results)
    RESULTS.with_suffix(".json").write_text(numbers, "utf-8")
    RESULTS.with_suffix(".md").write_text(tables, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int((sys.argv[2:] or ["5"])[0]), sys.argv[3:] or PARTS)

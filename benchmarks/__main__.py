"""Ours against the libraries it replaces, side by side in one run; prints and writes the tables.

    python -m benchmarks CATEGORY [ROUNDS]

CATEGORY is the WAV folder of the tutorial; needs the extra peers, and half an hour in which
the machine has nothing else to do. Writes benchmarks/results.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import ROOT, Measured, machine, processes_in_turns, python, threads
from benchmarks.training import CONTESTANTS
from experiment.dataset import scan
from experiment.extraction import extract
from experiment.recipes import Features

RESULTS = Path(__file__).parent / "results.md"
EPOCHS = 100
IMPORT_PEER = "import librosa, numpy; librosa.feature.mfcc(y=numpy.ones(44100, 'f'), sr=44100)"


def run(command: list[str], environment: dict[str, str]) -> str:
    """What a command prints; its errors are ours."""
    full = os.environ | environment
    return subprocess.run(
        command, cwd=ROOT, env=full, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def features(folder: Path, rounds: int, environment: dict[str, str]) -> dict[str, Measured]:
    """MFCCs of all clips and the FFT alone."""
    printed = run(python("-m", "benchmarks.features", str(folder), str(rounds)), environment)
    return {name: Measured(seconds) for name, seconds in json.loads(printed).items()}


def training(path: str, rounds: int, environment: dict[str, str]) -> dict[str, Measured]:
    """The reference training, a process a contestant and round, in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name in CONTESTANTS:
            command = python("-m", "benchmarks.training", name, path, str(EPOCHS), "1")
            seconds[name].append(float(run(command, environment)))
    return {name: Measured(runs) for name, runs in seconds.items()}


def table(title: str, ours: str, measured: dict[str, Measured], others: list[str]) -> list[str]:
    """Rows of one comparison: seconds, and how many times ours is faster."""
    rows = [
        f"### {title}",
        "",
        "| | seconds: median (least … most) | ours is faster by |",
        "|---|---|---|",
    ]
    rows.append(f"| {ours} | {measured[ours]} | |")
    for name in others:
        ratio = measured[name].median / measured[ours].median
        rows.append(f"| {name} | {measured[name]} | {ratio:.2f} × |")
    return [*rows, ""]


def whole(folder: Path, out: str, rounds: int, environment: dict[str, str]) -> list[str]:
    """The whole job and the imports, as processes."""
    jobs = processes_in_turns(
        {
            "ssc.py": python("ssc.py", "--data", str(folder), "--out", f"{out}/ours", "--quiet"),
            "the tutorial's libraries": python(
                "-m", "benchmarks.tutorial", str(folder), f"{out}/theirs"
            ),
        },
        rounds,
        environment | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    imports = processes_in_turns(
        {
            "import mfcc, mininet": python("-c", "import mfcc, mininet"),
            "import librosa and the first MFCC": python("-c", IMPORT_PEER),
        },
        rounds,
        environment,
    )
    rows: list[str] = []
    for title, results in (("The whole job", jobs), ("Import", imports)):
        (ours, (mine, my_peak)), (theirs, (other, peak)) = results.items()
        rows += table(title, ours, {ours: mine, theirs: other}, [theirs])
        rows += [
            f"Peak memory: {my_peak:.0f} MB against {peak:.0f} MB, {peak / my_peak:.1f} ×.",
            "",
        ]
    return rows


def main(folder: Path, rounds: int) -> None:
    """All comparisons, with the threads that each library takes by itself and with one."""
    rows = [f"Measured by `python -m benchmarks CATEGORY {rounds}` on {machine()}.", ""]
    with tempfile.TemporaryDirectory() as out:
        path = f"{out}/features.npy"
        np.save(path, extract(scan(folder), Features().views).views[0])
        for count in (None, 1):
            rows += [f"## {'Default threads' if count is None else 'One thread'}", ""]
            environment = threads(count)
            timed = features(folder, rounds, environment)
            rows += table("MFCC of 400 clips", *contest(timed, "mfcc"))
            rows += table("20 times rfft of (501, 882) float32", *contest(timed, "rfft"))
            trained = training(path, rounds, environment)
            rows += table(f"Training, {EPOCHS} epochs", "mininet", trained, list(trained)[1:])
            rows += table(
                "Training without the Gram form",
                "mininet-plain",
                trained,
                ["keras", "torch", "sklearn"],
            )
            rows += whole(folder, out, rounds, environment)
            print("\n".join(rows), flush=True)
    RESULTS.write_text("# Results\n\n" + "\n".join(rows), "utf-8")


def contest(timed: dict[str, Measured], kind: str) -> tuple[str, dict[str, Measured], list[str]]:
    """Of all that was timed the contestants of one kind: ours, all of them, the others."""
    chosen = {name: result for name, result in timed.items() if name.startswith(kind)}
    ours, *others = chosen
    return ours, chosen, others


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)

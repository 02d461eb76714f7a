"""Measure memory and time of the extraction of many clips.

    python -m benchmarks.size [CLIPS] [JOBS]      default: 20000 clips, one process per core

Builds a folder of links to ten synthetic recordings in a temporary directory, extracts the
reference features of a hundredth, a tenth and all of them, each in a separate process, and prints
the peak memory of that process and its workers, next to the size of the features. Needs Linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

from benchmarks.timing import ROOT, machine, poll_memory, python
from experiment.data import scan
from experiment.extract import default_n_jobs, extract_features, workers
from experiment.recipes import Reference
from experiment.scenes import CLASSES, scene
from mfcc.audio import SAMPLE_RATE

MEGABYTE = 1e6


def build(folder: Path, n_clips: int) -> None:
    """Create n_clips links in ten class folders, to one five-second recording per class."""
    for i, name in enumerate(CLASSES):
        recording = folder / f"{name}.wav"
        soundfile.write(recording, scene(name, 0), SAMPLE_RATE)
        (folder / "category" / name).mkdir(parents=True)
        for k in range(i, n_clips, len(CLASSES)):
            (folder / "category" / name / f"{k}.wav").symlink_to(recording)


def run(folder: Path, jobs: int | None) -> None:
    """Extract the features; print the seconds and the bytes of the features."""
    started = time.perf_counter()
    dataset = scan(folder)
    with workers(jobs or default_n_jobs(len(dataset))) as executor:
        result = extract_features(dataset, Reference().views, executor)
    if result.problems:
        raise RuntimeError(result.problems[0]["reason"])
    n_bytes = sum(view.nbytes for view in result.views)
    print(json.dumps({"bytes": n_bytes, "seconds": time.perf_counter() - started}))


def measure(folder: Path, jobs: int | None) -> tuple[dict[str, float], float]:
    """The output of run in a separate process, and the peak memory of all its processes in MB."""
    command = python("-m", "benchmarks.size", "--run", str(folder), str(jobs or 0))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        peak = poll_memory(process)
        printed = process.communicate()[0]
    return json.loads(printed), peak


def main(n_clips: int = 20000, jobs: int | None = None) -> list[dict[str, float]]:
    """Print and return the table: one row per number of clips."""
    print(machine())
    print(f"{'clips':>8}{'features MB':>13}{'peak MB':>9}{'difference MB':>15}{'seconds':>9}")
    rows = []
    for n in (n_clips // 100, n_clips // 10, n_clips):
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), n)
            printed, peak = measure(Path(folder, "category"), jobs)
        features = printed["bytes"] / MEGABYTE
        row = {"clips": n, "features": features, "peak": peak, "seconds": printed["seconds"]}
        difference = peak - features
        print(f"{n:>8}{features:>13.1f}{peak:>9.1f}{difference:>15.1f}{printed['seconds']:>9.1f}")
        rows.append(row | {"difference": difference})
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(Path(sys.argv[2]), int(sys.argv[3]) or None)
    else:
        numbers = [int(word) for word in sys.argv[1:]]
        main(*numbers)

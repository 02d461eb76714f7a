"""Memory and time of the extraction of very many clips.

    python -m benchmarks.size [CLIPS] [JOBS]      20000 clips and as many processes as cores, else

Builds a folder of links to ten generated recordings in a temporary directory, extracts the
reference features of a hundredth, a tenth and all of them, each in a process of its own, and prints
the peak of memory of that process and its workers together, beside what the features themselves
take. Needs Linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

from benchmarks.timing import ROOT, machine, python, watched
from experiment.dataset import scan
from experiment.extraction import extract, fitting_jobs, workers
from experiment.recipes import Features
from experiment.scenes import CLASSES, scene
from mfcc.audio import SAMPLE_RATE

MEGABYTE = 1e6


def build(folder: Path, n_clips: int) -> None:
    """n_clips links in ten class folders, to one recording of five seconds each."""
    for i, name in enumerate(CLASSES):
        recording = folder / f"{name}.wav"
        soundfile.write(recording, scene(name, 0), SAMPLE_RATE)
        (folder / "category" / name).mkdir(parents=True)
        for k in range(i, n_clips, len(CLASSES)):
            (folder / "category" / name / f"{k}.wav").symlink_to(recording)


def run(folder: Path, jobs: int | None) -> None:
    """The extraction; prints its seconds and the bytes of the features."""
    started = time.perf_counter()
    dataset = scan(folder)
    with workers(jobs or fitting_jobs(len(dataset))) as executor:
        heard = extract(dataset, Features().views, executor)
    assert len(heard.kept) == len(dataset)
    n_bytes = sum(view.nbytes for view in heard.views)
    print(json.dumps({"bytes": n_bytes, "seconds": time.perf_counter() - started}))


def measure(folder: Path, jobs: int | None) -> tuple[dict[str, float], float]:
    """What run printed, in a process of its own, and the peak of its family's memory in MB."""
    command = python("-m", "benchmarks.size", "--run", str(folder), str(jobs or 0))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        peak = watched(process)
        printed = process.communicate()[0]
    return json.loads(printed), peak


def main(n_clips: int = 20000, jobs: int | None = None) -> list[dict[str, float]]:
    """Print the table, and return it: a row for each number of clips."""
    print(machine())
    print(f"{'clips':>8}{'features MB':>13}{'peak MB':>9}{'difference MB':>15}{'seconds':>9}")
    rows = []
    for n in (n_clips // 100, n_clips // 10, n_clips):
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), n)
            told, peak = measure(Path(folder, "category"), jobs)
        features = told["bytes"] / MEGABYTE
        row = {"clips": n, "features": features, "peak": peak, "seconds": told["seconds"]}
        difference = peak - features
        print(f"{n:>8}{features:>13.1f}{peak:>9.1f}{difference:>15.1f}{told['seconds']:>9.1f}")
        rows.append(row | {"difference": difference})
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(Path(sys.argv[2]), int(sys.argv[3]) or None)
    else:
        numbers = [int(word) for word in sys.argv[1:]]
        main(*numbers)

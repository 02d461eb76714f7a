"""Measure growth: extraction over clips and workers, training over examples and width.

    python -m benchmarks.growth CATEGORY          prints JSON

Extraction reads links to the recordings, so that 8000 clips need no disk. The exponent of a power
law is the slope of log(seconds) over log(size), by least squares.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from re import match

import numpy as np

from benchmarks.timing import ROOT, in_turns, python
from benchmarks.training import with_gram_form, with_plain_fit
from experiment.data import scan
from experiment.extract import extract_features, workers
from experiment.recipes import Reference

CLIPS = (100, 400, 2000, 8000)
EXAMPLES = (200, 400, 800, 1600)
WIDTHS = (125, 250, 500, 1000)
EPOCHS = 10
FORMS = {"Gram": with_gram_form, "plain": with_plain_fit}
PEERS = ("librosa", "tensorflow-cpu", "scikit-learn", "matplotlib")
OWN = ("numpy", "scipy", "soundfile", "matplotlib", "tqdm")


def exponent(sizes: tuple[int, ...], seconds: list[float]) -> float:
    """p of the power law seconds = a·sizeᵖ fitted by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def extraction(folder: Path, jobs: int) -> None:
    """Extract all features in this process; print seconds, peak memory (MiB) and bytes."""
    started = time.perf_counter()
    with workers(jobs) as executor:
        result = extract_features(scan(folder), Reference().views, executor)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kB on Linux
    print(json.dumps({"seconds": seconds, "peak": peak, "bytes": result.views[0].nbytes}))


def measure(folder: Path, jobs: int) -> dict[str, float]:
    """The output of extraction, run in a separate process."""
    command = python("-m", "benchmarks.growth", "extract", str(folder), str(jobs))
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return json.loads(subprocess.check_output(command, cwd=ROOT, env=one_thread, text=True))


def links(folder: Path, n_clips: int, to: Path) -> None:
    """Create n_clips links to the recordings of each class in turn."""
    recordings = itertools.cycle(
        clip
        for group in itertools.zip_longest(*(sorted(c.iterdir()) for c in sorted(folder.iterdir())))
        for clip in group
    )
    for i, path in zip(range(n_clips), recordings, strict=False):
        (to / path.parent.name).mkdir(parents=True, exist_ok=True)
        (to / path.parent.name / f"{i}{path.suffix}").symlink_to(path.resolve())


def of_extraction(folder: Path) -> dict[str, object]:
    """Seconds and memory over the number of clips, one process; seconds with 1 and 2 workers."""
    runs: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for n_clips in CLIPS:
            links(folder, n_clips, Path(name) / str(n_clips))
            runs[n_clips] = measure(Path(name) / str(n_clips), 1)
        jobs = {
            str(n): sorted(measure(Path(name) / str(CLIPS[2]), n)["seconds"] for _ in range(3))[1]
            for n in (1, 2)
        }
    beside = {n: one["peak"] - one["bytes"] / 2**20 for n, one in runs.items()}
    kilobytes = [1000 * (beside[n] - beside[CLIPS[0]]) / n for n in CLIPS[1:]]
    return {
        "clips": runs,
        "exponent": exponent(CLIPS, [runs[n]["seconds"] for n in CLIPS]),
        "kilobytes beside the features, a clip": kilobytes,
        "seconds by workers": {"clips": CLIPS[2], **jobs},
    }


def of_training() -> dict[str, object]:
    """Ten epochs over the number of examples and the width, in both forms of the first layer."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((max(EXAMPLES), 6513)).astype(np.float32)
    y = rng.integers(0, 10, len(x))
    result: dict[str, object] = {}
    for form, fit in FORMS.items():
        for kind, sizes in (("examples", EXAMPLES), ("width", WIDTHS)):
            runs: dict[str, Callable[[], object]] = {}
            for size in sizes:
                n, width = (size, 500) if kind == "examples" else (400, size)
                runs[str(size)] = partial(fit, x[:n], y[:n], EPOCHS, width)
            seconds = [run.median for run in in_turns(runs, 3).values()]
            result[f"{form} form, {kind}"] = {
                "sizes": sizes,
                "seconds": seconds,
                "exponent": exponent(sizes, seconds),
            }
    return result


def fraction_of_peak() -> dict[str, float]:
    """10⁹ floating-point operations per second: of a large float32 product, and of the reference
    training of 100 epochs in both forms, from the number of its multiplications."""
    a = np.random.default_rng(0).standard_normal((2000, 2000)).astype(np.float32)
    peak = 2e-9 * 2000**3 / in_turns({"product": lambda: a @ a}, 9)["product"].median
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((400, 6513)).astype(np.float32), rng.integers(0, 10, 400)
    inner = 500 * 500 * 2 + 500 * 10  # weights behind the first layer
    work = {  # multiplications an epoch
        # each weight: forward, gradient of the weight, gradient of the input; Sequential.backward
        # computes the last one for the first layer too
        "plain": 400 * (3 * 6513 * 500 + 3 * inner),
        # K_b A in every epoch; once K = X Xᵀ, Z⁰ = X W⁰ and in the end Xᵀ A
        "Gram": 400 * (400 * 500 + 3 * inner) + (400 * 400 * 6513 + 2 * 400 * 6513 * 500) / 100,
    }
    timed = in_turns({form: partial(fit, x, y, 100) for form, fit in FORMS.items()}, 3)
    result = {"product": peak}
    for form, key in (("plain", "plain"), ("Gram", "gram")):
        result[key] = 2e-9 * work[form] * 100 / timed[form].median
        result[f"{key}, share"] = result[key] / peak
    return result


def installed(names: tuple[str, ...]) -> float:
    """Megabytes of the installed packages and of all their requirements."""
    waiting, seen, size = list(names), set(), 0
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        paths = [Path(str(file.locate())) for file in package.files or []]
        size += sum(path.stat().st_size for path in paths if path.is_file())
        for line in package.requires or []:
            if "extra ==" not in line and (required := match(r"[\w.-]+", line)):
                waiting.append(required[0])
    return size / 1e6


def main(folder: Path) -> None:
    """Everything, as JSON."""
    print(
        json.dumps(
            {
                "extraction": of_extraction(folder),
                "training": of_training(),
                "share of the peak": fraction_of_peak(),
                "installed": {"ours": installed(OWN), "peers": installed(PEERS)},
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1] == "extract":
        extraction(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(Path(sys.argv[1]))

"""How the work grows: extraction with clips and workers, training with examples and width.

    python -m benchmarks.growth CATEGORY          prints JSON

Extraction is measured on links to the recordings, so that 8000 clips need no disk. The exponent of
a power law is the slope of log(seconds) over log(size), by least squares.
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
from experiment.dataset import scan
from experiment.extraction import extract, workers
from experiment.recipes import Features
from mininet import SGD, Dense, LeakyReLU, ReLU, Sequential, Sigmoid

CLIPS = (100, 400, 2000, 8000)
EXAMPLES = (200, 400, 800, 1600)
WIDTHS = (125, 250, 500, 1000)
EPOCHS = 10
PEERS = ("librosa", "tensorflow-cpu", "scikit-learn", "matplotlib")
OWN = ("numpy", "scipy", "soundfile", "matplotlib", "tqdm")


def exponent(sizes: tuple[int, ...], seconds: list[float]) -> float:
    """p of the power law seconds = a·sizeᵖ that fits best."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def extraction(folder: Path, jobs: int) -> None:
    """In a process of its own: prints seconds and peak memory (MB) of hearing all clips."""
    started = time.perf_counter()
    with workers(jobs) as executor:
        heard = extract(scan(folder), Features().views, executor)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kB on Linux
    print(json.dumps({"seconds": seconds, "peak": peak, "bytes": heard.views[0].nbytes}))


def extracted(folder: Path, jobs: int) -> dict[str, float]:
    """What such a process prints."""
    command = python("-m", "benchmarks.growth", "extract", str(folder), str(jobs))
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return json.loads(subprocess.check_output(command, cwd=ROOT, env=one_thread, text=True))


def links(folder: Path, n_clips: int, to: Path) -> None:
    """n_clips links to the recordings of each class in turn."""
    recordings = itertools.cycle(
        clip
        for group in itertools.zip_longest(*(sorted(c.iterdir()) for c in sorted(folder.iterdir())))
        for clip in group
    )
    for i, path in zip(range(n_clips), recordings, strict=False):
        (to / path.parent.name).mkdir(parents=True, exist_ok=True)
        (to / path.parent.name / f"{i}{path.suffix}").symlink_to(path.resolve())


def of_extraction(folder: Path) -> dict[str, object]:
    """Seconds and memory for more and more clips, one process; then as many by one and by two."""
    found: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for n_clips in CLIPS:
            links(folder, n_clips, Path(name) / str(n_clips))
            found[n_clips] = extracted(Path(name) / str(n_clips), 1)
        jobs = {
            str(n): sorted(extracted(Path(name) / str(CLIPS[2]), n)["seconds"] for _ in range(3))[1]
            for n in (1, 2)
        }
    beside = {n: one["peak"] - one["bytes"] / 2**20 for n, one in found.items()}
    kilobytes = [1000 * (beside[n] - beside[CLIPS[0]]) / n for n in CLIPS[1:]]
    return {
        "clips": found,
        "exponent": exponent(CLIPS, [found[n]["seconds"] for n in CLIPS]),
        "kilobytes beside the features, a clip": kilobytes,
        "seconds by workers": {"clips": CLIPS[2], **jobs},
    }


def network(n_features: int, width: int, rng: np.random.Generator) -> Sequential:
    """The reference network with another width."""
    return Sequential(
        [
            Dense(n_features, width, rng=rng),
            Sigmoid(),
            Dense(width, width, rng=rng),
            LeakyReLU(0.3),
            Dense(width, width, rng=rng),
            ReLU(),
            Dense(width, 10, rng=rng),
        ]
    )


def of_training() -> dict[str, object]:
    """Ten epochs with more and more examples and width, in both forms of the first layer."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((max(EXAMPLES), 6513)).astype(np.float32)
    y = rng.integers(0, 10, len(x))

    def fit(n: int, width: int, gram: bool) -> None:
        rng = np.random.default_rng(0)
        model = network(x.shape[1], width, rng)
        model.fit(x[:n], y[:n], EPOCHS, 40, SGD(0.01, 0.9), rng, gram=gram)

    result: dict[str, object] = {}
    for gram in (True, False):
        for kind, sizes in (("examples", EXAMPLES), ("width", WIDTHS)):
            runs: dict[str, Callable[[], object]] = {
                str(size): partial(fit, *((size, 500) if kind == "examples" else (400, size)), gram)
                for size in sizes
            }
            seconds = [run.median for run in in_turns(runs, 3).values()]
            result[f"{'Gram' if gram else 'plain'} form, {kind}"] = {
                "sizes": sizes,
                "seconds": seconds,
                "exponent": exponent(sizes, seconds),
            }
    return result


def share_of_peak() -> dict[str, float]:
    """Billions of multiplications and additions a second: of a large float32 product here, and of
    the reference training of 100 epochs, its multiplications counted, in both forms."""
    a = np.random.default_rng(0).standard_normal((2000, 2000)).astype(np.float32)
    peak = 2e-9 * 2000**3 / in_turns({"product": lambda: a @ a}, 9)["product"].median
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((400, 6513)).astype(np.float32), rng.integers(0, 10, 400)
    inner = 500 * 500 * 2 + 500 * 10  # weights behind the first layer
    # each weight: forward, gradient of the weight, gradient of the input (not of the first layer)
    plain = 400 * (2 * 6513 * 500 + 3 * inner)
    # Gram form: K_b A in every epoch; once K = X Xᵀ, Z⁰ = X W⁰ and in the end Xᵀ A
    gram = 400 * (400 * 500 + 3 * inner) + (400 * 400 * 6513 + 2 * 400 * 6513 * 500) / 100
    found = {"product": peak}

    def fit(gram: bool) -> None:
        rng = np.random.default_rng(0)
        network(6513, 500, rng).fit(x, y, 100, 40, SGD(0.01, 0.9), rng, gram=gram)

    timed = in_turns({"plain": partial(fit, False), "gram": partial(fit, True)}, 3)
    for name, work in (("plain", plain), ("gram", gram)):
        found[name] = 2e-9 * work * 100 / timed[name].median
        found[f"{name}, share"] = found[name] / peak
    return found


def installed(names: tuple[str, ...]) -> float:
    """Megabytes of the named packages and of all that they require, as they are installed."""
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
            if "extra ==" not in line and (found := match(r"[\w.-]+", line)):
                waiting.append(found[0])
    return size / 1e6


def main(folder: Path) -> None:
    """Everything, as JSON."""
    print(
        json.dumps(
            {
                "extraction": of_extraction(folder),
                "training": of_training(),
                "share of the peak": share_of_peak(),
                "installed": {"ours": installed(OWN), "peers": installed(PEERS)},
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1] == "extract":
        extraction(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(Path(sys.argv[1]))

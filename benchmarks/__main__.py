"""Compare this project with the libraries it replaces; print and write the tables.

    python -m benchmarks CATEGORY [ROUNDS [PART...]]

CATEGORY is the WAV folder of the tutorial. Needs the extra peers, Linux, and an otherwise idle
machine: forty minutes for 7 rounds. PART is features, training, whole, growth or size: only these
are measured, and the other numbers remain. On a processor with AVX-512 the first three are measured
twice, with OPENBLAS_CORETYPE=Haswell too. With BEFORE=DIR, another checkout of this project is
compared as well. Writes benchmarks/results.json and from it the tables, benchmarks/results.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np

import mfcc
from benchmarks.report import report
from benchmarks.timing import (
    ROOT,
    Comparison,
    Contestant,
    machine,
    poll_memory,
    python,
    vector_instructions,
)
from benchmarks.training import EXAMPLES
from experiment.data import scan
from experiment.extract import extract_features
from experiment.recipes import Reference

RESULTS = Path(__file__).parent / "results"
CLIPS, EPOCHS, PEER_EPOCHS = 40, 100, 20
IMPORT_PEER = "import librosa, numpy; librosa.feature.mfcc(y=numpy.ones(44100, 'f'), sr=44100)"
BEFORE = os.environ.get("BEFORE", "")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # suppress TensorFlow's messages at import
Tables = dict[str, list[Comparison]]


def of_features(_: Path) -> Tables:
    """Ours beside each library, with the least and the aimed-at speedup."""
    aims: dict[str, tuple[float | None, float | None]] = {
        "librosa": (1.8, 2.5),
        "torchaudio": (1.0, 1.4),
        "audioflux": (0.9, 1.3),
        "JAX jit, float64": (1.2, 1.6),
        "JAX jit, float32": (0.6, 1.0),
        "ducc0 in NumPy, float32": (None, None),
        "pyFFTW in NumPy, float32": (None, None),
        "python_speech_features": (3.0, None),
    }
    fast = Contestant("mfcc.fast.mfcc", CLIPS)
    rows = [Comparison(name, fast, Contestant(name, CLIPS), *aim) for name, aim in aims.items()]
    if BEFORE:
        rows.append(Comparison("before", fast, replace(fast, checkout=[BEFORE]), 1.4, 2.0))
    definition = Contestant("mfcc.mfcc", CLIPS), Contestant("librosa", CLIPS)
    return {
        f"MFCC of {CLIPS} clips, one thread": rows,
        f"MFCC of {CLIPS} clips by the definition, mfcc.mfcc, one thread": [
            Comparison("librosa", *definition, 0.25)
        ],
    }


def of_training(_: Path) -> Tables:
    """The reference training beside each library, and on all threads beside one."""
    gram, plain = Contestant("mininet, Gram form", EPOCHS), "mininet, plain fit"
    names = ["JAX, scan", "torch, eager", "torch, compiled", "Keras on TensorFlow"]
    names += ["Keras on TensorFlow, XLA", "Keras on JAX, 10 steps a call", "scikit-learn"]
    rows = [Comparison(name, gram, Contestant(name, PEER_EPOCHS), 5.0, 7.0) for name in names]
    rows.append(Comparison(plain, gram, Contestant(plain, PEER_EPOCHS)))
    if BEFORE:
        rows.append(Comparison("before", gram, replace(gram, checkout=[BEFORE])))
    free = replace(gram, one_thread=False)
    title = f"Training in the Gram form, {EPOCHS} epochs"
    return {
        f"{title}, one thread": rows,
        f"{title}, default threads": [
            Comparison("one thread", free, gram, 1 / 1.1, 1.0),
            Comparison("one thread, machine loaded", free, gram, 1 / 1.3, 1 / 1.1, loaded=True),
        ],
    }


def of_whole(folder: Path) -> Tables:
    """The whole job, extraction by two workers, and imports."""

    def program(*arguments: str) -> Contestant:
        return Contestant(arguments[-1], one_thread=False, command=python(*arguments))

    data = str(folder / "category")
    ours = program("ssc.py", "--data", data, "--quiet", "--out", f"{folder}/ours")
    theirs = program("-m", "benchmarks.tutorial", data, f"{folder}/theirs")
    two = Contestant("extraction, 2 workers", 2000, one_thread=False)
    imports = program("-c", "import mfcc, mininet"), program("-c", IMPORT_PEER)
    return {
        "The whole job, 400 clips, default threads": [
            Comparison("the tutorial's libraries", ours, theirs, 5.0, 8.0),
            Comparison("the same, machine loaded", ours, theirs, 5.0, 8.0, loaded=True),
        ],
        "Extraction of 2000 clips by two workers": [
            Comparison("one process", two, replace(two, name="extraction, 1 process"), 1.8, 1.95)
        ],
        "Import of mfcc and mininet": [
            Comparison("import of librosa and its first MFCC", *imports, 10.0)
        ],
    }


TABLES = {"features": of_features, "training": of_training, "whole": of_whole}
PARTS = (*TABLES, "growth", "size")


def prepare(category: Path, folder: Path) -> Path:
    """Write what the workers read: some clips, all features, and tables of the MFCC."""
    dataset = scan(category)
    chosen = np.linspace(0, len(dataset), CLIPS, endpoint=False).astype(int)
    (folder / "category").symlink_to(category.resolve())
    given = {
        "category": np.array(str(category.resolve())),
        "clips": np.array([dataset.read(i).signal for i in chosen]),
        "window": mfcc.hann(882),
        "bank": mfcc.mel_filterbank(44100, 882),
        "dct": mfcc.dct_matrix(13, 128),
        "x": extract_features(dataset, Reference().views).views[0].reshape(len(dataset), -1),
        "y": dataset.labels,
    }
    np.savez(folder / "inputs.npz", **given)
    return folder / "inputs.npz"


def measure(tables: Tables, inputs: Path, rounds: int, kernels: dict[str, str]) -> dict[str, Any]:
    """The rows of each table; of MFCCs also the largest difference from librosa's."""
    measured: dict[str, list[dict[str, Any]]] = {title: [] for title in tables}
    for title, comparisons in tables.items():
        for one in comparisons:
            row = one.measure(inputs, rounds, QUIET | kernels)
            print(title, {**row, "turns": ...}, flush=True)
            values = [inputs.with_name(f"{name}.npy") for name in ("librosa", one.theirs.name)]
            if all(path.exists() for path in values):
                expected, found = map(np.load, values)
                same = expected.shape == found.shape
                row["difference"] = float(np.abs(found - expected).max()) if same else None
            measured[title].append(row)
    return measured


def growth(inputs: Path) -> dict[str, Any]:
    """Seconds of extraction over clips and of training over examples, and the exponent p of the
    power law seconds = a·sizeᵖ, fitted by least squares."""
    names = {
        "Extraction, clips": {n: Contestant("extraction, 1 process", n) for n in (100, 400, 1600)},
        "Training, 10 epochs, examples": {
            n: Contestant(f"mininet, {n} examples", 10) for n in EXAMPLES
        },
    }
    results = {}
    for name, contestants in names.items():
        seconds = []
        for one in contestants.values():
            with one.started(inputs, {}) as worker:
                seconds.append(float(np.median([worker.turn(one.amount)[0] for _ in range(3)])))
        sizes = list(contestants)
        exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
        results[name] = {"sizes": sizes, "seconds": seconds, "exponent": exponent}
    return results


def size(inputs: Path) -> list[dict[str, float]]:
    """Seconds, and peak memory in MB of all processes, of the extraction of many clips by one
    process per core; the recordings are read again and again."""
    rows = []
    for n in (200, 2000, 20000):
        command = python("-m", "benchmarks.worker", "extraction, all cores", str(inputs))
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as process:
            pipes: Any = process
            print(n, file=pipes.stdin)
            pipes.stdin.close()
            peak = poll_memory(process)
            seconds = float(pipes.stdout.readline().split()[0])
        bytes_ = n * 13 * 501 * 4 / 1e6
        row = {"clips": n, "features": bytes_, "peak": peak, "seconds": seconds}
        rows.append(row | {"difference": peak - bytes_})
    return rows


def main(category: Path, rounds: int, parts: Sequence[str]) -> None:
    """Measure the parts and write the results after each."""
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    results: dict[str, Any] = json.loads(RESULTS.with_suffix(".json").read_text("utf-8"))
    variants = {"default kernels": {}, "AVX2 kernels": {"OPENBLAS_CORETYPE": "Haswell"}}
    if vector_instructions() != "AVX-512":
        del variants["AVX2 kernels"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = prepare(category, folder)
        for part in parts:
            if part in TABLES:
                tables = TABLES[part](folder)
                results["comparisons"][part] = {
                    variant: measure(tables, inputs, rounds, kernels)
                    for variant, kernels in variants.items()
                }
            elif part == "growth":
                results["growth"] = growth(inputs)
            else:
                results["size"] = size(inputs)
            results["measured"][part] = {"rounds": rounds, "machine": machine()}
            write(results)


def write(results: dict[str, Any]) -> None:
    """Write the numbers and the tables."""
    numbers, tables = json.dumps(results, indent=1) + "\n", report(results)
    RESULTS.with_suffix(".json").write_text(numbers, "utf-8")
    RESULTS.with_suffix(".md").write_text(tables, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int((sys.argv[2:] or ["7"])[0]), sys.argv[3:] or PARTS)

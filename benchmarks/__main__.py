"""Compare this project with the libraries it replaces; print and write the tables.

category is the WAV folder of the tutorial. Needs the extra peers, Linux, and an otherwise idle
machine: about forty minutes for 7 rounds. parts are features, training, whole, growth or size: only
these are measured, and the other numbers remain. On a processor with AVX-512 the first three are
measured twice, the second time with OPENBLAS_CORETYPE=Haswell. With BEFORE=DIR, another checkout of
this project is a contestant too. Writes benchmarks/results.json and its tables, results.md.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import mfcc
from benchmarks.report import report
from benchmarks.timing import Comparison, Contestant, machine, poll_memory, vectors
from benchmarks.training import EXAMPLES
from experiment.data import scan
from experiment.extract import extract_features
from experiment.recipes import Reference

RESULTS = Path(__file__).parent / "results"
IMPORT_PEER = "import librosa, numpy; librosa.feature.mfcc(y=numpy.ones(44100, 'f'), sr=44100)"
BEFORE = [os.path.abspath(folder) for folder in [os.environ.get("BEFORE")] if folder]
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}  # suppress TensorFlow's messages at import
Tables = dict[str, list[Comparison]]


def of_features(_: Path) -> Tables:
    """MFCCs: ours beside each library, with the least and the aimed-at speedup."""
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
    ours, definition, peer = (Contestant(name, 40) for name in ("mfcc.fast.mfcc", "mfcc.mfcc", ""))
    rows = [Comparison(name, ours, replace(peer, name=name), *aim) for name, aim in aims.items()]
    rows += [Comparison("before", ours, replace(ours, checkout=BEFORE), 1.4, 2.0)] * len(BEFORE)
    other = [Comparison("librosa", definition, replace(peer, name="librosa"), 0.25)]
    title = "MFCC of 40 clips, one thread"
    return {f"{title}, mfcc.fast.mfcc": rows, f"{title}, the definition mfcc.mfcc": other}


def of_training(_: Path) -> Tables:
    """The reference training: beside each library, and on all threads beside one."""
    ours, plain = Contestant("mininet, Gram form", 100), "mininet, plain fit"
    names = ["JAX, scan", "torch, eager", "torch, compiled", "Keras on TensorFlow"]
    names += ["Keras on TensorFlow, XLA", "Keras on JAX, 10 steps a call", "scikit-learn"]
    rows = [Comparison(name, ours, Contestant(name, 20), 5.0, 7.0) for name in names]
    rows.append(Comparison(plain, ours, Contestant(plain, 20)))
    rows += [Comparison("before", ours, replace(ours, checkout=BEFORE))] * len(BEFORE)
    free, title = replace(ours, one_thread=False), "Training in the Gram form, 100 epochs"
    idle = Comparison("one thread", free, ours, 1 / 1.1, 1.0)
    loaded = Comparison("one thread, machine loaded", free, ours, 1 / 1.3, 1 / 1.1, loaded=True)
    return {f"{title}, one thread": rows, f"{title}, default threads": [idle, loaded]}


def of_whole(folder: Path) -> Tables:
    """The whole job, extraction by two workers, and imports."""
    data, free = str(folder / "category"), partial(Contestant, one_thread=False)
    script = ["ssc.py", "--data", data, "--quiet", "--out", f"{folder}/ours"]
    theirs = free(command=["-m", "benchmarks.tutorial", data, f"{folder}/theirs"])
    job = Comparison("the tutorial's libraries", free(command=script), theirs, 5.0, 8.0)
    two, one = (free(f"extraction, {processes}", 2000) for processes in ("2 workers", "1 process"))
    mine, librosa = (free(command=["-c", code]) for code in ("import mfcc, mininet", IMPORT_PEER))
    return {
        "The whole job, 400 clips, default threads": [
            job,
            replace(job, label=f"{job.label}, machine loaded", loaded=True),
        ],
        "Extraction of 2000 clips by two workers": [Comparison("1 process", two, one, 1.8, 1.95)],
        "Import of mfcc and mininet": [Comparison("librosa, first MFCC", mine, librosa, 10.0)],
    }


TABLES = {"features": of_features, "training": of_training, "whole": of_whole}
PARTS = (*TABLES, "growth", "size")
PEERS = {  # the modules that a part imports
    "features": "librosa torch torchaudio audioflux jax ducc0 pyfftw python_speech_features",
    "training": "jax torch keras tensorflow sklearn",
    "whole": "librosa keras tensorflow sklearn",
}


def prepare(category: Path, folder: Path) -> Path:
    """Write what the workers read: some clips, all features, and tables of the MFCC."""
    dataset = scan(category)
    chosen = np.linspace(0, len(dataset), 40, endpoint=False).astype(int)
    (folder / "category").symlink_to(category.resolve())
    given: dict[str, Any] = {
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
            name = one.ours.name if one.theirs.name == "librosa" else one.theirs.name
            values = [inputs.with_name(f"{each}.npy") for each in ("librosa", name)]
            if all(path.exists() for path in values):
                expected, found = map(np.load, values)
                if expected.shape == found.shape:
                    row["difference"] = float(np.abs(found - expected).max())
            print(title, {**row, "turns": ...}, flush=True)
            measured[title].append(row)
    return measured


def growth(inputs: Path) -> dict[str, Any]:
    """Seconds of extraction over clips and of training over examples, and the exponent p of the
    power law seconds = a·sizeᵖ, fitted by least squares."""
    clips = {n: Contestant("extraction, 1 process", n) for n in (100, 400, 1600)}
    examples = {n: Contestant(f"mininet, {n} examples", 10) for n in EXAMPLES}
    results = {}
    for name, sizes in (("Extraction, clips", clips), ("10 epochs, examples", examples)):
        seconds = []
        for one in sizes.values():
            with one.started(inputs, {}) as worker:
                seconds.append(float(np.median([worker.turn(one.amount)[0] for _ in range(3)])))
        exponent = float(np.polyfit(np.log(list(sizes)), np.log(seconds), 1)[0])
        results[name] = {"sizes": list(sizes), "seconds": seconds, "exponent": exponent}
    return results


def size(inputs: Path) -> list[dict[str, float]]:
    """Seconds, and MB of memory of all processes, of the extraction of many clips by one process
    per core; the recordings are read again and again."""
    rows = []
    for n in (200, 2000, 20000):
        one = Contestant("extraction, all cores", n, one_thread=False)
        with one.started(inputs, {}) as worker:
            print(n, file=worker.process.stdin)
            worker.process.stdin.close()
            peak, features = poll_memory(worker.process), n * 13 * 501 * 4 / 1e6
            seconds = float(worker.process.stdout.readline().split()[0])
        rows.append({"clips": n, "features": features, "peak": peak, "seconds": seconds})
    return [row | {"difference": row["peak"] - row["features"]} for row in rows]


def main(category: Path, rounds: int, parts: Sequence[str]) -> None:
    """Measure the parts and write the results after each."""
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    peers = dict.fromkeys(" ".join(PEERS.get(part, "") for part in parts).split())
    if missing := [name for name in peers if find_spec(name) is None]:
        sys.exit(f"missing: {', '.join(missing)}; install them with pip install -e '.[peers]'")
    results: dict[str, Any] = json.loads(RESULTS.with_suffix(".json").read_text("utf-8"))
    variants = {"default kernels": {}, "AVX2 kernels": {"OPENBLAS_CORETYPE": "Haswell"}}
    if vectors() != "AVX-512":
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
            else:
                results[part] = {"growth": growth, "size": size}[part](inputs)
            results["measured"][part] = {"rounds": rounds, "machine": machine()}
            write(results)


def write(results: dict[str, Any]) -> None:
    """Write the numbers and the tables."""
    RESULTS.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    RESULTS.with_suffix(".md").write_text(report(results), "utf-8")


if __name__ == "__main__":
    parser = ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("category", type=Path)
    parser.add_argument("rounds", type=int, nargs="?", default=7)
    parser.add_argument("parts", nargs="*", default=PARTS)
    main(**vars(parser.parse_args()))

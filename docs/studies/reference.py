"""Run the reference experiment of chapter 13 with twenty seeds: every number of docs/13-*.md.

    python -m docs.studies.reference FOLDER          FOLDER/<class>/<recording>, as ssc.py --data

Run s equals `python ssc.py --data FOLDER --seed s`, bit-identical on the same machine. Writes
docs/reference.json and docs/reference_curves.csv (one row per epoch; loss and accuracy per seed),
and prints the chapter's table. Takes about three minutes on one core.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiment.data import scan
from experiment.recipes import Reference
from mfcc import fast, load, power_to_db
from mininet import SGD, Normalization

DOCS = Path(__file__).parents[1]
OUTPUT, CURVES = DOCS / "reference.json", DOCS / "reference_curves.csv"
SEEDS = range(20)
MORE_SEEDS = range(100, 200)  # trained for ten epochs only
RECIPE = Reference()
SAMPLE_RATE = 44100  # Hz
FLAT = 5.0  # beyond |z| = 5 the sigmoid's derivative is below 0.0067
# The values published in the tutorial: epoch -> loss, accuracy, both on the training set.
PUBLISHED = {
    1: (2.2996, 0.1650),
    2: (2.1554, 0.3300),
    5: (2.0614, 0.5150),
    10: (2.0195, 0.5675),
    20: (1.9901, 0.6050),
    50: (1.9655, 0.6350),
    100: (1.9503, 0.6600),
}


def extract(folder: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """(n, 13, 501) float32 MFCCs, (n,) labels, and the effects of the floor and of the padding."""
    dataset = scan(folder)
    cepstra, clipped, touched, changes = [], [], [], []
    for name in dataset.names:
        signal = load(folder / name, SAMPLE_RATE)
        cepstra.append(fast.mfcc(signal, SAMPLE_RATE))
        mel = fast.mel_spectrogram(signal, SAMPLE_RATE)  # (n_mels, n_frames)
        db = power_to_db(mel, top_db=None)
        below = db < db.max() - 80
        clipped.append(below.mean())
        touched.append(below.any(axis=0).mean())
        reflected = fast.mfcc(signal, SAMPLE_RATE, pad_mode="reflect", top_db=None)
        zeros = fast.mfcc(signal, SAMPLE_RATE, top_db=None)
        changes.append(np.abs(reflected - zeros).max(axis=0))  # (n_frames,)
    by_frame = np.max(changes, axis=0)
    facts = {
        "cells_under_the_floor": float(np.mean(clipped)),
        "frames_with_such_a_cell": float(np.mean(touched)),
        "frames_that_depend_on_padding": np.flatnonzero(by_frame).tolist(),
        "largest_change_by_padding": float(by_frame.max()),
    }
    return np.stack(cepstra), dataset.labels, facts


def describe(cepstra: np.ndarray) -> dict[str, Any]:
    """Range, variance and squared lengths of the inputs."""
    x = cepstra.reshape(len(cepstra), -1).astype(np.float64)
    variance = cepstra.astype(np.float64).var(axis=(0, 2))  # (13,) over clips and frames
    squared = np.sum(x**2, axis=1)  # (n,)
    return {
        "clips": len(x),
        "features": x.shape[1],
        "lowest": x.min(),
        "highest": x.max(),
        "variance_share": (variance / variance.sum()).round(4).tolist(),
        "mean_squared_length": squared.mean(),
        "smallest_squared_length": squared.min(),
        "largest_squared_length": squared.max(),
    }


def run(x: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, Any]:
    """One run of ssc.py: its history and statistics of its first layer."""
    rng = np.random.default_rng([seed, 0])  # as in experiment.evaluate.prepare
    network = RECIPE.build(x, int(labels.max()) + 1, rng)
    first = network.layers[0]
    before = first.forward(x)  # (n, 500) pre-activations
    history = RECIPE.fit(network, x, labels, rng, held_out=(x, labels))
    after = first.forward(x)
    return {
        "history": history,
        "loss_of_the_weights": {epoch: history.val_loss[epoch - 1] for epoch in PUBLISHED},
        "z_std": float(before.std()),
        "flat_before": float(np.mean(np.abs(before) > FLAT)),
        "flat_after": float(np.mean(np.abs(after) > FLAT)),
        "first_update": first_update(x, labels, seed),
        "predictions": np.bincount(network.predict(x), minlength=10).tolist(),
    }


def early(x: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The proportion of a hundred more seeds that are at least as accurate as the published run,
    at each published epoch up to the tenth."""
    histories = []
    for seed in MORE_SEEDS:
        rng = np.random.default_rng([seed, 0])
        network = RECIPE.build(x, int(labels.max()) + 1, rng)
        histories.append(Reference(epochs=10).fit(network, x, labels, rng))
    return {
        str(epoch): float(np.mean([h.accuracy[epoch - 1] >= accuracy for h in histories]))
        for epoch, (_, accuracy) in PUBLISHED.items()
        if epoch <= 10
    }


def first_update(x: np.ndarray, labels: np.ndarray, seed: int) -> dict[str, float]:
    """How far one update on forty clips changes the pre-activations of all clips."""
    rng = np.random.default_rng([seed, 1])
    network = RECIPE.build(x, int(labels.max()) + 1, rng)
    first = network.layers[0]
    before = first.forward(x)
    batch = rng.permutation(len(x))[:40]
    Reference(epochs=1).fit(network, x[batch], labels[batch], rng)
    change = np.abs(first.forward(x) - before)  # (n, 500)
    return {"mean": float(change.mean()), "largest": float(change.max())}


def two_forms(x: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The distance of two runs of the same formula with sums in another order: Gram and plain."""
    rngs = [np.random.default_rng(0) for _ in range(2)]
    gram, plain = (RECIPE.build(x, int(labels.max()) + 1, rng) for rng in rngs)
    first = RECIPE.fit(gram, x, labels, rngs[0])
    optimizer = SGD(RECIPE.learning_rate, RECIPE.decay)
    second = plain.fit(x, labels, RECIPE.epochs, RECIPE.batch_size, optimizer, rngs[1])
    distance = np.abs(np.subtract(first.loss, second.loss))  # (epochs,)
    return {
        "loss_apart_after_epoch_1": float(distance[0]),
        "loss_apart_at_most": float(distance.max()),
        "accuracy_apart_at_the_end": abs(first.accuracy[-1] - second.accuracy[-1]),
        "clips_answered_differently": int(np.sum(gram.predict(x) != plain.predict(x))),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Mean, standard deviation and range over the seeds."""
    v = np.array(values)
    return {"mean": v.mean(), "std": v.std(ddof=1), "min": v.min(), "max": v.max()}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Statistics over the runs, next to the published values."""
    epochs = {}
    for epoch, (loss, accuracy) in PUBLISHED.items():
        ours = spread([r["history"].loss[epoch - 1] for r in runs])
        correct = spread([r["history"].accuracy[epoch - 1] for r in runs])
        epochs[str(epoch)] = {
            "published_loss": loss,
            "loss": ours,
            "loss_deviations": (loss - ours["mean"]) / ours["std"],
            "published_accuracy": accuracy,
            "accuracy": correct,
            "accuracy_deviations": (accuracy - correct["mean"]) / correct["std"],
            "loss_of_the_weights": spread([r["loss_of_the_weights"][epoch] for r in runs]),
        }
    statistics: dict[str, Callable[[dict[str, Any]], float]] = {
        "z_std": lambda r: r["z_std"],
        "flat_before": lambda r: r["flat_before"],
        "flat_after": lambda r: r["flat_after"],
        "first_update_mean": lambda r: r["first_update"]["mean"],
        "first_update_largest": lambda r: r["first_update"]["largest"],
        "classes_never_answered": lambda r: r["predictions"].count(0),
    }
    layer = {name: spread([float(of(r)) for r in runs]) for name, of in statistics.items()}
    ends = {
        name: [round(float(getattr(r["history"], name)[-1]), 4) for r in runs]
        for name in ("loss", "accuracy")
    }
    return {"seeds": len(runs), "ends": ends, "epochs": epochs, "first_layer": layer}


def rows(results: dict[str, Any]) -> list[str]:
    """The rows of the chapter's table: epoch, then loss and accuracy, published and ours."""
    lines = []
    for epoch, entry in results["epochs"].items():
        cells = [epoch]
        for name in ("loss", "accuracy"):
            ours = entry[name]
            cells.append(f"{entry[f'published_{name}']:.4f}")
            cells.append(f"{ours['mean']:.3f} ± {ours['std']:.3f}")
            cells.append(f"{ours['min']:.3f} – {ours['max']:.3f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def write_curves(runs: list[dict[str, Any]]) -> None:
    """Write loss and accuracy of every seed and epoch."""
    columns = {f"loss_{s}": r["history"].loss for s, r in zip(SEEDS, runs, strict=True)}
    columns |= {f"accuracy_{s}": r["history"].accuracy for s, r in zip(SEEDS, runs, strict=True)}
    by_epoch = zip(*columns.values(), strict=True)
    lines = [",".join(f"{value:.4f}" for value in row) for row in by_epoch]
    CURVES.write_text("\n".join([",".join(columns), *lines]) + "\n", "utf-8")


def rounded(content: Any) -> Any:
    """content with six significant digits, as plain Python numbers."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    return float(f"{content:.6g}") if isinstance(content, float) else content


def main(folder: Path) -> None:
    """Run everything, write the files and print the table."""
    cepstra, labels, facts = extract(folder)
    x = cepstra.reshape(len(cepstra), -1)
    runs = []
    for seed in SEEDS:
        runs.append(run(x, labels, seed))
        history = runs[-1]["history"]
        print(f"seed {seed:2d}: loss {history.loss[-1]:.4f}, accuracy {history.accuracy[-1]:.4f}")
    standardized = Normalization.adapt(x).forward(x)
    results = {
        "command": "python -m docs.studies.reference category/",
        "input": describe(cepstra) | facts,
        **summary(runs),
        "further_seeds_as_accurate": early(x, labels),
        "rounding": {"raw": two_forms(x, labels), "standardised": two_forms(standardized, labels)},
    }
    OUTPUT.write_text(json.dumps(rounded(results), indent=2) + "\n", "utf-8")
    write_curves(runs)
    print("\n".join(rows(rounded(results))))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

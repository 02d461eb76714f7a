"""Measure the ladder of chapter 16, its side paths, and the studies of chapters 14 and 17.

    python -m docs.studies.ladder FOLDER             FOLDER/<class>/<fold>-<recording>-<take>.ogg
    python -m docs.studies.ladder FOLDER NAME...     these entries only

Writes docs/ladder.json and prints its tables. Each rung is five folds times five
seeds; all of them take about half an hour on one core. The file is read again before each entry is
merged into it, so that two runs of different entries can write to it.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from docs.studies import cues
from experiment.data import Dataset, scan
from experiment.evaluate import Features, prepare
from experiment.folds import Folds, find_folds
from experiment.recipes import Improved, Reference, reference_network, stack_views
from mfcc import dct_matrix, fast, power_to_db, structure_function
from mfcc.audio import SAMPLE_RATE
from mininet import (
    SGD,
    Dense,
    DivergenceError,
    Ensemble,
    History,
    Normalization,
    ReLU,
    Sequential,
    accuracy,
    confusion_matrix,
    cross_entropy,
    wilson_interval,
    window_proba,
)
from mininet.fast import gram_form

OUTPUT = Path(__file__).parents[1] / "ladder.json"
SEEDS = range(5)
N_CLASSES = 10
CLASSES = [str(k) for k in range(N_CLASSES)]
REFERENCE, IMPROVED = Reference(), Improved()
PLAIN = replace(IMPROVED, copies=0, epochs=60)  # as many updates, without augmented copies
# (which clips are training examples (n,) bool, seed) -> the predicted class of every clip, (n,)
Predictor = Callable[[np.ndarray, int], np.ndarray]


@dataclass(frozen=True)
class Wide:
    """The published network on all 6513 numbers, with one or two changes."""

    recipe: Reference = REFERENCE
    scale: Callable[[np.ndarray], Normalization] | None = None
    momentum: float = 0.0
    he: bool = False
    relu: bool = False
    step: int | None = None  # the learning rate is constant within an epoch and starts at this step

    def predict(self, x: np.ndarray, labels: np.ndarray, seen: np.ndarray, seed: int) -> np.ndarray:
        """Train on x[seen] (n_seen, d) -> the predicted classes of x (n, d)."""
        rng = np.random.default_rng([seed, 0])
        if self.scale is not None:
            x = self.scale(x[seen]).forward(x)
        network, recipe = make_network(x.shape[1], rng, self.he, self.relu), self.recipe
        optimizer, on_epoch = SGD(recipe.learning_rate, recipe.decay, self.momentum), None
        if self.step is not None:
            start = recipe.learning_rate / (1 + recipe.decay * self.step)
            optimizer = SGD(start, momentum=self.momentum)
            on_epoch = decay_by_epoch(optimizer, recipe, self.step)
        with gram_form(network, x[seen]) as form:
            data = form.rows, labels[seen], recipe.epochs, recipe.batch_size
            form.fit(*data, optimizer, rng, on_epoch)
        return network.predict(x)


def make_network(
    n_features: int, rng: np.random.Generator, he: bool = False, relu: bool = False
) -> Sequential:
    """The published network, with He's initial weights or with ReLU as every activation."""
    network = reference_network(n_features, N_CLASSES, rng)
    if he:
        he_weights(network)
    if relu:
        network.layers[1::2] = [ReLU() for _ in network.layers[1::2]]
    return network


def he_weights(network: Sequential) -> None:
    """Scale the initial weights from Glorot's variance, 2/(n_in + n_out), to He's, 2/n_in."""
    for layer in network.layers:
        if isinstance(layer, Dense):
            n_in, n_out = layer.W.shape
            layer.W *= np.sqrt((n_in + n_out) / n_in)


def decay_by_epoch(optimizer: SGD, recipe: Reference, step: int) -> Callable[[History], None]:
    """An on_epoch that sets the rate to learning_rate/(1 + decay (step + e)) after e epochs."""

    def on_epoch(history: History) -> None:
        steps = step + len(history.loss)
        optimizer.learning_rate = recipe.learning_rate / (1 + recipe.decay * steps)

    return on_epoch


@dataclass(frozen=True)
class Small:
    """One network of the improved recipe without augmented copies, with one change."""

    recipe: Improved = PLAIN
    he: bool = False
    weight_decay: float = 0.0

    def predict(self, x: np.ndarray, labels: np.ndarray, seen: np.ndarray, seed: int) -> np.ndarray:
        """Train on x[seen] (n_seen, d) -> the predicted classes of x (n, d)."""
        rng = np.random.default_rng([seed, 0])
        network, recipe = self.recipe.build(x[seen], N_CLASSES, rng), self.recipe
        if self.he:
            he_weights(network)
        optimizer = WeightDecay(recipe, self.weight_decay)
        network.fit(x[seen], labels[seen], recipe.epochs, recipe.batch_size, optimizer, rng)
        return network.predict(x)


class WeightDecay(SGD):
    """θ ← θ + momentum·v - lr (g + λ θ), λ = weight_decay."""

    def __init__(self, recipe: Improved, weight_decay: float) -> None:
        super().__init__(recipe.learning_rate, momentum=recipe.momentum)
        self.weight_decay = weight_decay

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        """Update params in place."""
        decayed = [g + self.weight_decay * p for p, g in zip(params, grads, strict=True)]
        super().step(params, decayed)


class Clips:
    """The recordings, their MFCCs and mel spectrograms, and the inputs computed from them."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset, self.labels = dataset, dataset.labels
        self.folds = find_folds(dataset.names, dataset.labels)
        if self.folds.kind != "official":
            raise ValueError("the ladder needs recordings with official folds in their names")
        cepstra, mel, limits = [], [], []
        for i in range(len(dataset)):
            signal = dataset.read(i).signal
            cepstra.append(fast.mfcc(signal, SAMPLE_RATE))
            mel.append(fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=IMPROVED.n_mels))
            limits.append([cues.band_limit(signal, SAMPLE_RATE)])
        self.cepstra, self.mel = np.stack(cepstra), np.stack(mel)  # (n, 13, 501), (n, 40, 501)
        self.raw = self.cepstra.reshape(len(cepstra), -1)  # (n, 6513)
        self.band_limits = np.array(limits)  # (n, 1) Hz

    def views(self, recipe: Improved) -> list[np.ndarray]:
        """The views of the improved recipe with other settings, (n, 1, W, d): no copies."""
        return [view[:, None] for view in stack_views([*map(recipe.mel_views, self.mel)])]

    @cached_property
    def augmented(self) -> list[np.ndarray]:
        """The views of each clip and of its augmented copies, (n, 1 + copies, W, d)."""
        signals = (self.dataset.read(i).signal for i in range(len(self.dataset)))
        return stack_views([*map(IMPROVED.examples, signals)])

    def statistics(self, n: int) -> np.ndarray:
        """The statistics of 13 MFCCs with n lags: (n_clips, 13·(2 + n))."""
        return statistics(self.cepstra, n)

    def silence(self) -> np.ndarray:
        """The proportion of frames entirely below the floor, 80 dB below the maximum, (n, 1)."""
        floor = self.mel.max(axis=(1, 2), keepdims=True) * 1e-8
        return np.mean(self.mel.max(axis=1) <= floor[:, 0], axis=1, keepdims=True)


def statistics(c: np.ndarray, n: int) -> np.ndarray:
    """Mean, log standard deviation and the first n lags of the structure function of each row of
    c (n_clips, n_rows, n_frames): (n_clips, n_rows·(2 + n))."""
    changes = [c.std(axis=2)[..., None]]
    changes += [structure_function(c, [2**k for k in range(n)])] if n else []
    log_changes = np.log(np.concatenate(changes, axis=2) + IMPROVED.floor)
    return np.concatenate([c.mean(axis=2)[..., None], log_changes], 2).reshape(len(c), -1)


def one_scale(x: np.ndarray) -> Normalization:
    """Subtract the mean of each feature, and divide all by the root of their mean variance."""
    each = Normalization.adapt(x)
    return Normalization(each.mean, np.full(x.shape[1], each.variance.mean()))


def by_hundred(x: np.ndarray) -> Normalization:
    """x/100, without a shift."""
    return Normalization(np.zeros(x.shape[1]), np.full(x.shape[1], 1e4))


FLAT = Reference(decay=0.0)
PER_EPOCH = Reference(decay=0.9 / 8)  # 320 clips in batches of 40: eight updates an epoch
# name: (text in the chapter's table, the training)
WIDE: dict[str, tuple[str, Wide]] = {
    "reference": ("the tutorial's recipe", Wide()),
    "standardized": ("one change: standardized inputs", Wide(scale=Normalization.adapt)),
    "no-decay": ("one change: a constant learning rate", Wide(FLAT)),
    "decay-per-epoch": ("one change: the rate decays by epochs, not updates", Wide(PER_EPOCH)),
    "stairs": ("the same in steps, constant within an epoch", Wide(step=0)),
    "momentum": ("one change: momentum 0.9", Wide(momentum=0.9)),
    "he": ("one change: He's weights", Wide(he=True)),
    "scaled": ("inputs divided by 100, constant learning rate", Wide(FLAT, scale=by_hundred)),
    "two-changes": (
        "both changes: standardized inputs, constant learning rate",
        Wide(FLAT, scale=Normalization.adapt),
    ),
    "relu": ("the same, ReLU everywhere", Wide(FLAT, scale=Normalization.adapt, relu=True)),
}
# name: (text, lags of the structure function, the training)
SMALL: dict[str, tuple[str, int, Small]] = {
    "means": ("mean and standard deviation over time; one hidden layer of 100", 0, Small()),
    "first-difference": ("and the standard deviation of the frame-to-frame difference", 1, Small()),
    "structure": ("and the structure function, lags of 1 to 128 frames", 8, Small()),
    "no-dropout": ("the same without dropout", 8, Small(replace(PLAIN, dropout=0.0))),
    "weight-decay": ("the same with weight decay 1e-3", 8, Small(weight_decay=1e-3)),
    "he-small": ("the same with He's weights", 8, Small(he=True)),
}
# name: (text, the networks of the improved recipe that are averaged)
AVERAGED: dict[str, tuple[str, tuple[int, ...]]] = {
    "clip": ("clip network: the same of 20 MFCCs, level and silent ends removed", (0,)),
    "windows": ("windows network: 40 bands in windows of 1 s, modulation spectrum", (1,)),
    "both": ("both, probabilities averaged", (0, 1)),
    "rhythm": ("rhythm network: loudness curves and their autocorrelation", (2,)),
    "three": ("all three, probabilities averaged", (0, 1, 2)),
    "improved": ("**and four augmented copies of each clip: `--recipe improved`**", (0, 1, 2)),
}


def rung(predict: Predictor, labels: np.ndarray, folds: Folds, numbers: int | str) -> dict:
    """Five folds times five seeds: training and held-out accuracy, the latter by fold too, and the
    held-out confusion matrix over all seeds. numbers: input count, for the table."""
    rows, counts, started = [], [], time.process_time()
    for seed, fold in product(SEEDS, folds.numbers):
        seen = folds.fold_of != fold
        predicted = predict(seen, seed)
        rows.append([accuracy(labels[part], predicted[part]) for part in (seen, ~seen)])
        counts.append(confusion_matrix(labels[~seen], predicted[~seen], N_CLASSES))
    parts = np.reshape(rows, (len(SEEDS), -1, 2))
    held_out = float(parts[..., 1].mean())
    return {
        "numbers": numbers,
        "train": float(parts[..., 0].mean()),
        "held_out": held_out,
        "interval_95": list(wilson_interval(held_out, folds.n_recordings)),
        "seeds_std": float(parts[..., 1].mean(axis=1).std()),
        "folds": parts[..., 1].mean(axis=0).tolist(),
        "seconds": (time.process_time() - started) / len(rows),
        "confusion": np.sum(counts, axis=0).tolist(),
    }


def trained(
    recipe: Improved,
    chosen: tuple[int, ...],
    views: list[np.ndarray],
    labels: np.ndarray,
    seen: np.ndarray,
    seed: int,
) -> Ensemble:
    """The chosen networks of the recipe, trained on the seen clips: views (n, 1 + copies, W, d)."""
    features = Features([view[seen] for view in views], [], labels[seen], CLASSES)
    networks = []
    for k in chosen:
        network, x, y, rng = prepare(recipe, k, features, seed)
        recipe.fit(network, x, y, rng)
        networks.append(network)
    return Ensemble(networks)


def averaged(
    recipe: Improved,
    chosen: tuple[int, ...],
    views: list[np.ndarray],
    labels: np.ndarray,
    seen: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Train the chosen networks on the seen clips -> the predicted classes of all clips."""
    ensemble = trained(recipe, chosen, views, labels, seen, seed)
    return ensemble.predict_proba([views[k][:, 0] for k in chosen]).argmax(axis=1)


def with_copies(clips: Clips, chosen: tuple[int, ...], seen: np.ndarray, seed: int) -> np.ndarray:
    """As averaged, with the augmented copies of the seen clips."""
    return averaged(IMPROVED, chosen, clips.augmented, clips.labels, seen, seed)


NETWORKS = ((0,), (1,), (2,), (0, 1), (0, 1, 2))  # clip, windows, rhythm; two; all
# name: (indices of NETWORKS to choose from, the inner score that decides)
POOLS = {
    "MFCCs alone": ((0,), "accuracy"),
    "any one network": ((0, 1, 2), "accuracy"),
    "any one or several": (range(5), "accuracy"),
    "any one or several, inner scores of one seed": (range(5), "one seed"),
    "any one or several, by inner loss": (range(5), "loss"),
}


def nested(clips: Clips) -> dict:
    """Nested cross-validation: top_db, the number of MFCCs and the networks are chosen among the
    training folds; the choice is trained on them and tested, with five seeds."""
    recipes = [
        replace(PLAIN, top_db=float(top_db), n_mfcc=n_mfcc)
        for top_db, n_mfcc in product((80, 60, 50), (13, 16, 20))
    ]
    views = [clips.views(recipe) for recipe in recipes]
    rows: dict[str, list] = {name: [] for name in POOLS}
    picks: dict[str, list] = {name: [] for name in POOLS}
    for fold in clips.folds.numbers:
        seen = clips.folds.fold_of != fold
        data = clips.labels[seen], clips.folds.fold_of[seen]
        scores = [
            inner_scores(recipe, [view[seen] for view in pair], *data)
            for recipe, pair in zip(recipes, views, strict=True)
        ]
        for name, (allowed, kind) in POOLS.items():
            table = np.array([one[kind] for one in scores])[:, list(allowed)]
            i, j = np.unravel_index(table.argmax(), table.shape)
            picks[name].append([recipes[i].top_db, recipes[i].n_mfcc, list(NETWORKS[j])])
            choice = recipes[i], NETWORKS[j], views[i], clips.labels, seen
            predicted = np.array([averaged(*choice, seed)[~seen] for seed in SEEDS])
            rows[name].append(np.mean(predicted == clips.labels[~seen], axis=1))
    return {
        name: {
            "held_out": float(np.mean(rows[name])),
            "seeds_std": float(np.mean(rows[name], axis=0).std()),
            "folds": np.mean(rows[name], axis=1).tolist(),
            "chosen": picks[name],
        }
        for name in POOLS
    }


def inner_scores(
    recipe: Improved, views: list[np.ndarray], labels: np.ndarray, fold_of: np.ndarray
) -> dict[str, list[float]]:
    """Cross-validation on these folds for each of NETWORKS: accuracy and negative loss, means of
    three seeds, and the accuracy of one seed."""
    scores: dict[str, list[list[float]]] = {"accuracy": [], "loss": []}
    for seed in range(3):
        p = np.zeros((3, len(labels), N_CLASSES))
        for fold in np.unique(fold_of):
            ensemble = trained(recipe, (0, 1, 2), views, labels, fold_of != fold, seed)
            for k, network in enumerate(ensemble.networks):
                p[k, fold_of == fold] = window_proba(network, views[k][fold_of == fold, 0])
        means = [p[list(group)].mean(axis=0) for group in NETWORKS]
        scores["accuracy"].append([accuracy(labels, mean.argmax(axis=1)) for mean in means])
        scores["loss"].append([-cross_entropy(mean, labels) for mean in means])
    over_seeds = {name: np.mean(values, axis=0).tolist() for name, values in scores.items()}
    return over_seeds | {"one seed": scores["accuracy"][0]}


def relu_on_raw(clips: Clips) -> dict:
    """ReLU as every activation on raw MFCCs: the number of updates at 0.01 after which the loss is
    not finite, with ten seeds; the training accuracy on all clips at 1e-4 without decay."""
    updates = [updates_to_nan(clips.raw, clips.labels, seed) for seed in range(10)]
    rng = np.random.default_rng(0)
    network = make_network(clips.raw.shape[1], rng, relu=True)
    with gram_form(network, clips.raw) as form:
        form.fit(form.rows, clips.labels, 100, 40, SGD(1e-4), rng)
    return {
        "updates_to_nan": updates,
        "train_at_1e-4": network.evaluate(clips.raw, clips.labels)[1],
    }


def updates_to_nan(x: np.ndarray, labels: np.ndarray, seed: int) -> int:
    """The number of updates after which the published training diverges, at most 50."""
    rng, optimizer = np.random.default_rng(seed), SGD(0.01, 0.9)
    with suppress(DivergenceError), gram_form(make_network(x.shape[1], rng, relu=True), x) as form:
        form.fit(form.rows, labels, 5, 40, optimizer, rng)
    return optimizer.t


def leak(clips: Clips) -> dict:
    """The nearest neighbor and a network on official and on random folds."""
    x, structure, labels = clips.statistics(0), clips.statistics(8), clips.labels
    predictors = {
        "nearest": partial(nearest, x, labels),
        "network": partial(Small().predict, structure, labels),
    }
    result = {}
    for kind in ("official", "random"):
        scores: dict[str, list[float]] = {name: [] for name in predictors}
        for seed in SEEDS:
            fold_of = clips.folds.fold_of
            if kind == "random":
                fold_of = np.random.default_rng(seed).permutation(np.arange(len(x)) % 5) + 1
            for name, predict in predictors.items():
                scores[name] += held_out(predict, labels, fold_of, seed)
        result[kind] = {name: float(np.mean(values)) for name, values in scores.items()}
    return result


def nearest(x: np.ndarray, labels: np.ndarray, seen: np.ndarray, seed: int) -> np.ndarray:
    """The class of the nearest seen clip on x, standardized, for every clip."""
    z = Normalization.adapt(x[seen]).forward(x)
    distance = np.sum((z[:, None] - z[seen]) ** 2, axis=2)
    return labels[seen][distance.argmin(axis=1)]


def held_out(predict: Predictor, labels: np.ndarray, fold_of: np.ndarray, seed: int) -> list[float]:
    """The accuracy on each fold after training on the others."""
    parts = [fold_of == fold for fold in np.unique(fold_of)]
    return [accuracy(labels[part], predict(~part, seed)[part]) for part in parts]


def small_rung(clips: Clips, x: np.ndarray, labels: np.ndarray) -> dict:
    """A small network on x (n, d)."""
    return rung(partial(Small().predict, x, labels), labels, clips.folds, x.shape[1])


def chance(clips: Clips) -> dict:
    """The proportion of silence alone, and shuffled labels."""
    shuffled = np.random.default_rng(0).permutation(clips.labels)
    return {
        "silence": small_rung(clips, clips.silence(), clips.labels),
        "shuffled": small_rung(clips, clips.statistics(8), shuffled),
    }


def recorded(clips: Clips) -> dict:
    """Cues of the recording: the band limit alone, and how often the nearest clip is a sibling."""
    return {
        "band": small_rung(clips, clips.band_limits, clips.labels),
        "ends_below_17_kHz": int(np.sum(clips.band_limits < 17000)),
        "sisters": cues.siblings(clips.statistics(0), clips.labels, clips.folds.recordings),
    }


def decays(clips: Clips) -> dict:
    """Twenty seeds of each reading of "the rate falls by epochs": means over the five folds."""
    kinds = {
        "by updates": Wide(),
        "smoothly": Wide(PER_EPOCH),
        "in steps": Wide(step=0),
        "in steps, one further down": Wide(step=1),
    }
    result: dict[str, Any] = {"seeds": 20}
    for name, wide in kinds.items():
        predict = partial(wide.predict, clips.raw, clips.labels)
        fold_of = clips.folds.fold_of
        means = [np.mean(held_out(predict, clips.labels, fold_of, seed)) for seed in range(20)]
        result[name] = {"held_out": float(np.mean(means)), "seeds_std": float(np.std(means))}
    return result


def inputs(clips: Clips) -> dict:
    """Log-mel bands against MFCCs of the same spectrograms (40 bands, 80 dB), with one network: all
    frames, flattened, into the published network with ReLU, either each input standardized or all
    divided by one number; the statistics into the small network."""
    log_mel = np.stack([power_to_db(mel) for mel in clips.mel])  # (n, 40, n_frames)
    cepstra = np.einsum("im,nmt->nit", dct_matrix(40, 40), log_mel)
    rows = {"40 log-mel bands": log_mel, "40 MFCCs": cepstra}
    rows |= {f"the first {n} MFCCs": cepstra[:, :n] for n in (20, 13)}
    wide = Wide(FLAT, scale=Normalization.adapt, relu=True)
    rotated = replace(wide, scale=one_scale)
    result: dict[str, dict] = {"all frames": {}, "all frames, one scale": {}, "statistics": {}}
    for name, c in rows.items():
        flat, summary = c.reshape(len(c), -1), statistics(c, 8)
        pairs: Any = (wide, flat), (rotated, flat), (Small(), summary)
        for kind, (training, x) in zip(result, pairs, strict=True):
            predict = partial(training.predict, x, clips.labels)
            result[kind][name] = rung(predict, clips.labels, clips.folds, x.shape[1])
            print(kind, name, result[kind][name]["held_out"], flush=True)
    return result


def overfitting(clips: Clips) -> dict:
    """The published network on standardized inputs with a constant learning rate: loss and accuracy
    of each epoch on the training clips (while it trains) and on the held-out clips (after it),
    means over the five folds."""
    runs = []
    for fold in clips.folds.numbers:
        seen, rng = clips.folds.fold_of != fold, np.random.default_rng([0, 0])
        x = Normalization.adapt(clips.raw[seen]).forward(clips.raw)
        parts = [(x[part], clips.labels[part]) for part in (seen, ~seen)]
        network = make_network(x.shape[1], rng)
        history = FLAT.fit(network, *parts[0], rng, held_out=parts[1])
        runs.append((history.loss, history.accuracy, history.val_loss, history.val_accuracy))
    loss, correct, *held_out = np.mean(runs, axis=0).round(4).tolist()  # (4, epochs)
    return {
        "train": {"loss": loss, "accuracy": correct},
        "held_out": dict(zip(("loss", "accuracy"), held_out, strict=True)),
    }


def entries(clips: Clips) -> dict[str, Callable[[], dict]]:
    """The computation of every entry of ladder.json, by name."""

    def add(text: str, predict: Predictor, numbers: int | str) -> Callable[[], dict]:
        return lambda: {"text": text} | rung(predict, clips.labels, clips.folds, numbers)

    made: dict[str, Callable[[], dict]] = {}
    for name, (text, wide) in WIDE.items():
        made[name] = add(text, partial(wide.predict, clips.raw, clips.labels), clips.raw.shape[1])
    for name, (text, n, small) in SMALL.items():
        x = clips.statistics(n)
        made[name] = add(text, partial(small.predict, x, clips.labels), x.shape[1])
    views = clips.views(PLAIN)
    for name, (text, chosen) in AVERAGED.items():
        predict = partial(averaged, PLAIN, chosen, views, clips.labels)
        numbers = " + ".join(str(views[k].shape[3]) for k in chosen)
        if name == "improved":
            predict = partial(with_copies, clips, chosen)
        made[name] = add(text, predict, numbers)
    made["nested"] = partial(nested, clips)
    made["relu-on-raw"] = partial(relu_on_raw, clips)
    made["leak"] = partial(leak, clips)
    made["chance"] = partial(chance, clips)
    made["decays"] = partial(decays, clips)
    made["recorded"] = partial(recorded, clips)
    made["inputs"] = partial(inputs, clips)
    made["overfitting"] = partial(overfitting, clips)
    made["facts"] = partial(cues.facts, clips.dataset, clips.folds)
    return made


def row(entry: dict[str, Any]) -> str:
    """A rung as a row of a table; chapter 16 shows some."""
    return (
        f"| {entry['text']} | {entry['numbers']} | {entry['train']:.3f} |"
        f" {entry['held_out']:.3f} ± {entry['seeds_std']:.3f} | {entry['seconds']:.2g} |"
    )


def side_rows(results: dict[str, Any]) -> list[str]:
    """The side paths as rows of a table."""
    raw, folds, luck = results["relu-on-raw"], results["leak"], results["chance"]
    fewest, most = min(raw["updates_to_nan"]), max(raw["updates_to_nan"])
    rows = [
        ("ReLU on raw MFCCs, rate 0.01", f"not finite after {fewest} to {most} updates"),
        ("the same, rate 1e-4 without decay", f"training accuracy {raw['train_at_1e-4']:.3f}"),
    ]
    for kind in ("official", "random"):
        rows.append((f"nearest neighbor, {kind} folds", f"{folds[kind]['nearest']:.3f}"))
        rows.append((f"structure function, {kind} folds", f"{folds[kind]['network']:.3f}"))
    rows.append(("proportion of silence, one number", f"{luck['silence']['held_out']:.3f}"))
    band, sisters = results["recorded"]["band"], results["recorded"]["sisters"]
    rows.append(("the band limit alone, one number", f"{band['held_out']:.3f}"))
    found, by_chance = sisters["found"], sisters["by_chance"]
    rows.append(("nearest clip of same recording", f"{found:.3f}, by chance {by_chance:.3f}"))
    train, held = luck["shuffled"]["train"], luck["shuffled"]["held_out"]
    rows.append(("shuffled labels", f"{held:.3f}, and {train:.3f} on the training parts"))
    for name, pool in results["nested"].items():
        figure = f"{pool['held_out']:.3f} ± {pool['seeds_std']:.3f}"
        rows.append((f"chosen by inner cross-validation: {name}", figure))
    return [f"| {what} | {figure} |" for what, figure in rows]


def main(folder: Path, names: list[str]) -> None:
    """Compute, print and write the named entries, or all."""
    made = entries(Clips(scan(folder)))
    if unknown := sorted(set(names) - set(made)):
        raise SystemExit(f"unknown: {', '.join(unknown)}; choose from {', '.join(made)}")
    for name in names or made:
        entry = made[name]()
        print(row(entry) if "text" in entry else f"{name}: {entry}", flush=True)
        results = merged(made, name, entry)
        OUTPUT.write_text(as_json(results), "utf-8")
    if set(made) <= set(results):
        print("\n".join(side_rows(results)))


def merged(order: Iterable[str], name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The contents of ladder.json with one entry replaced, in the given order; names that are not
    in it are dropped."""
    results = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.exists() else {}
    results[name] = entry
    return {key: results[key] for key in order if key in results}


def as_json(results: dict[str, Any]) -> str:
    """JSON with each list of numbers on one line."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\s*\n\s*", "", found[0]), text) + "\n"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])

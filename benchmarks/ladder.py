"""The ladder of chapter 16, rung by rung, and its side paths: every number of docs/ladder.md.

    python -m benchmarks.ladder FOLDER             FOLDER/<class>/<fold>-<recording>-<take>.ogg
    python -m benchmarks.ladder FOLDER NAME...     only these rungs, beside those kept

Writes docs/ladder.json and prints the tables of the chapter. Each rung is five folds times five
seeds; all of them take about half an hour on one core. What is kept is read anew before each
entry is merged into it, so that two runs of different rungs do not undo each other.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import cues
from experiment.dataset import Dataset, scan
from experiment.evaluation import learn
from experiment.folds import Folds, find_folds
from experiment.improved import Improved
from experiment.recipes import Features, Training, reference_network
from mfcc import mel_spectrogram, power_to_db, structure_function
from mfcc.audio import SAMPLE_RATE
from mininet import (
    SGD,
    Dense,
    DivergenceError,
    History,
    Normalization,
    ReLU,
    Sequential,
    accuracy,
    confusion_matrix,
    cross_entropy,
    one_hot,
    window_proba,
)

OUTPUT = Path(__file__).parent.parent / "docs" / "ladder.json"
COMMAND = "python -m benchmarks.ladder category/"
SEEDS = range(5)
IMPROVED = Improved()


@dataclass(frozen=True)
class Wide:
    """The published network on all 6513 numbers, and one or two changes to it."""

    training: Training = field(default_factory=Training)
    scale: Callable[[np.ndarray], Normalization] | None = None
    momentum: float = 0.0
    he: bool = False
    relu: bool = False
    step: int | None = None  # the rate falls in steps, an epoch each, and begins on this one

    def __call__(
        self, x: np.ndarray, y: np.ndarray, seed: int, n_classes: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Train on x (n, d), y (n,) -> what gives the probabilities of other clips."""
        rng = np.random.default_rng([seed, 0])
        scaled = self.scale(x).forward if self.scale else np.asarray
        network = reference_network(x.shape[1], n_classes, rng)
        dense = [layer for layer in network.layers if isinstance(layer, Dense)]
        if self.he:
            for layer in dense:
                he_weights(layer)
        if self.relu:
            network.layers[1::2] = [ReLU() for _ in network.layers[1::2]]
        t = self.training
        optimizer, on_epoch = SGD(t.learning_rate, t.decay, self.momentum), None
        if self.step is not None:
            optimizer = SGD(t.learning_rate / (1 + t.decay * self.step), momentum=self.momentum)
            on_epoch = stairs(optimizer, t, self.step)
        rows = one_hot(y, n_classes)
        network.fit(scaled(x), rows, t.epochs, t.batch_size, optimizer, rng, on_epoch)
        return lambda other: network.predict_proba(scaled(other))


def stairs(optimizer: SGD, training: Training, step: int) -> Callable[[History], None]:
    """Called after each of e epochs, it sets the rate to learning_rate/(1 + decay (step + e))."""

    def on_epoch(history: History) -> None:
        steps = step + len(history.loss)
        optimizer.learning_rate = training.learning_rate / (1 + training.decay * steps)

    return on_epoch


@dataclass(frozen=True)
class Small:
    """One network of the improved recipe on some numbers, and a change to it."""

    recipe: Improved = IMPROVED
    he: bool = False
    weight_decay: float = 0.0

    def __call__(
        self, x: np.ndarray, y: np.ndarray, seed: int, n_classes: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        """As Wide."""
        rng = np.random.default_rng([seed, 0])
        network = self.recipe.build(x, n_classes, rng)
        if self.he:
            for layer in network.layers:
                if isinstance(layer, Dense):
                    he_weights(layer)
        optimizer = Decaying(self.recipe, self.weight_decay)
        network.fit(x, y, self.recipe.epochs, self.recipe.batch_size, optimizer, rng)
        return network.predict_proba


class Decaying(SGD):
    """θ ← θ + momentum·v - lr (g + λ θ): weight decay λ, to see if it pays."""

    def __init__(self, recipe: Improved, weight_decay: float) -> None:
        super().__init__(recipe.learning_rate, momentum=recipe.momentum)
        self.weight_decay = weight_decay

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        """One update of params, in place."""
        decayed = [g + self.weight_decay * p for p, g in zip(params, grads, strict=True)]
        super().step(params, decayed)


def he_weights(layer: Dense) -> None:
    """From Glorot's variance, 2/(n_in + n_out), to He's, 2/n_in."""
    layer.W *= np.sqrt((layer.n_in + layer.n_out) / layer.n_in)


class Clips:
    """What the rungs hear, each computed when it is first asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset, self.labels = dataset, dataset.labels
        self.folds = find_folds(dataset.names, dataset.labels)
        if self.folds.kind != "official":
            raise ValueError("the ladder needs recordings with official folds in their names")
        self.cepstra = np.stack([Features().of(self._signal(i)) for i in range(len(dataset))])
        self.mel = np.stack(
            [
                mel_spectrogram(self._signal(i), SAMPLE_RATE, n_mels=IMPROVED.n_mels)
                for i in range(len(dataset))
            ]
        )

    def _signal(self, i: int) -> np.ndarray:
        return self.dataset.read(i).signal

    def views(self, recipe: Improved) -> list[np.ndarray]:
        """The two views of the improved recipe, with its settings changed."""
        seen = []
        for mel in self.mel:
            log_mel = power_to_db(mel, top_db=recipe.top_db)
            seen.append((recipe.clip_view(log_mel), recipe.window_view(log_mel)))
        return [np.stack(view) for view in zip(*seen, strict=True)]

    def statistics(self, n: int) -> np.ndarray:
        """Mean and log deviation of 13 MFCCs, and the first n lags of their structure function."""
        c = self.cepstra
        moves = [c.std(axis=2)[..., None]]
        moves += [structure_function(c, [2**k for k in range(n)])] if n else []
        log_moves = np.log(np.concatenate(moves, axis=2) + IMPROVED.floor)
        return np.concatenate([c.mean(axis=2)[..., None], log_moves], 2).reshape(len(c), -1)

    def band_limits(self) -> np.ndarray:
        """Where each clip's spectrum ends, in Hz, (n, 1)."""
        limits = [cues.band_limit(self._signal(i), SAMPLE_RATE) for i in range(len(self.labels))]
        return np.reshape(limits, (-1, 1))

    def silence(self) -> np.ndarray:
        """The share of frames that the decibels' floor covers whole: 80 dB under the loudest."""
        floor = self.mel.max(axis=(1, 2), keepdims=True) * 1e-8
        return np.mean(self.mel.max(axis=1) <= floor[:, 0], axis=1, keepdims=True)


def by_hundred(x: np.ndarray) -> Normalization:
    """x/100 for every number: all are scaled by the same, none is shifted."""
    return Normalization(np.zeros(x.shape[1]), np.full(x.shape[1], 1e4))


FLAT = Training(decay=0.0)
PER_EPOCH = Training(decay=0.9 / 8)  # 320 clips in batches of 40: eight updates an epoch
# name: (what changes, how it is trained)
WIDE: dict[str, tuple[str, Wide]] = {
    "reference": ("the tutorial's recipe", Wide()),
    "standardised": ("one change: each number standardised", Wide(scale=Normalization.adapt)),
    "no-decay": ("one change: no decay of the rate", Wide(FLAT)),
    "decay-per-epoch": ("one change: the rate decays by epochs, not updates", Wide(PER_EPOCH)),
    "stairs": ("the same in steps, constant within an epoch", Wide(step=0)),
    "momentum": ("one change: momentum 0.9", Wide(momentum=0.9)),
    "he": ("one change: He's weights", Wide(he=True)),
    "scaled": ("divided by 100 and no decay", Wide(FLAT, scale=by_hundred)),
    "two-changes": ("standardised and no decay", Wide(FLAT, scale=Normalization.adapt)),
    "relu": ("the same, ReLU everywhere", Wide(FLAT, scale=Normalization.adapt, relu=True)),
}
SMALL: dict[str, tuple[str, int, Small]] = {
    "means": ("mean and deviation over time; one hidden layer of 100", 0, Small()),
    "first-difference": ("and the deviation of the frame-to-frame difference", 1, Small()),
    "structure": ("**the structure function**: differences over 1, 2, 4 … 128 frames", 8, Small()),
    "no-dropout": ("the same without dropout", 8, Small(replace(IMPROVED, dropout=0.0))),
    "weight-decay": ("the same with weight decay 1e-3", 8, Small(weight_decay=1e-3)),
    "he-small": ("the same with He's weights", 8, Small(he=True)),
}


def rung(clips: Clips, x: np.ndarray, train: Any, folds: Folds, labels: np.ndarray) -> dict:
    """Five folds times five seeds of one network on x (n, d)."""
    rows, counts, started = [], [], time.process_time()
    for seed, fold in product(SEEDS, folds.numbers):
        seen, unseen = folds.of != fold, folds.of == fold
        answer = train(x[seen], labels[seen], seed, int(labels.max()) + 1)
        known, asked = (answer(x[part]).argmax(axis=1) for part in (seen, unseen))
        rows.append([accuracy(labels[seen], known), accuracy(labels[unseen], asked)])
        counts.append(confusion_matrix(labels[unseen], asked, int(labels.max()) + 1))
    return summary(rows, counts, x.shape[1], started)


def summary(
    rows: list[list[float]], counts: list[np.ndarray], numbers: int | str, started: float
) -> dict:
    """Training and held-out accuracy of each training, seed by seed and in it fold by fold, and
    what it answered to the clips of each class, as ladder.json keeps them."""
    parts = np.reshape(rows, (len(SEEDS), -1, 2))
    return {
        "numbers": numbers,
        "train": float(parts[..., 0].mean()),
        "held_out": float(parts[..., 1].mean()),
        "seeds_std": float(parts[..., 1].mean(axis=1).std()),
        "folds": parts[..., 1].mean(axis=0).tolist(),
        "seconds": (time.process_time() - started) / len(rows),
        "confusion": np.sum(counts, axis=0).tolist(),
    }


def ensembles(clips: Clips, text: str, chosen: tuple[int, ...]) -> dict:
    """The improved recipe with these of its networks, on the official folds."""
    views, labels = clips.views(IMPROVED), clips.labels
    rows, counts, started = [], [], time.process_time()
    for seed, fold in product(SEEDS, clips.folds.numbers):
        seen, unseen = clips.folds.of != fold, clips.folds.of == fold
        heard = [view[seen] for view in views]
        ensemble, _ = learn(IMPROVED, chosen, heard, labels[seen], 10, seed)
        known, asked = (
            ensemble.predict_proba([views[k][part] for k in chosen]).argmax(axis=1)
            for part in (seen, unseen)
        )
        rows.append([accuracy(labels[seen], known), accuracy(labels[unseen], asked)])
        counts.append(confusion_matrix(labels[unseen], asked, 10))
    numbers = " + ".join(str(views[k].shape[2]) for k in chosen)
    return {"text": text} | summary(rows, counts, numbers, started)


NETWORKS = ((0,), (1,), (0, 1))  # the clip network, the windows', both
# name: which of these may be chosen, and by which of the inner scores
POOLS = {
    "MFCCs alone": ((0,), "accuracy"),
    "any one network": ((0, 1), "accuracy"),
    "any one or both": ((0, 1, 2), "accuracy"),
    "any one or both, inner scores of one seed": ((0, 1, 2), "one seed"),
    "any one or both, by inner loss": ((0, 1, 2), "loss"),
}


def nested(clips: Clips) -> dict:
    """Choice among the decibels' floor, the number of MFCCs and the networks, by cross-validation
    among the training folds; then the chosen is trained on them and tested, with five seeds."""
    recipes = [
        replace(IMPROVED, top_db=float(top_db), n_mfcc=n_mfcc)
        for top_db, n_mfcc in product((80, 60, 50), (13, 16, 20))
    ]
    heard = [clips.views(recipe) for recipe in recipes]
    rows: dict[str, list] = {name: [] for name in POOLS}
    picks: dict[str, list] = {name: [] for name in POOLS}
    for fold in clips.folds.numbers:
        seen = clips.folds.of != fold
        known = clips.labels[seen], clips.folds.of[seen]
        inner = [
            inner_scores(recipe, [view[seen] for view in views], *known)
            for recipe, views in zip(recipes, heard, strict=True)
        ]
        for name, (allowed, score) in POOLS.items():
            table = np.array([one[score] for one in inner])[:, list(allowed)]
            i, j = np.unravel_index(table.argmax(), table.shape)
            picks[name].append([recipes[i].top_db, recipes[i].n_mfcc, list(NETWORKS[j])])
            rows[name].append(tested(recipes[i], NETWORKS[j], heard[i], clips.labels, seen))
    return {
        name: {
            "held_out": float(np.mean(rows[name])),
            "seeds_std": float(np.mean(rows[name], axis=0).std()),
            "folds": np.mean(rows[name], axis=1).tolist(),
            "chosen": picks[name],
        }
        for name in POOLS
    }


def tested(
    recipe: Improved,
    chosen: tuple[int, ...],
    views: list[np.ndarray],
    labels: np.ndarray,
    seen: np.ndarray,
) -> list[float]:
    """Accuracy on the clips that are not seen, with each seed."""
    right = []
    for seed in SEEDS:
        ensemble, _ = learn(recipe, chosen, [v[seen] for v in views], labels[seen], 10, seed)
        answers = ensemble.predict_proba([views[k][~seen] for k in chosen])
        right.append(accuracy(labels[~seen], answers.argmax(axis=1)))
    return right


def inner_scores(
    recipe: Improved, views: list[np.ndarray], labels: np.ndarray, of: np.ndarray
) -> dict[str, list[float]]:
    """Accuracy and minus loss by cross-validation on these folds, mean of three seeds, of each of
    NETWORKS; and the accuracy of one seed."""
    scores: dict[str, list[list[float]]] = {"accuracy": [], "loss": []}
    for inner_seed in range(3):
        answers = np.zeros((2, len(labels), 10))
        for fold in np.unique(of):
            seen, unseen = of != fold, of == fold
            train = [view[seen] for view in views]
            ensemble, _ = learn(recipe, (0, 1), train, labels[seen], 10, inner_seed)
            for k, network in enumerate(ensemble.networks):
                answers[k, unseen] = window_proba(network, views[k][unseen])
        each = [answers[list(group)].mean(axis=0) for group in NETWORKS]
        scores["accuracy"].append([accuracy(labels, p.argmax(axis=1)) for p in each])
        scores["loss"].append([-cross_entropy(p, labels) for p in each])
    means = {name: np.mean(values, axis=0).tolist() for name, values in scores.items()}
    return means | {"one seed": scores["accuracy"][0]}


def relu_on_raw(clips: Clips) -> dict:
    """ReLU everywhere on raw MFCCs: after how many updates at 0.01 the loss is not finite, with
    each of ten seeds; and the accuracy on the training clips, all 400, at 1e-4 without decay."""
    x, y = clips.cepstra.reshape(len(clips.labels), -1), one_hot(clips.labels, 10)
    updates = [updates_to_nan(x, y, seed) for seed in range(10)]
    network, rng = relu_network(0)
    network.fit(x, y, 100, 40, SGD(1e-4), rng)
    return {"updates_to_nan": updates, "train_at_1e-4": network.evaluate(x, y)[1]}


def relu_network(seed: int) -> tuple[Sequential, np.random.Generator]:
    """The published network with ReLU everywhere, and its generator."""
    rng = np.random.default_rng(seed)
    network = reference_network(6513, 10, rng)
    network.layers[1::2] = [ReLU() for _ in network.layers[1::2]]
    return network, rng


def updates_to_nan(x: np.ndarray, y: np.ndarray, seed: int) -> int:
    """How many updates of the published training it takes, at most 50."""
    network, rng = relu_network(seed)
    try:
        network.fit(x, y, 5, 40, SGD(0.01, 0.9), rng)
    except DivergenceError as error:
        return error.update
    return 50


def leak(clips: Clips) -> dict:
    """The same network and the nearest neighbour on official and on random folds."""
    x = clips.statistics(0)
    structure, result = clips.statistics(8), {}
    for kind in ("official", "random"):
        scores: list[list[float]] = []
        for seed in SEEDS:
            of = clips.folds.of
            if kind == "random":
                of = np.random.default_rng(seed).permutation(np.arange(len(x)) % 5) + 1
            folds = Folds(kind, of, clips.folds.recordings)
            scores.append(list(_one_seed(clips, x, structure, folds, seed)))
        nearest, network = np.mean(scores, axis=0)
        result[kind] = {"nearest": float(nearest), "network": float(network)}
    return result


def _one_seed(
    clips: Clips, x: np.ndarray, structure: np.ndarray, folds: Folds, seed: int
) -> Iterator[float]:
    """Mean accuracy over the folds: of the nearest neighbour on x, of a network on structure."""
    labels, rows = clips.labels, []
    for fold in folds.numbers:
        seen, unseen = folds.of != fold, folds.of == fold
        scale = Normalization.adapt(x[seen])
        a, b = scale.forward(x[unseen]), scale.forward(x[seen])
        distance = np.sum((a[:, None] - b) ** 2, axis=2)
        near = labels[seen][distance.argmin(axis=1)]
        answer = Small()(structure[seen], labels[seen], seed, 10)(structure[unseen])
        rows.append([accuracy(labels[unseen], near), accuracy(labels[unseen], answer.argmax(1))])
    yield from np.mean(rows, axis=0).tolist()


def chance(clips: Clips) -> dict:
    """Silence alone, and labels dealt anew, which the structure function learns by heart."""
    shuffled = np.random.default_rng(0).permutation(clips.labels)
    return {
        "silence": rung(clips, clips.silence(), Small(), clips.folds, clips.labels),
        "shuffled": rung(clips, clips.statistics(8), Small(), clips.folds, shuffled),
    }


def recorded(clips: Clips) -> dict:
    """What tells the recording rather than the sound: the band limit alone, and sisters found."""
    limits = clips.band_limits()
    return {
        "band": rung(clips, limits, Small(), clips.folds, clips.labels),
        "ends_below_17_kHz": int(np.sum(limits < 17000)),
        "sisters": cues.siblings(clips.statistics(0), clips.labels, clips.folds.recordings),
    }


def decays(clips: Clips) -> dict:
    """Twenty seeds of each meaning of "the rate falls by epochs": means over the five folds."""
    kinds = {
        "by updates": Wide(),
        "smoothly": Wide(PER_EPOCH),
        "in steps": Wide(step=0),
        "in steps, one further down": Wide(step=1),
    }
    raw, labels, of = clips.cepstra.reshape(len(clips.labels), -1), clips.labels, clips.folds.of
    result: dict[str, Any] = {"seeds": 20}
    for name, train in kinds.items():
        right = []
        for seed, fold in product(range(20), clips.folds.numbers):
            answer = train(raw[of != fold], labels[of != fold], seed, 10)
            right.append(accuracy(labels[of == fold], answer(raw[of == fold]).argmax(axis=1)))
        means = np.reshape(right, (20, -1)).mean(axis=1)
        result[name] = {"held_out": float(means.mean()), "seeds_std": float(means.std())}
    return result


def steps(clips: Clips) -> dict[str, Callable[[], dict]]:
    """Every rung and side path under its name."""
    raw = clips.cepstra.reshape(len(clips.labels), -1)
    made: dict[str, Callable[[], dict]] = {}

    def add(name: str, text: str, x: np.ndarray, train: Any) -> None:
        made[name] = lambda: {"text": text} | rung(clips, x, train, clips.folds, clips.labels)

    for name, (text, wide) in WIDE.items():
        add(name, text, raw, wide)
    for name, (text, n, small) in SMALL.items():
        add(name, text, clips.statistics(n), small)
    for name, text, chosen in (
        ("clip", "20 MFCCs of 40 bands, a floor at 60 dB: the clip network", (0,)),
        ("windows", "40 bands in windows of 1 s, with modulation: the windows' network", (1,)),
        ("improved", "**both, probabilities averaged: `--recipe improved`**", (0, 1)),
    ):
        made[name] = partial(ensembles, clips, text, chosen)
    made["nested"] = lambda: nested(clips)
    made["relu-on-raw"] = lambda: relu_on_raw(clips)
    made["leak"] = lambda: leak(clips)
    made["chance"] = lambda: chance(clips)
    made["decays"] = lambda: decays(clips)
    made["recorded"] = lambda: recorded(clips)
    made["facts"] = lambda: cues.facts(clips)
    return made


def row(entry: dict[str, Any]) -> str:
    """A rung as a row of the chapter's table."""
    return (
        f"| {entry['text']} | {entry['numbers']} | {entry['train']:.3f} |"
        f" {entry['held_out']:.3f} ± {entry['seeds_std']:.3f} | {entry['seconds']:.2g} |"
    )


def side_rows(known: dict[str, Any]) -> list[str]:
    """The side paths as rows of the chapter's second table."""
    raw, folds, luck = known["relu-on-raw"], known["leak"], known["chance"]
    fewest, most = min(raw["updates_to_nan"]), max(raw["updates_to_nan"])
    rows = [
        ("ReLU on raw MFCCs, rate 0.01", f"not finite after {fewest} to {most} updates"),
        ("the same, rate 1e-4 without decay", f"training accuracy {raw['train_at_1e-4']:.3f}"),
    ]
    for kind in ("official", "random"):
        rows.append((f"nearest neighbour, {kind} folds", f"{folds[kind]['nearest']:.3f}"))
        rows.append((f"structure function, {kind} folds", f"{folds[kind]['network']:.3f}"))
    rows.append(("the share of silence alone, one number", f"{luck['silence']['held_out']:.3f}"))
    told = known["recorded"]
    rows.append(("the band limit alone, one number", f"{told['band']['held_out']:.3f}"))
    found, by_chance = told["sisters"]["found"], told["sisters"]["by_chance"]
    rows.append(("the nearest clip is a sister", f"{found:.3f}, by chance {by_chance:.3f}"))
    train, held = luck["shuffled"]["train"], luck["shuffled"]["held_out"]
    rows.append(("shuffled labels", f"{held:.3f}, and {train:.3f} on the training parts"))
    for name, pool in known["nested"].items():
        figure = f"{pool['held_out']:.3f} ± {pool['seeds_std']:.3f}"
        rows.append((f"chosen by inner cross-validation: {name}", figure))
    return [f"| {what} | {figure} |" for what, figure in rows]


def main(folder: Path, names: list[str]) -> None:
    """Compute, print and keep what was asked for, or all."""
    made = steps(Clips(scan(folder)))
    if unknown := sorted(set(names) - set(made)):
        raise SystemExit(f"there is no {', '.join(unknown)}; known are {', '.join(made)}")
    for name in names or made:
        entry = made[name]()
        print(row(entry) if "text" in entry else f"{name}: {entry}", flush=True)
        known = merged(made, name, entry)
        OUTPUT.write_text(written(known), "utf-8")
    if set(made) <= set(known):
        print("\n".join(side_rows(known)))


def merged(order: Iterable[str], name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """What ladder.json holds now, with one entry new, in the order of the steps; entries that are
    no step any more are left out."""
    known = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.exists() else {}
    known[name] = entry
    return {key: known[key] for key in order if key in known}


def written(known: dict[str, Any]) -> str:
    """As JSON, with each list of numbers on one line."""
    text = json.dumps(known, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\s*\n\s*", "", found[0]), text) + "\n"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])

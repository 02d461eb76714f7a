"""Training and cross-validation of a recipe, and comparison with human accuracy. Chapters 14 and
16.

A view (n, W, d) contains n clips in W windows each, see mininet/ensemble.py; a recipe has one view
per network. Everything fitted (weights, means and standard deviations, the choice of networks) is
fitted by a function that receives only the training folds.
"""

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

import mininet

from .folds import KINDS, Folds
from .recipes import Model, Recipe


class Features(NamedTuple):
    """Labeled clips: a view (n, W, d) per network; names[i], "class/file", and labels[i], an index
    into classes, belong to clip i."""

    views: Sequence[np.ndarray]
    names: Sequence[str]
    labels: np.ndarray
    classes: Sequence[str]

    def only(self, which: np.ndarray) -> "Features":
        """The clips selected by a mask (n,), of the same classes."""
        views, names = [view[which] for view in self.views], np.array(self.names)[which].tolist()
        return Features(views, names, self.labels[which], self.classes)


def window_examples(view: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every valid window of a view (n, W, d) as a separate example: (m, d) and (m,)."""
    valid = mininet.valid_windows(view)
    if valid.all():  # a view: no copy of the run's largest array
        return view.reshape(-1, view.shape[2]), np.repeat(labels, view.shape[1])
    return view[valid], np.repeat(labels, valid.sum(axis=1))


def prepare(
    recipe: Recipe, k: int, features: Features, seed: int
) -> tuple[mininet.Sequential, np.ndarray, np.ndarray, np.random.Generator]:
    """Build network k (untrained) and return the arguments of recipe.fit."""
    x, y = window_examples(features.views[k], features.labels)
    rng = np.random.default_rng([seed, k])
    return recipe.build(x, len(features.classes), rng), x, y, rng


@np.errstate(over="ignore", invalid="ignore")
def choose_networks(
    recipe: Recipe, features: Features, fold_of: np.ndarray, seed: int
) -> tuple[int, ...]:
    """Select the networks to average: highest cross-validated accuracy, ties broken by loss.
    Cross-validates every subset on these clips and their folds, fold_of (n,)."""
    views, _, labels, classes = features
    if len(views) == 1:
        return (0,)
    p = np.zeros((len(views), len(labels), len(classes)))
    for fold in np.unique(fold_of):
        training, test = features.only(fold_of != fold), fold_of == fold
        for k in range(len(views)):
            network, x, y, rng = prepare(recipe, k, training, seed)
            recipe.fit(network, x, y, rng)
            p[k, test] = mininet.window_proba(network, views[k][test])
    ids = range(len(views))
    subsets = [subset for size in ids for subset in combinations(ids, size + 1)]
    results = {subset: scores(p[list(subset)].mean(axis=0), labels) for subset in subsets}
    return min(subsets, key=lambda subset: (-results[subset][1], results[subset][0]))


class Trial(NamedTuple):
    """One test fold with one seed: the tested clips and their probabilities (n, C); (loss,
    accuracy) on the training folds and on the test fold; the curves of each chosen network by name.

    A curve (2, 2, n_epochs) has loss and accuracy over windows: on the training folds, averaged
    while the weights change, and on the test fold, after the epoch."""

    fold: int
    seed: int
    clips: np.ndarray
    probabilities: np.ndarray
    train: tuple[float, float]
    test: tuple[float, float]
    curves: dict[str, np.ndarray]


def cross_validate(
    recipe: Recipe, features: Features, folds: Folds, seeds: Sequence[int]
) -> Iterator[Trial]:
    """Test on each fold in turn, after training on the others, with each seed.

    The networks to average are selected by cross-validation on the training folds, with the first
    seed. ValueError, with fold and seed: a non-finite loss or probability.
    """
    for fold in folds.numbers:
        is_test, seed = folds.fold_of == fold, seeds[0]
        training, test = features.only(~is_test), features.only(is_test)
        try:
            chosen = choose_networks(recipe, training, folds.fold_of[~is_test], seed)
            for seed in seeds:
                results = _train_and_test(recipe, chosen, training, test, seed)
                yield Trial(fold, seed, np.flatnonzero(is_test), *results)
        except ValueError as error:
            raise ValueError(f"fold {fold}, seed {seed}: {error}") from None


@np.errstate(over="ignore", invalid="ignore")
def _train_and_test(
    recipe: Recipe, chosen: Sequence[int], training: Features, test: Features, seed: int
) -> tuple[np.ndarray, tuple[float, float], tuple[float, float], dict[str, np.ndarray]]:
    """The test probabilities, the scores on both parts, and the curves, as in Trial."""
    networks, curves = {}, {}
    for k in chosen:
        network, x, y, rng = prepare(recipe, k, training, seed)
        held_out = window_examples(test.views[k], test.labels)
        histories = recipe.fit(network, x, y, rng, held_out=held_out)
        networks[k] = network
        curves[recipe.networks[k]] = np.array([(part.loss, part.accuracy) for part in histories])
    model = Model(recipe, test.classes, networks)
    p_training, p = model.predict_proba(training.views), model.predict_proba(test.views)
    return p, scores(p_training, training.labels), scores(p, test.labels), curves


def scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return (loss, accuracy)."""
    accuracy = mininet.accuracy(labels, probabilities.argmax(axis=1))
    return mininet.cross_entropy(probabilities, labels), accuracy


def mean_curves(trials: Sequence[Trial]) -> dict[str, np.ndarray]:
    """The curve of each network, as in Trial, averaged over the trials for which it was chosen."""
    names = dict.fromkeys(name for trial in trials for name in trial.curves)
    curves = {name: [t.curves[name] for t in trials if name in t.curves] for name in names}
    return {name: np.mean(same, axis=0) for name, same in curves.items()}


def metrics(trials: Sequence[Trial], folds: Folds, features: Features) -> dict[str, Any]:
    """The results of cross_validate, for metrics.json. The sample size of the 95 % Wilson interval
    is the number of recordings, since clips of one recording are not independent."""
    table = np.reshape([trial.test[1] for trial in trials], (len(folds.numbers), -1))
    by_fold, by_seed = table.mean(axis=1), table.mean(axis=0)
    counts = np.zeros((len(features.names), len(features.classes)), int)  # predictions, all seeds
    for trial in trials:
        np.add.at(counts, (trial.clips, trial.probabilities.argmax(axis=1)), 1)
    matrix = np.stack([counts[features.labels == c].sum(axis=0) for c in range(counts.shape[1])])
    accuracy = float(matrix.trace() / matrix.sum())
    train = np.mean([trial.train for trial in trials], axis=0).tolist()
    names, rates = ("precision", "recall", "f1"), mininet.precision_recall_f1(matrix).tolist()
    rates = [dict(zip(names, row, strict=True)) for row in rates]
    return {
        "kind": KINDS[folds.kind],
        "folds": by_fold.tolist(),
        "mean": float(table.mean()),
        "std": float(by_fold.std()),
        "seeds": by_seed.tolist(),
        "seeds_std": float(by_seed.std()),
        "by_fold_and_seed": table.tolist(),
        "recordings": folds.n_recordings,
        "interval_95": list(mininet.wilson_interval(accuracy, folds.n_recordings)),
        "loss": float(np.mean([trial.test[0] for trial in trials])),
        "train": dict(zip(("loss", "accuracy"), train, strict=True)),
        "chosen": [list(trial.curves) for trial in trials[:: len(by_seed)]],
        "confusion": matrix.tolist(),
        "scores": dict(zip(features.classes, rates, strict=True)),
        "mistakes": _mistakes(counts, features, len(by_seed)),
    }


def _mistakes(counts: np.ndarray, features: Features, n_seeds: int) -> list[dict[str, Any]]:
    """The clips misclassified with any seed, in descending order of errors, with the most frequent
    wrong class and the number of people who recognized the clip. counts (n_clips, n_classes)."""
    wrong = counts.copy()
    wrong[np.arange(len(wrong)), features.labels] = 0
    rows = []
    for name, row in zip(features.names, wrong.tolist(), strict=True):
        if any(row):
            right, asked = human_answers(name) or (None, None)
            mistake = {"clip": name, "predicted": features.classes[row.index(max(row))]}
            mistake |= {"wrong": sum(row), "seeds": n_seeds}
            rows.append(mistake | {"people_right": right, "people_asked": asked})
    return sorted(rows, key=lambda row: -row["wrong"])


# 4687 answers of people who listened to a clip of ESC-10 and chose one of the ten classes, 4487 of
# them correct: by class in human_confusion.csv, by clip in human_clips.csv, for the 321 clips used.
# Source: Piczak (2015), ESC: Dataset for Environmental Sound Classification, §3.


def human_confusion(classes: Sequence[str]) -> np.ndarray | None:
    """Human confusion matrix, (10, 10) ints, rows true; None unless the classes are ESC-10's."""
    rows = _rows("human_confusion.csv")
    if list(classes) != list(rows[0])[1:]:
        return None
    return np.array([[int(row[name]) for name in classes] for row in rows])


def human_answers(name: str) -> tuple[int, int] | None:
    """(correct, total) human answers for the clip "class/file"; None if there are none."""
    path = PurePosixPath(name)
    key = path.parent.name, "-".join(path.stem.split("-")[:3])
    rows = (row for row in _rows("human_clips.csv") if (row["class"], row["clip"]) == key)
    return next(((int(row["correct"]), int(row["answers"])) for row in rows), None)


@cache
def _rows(name: str) -> list[dict[str, str]]:
    with open(Path(__file__).with_name(name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

"""Training and cross-validation of a recipe, and comparison with human accuracy. Chapters 14 and
16.

A view (n, W, d) contains n clips in W windows each, see mininet/ensemble.py; a recipe has one view
per network. The augmented copies of a clip are training examples only. Everything fitted (weights,
means and standard deviations, the choice of networks, the exponent and the threshold) is fitted by
a function that receives only the training folds.
"""

import csv
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import cache, partial
from importlib.resources import files
from itertools import combinations, islice, product
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np

import mininet

from .folds import KINDS, Folds
from .recipes import Model, Recipe
from .terminal import progress_bar

EXPONENTS = [k / 10 for k in range(5, 31)]  # of a sharpened average
TARGET_ACCURACY = 0.95  # of the answers that are not "unsure", on clips held out of training


class Features(NamedTuple):
    """n labeled clips."""

    examples: Sequence[np.ndarray]  # (n, 1 + copies, W, d) per network: a clip, then its copies
    names: Sequence[str]  # "class/file" of each clip
    labels: np.ndarray  # (n,) ints: the index of its class
    classes: Sequence[str]

    def only(self, which: np.ndarray) -> "Features":
        """The clips selected by a mask (n,) or by indices, of the same classes."""
        names = np.array(self.names)[which].tolist()
        examples = [each[which] for each in self.examples]
        return Features(examples, names, self.labels[which], self.classes)

    @property
    def views(self) -> list[np.ndarray]:
        """A view (n, W, d) of the clips themselves per network."""
        return [each[:, 0] for each in self.examples]


def window_examples(view: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every valid window of a view (n, W, d) as a separate example: (m, d) and (m,)."""
    valid = mininet.valid_windows(view)
    windows = view.reshape(-1, view.shape[2]) if valid.all() else view[valid]  # avoids a copy
    return windows, np.repeat(labels, valid.sum(axis=1))


def prepare(
    recipe: Recipe, k: int, features: Features, seed: int
) -> tuple[mininet.Sequential, np.ndarray, np.ndarray, np.random.Generator]:
    """Build network k (untrained) and return the arguments of recipe.fit."""
    examples = features.examples[k]  # (n, 1 + copies, W, d)
    labels = np.repeat(features.labels, examples.shape[1])
    x, y = window_examples(examples.reshape(-1, *examples.shape[2:]), labels)
    rng = np.random.default_rng([seed, k])
    return recipe.build(x, len(features.classes), rng), x, y, rng


class Choice(NamedTuple):
    """The networks of a recipe to average; the defaults hold if nothing was cross-validated."""

    networks: Sequence[int]
    exponent: float = 1.0  # that sharpens their average
    threshold: float | None = None  # of the largest probability: below it, the answer is "unsure"
    accuracy: float | None = None  # cross-validated


@np.errstate(over="ignore", invalid="ignore")
def choose_networks(
    recipe: Recipe, features: Features, fold_of: np.ndarray, seed: int, quiet: bool = True
) -> Choice:
    """Select the networks to average and the exponent, by the lowest cross-validated loss, which is
    less noisy than the accuracy; and the threshold. Every subset is cross-validated on these clips
    and their folds, fold_of (n,)."""
    views, labels, classes = features.views, features.labels, features.classes
    p = np.zeros((len(views), len(labels), len(classes)))
    for fold in progress_bar("choosing networks", quiet, "fold")(np.unique(fold_of)):
        training, test = features.only(fold_of != fold), fold_of == fold
        for k in range(len(views)):
            network, x, y, rng = prepare(recipe, k, training, seed)
            recipe.fit(network, x, y, rng)
            p[k, test] = mininet.window_proba(network, views[k][test])
    ids = range(len(views))
    subsets = [subset for size in ids for subset in combinations(ids, size + 1)]
    means = {subset: p[list(subset)].mean(axis=0) for subset in subsets}
    candidates = ((mininet.sharpen(means[s], b), s, b) for s, b in product(means, EXPONENTS))
    q, best, exponent = min(candidates, key=lambda each: mininet.cross_entropy(each[0], labels))
    accuracy = mininet.accuracy(labels, q.argmax(axis=1))
    return Choice(best, exponent, find_threshold(q, labels), accuracy)


def find_threshold(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The smallest probability t such that of the answers whose probability is at least t a
    proportion of TARGET_ACCURACY is right; 1 if there is none.

    probabilities (n, C), labels (n,)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    enough = [t for t in np.unique(confidence) if right[confidence >= t].mean() >= TARGET_ACCURACY]
    return float(min(enough, default=1.0))


class Trial(NamedTuple):
    """One test fold with one seed. The rows of a curve (4, n_epochs), over windows: loss and
    accuracy on the training folds, averaged while the weights change; loss and accuracy on the test
    fold after the epoch."""

    fold: int
    seed: int
    clips: np.ndarray  # (n,), those tested
    threshold: float | None  # chosen on the training folds
    probabilities: np.ndarray  # (n, C)
    train: tuple[float, float]  # loss and accuracy on the training folds
    test: tuple[float, float]  # on the test fold
    curves: dict[str, np.ndarray]  # of each chosen network, by its name


class Answers(NamedTuple):
    """The predictions for n clips, over all seeds."""

    counts: np.ndarray  # (n, C), how often each class was predicted
    probabilities: np.ndarray  # (n, C), their means


def cross_validate(
    recipe: Recipe,
    features: Features,
    folds: Folds,
    seeds: Sequence[int],
    executor: Executor | None = None,
    quiet: bool = True,
) -> Iterator[list[Trial]]:
    """Test on each fold in turn, after training on the others: a trial with each seed.

    The networks to average are selected by cross-validation on the training folds, with the first
    seed. executor: as in extract_features, for the folds and seeds; quiet: without progress bars.
    ValueError, with fold and seed: a non-finite loss or probability.
    """
    in_turn, task = map if executor is None else executor.map, (recipe, features, folds)
    choices = [Choice((0,))] * len(folds.numbers)
    if len(recipe.networks) > 1:
        found = in_turn(partial(_choose_fold, *task, seeds[0]), folds.numbers)
        choices = list(progress_bar("choosing networks", quiet, "fold")(found, total=len(choices)))
    pairs = zip(folds.numbers, choices, strict=True)
    which = [(fold, choice, seed) for fold, choice in pairs for seed in seeds]
    trials = in_turn(partial(_test_fold, *task), *zip(*which, strict=True))
    bar = progress_bar(f"{len(choices)} folds x {len(seeds)} seeds", quiet, "training")
    shown = iter(bar(trials, total=len(which)))
    for _ in choices:
        yield list(islice(shown, len(seeds)))
    next(shown, None)  # ends the bar


@contextmanager
def named(fold: int, seed: int) -> Iterator[None]:
    """Add fold and seed to the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"fold {fold}, seed {seed}: {error}") from None


def _choose_fold(recipe: Recipe, features: Features, folds: Folds, seed: int, fold: int) -> Choice:
    others = folds.fold_of != fold
    with named(fold, seed):
        return choose_networks(recipe, features.only(others), folds.fold_of[others], seed)


def _test_fold(
    recipe: Recipe, features: Features, folds: Folds, fold: int, choice: Choice, seed: int
) -> Trial:
    is_test, networks, curves = folds.fold_of == fold, {}, {}
    training, test = features.only(~is_test), features.only(is_test)
    with named(fold, seed), np.errstate(over="ignore", invalid="ignore"):
        for k in choice.networks:
            networks[k], x, y, rng = prepare(recipe, k, training, seed)
            held_out = window_examples(test.views[k], test.labels)
            history = recipe.fit(networks[k], x, y, rng, held_out=held_out)
            values = history.loss, history.accuracy, history.val_loss, history.val_accuracy
            curves[recipe.networks[k]] = np.array(values)
        model = Model(recipe, test.classes, networks, choice.exponent, choice.threshold)
        p_training, p = model.predict_proba(training.views), model.predict_proba(test.views)
    results = p, scores(p_training, training.labels), scores(p, test.labels), curves
    return Trial(fold, seed, np.flatnonzero(is_test), choice.threshold, *results)


def scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return (loss, accuracy)."""
    accuracy = mininet.accuracy(labels, probabilities.argmax(axis=1))
    return mininet.cross_entropy(probabilities, labels), accuracy


def mean_curves(trials: Sequence[Trial]) -> dict[str, np.ndarray]:
    """The curve of each network, as in Trial, averaged over the trials for which it was chosen."""
    names = dict.fromkeys(name for trial in trials for name in trial.curves)
    curves = {name: [t.curves[name] for t in trials if name in t.curves] for name in names}
    return {name: np.mean(same, axis=0) for name, same in curves.items()}


def held_out_answers(trials: Sequence[Trial], features: Features) -> Answers:
    """The held-out predictions, of all seeds together."""
    counts, total = np.zeros((2, len(features.names), len(features.classes)))
    for trial in trials:
        np.add.at(counts, (trial.clips, trial.probabilities.argmax(axis=1)), 1)
        total[trial.clips] += trial.probabilities
    return Answers(counts.astype(int), total / counts.sum(axis=1, keepdims=True).clip(1))


def metrics(trials: Sequence[Trial], folds: Folds, features: Features) -> dict[str, Any]:
    """The results of cross_validate, for metrics.json. The sample size of the 95 % Wilson interval
    is the number of recordings, since clips of one recording are not independent."""
    table = np.reshape([trial.test[1] for trial in trials], (len(folds.numbers), -1))
    by_fold, by_seed = table.mean(axis=1), table.mean(axis=0)
    counts = held_out_answers(trials, features).counts
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
        **_confidence(trials, features.labels),
        "chosen": [list(trial.curves) for trial in trials[:: len(by_seed)]],
        "confusion": matrix.tolist(),
        "scores": dict(zip(features.classes, rates, strict=True)),
        "mistakes": _mistakes(counts, features, len(by_seed)),
    }


def _confidence(trials: Sequence[Trial], labels: np.ndarray) -> dict[str, Any]:
    """The reliability of the probabilities, and of the answers that are not "unsure" their
    proportion and accuracy; None for these if no threshold was chosen."""
    p = np.concatenate([trial.probabilities for trial in trials])
    true = np.concatenate([labels[trial.clips] for trial in trials])
    table, answered = mininet.reliability(p, true), None
    if all(trial.threshold is not None for trial in trials):
        thresholds = np.repeat([t.threshold for t in trials], [len(t.clips) for t in trials])
        sure, right = p.max(axis=1) >= thresholds, p.argmax(axis=1) == true
        accuracy = float(right[sure].mean()) if sure.any() else 0
        answered = {"proportion": float(sure.mean()), "accuracy": accuracy}
    error = mininet.calibration_error(table)
    return {"reliability": table.tolist(), "calibration_error": error, "sure": answered}


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
    return list(csv.DictReader((files("experiment") / name).read_text("utf-8").splitlines()))

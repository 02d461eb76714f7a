"""Training and cross-validation of a recipe, and the results next to human accuracy. Chapters 14
and 16.

A view (n, W, d) contains n clips in W windows each, see mininet/ensemble.py; a recipe has one view
per network. Everything fitted (weights, means and standard deviations, the choice of networks) is
fitted by a function that receives only the training folds.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mininet import (
    Ensemble,
    History,
    Sequential,
    accuracy,
    cross_entropy,
    precision_recall_f1,
    valid_windows,
    wilson_interval,
    window_proba,
)

from .data import Dataset
from .folds import KINDS, Folds
from .recipes import Examples, Recipe

Views = Sequence[np.ndarray]


def window_examples(view: np.ndarray, labels: np.ndarray) -> Examples:
    """Every valid window of a view (n, W, d) as a separate example: (m, d) and (m,)."""
    valid = valid_windows(view)
    if valid.all():  # a view: no copy of the run's largest array
        return view.reshape(-1, view.shape[2]), np.repeat(labels, view.shape[1])
    return view[valid], np.repeat(labels, valid.sum(axis=1))


@dataclass(frozen=True)
class Curve:
    """Loss and accuracy of a network by epoch, over windows: on the training folds, averaged while
    the weights change, and on the test fold, after the epoch."""

    network: str
    train: History
    test: History


@dataclass
class TrainingTask:
    """An initially untrained network and its training examples."""

    name: str
    network: Sequential
    examples: Examples
    rng: np.random.Generator
    started: bool = False

    def train(
        self,
        recipe: Recipe,
        on_epoch: Callable[[History], object] | None = None,
        held_out: Examples | None = None,
    ) -> Curve:
        """Train the network, and evaluate it on held-out examples after each epoch."""
        self.started = True
        histories = recipe.fit(self.network, *self.examples, self.rng, on_epoch, held_out)
        return Curve(self.name, *histories)


def make_tasks(
    recipe: Recipe,
    chosen: Sequence[int],
    views: Views,
    labels: np.ndarray,
    n_classes: int,
    seed: int,
) -> list[TrainingTask]:
    """Create an untrained network and a generator for each index in chosen."""
    tasks = []
    for k in chosen:
        x, y = window_examples(views[k], labels)
        rng = np.random.default_rng([seed, k])
        network = recipe.build(x, n_classes, rng)
        tasks.append(TrainingTask(recipe.networks[k], network, (x, y), rng))
    return tasks


def choose_networks(
    recipe: Recipe,
    views: Views,
    labels: np.ndarray,
    n_classes: int,
    fold_of: np.ndarray,
    seed: int,
) -> tuple[int, ...]:
    """Select the networks to average: highest cross-validated accuracy, ties broken by loss.
    Cross-validates every subset on these clips and their folds, fold_of (n,)."""
    if len(views) == 1:
        return (0,)
    p = np.zeros((len(views), len(labels), n_classes))
    for fold in np.unique(fold_of):
        train, test = fold_of != fold, fold_of == fold
        seen, ids = [view[train] for view in views], range(len(views))
        tasks = make_tasks(recipe, ids, seen, labels[train], n_classes, seed)
        for k, task in enumerate(tasks):
            task.train(recipe)
            p[k, test] = window_proba(task.network, views[k][test])
    subsets = [subset for size in ids for subset in combinations(ids, size + 1)]

    def sort_key(subset: tuple[int, ...]) -> tuple[float, float]:
        loss, correct = scores(p[list(subset)].mean(axis=0), labels)
        return -correct, loss

    return min(subsets, key=sort_key)


@dataclass(frozen=True)
class Trial:
    """One test fold with one seed: the tested clips and their probabilities (n, C), (loss,
    accuracy) on the training folds and on the test fold, one curve per chosen network."""

    fold: int
    seed: int
    chosen: tuple[int, ...]
    clips: np.ndarray
    probabilities: np.ndarray
    train: tuple[float, float]
    test: tuple[float, float]
    curves: list[Curve]


def cross_validate(
    recipe: Recipe, views: Views, labels: np.ndarray, folds: Folds, seeds: Sequence[int]
) -> Iterator[Trial]:
    """Test on each fold in turn, after training on the others, with each seed.

    views: (n, W, d) per network; labels (n,) ints. The networks to average are selected
    by cross-validation on the training folds, with the first seed.
    ValueError, with fold and seed: a non-finite loss or probability.
    """
    n_classes = int(labels.max()) + 1
    for fold in folds.numbers:
        is_test = folds.fold_of == fold
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        seen, unseen = [view[train] for view in views], [view[test] for view in views]
        y, inner = labels[train], folds.fold_of[train]
        with _locate_errors(fold, seeds[0]):
            chosen = choose_networks(recipe, seen, y, n_classes, inner, seeds[0])
        for seed in seeds:
            with _locate_errors(fold, seed):
                tasks = make_tasks(recipe, chosen, seen, y, n_classes, seed)
                curves = [
                    task.train(recipe, held_out=window_examples(unseen[k], labels[test]))
                    for k, task in zip(chosen, tasks, strict=True)
                ]
                ensemble = Ensemble([task.network for task in tasks])
                p_train = ensemble.predict_proba([seen[k] for k in chosen])
                p_test = ensemble.predict_proba([unseen[k] for k in chosen])
                results = scores(p_train, y), scores(p_test, labels[test])
            yield Trial(fold, seed, chosen, test, p_test, *results, curves)


@contextmanager
def _locate_errors(fold: int, seed: int) -> Iterator[None]:
    """Add fold and seed to the message of a ValueError."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except ValueError as error:
        raise ValueError(f"fold {fold}, seed {seed}: {error}") from None


def scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return (loss, accuracy). ValueError: probabilities that are not finite."""
    if not np.isfinite(probabilities).all():
        raise ValueError("probabilities are not finite; standardize x or lower the learning rate")
    return cross_entropy(probabilities, labels), accuracy(labels, probabilities.argmax(axis=1))


@dataclass(frozen=True)
class CrossValidation:
    """All trials of a cross-validation, ordered by fold, then by seed."""

    trials: list[Trial]
    folds: Folds
    seeds: Sequence[int]
    dataset: Dataset

    @property
    def accuracy(self) -> np.ndarray:
        """Held-out accuracies, (n_folds, n_seeds)."""
        values = [trial.test[1] for trial in self.trials]
        return np.reshape(values, (len(self.folds.numbers), len(self.seeds)))

    @property
    def counts(self) -> np.ndarray:
        """Number of predictions per clip and class, over all seeds, (n_clips, n_classes)."""
        counts = np.zeros((len(self.dataset), len(self.dataset.classes)), int)
        for trial in self.trials:
            np.add.at(counts, (trial.clips, trial.probabilities.argmax(axis=1)), 1)
        return counts

    @property
    def confusion(self) -> np.ndarray:
        """Confusion matrix over all seeds, rows true, (n_classes, n_classes) ints."""
        classes = range(len(self.dataset.classes))
        return np.stack([self.counts[self.dataset.labels == c].sum(axis=0) for c in classes])

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval; the sample size is the number of recordings, since clips of one
        recording are not independent."""
        matrix = self.confusion
        return wilson_interval(float(matrix.trace() / matrix.sum()), self.folds.n_recordings)

    def mean_curves(self) -> dict[str, tuple[History, History]]:
        """(training folds, test fold) of each network by epoch, averaged over folds and seeds."""
        curves = [curve for trial in self.trials for curve in trial.curves]
        means = {}
        for name in dict.fromkeys(curve.network for curve in curves):
            same = [curve for curve in curves if curve.network == name]
            means[name] = (_mean([c.train for c in same]), _mean([c.test for c in same]))
        return means

    def metrics(self) -> dict[str, Any]:
        """The results, for metrics.json."""
        by_fold, by_seed = self.accuracy.mean(axis=1), self.accuracy.mean(axis=0)
        first_seed = [trial for trial in self.trials if trial.seed == self.seeds[0]]
        rates = precision_recall_f1(self.confusion).tolist()
        train = np.mean([trial.train for trial in self.trials], axis=0).tolist()
        return {
            "kind": KINDS[self.folds.kind],
            "folds": by_fold.tolist(),
            "mean": float(self.accuracy.mean()),
            "std": float(by_fold.std()),
            "seeds": by_seed.tolist(),
            "seeds_std": float(by_seed.std()),
            "by_fold_and_seed": self.accuracy.tolist(),
            "interval_95": list(self.interval),
            "loss": float(np.mean([trial.test[0] for trial in self.trials])),
            "train": dict(zip(("loss", "accuracy"), train, strict=True)),
            "chosen": [[curve.network for curve in trial.curves] for trial in first_seed],
            "confusion": self.confusion.tolist(),
            "scores": {
                name: dict(zip(("precision", "recall", "f1"), row, strict=True))
                for name, row in zip(self.dataset.classes, rates, strict=True)
            },
            "mistakes": self.mistakes(),
        }

    def mistakes(self) -> list[dict[str, Any]]:
        """The clips misclassified with any seed, the most frequent first, with the most frequent
        wrong class and the number of people who recognized the clip."""
        rows = []
        for name, label, counts in zip(
            self.dataset.names, self.dataset.labels, self.counts, strict=True
        ):
            wrong = np.where(np.arange(len(counts)) == label, 0, counts)
            if wrong.any():
                people = human_answers(name) or (None, None)
                rows.append(
                    {
                        "clip": name,
                        "predicted": self.dataset.classes[wrong.argmax()],
                        "wrong": int(wrong.sum()),
                        "seeds": len(self.seeds),
                        "people_right": people[0],
                        "people_asked": people[1],
                    }
                )
        return sorted(rows, key=lambda row: -row["wrong"])


def _mean(histories: list[History]) -> History:
    rows = [asdict(history) for history in histories]
    means = (np.mean([row[key] for row in rows], axis=0) for key in ("loss", "accuracy"))
    return History(*(mean.tolist() for mean in means))


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
    """(correct, all) answers of people for the clip "class/file"; None if there are none."""
    path = PurePosixPath(name)
    key = path.parent.name, "-".join(path.stem.split("-")[:3])
    rows = (row for row in _rows("human_clips.csv") if (row["class"], row["clip"]) == key)
    return next(((int(row["correct"]), int(row["answers"])) for row in rows), None)


@cache
def _rows(name: str) -> list[dict[str, str]]:
    with open(Path(__file__).with_name(name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

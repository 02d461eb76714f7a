"""Evaluation: how a recipe answers on clips that it has not learnt from.

Before it: improved.py. After it: models.py. held_out.py says and keeps what came out. Chapter 16.

A view (n, W, d) shows n clips in W windows each, see mininet/ensemble.py; a recipe has a view for
each of its networks. Whatever is fitted (weights, means and deviations, the choice of networks) is
fitted in a function that is given the training part and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np

from mininet import (
    Ensemble,
    History,
    Sequential,
    accuracy,
    cross_entropy,
    window_proba,
    windows_of,
)

from .folds import Folds

Views = Sequence[np.ndarray]


class Recipe(Protocol):
    """What both recipes offer: the networks' names, a view for each, how to build and fit one."""

    @property
    def name(self) -> str:
        """As --recipe has it."""

    @property
    def networks(self) -> tuple[str, ...]:
        """What each network hears."""

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """signal (n_samples,) -> (n_windows, n_features) for each network."""

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        """An untrained network for the training examples x (n, n_features)."""

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
    ) -> History:
        """Train the network."""


@dataclass(frozen=True)
class Curve:
    """One network's loss and accuracy by epoch, an example a window: on the training part as
    History has it, and on the test part with the weights at the end of the epoch."""

    network: str
    train: History
    test: History


@dataclass(frozen=True)
class Trial:
    """One fold tested with one seed: the clips that were tested, and the probabilities (n, C) that
    they were given by the chosen networks; (loss, accuracy) of both parts; a curve a network."""

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
    """Each fold in turn is tested, by networks trained on the others, with each seed.

    views: (n, W, d) for each network; labels (n,) ints. Which networks are averaged is chosen by
    cross-validation among the training folds, with the first seed.
    ValueError: a loss or an answer that is not finite; it names the fold and the seed.
    """
    n_classes = int(labels.max()) + 1
    for fold in folds.numbers:
        train, test = np.flatnonzero(folds.of != fold), np.flatnonzero(folds.of == fold)
        seen, inner = [view[train] for view in views], folds.of[train]
        with _naming(fold, seeds[0]):
            chosen = choose(recipe, seen, labels[train], n_classes, inner, seeds[0])
        unseen = [view[test] for view in views]
        for seed in seeds:
            with _naming(fold, seed):
                ensemble, curves = learn(
                    recipe, chosen, seen, labels[train], n_classes, seed, (unseen, labels[test])
                )
                answers = ensemble.predict_proba([unseen[k] for k in chosen])
                known = ensemble.predict_proba([seen[k] for k in chosen])
                scores = _scores(known, labels[train]), _scores(answers, labels[test])
            yield Trial(fold, seed, chosen, test, answers, *scores, curves)


def choose(
    recipe: Recipe,
    views: Views,
    labels: np.ndarray,
    n_classes: int,
    folds: np.ndarray,
    seed: int,
) -> tuple[int, ...]:
    """Which of the recipe's networks should be averaged, one alone or several: those that are most
    accurate on these clips by cross-validation on their folds (n,); of equals, of least loss."""
    ids = range(len(views))
    if len(views) == 1:
        return (0,)
    answers = np.zeros((len(views), len(labels), n_classes))
    for fold in np.unique(folds):
        train, test = folds != fold, folds == fold
        for k in ids:
            x, y = windows_of(views[k][train], labels[train])
            rng = np.random.default_rng([seed, k])
            network = recipe.build(x, n_classes, rng)
            recipe.fit(network, x, y, rng)
            answers[k, test] = window_proba(network, views[k][test])
    subsets = [group for size in ids for group in combinations(ids, size + 1)]

    def badness(group: tuple[int, ...]) -> tuple[float, float]:
        loss, right = _scores(answers[list(group)].mean(axis=0), labels)
        return -right, loss

    return min(subsets, key=badness)


def learn(
    recipe: Recipe,
    chosen: Sequence[int],
    views: Views,
    labels: np.ndarray,
    n_classes: int,
    seed: int,
    watched: tuple[Views, np.ndarray] | None = None,
) -> tuple[Ensemble, list[Curve]]:
    """Train the chosen networks on the clips -> what answers, and a curve for each network.

    watched: views and labels of other clips, which the network is only asked about, every epoch;
    None: the curves of the test part stay empty.
    """
    given = lessons(recipe, chosen, views, labels, n_classes, seed)
    curves = []
    for k, lesson in zip(chosen, given, strict=True):
        other = None if watched is None else windows_of(watched[0][k], watched[1])
        curves.append(lesson.learn(recipe, other))
    return Ensemble([lesson.network for lesson in given]), curves


@dataclass
class Lesson:
    """A network, untrained at first, its examples x (n, n_features) and their labels y (n,); begun
    says whether it has learnt of them."""

    name: str
    network: Sequential
    x: np.ndarray
    y: np.ndarray
    rng: np.random.Generator
    begun: bool = False

    def learn(self, recipe: Recipe, other: tuple[np.ndarray, np.ndarray] | None = None) -> Curve:
        """Train the network; other: examples that it is only asked about, every epoch."""
        self.begun, test = True, History()

        def watch(history: History) -> None:
            if other is not None:
                loss, right = self.network.evaluate(*other)
                test.loss.append(loss)
                test.accuracy.append(right)

        train = recipe.fit(self.network, self.x, self.y, self.rng, watch)
        return Curve(self.name, train, test)


def lessons(
    recipe: Recipe,
    chosen: Sequence[int],
    views: Views,
    labels: np.ndarray,
    n_classes: int,
    seed: int,
) -> list[Lesson]:
    """What each of the chosen networks is to learn of the clips."""
    given = []
    for k in chosen:
        x, y = windows_of(views[k], labels)
        rng = np.random.default_rng([seed, k])
        network = recipe.build(x, n_classes, rng)
        given.append(Lesson(recipe.networks[k], network, x, y, rng))
    return given


@contextmanager
def _naming(fold: int, seed: int) -> Iterator[None]:
    """A training that diverges within the block says where; so do answers that are not finite."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except ValueError as error:
        raise ValueError(f"fold {fold}, seed {seed}: {error}") from None


def _scores(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """(loss, accuracy). ValueError: probabilities that are not finite, of weights grown too large
    for some clip, though not for those that were learnt from."""
    if not np.isfinite(probabilities).all():
        raise ValueError("the answers are not finite; standardise x or lower the learning rate")
    return cross_entropy(probabilities, labels), accuracy(labels, probabilities.argmax(axis=1))

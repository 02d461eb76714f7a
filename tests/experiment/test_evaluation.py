"""Evaluation: nothing of a test fold touches what is fitted, and what is told of it is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from tests.strategies import generators

import experiment.evaluation as evaluation
from experiment.evaluation import Trial, choose, cross_validate, learn
from experiment.folds import Folds
from experiment.improved import Improved
from experiment.recipes import Features, Reference, Training
from mininet import Ensemble, History, Sequential, accuracy, cross_entropy, windows_of

QUICK = replace(Improved(), epochs=4, hidden=8, batch_size=8)
REFERENCE = Reference(Features(), Training(epochs=2))


def problem(rng: np.random.Generator, n: int = 24) -> tuple[list[np.ndarray], np.ndarray, Folds]:
    """Two views of n clips of three classes, some windows silent; four folds."""
    labels = np.arange(n) % 3
    clip = rng.standard_normal((n, 1, 4)) + labels[:, None, None]
    windows = rng.standard_normal((n, 3, 5)) - labels[:, None, None]
    windows[rng.random((n, 3)) < 0.2] = np.nan
    windows[:, 0] = 1.0
    of = rng.permutation(np.arange(n) // 3 % 4) + 1
    return [clip, windows], labels, Folds("clips", of, [str(i) for i in range(n)])


def fitted_numbers(
    recipe: evaluation.Recipe,
    views: list[np.ndarray],
    labels: np.ndarray,
    folds: Folds,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[list[Trial], list[list[bytes]]]:
    """The trials, and of each the bytes of all that was fitted: weights, biases, means, scales."""
    kept: list[list[bytes]] = []

    def spy(*arguments: object, **options: object) -> tuple[Ensemble, list[evaluation.Curve]]:
        ensemble, curves = learn(*arguments, **options)  # type: ignore[arg-type]
        layers = [layer for network in ensemble.networks for layer in network.layers]
        arrays = [param for layer in layers for param in layer.params]
        numbers = [array.tobytes() for array in arrays]
        kept.append([*numbers, *(str(layer.config()).encode() for layer in layers)])
        return ensemble, curves

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "learn", spy)
        trials = list(cross_validate(recipe, views, labels, folds, [3, 4]))
    return trials, kept


@pytest.mark.parametrize("name", ["improved", "reference"])
def test_corrupting_the_test_fold_changes_no_fitted_number(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the clips of a fold replaced by others a million times as large, and their labels dealt
    anew, every number that is fitted when that fold is tested stays the same to the bit: weights,
    means, variances, the choice of networks, the training curves; and in no other fold all do."""
    views, labels, folds = problem(np.random.default_rng(0))
    recipe: evaluation.Recipe = QUICK
    if name == "reference":
        recipe, views = REFERENCE, views[:1]
    clean, kept = fitted_numbers(recipe, views, labels, folds, monkeypatch)
    for fold in folds.numbers[:2]:
        bad = [view.copy() for view in views]
        rng, tested = np.random.default_rng(fold), folds.of == fold
        for view in bad:
            view[tested] = 1e6 * rng.standard_normal(view[tested].shape)
        other = labels.copy()
        other[tested] = rng.permutation(labels[tested])
        spoilt, changed = fitted_numbers(recipe, bad, other, folds, monkeypatch)
        for before, after, numbers, same in zip(clean, spoilt, kept, changed, strict=True):
            if before.fold == fold:
                assert numbers == same and before.chosen == after.chosen
                assert before.train == after.train
                for one, two in zip(before.curves, after.curves, strict=True):
                    assert one.train == two.train
            else:
                assert numbers != same


def test_every_clip_is_tested_once_a_seed_and_what_is_told_is_so() -> None:
    """Over the folds each clip is asked once with each seed; accuracy and loss are those of the
    probabilities; the curves have an epoch each and end with the network that was kept."""
    views, labels, folds = problem(np.random.default_rng(1))
    trials = list(cross_validate(QUICK, views, labels, folds, [0, 7]))
    assert [(trial.fold, trial.seed) for trial in trials] == [
        (fold, seed) for fold in (1, 2, 3, 4) for seed in (0, 7)
    ]
    for seed in (0, 7):
        asked = np.concatenate([trial.clips for trial in trials if trial.seed == seed])
        assert sorted(asked.tolist()) == list(range(len(labels)))
    for trial in trials:
        np.testing.assert_array_equal(folds.of[trial.clips], trial.fold)
        true, p = labels[trial.clips], trial.probabilities
        assert trial.test == (cross_entropy(p, true), accuracy(true, p.argmax(axis=1)))
        assert len(trial.curves) == len(trial.chosen)
        for curve, k in zip(trial.curves, trial.chosen, strict=True):
            assert curve.network == QUICK.networks[k]
            assert len(curve.train.loss) == len(curve.test.loss) == 4
            assert len(curve.test.accuracy) == 4


def test_the_held_out_curve_is_measured_with_the_weights_of_each_epoch() -> None:
    """Its last point is what the trained network scores on the windows of the clips watched; and
    watching changes nothing: without it the same weights are learnt."""
    views, labels, folds = problem(np.random.default_rng(2))
    seen, unseen = folds.of != 1, folds.of == 1
    watched = ([view[unseen] for view in views], labels[unseen])
    ensemble, curves = learn(QUICK, (0, 1), [v[seen] for v in views], labels[seen], 3, 0, watched)
    for network, curve, view in zip(ensemble.networks, curves, watched[0], strict=True):
        loss, right = network.evaluate(*windows_of(view, labels[unseen]))
        assert (curve.test.loss[-1], curve.test.accuracy[-1]) == (loss, right)
    alone, empty = learn(QUICK, (0, 1), [v[seen] for v in views], labels[seen], 3, 0)
    assert empty[0].test.loss == []
    for one, two in zip(ensemble.networks, alone.networks, strict=True):
        assert [p.tobytes() for p in one.params] == [p.tobytes() for p in two.params]


@dataclass(frozen=True)
class Oracles:
    """A recipe whose networks need no training: network k reads its class off its view."""

    name: ClassVar[str] = "oracles"
    networks: ClassVar[tuple[str, ...]] = ("a", "b")

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        raise NotImplementedError

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        from mininet import Dense

        return Sequential([Dense.from_parameters(np.eye(n_classes), np.zeros(n_classes))])

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
    ) -> History:
        return History()


@settings(max_examples=30)
@given(rng=generators())
def test_the_most_accurate_networks_are_chosen(rng: np.random.Generator) -> None:
    """choose takes the subset of networks whose mean answer is right most often; of subsets that
    are equal, the one of least loss. One network alone is no choice."""
    n = 12
    labels, of = np.arange(n) % 3, np.arange(n) // 3 % 4
    views = [3 * rng.standard_normal((n, 1, 3)) + np.eye(3)[labels][:, None] for _ in range(2)]
    chosen = choose(Oracles(), views, labels, 3, of, 0)
    ranks: dict[tuple[int, ...], tuple[float, float]] = {}
    for group in ((0,), (1,), (0, 1)):
        e = [np.exp(views[k][:, 0] - views[k][:, 0].max(axis=1, keepdims=True)) for k in group]
        p = np.mean([each / each.sum(axis=1, keepdims=True) for each in e], axis=0)
        ranks[group] = (-accuracy(labels, p.argmax(axis=1)), cross_entropy(p, labels))
    assert ranks[chosen] == pytest.approx(min(ranks.values()))
    assert choose(Oracles(), views[:1], labels, 3, of, 0) == (0,)

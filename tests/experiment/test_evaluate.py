"""Properties of experiment/evaluate.py: test folds do not influence what is fitted, and the numbers
of a cross-validation are those of its predictions."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain, product
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mininet
from experiment import evaluate
from experiment.evaluate import EXPONENTS, TARGET_ACCURACY, Features, Trial, cross_validate
from experiment.folds import Folds
from experiment.recipes import Improved, Recipe, Reference
from mininet import History, accuracy, cross_entropy, sharpen, softmax
from tests.oracles import refusal
from tests.strategies import generators

QUICK = replace(Improved(), epochs=2, hidden=8, batch_size=8)
ESC10 = (
    *("chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog"),
    *("helicopter", "rain", "rooster", "sea_waves", "sneezing"),
)


def problem(seed: int, n: int = 24) -> tuple[Features, Folds]:
    """Three views of n clips of three classes, each with a copy, and four folds; some windows
    are silent."""
    rng, labels = np.random.default_rng(seed), np.arange(n) % 3
    clip, rhythm = rng.standard_normal((2, n, 2, 1, 4)) + labels[:, None, None, None]
    windows = rng.standard_normal((n, 2, 3, 5)) - labels[:, None, None, None]
    windows[rng.random((n, 2, 3)) < 0.2] = np.nan
    windows[:, :, 0] = 1.0
    folds = Folds("clips", rng.permutation(np.arange(n) // 3 % 4) + 1, [str(i) for i in range(n)])
    return Features([clip, windows, rhythm], folds.recordings, labels, "abc"), folds


def trials_and_fits(
    recipe: Recipe, features: Features, folds: Folds, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Trial, list[bytes]]]:
    """Each trial, with the bytes fitted for its fold: weights, biases, means, variances."""
    fitted: dict[int, list[bytes]] = {fold: [] for fold in folds.numbers}
    fit, named, now = type(recipe).fit, evaluate.named, [0]

    def spy(*args: object, **options: object) -> History:
        history = fit(*args, **options)  # type: ignore[arg-type]
        for layer in args[1].layers:  # type: ignore[attr-defined]
            fitted[now[0]].extend(param.tobytes() for param in layer.params)
            fitted[now[0]].append(str(layer.config()).encode())
        return history

    def note(fold: int, seed: int) -> AbstractContextManager[None]:
        now[0] = fold
        return named(fold, seed)

    with monkeypatch.context() as patch:
        patch.setattr(type(recipe), "fit", spy)
        patch.setattr(evaluate, "named", note)
        trials = [*chain(*cross_validate(recipe, features, folds, [3, 4]))]
    return [(trial, fitted[trial.fold]) for trial in trials]


def same_trial(one: Trial, two: Trial) -> bool:
    """Whether two trials agree to the bit."""
    np.testing.assert_equal(one._asdict(), two._asdict())
    return True


@pytest.mark.parametrize("recipe", [QUICK, Reference(epochs=2)])
def test_corrupting_the_test_fold_changes_no_fitted_number(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the clips of a fold are replaced by others a million times as large, and their labels are
    permuted, every number fitted when this fold is tested stays the same to the bit: weights,
    means, variances, the choice of networks, exponent and threshold, the training curves. In other
    folds they change. If only the augmented copies are replaced, the predictions stay too: a clip
    is tested, not its copies."""
    monkeypatch.setattr("experiment.recipes.HIDDEN", 20)
    features, folds = problem(0)
    features = features._replace(examples=features.examples[: len(recipe.networks)])
    clean = trials_and_fits(recipe, features, folds, monkeypatch)
    for fold, copies_alone in ((1, False), (2, True)):
        corrupt = deepcopy(features)
        rng, tested = np.random.default_rng(fold), folds.fold_of == fold
        for each in corrupt.examples:  # (n, 2, W, d)
            noise = 1e6 * rng.standard_normal(each[tested].shape)
            each[tested, copies_alone:] = noise[:, copies_alone:]
        if not copies_alone:
            corrupt.labels[tested] = rng.permutation(corrupt.labels[tested])
        pairs = zip(clean, trials_and_fits(recipe, corrupt, folds, monkeypatch), strict=True)
        for (before, fitted), (after, same) in pairs:
            if before.fold == fold:
                assert fitted == same and before.train == after.train
                assert before.threshold == after.threshold
                assert not copies_alone or same_trial(before, after)
                assert list(before.curves) == list(after.curves)
                for name, curve in before.curves.items():
                    np.testing.assert_array_equal(curve[:2], after.curves[name][:2])
            else:
                assert fitted != same


def test_every_clip_is_tested_once_with_each_seed() -> None:
    """Over the folds each clip is tested once with each seed; loss and accuracy are those of the
    probabilities; each curve has a point for every epoch. An executor changes no number."""
    features, folds = problem(1)
    trials = [*chain(*cross_validate(QUICK, features, folds, [0, 7]))]
    with ThreadPoolExecutor(2) as executor:
        others = chain(*cross_validate(QUICK, features, folds, [0, 7], executor))
        assert all(map(same_trial, trials, others))
    keys = [(trial.fold, trial.seed) for trial in trials]
    assert keys == [(fold, seed) for fold in (1, 2, 3, 4) for seed in (0, 7)]
    for trial in trials:
        np.testing.assert_array_equal(trial.clips, np.flatnonzero(folds.fold_of == trial.fold))
        true, p = features.labels[trial.clips], trial.probabilities
        assert trial.test == (cross_entropy(p, true), accuracy(true, p.argmax(axis=1)))
        assert set(trial.curves) <= set(QUICK.networks)
        assert all(curve.shape == (4, 2) for curve in trial.curves.values())


def test_a_diverging_trial_names_fold_and_seed() -> None:
    """Of the seed whose loss is not finite; the networks are chosen with the first."""
    message = refusal(
        lambda: list(cross_validate(replace(QUICK, learning_rate=1e30), *problem(3), [5]))
    )
    assert message.startswith("fold 1, seed 5: the loss or a weight is NaN or infinite in epoch ")


@dataclass(frozen=True)
class Oracles(Reference):
    """A recipe whose networks need no training: the logits of network k are its view."""

    name: ClassVar[str] = "oracles"
    networks: ClassVar[tuple[str, ...]] = ("a", "b")

    def build(self, x: np.ndarray, n_classes: int, rng: object) -> mininet.Sequential:
        layer = mininet.Dense.from_parameters(np.eye(n_classes), np.zeros(n_classes))
        return mininet.Sequential([layer])

    def fit(self, *args: object, **options: object) -> History:
        return History()


@settings(max_examples=30)
@given(generators())
def test_the_subset_and_exponent_of_least_loss_are_chosen(rng: np.random.Generator) -> None:
    """choose_networks returns the subset and the exponent whose sharpened mean probabilities have
    the least loss, their threshold and their accuracy; if there is one network, this one."""
    labels, fold_of = np.arange(12) % 3, np.arange(12) // 3 % 4
    shape, means = (12, 1, 1, 3), np.eye(3)[labels][:, None, None]
    examples = [3 * rng.standard_normal(shape) + means for _ in range(2)]
    features = Features(examples, ["a"] * 12, labels, "abc")
    choice = evaluate.choose_networks(Oracles(), features, fold_of, 0)
    losses: dict[tuple[Sequence[int], float], float] = {}
    for subset, exponent in product(((0,), (1,), (0, 1)), EXPONENTS):
        p = np.mean([softmax(examples[k][:, 0, 0]) for k in subset], axis=0)
        losses[subset, exponent] = cross_entropy(sharpen(p, exponent), labels)
    assert losses[choice.networks, choice.exponent] == pytest.approx(min(losses.values()))
    p = np.mean([softmax(examples[k][:, 0, 0]) for k in choice.networks], axis=0)
    p = sharpen(p, choice.exponent)
    assert choice.threshold == pytest.approx(evaluate.find_threshold(p, labels))
    assert choice.accuracy == np.mean(p.argmax(axis=1) == labels)
    one = features._replace(examples=examples[:1])
    assert evaluate.choose_networks(Oracles(), one, fold_of, 0) == ((0,), 1.0, None, None)


@given(st.lists(st.tuples(st.integers(5, 20), st.integers(0, 9)), min_size=1, max_size=40))
def test_the_threshold_is_the_smallest_with_95_percent_right(
    answers: list[tuple[int, int]],
) -> None:
    """Of the answers whose probability (k/20, many are equal) is at least the threshold 95 % are
    right, and no smaller probability has this property; 1 if none has."""
    confidence = np.array([max(k, 20 - k) / 20 for k, _ in answers])
    right = np.array([digit > 0 for _, digit in answers])
    enough = [k / 20 for k in range(10, 21) if right[confidence == k / 20].size]
    enough = [t for t in enough if right[confidence >= t].mean() >= TARGET_ACCURACY]
    p = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.where(right, p.argmax(axis=1), 1 - p.argmax(axis=1))
    assert evaluate.find_threshold(p, labels) == min(enough, default=1.0)


def predicting(
    classes: Sequence[str], names: list[str], predicted: np.ndarray
) -> tuple[list[Trial], Folds, Features]:
    """Trials of clips of class i % len(classes) with these predictions (n_seeds, n)."""
    n, labels = len(names), np.arange(len(names)) % len(classes)
    folds = Folds("clips", np.arange(n) % 2, [str(i // 2) for i in range(n)])
    trials = []
    for fold in (0, 1):
        tested = np.flatnonzero(folds.fold_of == fold)
        curve = np.array([[fold + 1.0, 1.0], [0.5, 0.5], [3.0, fold + 1.0], [0.25, 0.5]])
        for seed, row in enumerate(predicted):
            p = np.full((len(tested), len(classes)), 0.01)
            p[np.arange(len(tested)), row[tested]] = 1 - 0.01 * (len(classes) - 1)
            scores = evaluate.scores(p, labels[tested])
            trials.append(Trial(fold, seed, tested, 0.9, p, (0.5, 0.75), scores, {"a": curve}))
    return trials, folds, Features([], names, labels, classes)


@given(generators())
def test_the_metrics_are_those_of_the_predictions(rng: np.random.Generator) -> None:
    """Accuracy by fold and seed, their means and standard deviations, confusion matrix, scores and
    interval (over recordings) follow from the predictions; curves are averaged over trials."""
    predicted = rng.integers(0, 3, (2, 12))
    result = predicting("abc", [f"x/{i}.wav" for i in range(12)], predicted)
    metrics, labels = evaluate.metrics(*result), np.arange(12) % 3
    correct = predicted == labels
    table = np.array([[row[fold::2].mean() for row in correct] for fold in (0, 1)])
    np.testing.assert_allclose(metrics["by_fold_and_seed"], table)
    for name, spread, axis in (("folds", "std", 1), ("seeds", "seeds_std", 0)):
        np.testing.assert_allclose(metrics[name], table.mean(axis=axis))
        assert metrics[spread] == pytest.approx(table.mean(axis=axis).std())
    assert metrics["mean"] == pytest.approx(correct.mean())
    matrix = np.zeros((3, 3), int)
    np.add.at(matrix, (np.tile(labels, 2), predicted.ravel()), 1)
    np.testing.assert_array_equal(metrics["confusion"], matrix)
    rows = [list(metrics["scores"][name].values()) for name in "abc"]
    np.testing.assert_allclose(rows, mininet.precision_recall_f1(matrix))
    assert metrics["interval_95"] == list(mininet.wilson_interval(correct.mean(), 6))
    assert metrics["recordings"] == 6 and metrics["chosen"] == [["a"]] * 2
    assert metrics["train"] == {"loss": 0.5, "accuracy": 0.75}
    # every probability is 0.98, in the bin from 14/15 to 1; the threshold is 0.9
    np.testing.assert_allclose(metrics["reliability"][-1], [24, 0.98, correct.mean()])
    assert not np.any(metrics["reliability"][:-1])
    assert metrics["calibration_error"] == pytest.approx(abs(0.98 - correct.mean()))
    assert metrics["sure"] == pytest.approx({"proportion": 1.0, "accuracy": correct.mean()})
    curve = evaluate.mean_curves(result[0])["a"]
    np.testing.assert_array_equal(curve[[0, 2]], [[1.5, 1.0], [3.0, 1.5]])


def test_sure_answers_are_counted_against_the_threshold_of_their_trial() -> None:
    """Two trials of two clips of class 0, thresholds 0.7 and 0.9: three of the four answers are
    sure, one at its threshold, and two of the three are right. Without a threshold: None."""
    trials, folds, features = predicting("ab", ["a/0.wav", "b/1.wav"], np.zeros((1, 2), int))
    first = np.array([[0.7, 0.3], [0.2, 0.8]]), np.array([[0.11, 0.89], [0.95, 0.05]])
    both = [
        t._replace(clips=np.array([0, 0]), probabilities=p)
        for t, p in zip(trials, first, strict=True)
    ]
    pair = [both[0]._replace(threshold=0.7), both[1]]
    sure = evaluate.metrics(pair, folds, features)["sure"]
    assert sure == pytest.approx({"proportion": 3 / 4, "accuracy": 2 / 3})
    none = [trial._replace(threshold=1.0) for trial in both]
    assert evaluate.metrics(none, folds, features)["sure"] == {"proportion": 0, "accuracy": 0}
    missing = [trial._replace(threshold=None) for trial in both]
    assert evaluate.metrics(missing, folds, features)["sure"] is None


def with_mistakes() -> tuple[list[Trial], Folds, Features]:
    """Twenty clips of ESC-10 and three seeds: one clip is wrong with three, one with two, one with
    one."""
    names = [f"{ESC10[i % 10]}/1-{i}-A.ogg" for i in range(20)]
    names[0] = "chainsaw/1-19898-A.ogg"
    predicted = np.tile(np.arange(20) % 10, (3, 1))
    predicted[:, 0], predicted[:2, 3], predicted[2, 4] = 5, 8, 1
    return predicting(ESC10, names, predicted)


def test_mistakes_are_sorted_and_stand_next_to_the_answers_of_people() -> None:
    """Each clip that was wrong with any seed: how often, the most frequent wrong prediction, and
    how many people recognized it."""
    rows = evaluate.metrics(*with_mistakes())["mistakes"]
    assert [tuple(row.values()) for row in rows] == [
        ("chainsaw/1-19898-A.ogg", "helicopter", 3, 3, 46, 47),
        ("crying_baby/1-3-A.ogg", "sea_waves", 2, 3, None, None),
        ("dog/1-4-A.ogg", "clock_tick", 1, 3, None, None),
    ]


# The answers of people


def test_people_answered_correctly_in_957_of_1000_cases() -> None:
    """4687 answers, 4487 correct; the counts by clip add up to the matrix, class by class. There is
    no matrix for other classes."""
    matrix = evaluate.human_confusion(ESC10)
    assert matrix is not None and matrix.shape == (10, 10)
    assert matrix.sum() == 4687 and matrix.trace() == 4487
    rows = evaluate._rows("human_clips.csv")
    assert len(rows) == 321
    for i, name in enumerate(ESC10):
        clips = np.array([(r["correct"], r["answers"]) for r in rows if r["class"] == name], int)
        np.testing.assert_array_equal(clips.sum(axis=0), [matrix[i, i], matrix[i].sum()])
        assert np.all((clips[:, 0] >= 0) & (clips[:, 0] <= clips[:, 1]))
    for classes in (ESC10[:9], (*ESC10, "wind"), ESC10[::-1]):
        assert evaluate.human_confusion(classes) is None


def test_clips_are_known_by_the_names_of_both_datasets() -> None:
    """ESC-10's 1-19898-A.ogg is ESC-50's 1-19898-A-41.wav; there are no answers for other clips."""
    for name in ("chainsaw/1-19898-A.ogg", "chainsaw/1-19898-A-41.wav"):
        assert evaluate.human_answers(name) == (46, 47)
    for name in ("dog/1-19898-A.ogg", "chainsaw/9-9-Z.ogg", "chainsaw/x.wav"):
        assert evaluate.human_answers(name) is None

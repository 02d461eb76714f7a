"""Properties of experiment/evaluate.py: test folds do not influence what is fitted, and the numbers
of a cross-validation are those of its predictions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings

from experiment import evaluate
from experiment.data import Clip, Dataset
from experiment.evaluate import (
    CrossValidation,
    Curve,
    TrainingTask,
    Trial,
    choose_networks,
    cross_validate,
    human_answers,
    human_confusion,
)
from experiment.folds import Folds
from experiment.recipes import Examples, Improved, Recipe, Reference
from mininet import (
    Dense,
    History,
    Sequential,
    accuracy,
    cross_entropy,
    precision_recall_f1,
    softmax,
    wilson_interval,
)
from tests.oracles import refusal
from tests.strategies import generators

QUICK = replace(Improved(), epochs=4, hidden=8, batch_size=8)
ESC10 = (
    *("chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog"),
    *("helicopter", "rain", "rooster", "sea_waves", "sneezing"),
)


def problem(seed: int, n: int = 24) -> tuple[list[np.ndarray], np.ndarray, Folds]:
    """Two views of n clips of three classes, some windows silent; four folds."""
    rng, labels = np.random.default_rng(seed), np.arange(n) % 3
    clip = rng.standard_normal((n, 1, 4)) + labels[:, None, None]
    windows = rng.standard_normal((n, 3, 5)) - labels[:, None, None]
    windows[rng.random((n, 3)) < 0.2] = np.nan
    windows[:, 0] = 1.0
    fold_of = rng.permutation(np.arange(n) // 3 % 4) + 1
    return [clip, windows], labels, Folds("clips", fold_of, [str(i) for i in range(n)])


def trials_and_fits(
    recipe: Recipe,
    views: list[np.ndarray],
    labels: np.ndarray,
    folds: Folds,
    monkeypatch: pytest.MonkeyPatch,
) -> list[tuple[Trial, list[bytes]]]:
    """Each trial with the bytes of what was fitted for it: weights, biases, means, variances."""
    fitted: list[bytes] = []
    train = TrainingTask.train

    def spy(task: TrainingTask, *args: object, **options: object) -> Curve:
        curve = train(task, *args, **options)  # type: ignore[arg-type]
        for layer in task.network.layers:
            fitted.extend(param.tobytes() for param in layer.params)
            fitted.append(str(layer.config()).encode())
        return curve

    with monkeypatch.context() as patch:
        patch.setattr(TrainingTask, "train", spy)
        out = []
        for trial in cross_validate(recipe, views, labels, folds, [3, 4]):
            out.append((trial, fitted.copy()))
            fitted.clear()
    return out


@pytest.mark.parametrize("recipe", [QUICK, Reference(epochs=2)])
def test_corrupting_the_test_fold_changes_no_fitted_number(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the clips of a fold are replaced by others a million times as large, and their labels are
    permuted, every number fitted when this fold is tested stays the same to the bit: weights,
    means, variances, the choice of networks, the training curves. In other folds they change."""
    monkeypatch.setattr("experiment.recipes.HIDDEN", 20)
    views, labels, folds = problem(0)
    views = views[: len(recipe.networks)]
    clean = trials_and_fits(recipe, views, labels, folds, monkeypatch)
    for fold in folds.numbers[:2]:
        corrupt = [view.copy() for view in views]
        rng, tested = np.random.default_rng(fold), folds.fold_of == fold
        for view in corrupt:
            view[tested] = 1e6 * rng.standard_normal(view[tested].shape)
        other = labels.copy()
        other[tested] = rng.permutation(labels[tested])
        pairs = zip(clean, trials_and_fits(recipe, corrupt, other, folds, monkeypatch), strict=True)
        for (before, fitted), (after, same) in pairs:
            if before.fold == fold:
                assert fitted == same and before.chosen == after.chosen
                assert before.train == after.train
                assert [c.train for c in before.curves] == [c.train for c in after.curves]
            else:
                assert fitted != same


def test_every_clip_is_tested_once_with_each_seed() -> None:
    """Over the folds each clip is tested once with each seed; loss and accuracy are those of the
    probabilities; each curve has a point for every epoch."""
    views, labels, folds = problem(1)
    trials = list(cross_validate(QUICK, views, labels, folds, [0, 7]))
    keys = [(trial.fold, trial.seed) for trial in trials]
    assert keys == [(fold, seed) for fold in (1, 2, 3, 4) for seed in (0, 7)]
    for seed in (0, 7):
        tested = np.concatenate([trial.clips for trial in trials if trial.seed == seed])
        assert sorted(tested.tolist()) == list(range(len(labels)))
    for trial in trials:
        np.testing.assert_array_equal(folds.fold_of[trial.clips], trial.fold)
        true, p = labels[trial.clips], trial.probabilities
        assert trial.test == (cross_entropy(p, true), accuracy(true, p.argmax(axis=1)))
        assert [c.network for c in trial.curves] == [QUICK.networks[k] for k in trial.chosen]
        for curve in trial.curves:
            assert len(curve.train.loss) == len(curve.test.loss) == len(curve.test.accuracy) == 4


def test_a_diverging_trial_names_fold_and_seed() -> None:
    """A loss that is not finite, or a probability after the last epoch."""
    views, labels, folds = problem(3)
    recipe = replace(QUICK, learning_rate=1e30)
    message = refusal(lambda: list(cross_validate(recipe, views, labels, folds, [5])))
    assert message.startswith("fold 1, seed 5: the loss or a weight is NaN or infinite in epoch ")
    p = np.array([[np.nan, 1.0]])
    assert refusal(evaluate.scores, p, np.array([0])).startswith("probabilities are not finite")


@dataclass(frozen=True)
class Oracles(Reference):
    """A recipe whose networks need no training: the logits of network k are its view."""

    name: ClassVar[str] = "oracles"
    networks: ClassVar[tuple[str, ...]] = ("a", "b")

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        return Sequential([Dense.from_parameters(np.eye(n_classes), np.zeros(n_classes))])

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
        held_out: Examples | None = None,
    ) -> tuple[History, History]:
        return History(), History()


@settings(max_examples=30)
@given(generators())
def test_the_most_accurate_subset_of_networks_is_chosen(rng: np.random.Generator) -> None:
    """choose_networks returns the subset whose mean probabilities are most accurate; of equally
    accurate ones the subset of least loss; the network if there is one."""
    labels, fold_of = np.arange(12) % 3, np.arange(12) // 3 % 4
    views = [3 * rng.standard_normal((12, 1, 3)) + np.eye(3)[labels][:, None] for _ in range(2)]
    chosen = choose_networks(Oracles(), views, labels, 3, fold_of, 0)
    ranks: dict[tuple[int, ...], tuple[float, float]] = {}
    for subset in ((0,), (1,), (0, 1)):
        p = np.mean([softmax(views[k][:, 0]) for k in subset], axis=0)
        ranks[subset] = (-accuracy(labels, p.argmax(axis=1)), cross_entropy(p, labels))
    assert ranks[chosen] == pytest.approx(min(ranks.values()))
    assert choose_networks(Oracles(), views[:1], labels, 3, fold_of, 0) == (0,)


def predicting(classes: list[str], names: list[str], predicted: np.ndarray) -> CrossValidation:
    """A cross-validation of clips of class i % len(classes) with these predictions (n_seeds, n)."""
    n, labels = len(names), np.arange(len(names)) % len(classes)
    folds = Folds("clips", np.arange(n) % 2, [str(i // 2) for i in range(n)])
    dataset = Dataset(classes, names, labels, names, lambda name: Clip(np.zeros(1)))
    curves = [
        Curve("a", History([k, 1.0], [0.5, 0.5], [0.1, 0.1]), History([3.0, k], [0.25, 0.5]))
        for k in (1.0, 2.0)
    ]
    trials = []
    for fold in (0, 1):
        tested = np.flatnonzero(folds.fold_of == fold)
        for seed, row in enumerate(predicted):
            p = np.full((len(tested), len(classes)), 0.01)
            p[np.arange(len(tested)), row[tested]] = 1 - 0.01 * (len(classes) - 1)
            scores = evaluate.scores(p, labels[tested])
            trials.append(Trial(fold, seed, (0,), tested, p, (0.5, 0.75), scores, [curves[fold]]))
    return CrossValidation(trials, folds, range(len(predicted)), dataset)


@given(generators())
def test_the_metrics_are_those_of_the_predictions(rng: np.random.Generator) -> None:
    """Accuracy by fold and seed, their means and standard deviations, confusion matrix, scores and
    interval (over recordings) follow from the predictions; curves are averaged over trials."""
    predicted = rng.integers(0, 3, (2, 12))
    result = predicting(["a", "b", "c"], [f"x/{i}.wav" for i in range(12)], predicted)
    metrics, labels = result.metrics(), np.arange(12) % 3
    correct = predicted == labels
    table = np.array([[row[fold::2].mean() for row in correct] for fold in (0, 1)])
    np.testing.assert_allclose(metrics["by_fold_and_seed"], table)
    np.testing.assert_allclose(metrics["folds"], table.mean(axis=1))
    np.testing.assert_allclose(metrics["seeds"], table.mean(axis=0))
    assert metrics["mean"] == pytest.approx(correct.mean())
    assert metrics["std"] == pytest.approx(table.mean(axis=1).std())
    assert metrics["seeds_std"] == pytest.approx(table.mean(axis=0).std())
    matrix = np.zeros((3, 3), int)
    np.add.at(matrix, (np.tile(labels, 2), predicted.ravel()), 1)
    np.testing.assert_array_equal(metrics["confusion"], matrix)
    rows = [list(metrics["scores"][name].values()) for name in "abc"]
    np.testing.assert_allclose(rows, precision_recall_f1(matrix))
    assert metrics["interval_95"] == list(wilson_interval(correct.mean(), 6))
    assert metrics["train"] == {"loss": 0.5, "accuracy": 0.75} and metrics["chosen"] == [["a"]] * 2
    train, test = result.mean_curves()["a"]
    assert (train.loss, test.loss) == ([1.5, 1.0], [3.0, 1.5])


def test_mistakes_are_sorted_and_stand_next_to_the_answers_of_people() -> None:
    """Each clip that was wrong with any seed: how often, the most frequent wrong prediction, and
    how many people recognized it."""
    names = [f"{ESC10[i % 10]}/1-{i}-A.ogg" for i in range(20)]
    names[0] = "chainsaw/1-19898-A.ogg"
    predicted = np.tile(np.arange(20) % 10, (3, 1))
    predicted[:, 0], predicted[:2, 3], predicted[2, 4] = 5, 8, 1
    rows = predicting(list(ESC10), names, predicted).metrics()["mistakes"]
    assert [(row["clip"], row["wrong"], row["predicted"], row["seeds"]) for row in rows] == [
        ("chainsaw/1-19898-A.ogg", 3, "helicopter", 3),
        ("crying_baby/1-3-A.ogg", 2, "sea_waves", 3),
        ("dog/1-4-A.ogg", 1, "clock_tick", 3),
    ]
    assert all(a["wrong"] >= b["wrong"] for a, b in pairwise(rows))
    assert (rows[0]["people_right"], rows[0]["people_asked"]) == (46, 47)
    assert rows[1]["people_asked"] is None


# The answers of people


def test_people_answered_correctly_in_957_of_1000_cases() -> None:
    """4687 answers, 4487 correct; the counts by clip add up to the matrix, class by class. There is
    no matrix for other classes."""
    matrix = human_confusion(ESC10)
    assert matrix is not None and matrix.shape == (10, 10)
    assert matrix.sum() == 4687 and matrix.trace() == 4487
    rows = evaluate._rows("human_clips.csv")
    assert len(rows) == 321
    for i, name in enumerate(ESC10):
        clips = [(int(r["correct"]), int(r["answers"])) for r in rows if r["class"] == name]
        assert [sum(column) for column in zip(*clips, strict=True)] == [
            matrix[i, i],
            matrix[i].sum(),
        ]
        assert all(0 <= correct <= answers for correct, answers in clips)
    for classes in (ESC10[:9], (*ESC10, "wind"), ESC10[::-1]):
        assert human_confusion(classes) is None


def test_clips_are_known_by_the_names_of_both_datasets() -> None:
    """ESC-10's 1-19898-A.ogg is ESC-50's 1-19898-A-41.wav; there are no answers for other clips."""
    for name in ("chainsaw/1-19898-A.ogg", "chainsaw/1-19898-A-41.wav"):
        assert human_answers(name) == (46, 47)
    for name in ("dog/1-19898-A.ogg", "chainsaw/9-9-Z.ogg", "chainsaw/x.wav"):
        assert human_answers(name) is None

"""Properties of mininet/metrics.py: counts, and the scores computed from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mininet import accuracy, confusion_matrix, precision_recall_f1, wilson_interval
from tests.oracles import assert_within, refusal
from tests.strategies import eps_of

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)
INTEGERS = st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.uint64, np.int64])
MATRICES = st.integers(1, 5).flatmap(
    lambda n: hnp.arrays(INTEGERS, (n, n), elements=st.integers(0, 127))
)

Pairs = list[tuple[int, int]]


@given(PAIRS, st.integers(0, 3), INTEGERS)
def test_accuracy_and_the_confusion_matrix_count_the_pairs(
    pairs: Pairs, extra: int, dtype: type
) -> None:
    """M[i, j] = |{k: y_true = i, y_pred = j}|, for as many classes as there are labels or more;
    accuracy is the proportion of equal labels, the trace of M over n; both are symmetric."""
    needed, (y_true, y_pred) = 1 + max(map(max, pairs)), np.array(pairs, dtype).T
    right = sum(true == predicted for true, predicted in pairs)
    for n_classes in (None, needed, needed + extra):
        matrix, n = confusion_matrix(y_true, y_pred, n_classes), n_classes or needed
        assert matrix.tolist() == [[pairs.count((i, j)) for j in range(n)] for i in range(n)]
        assert matrix.dtype.kind == "i" and np.trace(matrix) == right
        np.testing.assert_array_equal(confusion_matrix(y_pred, y_true, n_classes), matrix.T)
    assert abs(accuracy(y_true, y_pred) - right / len(pairs)) <= eps_of(float)
    assert accuracy(y_pred, y_true) == accuracy(y_true, y_pred.astype(np.uint8))
    assert accuracy(y_true, y_true) == 1


@given(MATRICES)
def test_precision_recall_and_f1_are_their_definitions(matrix: np.ndarray) -> None:
    """For a class c: precision, the proportion of its predictions that are right; recall, the
    proportion of its examples that are found; F1, their harmonic mean; 0 where undefined."""
    rows = precision_recall_f1(matrix)
    assert rows.shape == (len(matrix), 3) and rows.dtype == np.float64
    cells = matrix.tolist()
    for c, row in enumerate(rows):
        right, examples = cells[c][c], sum(cells[c])
        predictions = sum(cells[i][c] for i in range(len(cells)))
        precision = right / predictions if predictions else 0
        recall = right / examples if examples else 0
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        # the harmonic mean takes five roundings, the quotient of counts only one
        assert_within(row, [precision, recall, f1], 4 * eps_of(float))


def test_metrics_worked_by_hand() -> None:
    """Five examples of two classes, and a third class that never occurs, without a warning."""
    # true 0 0 0 1 1, predicted 0 0 1 1 0:  M = (2 1 0; 1 1 0; 0 0 0), 3 of 5 right.
    # class 0: precision 2/3, recall 2/3, F1 2/3;  class 1: precision 1/2, recall 1/2, F1 1/2
    y_true, y_pred = [0, 0, 0, 1, 1], [0, 0, 1, 1, 0]
    assert accuracy(y_true, y_pred) == 0.6
    matrix = confusion_matrix(y_true, y_pred, 3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    with np.errstate(all="raise"):
        expected = [[2 / 3] * 3, [1 / 2] * 3, [0] * 3]
        assert_within(precision_recall_f1(matrix.tolist()), expected, eps_of(float))
        # proportions instead of counts have the same scores, also where a sum is 1 or less
        assert_within(precision_recall_f1(matrix / 5), expected, 4 * eps_of(float))


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.1, 4))
def test_the_bounds_of_the_interval_are_z_deviations_away(n: int, p: float, z: float) -> None:
    """At each bound q, p lies z standard deviations √(q(1 - q)/n) away; p is inside, and both
    bounds lie in [0, 1]."""
    lower, upper = wilson_interval(p, n, z)
    assert 0 <= lower <= p + 1e-12 and p - 1e-12 <= upper <= 1
    for q in (lower, upper):
        # the squares are compared: the root of q(1 - q) loses half the digits near 0
        assert (p - q) ** 2 == pytest.approx(z**2 * q * (1 - q) / n, rel=1e-6, abs=1e-12)


def test_the_interval_contains_the_true_proportion_in_95_of_100_experiments() -> None:
    """Of 4000 experiments of 400 trials, 95 % contain the proportion they were drawn with, within
    five standard errors and the step of the counts; for 0.7 it is ±4.5 points wide."""
    rng = np.random.default_rng(0)
    for true in (0.1, 0.7, 0.95):
        bounds = [wilson_interval(count / 400, 400) for count in rng.binomial(400, true, 4000)]
        covered = np.mean([lower <= true <= upper for lower, upper in bounds])
        assert abs(covered - 0.95) < 0.02
    lower, upper = wilson_interval(0.7, 400)
    assert (upper - lower) / 2 == pytest.approx(0.045, abs=5e-4)
    for n in range(1, 100):  # all or no successes: 1 or 0, to rounding and not beyond
        (lower, none), (all_but, upper) = wilson_interval(0, n), wilson_interval(1, n)
        assert 0 <= lower <= 8 * eps_of(float) and 1 - 8 * eps_of(float) <= upper <= 1
        assert_within([none, 1 - all_but], [1.96**2 / (n + 1.96**2)] * 2, 8 * eps_of(float))


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
def test_labels_that_are_not_equally_many_integers_are_rejected(metric: Any) -> None:
    """y_true and y_pred must both be (n,), n > 0, of integers, not of floats or truth values."""
    none, cases = np.zeros(0, int), list[tuple[Any, Any]]()
    cases += [([0], [0, 1]), ([], []), ([[0]], [[0]]), (0, 0), ([0, 1], [[0, 1]]), (none, none)]
    for y_true, y_pred in [*cases, ([0.0], [0]), ([0], [0.5]), ([True], [0])]:
        found = " and ".join(f"{np.asarray(y).dtype}{np.shape(y)}" for y in (y_true, y_pred))
        message = f"y_true and y_pred, {found}, must both be integers (n,), n > 0"
        assert refusal(metric, y_true, y_pred) == message


def test_values_out_of_range_are_rejected() -> None:
    """Labels must lie in 0 … n_classes - 1, so that none is counted in the cell of another; a
    confusion matrix must be square, a proportion lie in [0, 1], n be a positive integer."""
    for y, n_classes, message in (
        ([0, 3], 3, "labels from 0 to 3 must lie in 0 … 2"),
        ([-2, 2], None, "labels from -2 to 2 must lie in 0 … 2"),
        ([0, 1], 0, "n_classes=0 must be a positive integer"),
    ):
        assert refusal(confusion_matrix, y, [0, 2], n_classes) == message
        assert refusal(confusion_matrix, [0, 2], y, n_classes) == message
    for matrix in map(np.ones, [(2, 3), (3,), (2, 2, 2), ()]):
        message = f"confusion has shape {matrix.shape}; it must be square"
        assert refusal(precision_recall_f1, matrix) == message
    for p in (-0.1, 1.1, math.nan, "1", None):
        message = f"proportion={p!r} must be at least 0 and at most 1"
        assert refusal(wilson_interval, p, 9) == message
    for n in (0, -1, 9.0):
        assert refusal(wilson_interval, 0.5, n) == f"n={n!r} must be a positive integer"

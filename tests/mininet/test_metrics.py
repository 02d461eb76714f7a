"""Theorems about mininet/metrics.py: counting, and what is made of the counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.oracles import assert_within, refusal
from tests.strategies import eps_of

from mininet import accuracy, confusion_matrix, precision_recall_f1, wilson_interval

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)
INTEGERS = st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.uint64, np.int64])
MATRICES = st.integers(1, 5).flatmap(
    lambda n: hnp.arrays(INTEGERS, (n, n), elements=st.integers(0, 127))
)

Pairs = list[tuple[int, int]]


def columns(pairs: Pairs, dtype: type = np.int64) -> tuple[np.ndarray, np.ndarray]:
    """y_true and y_pred."""
    y_true, y_pred = np.array(pairs, dtype).T
    return y_true, y_pred


@given(PAIRS, INTEGERS)
def test_accuracy_is_the_share_of_equal_labels(pairs: Pairs, dtype: type) -> None:
    """accuracy = |{i: y_true = y_pred}|/n, symmetric, 1 for equal rows."""
    y_true, y_pred = columns(pairs, dtype)
    share = sum(true == predicted for true, predicted in pairs) / len(pairs)
    assert abs(accuracy(y_true, y_pred) - share) <= eps_of(float)
    assert accuracy(y_pred, y_true) == accuracy(y_true, y_pred)
    assert accuracy(y_true, y_true) == 1


@given(PAIRS, st.integers(0, 3), INTEGERS)
def test_the_confusion_matrix_counts_the_pairs(pairs: Pairs, extra: int, dtype: type) -> None:
    """M[i, j] = |{k: y_true = i, y_pred = j}|, for as many classes as there are labels or more."""
    needed = 1 + max(map(max, pairs))
    y_true, y_pred = columns(pairs, dtype)
    for n_classes in (None, needed, needed + extra):
        matrix = confusion_matrix(y_true, y_pred, n_classes)
        n = needed if n_classes is None else n_classes
        assert matrix.tolist() == [[pairs.count((i, j)) for j in range(n)] for i in range(n)]
        assert matrix.dtype.kind == "i"


@given(PAIRS)
def test_the_sums_of_the_confusion_matrix_are_the_counts(pairs: Pairs) -> None:
    """All cells sum to n, row i to the examples of class i, column j to the answers j; the trace
    is n·accuracy; the classes exchanged, the matrix is transposed."""
    y_true, y_pred = columns(pairs)
    matrix = confusion_matrix(y_true, y_pred)
    n_classes = len(matrix)
    assert matrix.sum() == len(pairs)
    assert matrix.sum(axis=1).tolist() == [int(np.sum(y_true == c)) for c in range(n_classes)]
    assert matrix.sum(axis=0).tolist() == [int(np.sum(y_pred == c)) for c in range(n_classes)]
    assert abs(np.trace(matrix) / len(pairs) - accuracy(y_true, y_pred)) <= eps_of(float)
    np.testing.assert_array_equal(confusion_matrix(y_pred, y_true), matrix.T)


@given(MATRICES)
def test_precision_recall_and_f1_are_their_definitions(matrix: np.ndarray) -> None:
    """Of a class c: precision, the share of its answers that are right; recall, the share of its
    examples that are found; F1, their harmonic mean; 0 where there is nothing to divide by."""
    rows = precision_recall_f1(matrix)
    assert rows.shape == (len(matrix), 3) and rows.dtype == np.float64
    cells = matrix.tolist()
    for c, row in enumerate(rows):
        right, found = cells[c][c], sum(cells[c])
        answered = sum(cells[i][c] for i in range(len(cells)))
        precision = right / answered if answered else 0
        recall = right / found if found else 0
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        # the harmonic mean takes five roundings, the quotient of counts but one
        assert_within(row, [precision, recall, f1], 4 * eps_of(float))


@given(PAIRS)
def test_recall_averaged_over_the_examples_is_accuracy(pairs: Pairs) -> None:
    """Σ_c n_c recall_c = n·accuracy, n_c the examples of class c; the same for precision."""
    y_true, y_pred = columns(pairs)
    matrix = confusion_matrix(y_true, y_pred)
    precision, recall, _ = precision_recall_f1(matrix).T
    right = len(pairs) * accuracy(y_true, y_pred)
    # seven products of a quotient, summed, and the mean of accuracy
    bound = 10 * eps_of(float) * len(pairs)
    assert abs(matrix.sum(axis=1) @ recall - right) <= bound
    assert abs(matrix.sum(axis=0) @ precision - right) <= bound


def test_metrics_worked_by_hand() -> None:
    """Five examples of two classes, and a third class that never occurs."""
    # true 0 0 0 1 1, predicted 0 0 1 1 0:  M = (2 1 0; 1 1 0; 0 0 0), 3 of 5 right.
    # class 0: precision 2/3, recall 2/3, F1 2/3;  class 1: precision 1/2, recall 1/2, F1 1/2
    y_true, y_pred = [0, 0, 0, 1, 1], [0, 0, 1, 1, 0]
    assert accuracy(y_true, y_pred) == 0.6
    matrix = confusion_matrix(y_true, y_pred, 3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    expected = [[2 / 3] * 3, [1 / 2] * 3, [0] * 3]
    assert_within(precision_recall_f1(matrix.tolist()), expected, eps_of(float))


@given(MATRICES, st.integers(1, 1000))
def test_scaled_counts_give_the_same_scores(matrix: np.ndarray, factor: int) -> None:
    """Ten times the examples, shared out alike, change no score: counts or shares of counts, of
    any number type, also where a sum of them would overflow that type."""
    scores = precision_recall_f1(matrix)
    for scaled in (matrix.astype(np.int64) * factor, matrix / factor):
        assert_within(precision_recall_f1(scaled), scores, 16 * eps_of(float))


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
@pytest.mark.parametrize(
    ("y_true", "y_pred"), [([0], [0, 1]), ([], []), ([[0]], [[0]]), (0, 0), ([0, 1], [[0, 1]])]
)
def test_labels_that_do_not_fit_are_refused(metric: Any, y_true: Any, y_pred: Any) -> None:
    """y_true and y_pred must both be (n,), n > 0."""
    shapes = f"y_true {np.shape(y_true)} and y_pred {np.shape(y_pred)}"
    assert refusal(metric, y_true, y_pred) == f"{shapes} must both be (n,), n > 0"


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
@pytest.mark.parametrize(("y_true", "y_pred"), [([0.0], [0]), ([0], [0.5]), ([True], [0])])
def test_labels_that_are_no_integers_are_refused(metric: Any, y_true: Any, y_pred: Any) -> None:
    """Labels must be integers, not numbers or truth values that look like them."""
    dtypes = f"{np.asarray(y_true).dtype} and {np.asarray(y_pred).dtype}"
    assert refusal(metric, y_true, y_pred) == f"labels must be integers, not {dtypes}"


@pytest.mark.parametrize(
    ("y_true", "y_pred", "told"),
    [
        ([0, 3], [0, 0], "labels from 0 to 3 must lie in 0 … 2"),
        ([0, 0], [1, 4], "labels from 0 to 4 must lie in 0 … 2"),
        ([-1, 0], [2, 1], "labels from -1 to 2 must lie in 0 … 2"),
        ([1, 2], [-2, 0], "labels from -2 to 2 must lie in 0 … 2"),
    ],
)
def test_labels_out_of_range_are_refused(y_true: Any, y_pred: Any, told: str) -> None:
    """Labels must lie in 0 … n_classes - 1: none is counted in another's cell."""
    assert refusal(confusion_matrix, y_true, y_pred, 3) == told


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 2, 2), ()])
def test_a_confusion_matrix_that_is_not_square_is_refused(shape: tuple[int, ...]) -> None:
    """confusion must be square."""
    message = refusal(precision_recall_f1, np.ones(shape))
    assert message == f"confusion has shape {shape}; it must be square"


def test_an_empty_class_scores_0_without_a_warning() -> None:
    """A matrix of zeros has scores of 0."""
    with np.errstate(all="raise"):
        assert not precision_recall_f1(np.zeros((3, 3), int)).any()
        assert not math.isnan(precision_recall_f1([[0, 1], [0, 0]]).sum())


@given(n=st.integers(1, 2000), share=st.floats(0, 1), z=st.floats(0.1, 4))
def test_the_ends_of_the_interval_are_z_deviations_away(n: int, share: float, z: float) -> None:
    """At each end q the share p lies z standard deviations √(q(1 - q)/n) off; p is inside, and both
    ends in [0, 1], where they stop."""
    lower, upper = wilson_interval(share, n, z)
    assert 0 <= lower <= share + 1e-12 and share - 1e-12 <= upper <= 1
    for q in (lower, upper):
        # of z√(q(1 - q)/n) the square is compared: its root loses half the digits near 0
        assert (share - q) ** 2 == pytest.approx(z**2 * q * (1 - q) / n, rel=1e-6, abs=1e-12)


def test_the_interval_holds_the_true_share_19_times_in_20() -> None:
    """Of 4000 experiments of 400 trials, 95 % hold the share they were drawn with, within five
    standard errors and the step of the counts; for 0.7 it is ±4.5 points wide."""
    rng = np.random.default_rng(0)
    for true in (0.1, 0.7, 0.95):
        ends = [wilson_interval(count / 400, 400) for count in rng.binomial(400, true, 4000)]
        covered = np.mean([lower <= true <= upper for lower, upper in ends])
        assert abs(covered - 0.95) < 0.02
    lower, upper = wilson_interval(0.7, 400)
    assert (upper - lower) / 2 == pytest.approx(0.045, abs=5e-4)


@given(st.integers(1, 100), st.sampled_from([0, 1]))
def test_all_or_nothing_ends_at_one_or_nothing(n: int, share: int) -> None:
    """Where all trials succeed, or none, the interval reaches 1, or 0, to rounding and not beyond;
    its other end is z²/(n + z²) away."""
    lower, upper = wilson_interval(share, n)
    far, near = (lower, upper) if share else (1 - upper, 1 - lower)
    assert 1 - 8 * eps_of(float) <= near <= 1
    assert abs(1 - far - 1.96**2 / (n + 1.96**2)) <= 8 * eps_of(float)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, "1", None])
def test_an_impossible_share_is_refused(share: Any) -> None:
    """A share outside [0, 1], or one of nothing."""
    told = f"share={share!r} must be at least 0 and at most 1"
    assert refusal(wilson_interval, share, 9) == told
    for n in (0, -1, 9.0):
        assert refusal(wilson_interval, 0.5, n) == f"n={n!r} must be a positive integer"

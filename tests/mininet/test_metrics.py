"""Properties of mininet/metrics.py: counts, scores computed from them, calibration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mininet import (
    accuracy,
    calibration_error,
    confusion_matrix,
    precision_recall_f1,
    reliability,
    wilson_interval,
)
from tests.oracles import assert_within
from tests.strategies import eps_of, generators

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)
INTEGERS = st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.uint64, np.int64])
SHAPES = st.integers(1, 5).map(lambda n: (n, n))
MATRICES = hnp.arrays(INTEGERS, SHAPES, elements=st.integers(0, 127))


@given(PAIRS, st.integers(0, 3), INTEGERS)
def test_accuracy_and_the_confusion_matrix_count_the_pairs(
    pairs: list[tuple[int, int]], extra: int, dtype: type
) -> None:
    """M[i, j] = |{k: y_true = i, y_pred = j}|; accuracy is the trace of M over n."""
    needed, (y_true, y_pred) = 1 + max(map(max, pairs)), np.array(pairs, dtype).T
    right = sum(true == predicted for true, predicted in pairs)
    for n_classes in (None, needed, needed + extra):
        matrix, n = confusion_matrix(y_true, y_pred, n_classes), n_classes or needed
        assert matrix.tolist() == [[pairs.count((i, j)) for j in range(n)] for i in range(n)]
        assert matrix.dtype.kind == "i" and np.trace(matrix) == right
    assert abs(accuracy(y_true, y_pred) - right / len(pairs)) <= eps_of(float)
    assert accuracy(y_true, y_pred) == accuracy(y_true, y_pred.astype(np.uint8))


@given(MATRICES)
def test_precision_recall_and_f1_are_their_definitions(matrix: np.ndarray) -> None:
    """M_cc/Σ_i M_ic, M_cc/Σ_j M_cj and their harmonic mean, of counts or proportions; or 0."""
    with np.errstate(all="raise"):
        rows, same = precision_recall_f1(matrix.tolist()), precision_recall_f1(matrix / 999)
    assert rows.shape == (len(matrix), 3) and rows.dtype == np.float64
    # each proportion and each sum of them is rounded, and so is the quotient
    assert_within(same, rows, (len(matrix) + 2) * eps_of(float))
    cells = matrix.tolist()
    for c, row in enumerate(rows):
        right, examples = cells[c][c], sum(cells[c])
        predictions = sum(cells[i][c] for i in range(len(cells)))
        precision = right / predictions if predictions else 0
        recall = right / examples if examples else 0
        f1 = 2 * precision * recall / (precision + recall) if right else 0
        # the harmonic mean takes five roundings, the quotient of counts only one
        assert_within(row, [precision, recall, f1], 4 * eps_of(float))


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.1, 4))
def test_the_bounds_of_the_interval_are_z_deviations_away(n: int, p: float, z: float) -> None:
    """At each bound q in [0, 1], p lies z standard deviations √(q(1 - q)/n) away."""
    lower, upper = wilson_interval(p, n, z)
    assert 0 <= lower <= p + 1e-12 and p - 1e-12 <= upper <= 1
    for q in (lower, upper):
        # the squares are compared: the root of q(1 - q) loses half the digits near 0
        assert (p - q) ** 2 == pytest.approx(z**2 * q * (1 - q) / n, rel=1e-6, abs=1e-12)


def test_the_interval_contains_the_true_proportion_in_95_of_100_experiments() -> None:
    """Of 4000 experiments, 95 % contain the true proportion, to five standard errors."""
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


@given(generators(), st.integers(1, 60), st.integers(2, 6), st.integers(1, 50))
def test_reliability_counts_by_the_largest_probability(
    rng: np.random.Generator, n: int, n_classes: int, n_bins: int
) -> None:
    """Bin b contains the examples with b/B < max p <= (b + 1)/B, also on its borders and at 1; the
    counts sum to n. The error is Σ_b |Σ (right - max p)| / n."""
    largest = np.where(rng.random(n) < 0.5, rng.integers(1, n_bins + 1, n) / n_bins, rng.random(n))
    p = np.sort(largest[:, None] * rng.random((n, n_classes)))
    p[:, -1] = largest
    p, y = rng.permuted(p, axis=1), rng.integers(0, n_classes, n)
    table = reliability(p.tolist(), y, n_bins)
    assert table.shape == (n_bins, 3) and table[:, 0].sum() == n
    gaps = []
    for b, row in enumerate(table):
        inside = [i for i in range(n) if b / n_bins < max(p[i]) <= (b + 1) / n_bins]
        right = sum(p[i, y[i]] == max(p[i]) for i in inside)
        surest, count = sum(max(p[i]) for i in inside), max(1, len(inside))
        # sums of at most 60 numbers up to 1
        assert_within(row, [len(inside), surest / count, right / count], 60 * eps_of(float))
        gaps.append(abs(right - surest))
    assert calibration_error(table) == pytest.approx(sum(gaps) / n, abs=100 * eps_of(float))

"""Theorems about mininet/losses.py: probabilities, the loss, and its gradient three ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles import assert_within, refusal, sum_rounding
from tests.strategies import FLOATS, batches, eps_of, generators, integer_arrays, labels

from mininet import SoftmaxCrossEntropy, confusion_matrix, cross_entropy, one_hot, softmax
from mininet.checking import STEP
from mininet.losses import targets

ANY_LOGITS = batches(decades=4)  # to ±4e4: far beyond what exp can bear
MILD_LOGITS = batches(decades=1)  # to ±40: of which exp and its inverse are normal float32 numbers


@st.composite
def scored(
    draw: st.DrawFn, logits: st.SearchStrategy[np.ndarray] = ANY_LOGITS
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, C) and labels (n,)."""
    z = draw(logits)
    return z, draw(labels(*z.shape))


def exact(shape: tuple[int, ...], rng: np.random.Generator, dtype: type[np.floating]) -> np.ndarray:
    """Multiples of 1/16 up to ±1e4, whose sums and differences no rounding disturbs."""
    return (rng.integers(-160_000, 160_000, shape) / 16).astype(dtype)


def loss_and_gradient(z: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The fused loss and its gradient."""
    loss = SoftmaxCrossEntropy()
    return loss.forward(z, y), loss.backward()


@given(scored())
def test_one_hot_has_a_one_at_the_label_and_zeros_elsewhere(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    """y[i, c] = 1 for c = labels[i] and 0 elsewhere, in float64."""
    z, y = drawn
    rows = one_hot(y, z.shape[1])
    assert rows.dtype == np.float64 and rows.shape == z.shape
    for i, label in enumerate(y.tolist()):
        assert rows[i].tolist() == [float(c == label) for c in range(z.shape[1])]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=9))
def test_one_hot_without_a_number_of_classes_has_as_many_as_it_needs(y: list[int]) -> None:
    """Without n_classes there is a class for each label from 0 to the largest."""
    rows = one_hot(y)
    assert rows.shape == (len(y), max(y) + 1)
    assert rows.argmax(axis=1).tolist() == y


@given(MILD_LOGITS)
def test_softmax_is_its_definition(z: np.ndarray) -> None:
    """p_c = exp(z_c)/Σ_k exp(z_k)."""
    exponentials = np.exp(z.astype(np.float64))
    p, expected = softmax(z), exponentials / exponentials.sum(axis=1, keepdims=True)
    assert p.dtype == z.dtype
    # z - max z is rounded to eps/2·|z - max z|, which is the relative error of exp; exp itself is
    # right to 4 units; C sums, and a quotient
    bound = eps_of(z.dtype) * (np.ptp(z, axis=1, keepdims=True) + z.shape[1] + 10)
    assert_within(p, expected, bound * expected)


@given(ANY_LOGITS)
def test_probabilities_sum_to_one(z: np.ndarray) -> None:
    """p >= 0 and Σ_c p_c = 1 for logits of any size; the order of p is that of z."""
    p = softmax(z)
    assert np.all(p >= 0)
    # C quotients and 2·C sums of terms that sum to 1
    assert_within(p.sum(axis=1), np.ones(len(z)), sum_rounding(3 * z.shape[1], 1, z.dtype))
    order = np.argsort(z, axis=1)
    # exp is right to 4 units, not monotone to the last
    sorted_p = np.take_along_axis(p, order, axis=1)
    assert np.all(np.diff(sorted_p, axis=1) >= -8 * eps_of(z.dtype) * sorted_p[:, 1:])


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(FLOATS), generators())
def test_shifted_logits_have_the_same_probabilities_loss_and_gradient(
    n: int, n_classes: int, dtype: type[np.floating], rng: np.random.Generator
) -> None:
    """softmax(z + c) = softmax(z) for a constant c a row, bit for bit where z + c is exact."""
    z, c = exact((n, n_classes), rng, dtype), exact((n, 1), rng, dtype)
    y = rng.integers(0, n_classes, n)
    np.testing.assert_array_equal(softmax(z + c), softmax(z))
    loss, gradient = loss_and_gradient(z, y)
    shifted_loss, shifted_gradient = loss_and_gradient(z + c, y)
    assert shifted_loss == loss
    np.testing.assert_array_equal(shifted_gradient, gradient)


@given(st.integers(1, 3), st.integers(1, 4), MILD_LOGITS)
def test_softmax_works_on_the_last_axis(n: int, m: int, z: np.ndarray) -> None:
    """Each row is a softmax of its own, whatever axes stand before: (C,), (n, C), (n, m, C)."""
    row = z[0]
    stacked = np.broadcast_to(row, (n, m, len(row))) * np.arange(m, dtype=z.dtype)[:, None]
    for j in range(m):
        np.testing.assert_array_equal(stacked[0, j], j * row)
        alone = softmax(stacked[0, j])
        assert_within(softmax(stacked)[n - 1, j], alone, 2 * eps_of(z.dtype) * alone)


@given(scored(MILD_LOGITS))
def test_cross_entropy_is_the_mean_surprise(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """L = -1/n Σ_i log p_i[y_i], with labels as integers or one-hot."""
    z, y = drawn
    p = softmax(z)
    surprises = [-math.log(row[label]) for row, label in zip(p.tolist(), y.tolist(), strict=True)]
    expected = math.fsum(surprises) / len(y)
    # log is right to 4 units; C·n sums of which all but n are of zeros, and a quotient
    bound = 5 * eps_of(z.dtype) * expected + sum_rounding(p.size + 1, expected, z.dtype)
    for rows in (y, one_hot(y, z.shape[1])):
        assert abs(cross_entropy(p, rows) - expected) <= bound


@given(scored(MILD_LOGITS))
def test_the_fused_loss_is_the_cross_entropy_of_softmax(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    """SoftmaxCrossEntropy(z, y) = cross_entropy(softmax(z), y)."""
    z, y = drawn
    fused, chained = SoftmaxCrossEntropy().forward(z, y), cross_entropy(softmax(z), y)
    # p is right to eps·(range of z + C + 10), as above; that, of a logarithm, is absolute. The
    # fused loss takes z - max z and its C sums to the same precision, and n rows are averaged.
    per_row = eps_of(z.dtype) * (np.ptp(z) + z.shape[1] + 10)
    assert abs(fused - chained) <= 2 * per_row + sum_rounding(2 * z.size, fused, z.dtype)


@given(scored())
def test_the_loss_is_not_negative(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """L >= 0 and finite for logits of any size; of one class alone L = 0 and dz = 0 exactly."""
    z, y = drawn
    loss, gradient = loss_and_gradient(z, y)
    assert 0 <= loss < math.inf and np.all(np.isfinite(gradient)) and gradient.dtype == z.dtype
    loss, gradient = loss_and_gradient(z[:, :1], 0 * y)
    assert loss == 0 and not gradient.any()


@given(scored())
def test_the_rows_of_the_gradient_sum_to_zero(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    """Σ_c dz_ic = 0: no gradient along the direction that changes no probability; dz <= 0 at the
    label alone."""
    z, y = drawn
    _, gradient = loss_and_gradient(z, y)
    # p sums to 1 but for 3·C roundings, as above; p - y, its quotient by n and C sums of terms that
    # sum to at most 2
    bound = sum_rounding(6 * z.shape[1], 2 / len(z), z.dtype)
    assert_within(gradient.sum(axis=1), np.zeros(len(z)), bound)
    hot = one_hot(y, z.shape[1]) == 1
    assert np.all(gradient[hot] <= 0) and np.all(gradient[~hot] >= 0)


@given(scored(MILD_LOGITS))
def test_the_fused_gradient_is_the_chain_with_the_full_jacobian(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    """dz = J dp with J = diag(p) - p pᵀ, the Jacobian of softmax, and dp = -y/(n p)."""
    z, y = drawn
    _, gradient = loss_and_gradient(z, y)
    p, hot = softmax(z).astype(np.float64), one_hot(y, z.shape[1])
    for row, gradient_row, hot_row in zip(p, gradient, hot, strict=True):
        jacobian = np.diag(row) - np.outer(row, row)
        chain = jacobian @ (-hot_row / (len(z) * row))
        # each of the two terms p_c and y_c of dz_c, divided by n, takes five roundings
        bound = sum_rounding(5 * z.shape[1], (row + hot_row) / len(z), z.dtype)
        assert_within(gradient_row, chain, bound)


@given(scored(batches(dtypes=(np.float64,), decades=4)), generators())
def test_the_gradient_is_the_slope_of_the_reported_loss(
    drawn: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    """(L(z + hv) - L(z - hv))/2h = ⟨dz, v⟩, for logits from tiny to ±4e4."""
    z, y = drawn
    v = rng.uniform(-1, 1, z.shape)
    loss, gradient = loss_and_gradient(z, y)
    difference = SoftmaxCrossEntropy().forward(z + STEP * v, y)
    difference -= SoftmaxCrossEntropy().forward(z - STEP * v, y)
    # |L'''| along v is a third central moment of v under p, at most 2³. Rounding: z ± hv to
    # eps/2·|z|, with slopes that sum to at most 2 a row; z - max z and the rest of the loss, as for
    # the fused loss above.
    rounding = eps_of(float) * (3 * np.ptp(z) + 2 * np.abs(z).max() + z.shape[1] + 10)
    rounding += sum_rounding(2 * z.size, loss, z.dtype)
    bound = STEP**2 / 6 * 8 + rounding / STEP
    assert abs(difference / (2 * STEP) - np.sum(gradient * v)) <= bound


@given(scored(), st.integers(1, 8))
def test_a_concatenated_batch_is_the_mean_of_its_parts(
    drawn: tuple[np.ndarray, np.ndarray], cut: int
) -> None:
    """n L = n₁ L₁ + n₂ L₂, and n dz is n₁ dz₁ above n₂ dz₂: a row weighs the same in any batch."""
    z, y = np.concatenate([drawn[0], drawn[0][::-1]]), np.tile(drawn[1], 2)
    cut = min(cut, len(z) - 1)
    loss, gradient = loss_and_gradient(z, y)
    parts = [loss_and_gradient(z[rows], y[rows]) for rows in (slice(cut), slice(cut, None))]
    sizes = (cut, len(z) - cut)
    total = sum(n * part for n, (part, _) in zip(sizes, parts, strict=True))
    assert abs(z.shape[0] * loss - total) <= 2 * sum_rounding(2 * z.size, total, z.dtype)
    joined = np.concatenate([n * rows for n, (_, rows) in zip(sizes, parts, strict=True)])
    # a row of its own, softmax may sum in another order: C sums, a quotient, a product
    assert_within(len(z) * gradient, joined, sum_rounding(4 * z.shape[1] + 4, 2, z.dtype))


@given(scored(), generators())
def test_permuting_the_examples_permutes_the_gradient_and_leaves_the_loss(
    drawn: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    """L(P z, P y) = L(z, y) and dz(P z, P y) = P dz(z, y)."""
    z, y = drawn
    order = rng.permutation(len(z))
    loss, gradient = loss_and_gradient(z, y)
    permuted_loss, permuted_gradient = loss_and_gradient(z[order], y[order])
    assert abs(permuted_loss - loss) <= 2 * sum_rounding(len(z), loss, z.dtype)
    np.testing.assert_array_equal(permuted_gradient, gradient[order])


@given(st.integers(1, 9), st.integers(1, 50), st.floats(-1e4, 1e4), st.sampled_from(FLOATS))
def test_equal_logits_lose_the_log_of_the_number_of_classes(
    n: int, n_classes: int, level: float, dtype: type[np.floating]
) -> None:
    """A network that knows nothing, equal logits, has probabilities 1/C and a loss of ln C."""
    z, y = np.full((n, n_classes), level, dtype), np.arange(n) % n_classes
    np.testing.assert_array_equal(softmax(z), np.full_like(z, 1 / n_classes))
    # log is right to 4 units
    assert_within(loss_and_gradient(z, y)[0], math.log(n_classes), 4 * eps_of(dtype) * 4)


@given(scored(), generators())
def test_the_loss_is_convex_in_the_logits(
    drawn: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    """L((a + b)/2) <= (L(a) + L(b))/2."""
    a, y = drawn
    b = rng.permuted(a)
    middle, *ends = (loss_and_gradient(z, y)[0] for z in ((a + b) / 2, a, b))
    slack = eps_of(a.dtype) * (3 * np.ptp(a) + a.shape[1] + 10)  # as for the fused loss above
    assert middle <= sum(ends) / 2 + slack + 3 * sum_rounding(2 * a.size, sum(ends), a.dtype)


def test_a_loss_worked_by_hand() -> None:
    """One row of logits (0, ln 3), and what follows from it."""
    # p = (1, 3)/(1 + 3) = (1/4, 3/4). Label 1: L = -ln(3/4) = ln(4/3), dz = p - y = (1/4, -1/4).
    # A second row of equal logits and label 0 has L = ln 2 and dz = (-1/2, 1/2), so that for both
    # together L = (ln(4/3) + ln 2)/2 and dz is a half of each row.
    z, few = np.array([[0, math.log(3)], [5, 5]]), 4 * eps_of(float)
    assert_within(softmax(z), [[0.25, 0.75], [0.5, 0.5]], few)
    for rows, loss, dz in (
        (z[:1], math.log(4 / 3), [[0.25, -0.25]]),
        (z, (math.log(4 / 3) + math.log(2)) / 2, [[0.125, -0.125], [-0.25, 0.25]]),
    ):
        for y in (np.array([1, 0])[: len(rows)], np.array([[0, 1], [1, 0]])[: len(rows)]):
            found, gradient = loss_and_gradient(rows, y)
            assert_within(found, loss, few)
            assert_within(gradient, dz, few)
            assert_within(cross_entropy(softmax(rows), y), loss, few)


@pytest.mark.parametrize("dtype", FLOATS)
def test_logits_of_1e4_are_no_trouble(dtype: type[np.floating]) -> None:
    """z = (1e4, -1e4): p = (1, 0), and the loss is 0 or 2e4, not NaN and not infinite."""
    z = np.array([[1e4, -1e4]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_array_equal(softmax(z), [[1, 0]])
        for label, expected, dz in ((0, 0, [[0, 0]]), (1, 2e4, [[1, -1]])):
            loss, gradient = loss_and_gradient(z, np.array([label]))
            assert loss == expected and gradient.tolist() == dz
        # What the unfused chain makes of it is an infinite loss, and no warning either.
        assert cross_entropy(softmax(z), [0]) == 0 and cross_entropy(softmax(z), [1]) == math.inf


@given(integer_arrays((2, 3)))
def test_integers_become_float64(z: np.ndarray) -> None:
    """Integer logits give what the same numbers in float64 give, in float64."""
    y, floats = [0, 2], z.astype(np.float64)
    for same in (z, z.tolist()):
        assert softmax(same).dtype == np.float64
        np.testing.assert_array_equal(softmax(same), softmax(floats))
        assert SoftmaxCrossEntropy().forward(same, y) == SoftmaxCrossEntropy().forward(floats, y)


@pytest.mark.parametrize("dtype", FLOATS)
def test_labels_become_rows_of_the_dtype(dtype: type[np.floating]) -> None:
    """targets: integers and one-hot rows of any number type give the same rows, of the dtype."""
    for y in ([2, 0], one_hot([2, 0]), one_hot([2, 0]).astype(int), one_hot([2, 0]).tolist()):
        rows = targets(y, (2, 3), np.dtype(dtype))
        assert rows.dtype == dtype and rows.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("y", "told"),
    [
        ([], "float64(0,)"),
        (np.zeros(0, int), "int64(0,)"),
        ([0.0, 1.0], "float64(2,)"),
        ([[0, 1]], "int64(1, 2)"),
        ([True], "bool(1,)"),
        (3, "int64()"),
    ],
)
def test_labels_that_are_no_row_of_integers_are_refused(y: Any, told: str) -> None:
    """Labels must be integers of shape (n,), n > 0."""
    assert refusal(one_hot, y) == f"labels {told} must be integers of shape (n,), n > 0"


@pytest.mark.parametrize(
    ("y", "n_classes", "told"),
    [
        ([0, 3], 3, "labels from 0 to 3 must lie in 0 … 2"),
        ([-1, 1], 3, "labels from -1 to 1 must lie in 0 … 2"),
        ([-1, 1], None, "labels from -1 to 1 must lie in 0 … 1"),
    ],
)
def test_labels_out_of_range_are_refused(y: list[int], n_classes: int | None, told: str) -> None:
    """Labels must lie in 0 … n_classes - 1."""
    assert refusal(one_hot, y, n_classes) == told


@pytest.mark.parametrize("count", [one_hot, lambda y, n: confusion_matrix(y, y, n)])
@pytest.mark.parametrize("n_classes", [0, -1, 3.0, "3"])
def test_a_number_of_classes_that_is_none_is_refused(
    count: Callable[..., object], n_classes: Any
) -> None:
    """n_classes must be a positive integer, for one_hot and for confusion_matrix."""
    told = f"n_classes={n_classes!r} must be a positive integer"
    assert refusal(count, [0, 1], n_classes) == told


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy().forward, cross_entropy])
def test_labels_that_do_not_fit_are_refused(loss: Any) -> None:
    """y must be (n,) integers or (n, C) one-hot, for predictions (n, C)."""
    p = np.full((2, 3), 1 / 3)
    for y in ([0, 1, 2], np.eye(3), np.eye(2), 0):
        message = refusal(loss, p, y)
        assert message == f"y has shape {np.shape(y)}; it must be (2,) or (2, 3)"
    assert refusal(loss, p, [0, 3]) == "labels from 0 to 3 must lie in 0 … 2"
    for shape in ((3,), (), (2, 2, 3)):
        message = refusal(loss, np.full(shape, 1.0), [0, 1])
        assert message == (
            f"the predictions have shape {shape}; it must be (n_examples, n_classes)"
        )


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy().forward, cross_entropy])
@pytest.mark.parametrize("row", [[2, -1], [0, 0], [1, 1], [0.5, 0.4], [math.nan, 1], [-1, -1]])
def test_rows_that_are_no_probabilities_are_refused(loss: Any, row: list[float]) -> None:
    """Rows of y must not be negative and must sum to one; smoothed labels do, and then the loss is
    the mean of the losses of the classes, weighted by them."""
    p = [[0.5, 0.5], [0.2, 0.8]]
    told = "each row of y must be one-hot: not negative, and of sum 1"
    assert refusal(loss, p, [[0, 1], row]) == told
    smoothed = loss(p, [[0.25, 0.75], [1, 0]])
    assert_within(smoothed, 0.25 * loss(p, [0, 0]) + 0.75 * loss(p, [1, 0]), 8 * eps_of(float))


@pytest.mark.parametrize("call", [softmax, lambda z: cross_entropy(z, [0])])
def test_complex_logits_are_refused(call: Any) -> None:
    """Logits and probabilities must be real numbers."""
    assert refusal(call, [[1j]]) == "dtype complex128 must be one of real numbers"

"""Properties of mininet/losses.py: probabilities, the loss, and its gradient."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator

from mininet import SoftmaxCrossEntropy, cross_entropy, one_hot, softmax
from mininet.checking import STEP
from mininet.losses import targets
from tests.mininet.strategies import batches, labels
from tests.oracles import assert_within, sum_rounding
from tests.strategies import FLOATS, eps_of, generators

ANY_LOGITS = batches(decades=4)  # to ±4e4: far beyond the range of exp
MILD_LOGITS = batches(decades=1)  # to ±40: exp and its inverse are normal float32 numbers
Scored = tuple[np.ndarray, np.ndarray]


@st.composite
def scored(draw: st.DrawFn, logits: st.SearchStrategy[np.ndarray] = ANY_LOGITS) -> Scored:
    """Logits (n, C) and labels (n,)."""
    z = draw(logits)
    return z, draw(labels(*z.shape))


def loss_and_gradient(z: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The fused loss and its gradient."""
    loss = SoftmaxCrossEntropy()
    return loss.forward(z, y), loss.backward()


def rounding(z: np.ndarray) -> float:
    """The absolute error of log p: z - max z is rounded to eps/2·|z - max z|, which is the relative
    error of exp; exp itself is accurate to 4 units; C sums, and a quotient."""
    return eps_of(z.dtype) * (float(np.ptp(z)) + z.shape[1] + 10)


@given(scored(), st.booleans())
def test_one_hot_is_1_at_the_label_and_0_elsewhere(case: Scored, given_classes: bool) -> None:
    """y[i, c] = 1 where c = labels[i], else 0, in float64; by default max(labels) + 1 classes."""
    z, y = case
    n_classes = z.shape[1] if given_classes else int(y.max()) + 1
    rows = one_hot(y, n_classes if given_classes else None)
    assert rows.dtype == np.float64
    assert rows.tolist() == [[float(c == label) for c in range(n_classes)] for label in y.tolist()]


@given(MILD_LOGITS)
def test_softmax_is_its_definition(z: np.ndarray) -> None:
    """p_c = exp(z_c) / Σ_k exp(z_k), over the last axis whatever axes come before it."""
    exponentials = np.exp(z.astype(np.float64))
    p, expected = softmax(z), exponentials / exponentials.sum(axis=1, keepdims=True)
    assert p.dtype == z.dtype
    assert_within(p, expected, rounding(z) * expected)
    assert_within(softmax(z[0]), expected[0], rounding(z) * expected[0])
    assert_within(softmax(np.stack([z, z]))[1], expected, rounding(z) * expected)


@given(ANY_LOGITS)
def test_probabilities_sum_to_one_in_the_order_of_the_logits(z: np.ndarray) -> None:
    """p >= 0 and Σ_c p_c = 1 for logits of any size; the order of p is that of z."""
    p = softmax(z)
    assert np.all(p >= 0)
    # C quotients and 2·C sums of terms that sum to 1
    assert_within(p.sum(axis=1), np.ones(len(z)), sum_rounding(3 * z.shape[1], 1, z.dtype))
    sorted_p = np.take_along_axis(p, np.argsort(z, axis=1), axis=1)
    # exp is accurate to 4 units, not monotone to the last
    assert np.all(np.diff(sorted_p, axis=1) >= -8 * eps_of(z.dtype) * sorted_p[:, 1:])


@given(scored(MILD_LOGITS))
def test_cross_entropy_is_the_mean_negative_log_probability(case: Scored) -> None:
    """L = -1/n Σ_ic y_ic log p_ic for integer, one-hot and smoothed labels, fused or not."""
    z, y = case
    p = softmax(z)
    surprises = [-math.log(row[label]) for row, label in zip(p.tolist(), y.tolist(), strict=True)]
    expected = math.fsum(surprises) / len(y)
    # log is accurate to 4 units; C·n sums, all but n of them of zeros, and a quotient
    bound = 5 * eps_of(z.dtype) * expected + sum_rounding(p.size + 1, expected, z.dtype)
    rows = one_hot(y, z.shape[1])
    assert targets(rows, z.shape, rows.dtype) is rows  # no copy
    for same in (y, rows, rows.astype(int).tolist()):
        assert abs(cross_entropy(p, same) - expected) <= bound
        # the fused loss computes z - max z and its C sums to the precision of log p
        assert abs(loss_and_gradient(z, same)[0] - expected) <= 2 * rounding(z) + bound
    smoothed = cross_entropy(p, 0.75 * rows + 0.25 * one_hot(0 * y, z.shape[1]))
    by_class = 0.75 * cross_entropy(p, y) + 0.25 * cross_entropy(p, 0 * y)
    # three sums of products with logarithms, each accurate to 4 units
    assert abs(smoothed - by_class) <= sum_rounding(3 * 6 * p.size, by_class, z.dtype)


@given(scored())
def test_the_loss_is_not_negative_and_the_rows_of_its_gradient_sum_to_zero(case: Scored) -> None:
    """0 <= L < ∞ for any logits; Σ_c dz_ic = 0, and dz <= 0 at the label alone."""
    z, y = case
    loss, gradient = loss_and_gradient(z, y)
    assert 0 <= loss < math.inf and gradient.dtype == z.dtype
    # p sums to 1 but for 3·C roundings, as above; p - y, its quotient by n and C sums of terms that
    # sum to at most 2
    bound = sum_rounding(6 * z.shape[1], 2 / len(z), z.dtype)
    assert_within(gradient.sum(axis=1), np.zeros(len(z)), bound)
    hot = one_hot(y, z.shape[1]) == 1
    assert np.all(gradient[hot] <= 0) and np.all(gradient[~hot] >= 0)


@given(scored(batches(dtypes=(np.float64,), decades=4)), generators())
def test_the_gradient_is_the_slope_of_the_reported_loss(case: Scored, rng: Generator) -> None:
    """(L(z + hv) - L(z - hv))/2h = ⟨dz, v⟩, for logits from tiny to ±4e4."""
    z, y = case
    v = rng.uniform(-1, 1, z.shape)
    loss, gradient = loss_and_gradient(z, y)
    above, below = (loss_and_gradient(z + step * v, y)[0] for step in (STEP, -STEP))
    # |L'''| along v is a third central moment of v under p, at most 2³. Rounding: z ± hv to
    # eps/2·|z|, with slopes that sum to at most 2 a row, log p three times, and n rows
    error = 3 * rounding(z) + 2 * eps_of(float) * np.abs(z).max()
    error += sum_rounding(2 * z.size, loss, z.dtype)
    bound = STEP**2 / 6 * 8 + error / STEP
    assert abs((above - below) / (2 * STEP) - np.sum(gradient * v)) <= bound


@pytest.mark.parametrize("dtype", FLOATS)
def test_logits_of_1e4_neither_overflow_nor_warn(dtype: type[np.floating]) -> None:
    """z = (1e4, -1e4) has p = (1, 0) and a fused loss of 0 or 2e4, without a warning."""
    z = np.array([[1e4, -1e4]], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_array_equal(softmax(z), [[1, 0]])
        for label, expected, dz in ((0, 0, [[0, 0]]), (1, 2e4, [[1, -1]])):
            loss, gradient = loss_and_gradient(z, np.array([label]))
            assert loss == expected and gradient.tolist() == dz
        assert (
            str(cross_entropy(softmax(z), [0])) == "0.0"
            and cross_entropy(softmax(z), [1]) == math.inf
        )


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_class_that_is_ruled_out_costs_nothing(dtype: type[np.floating]) -> None:
    """A logit of -inf, or so far below the largest that their difference overflows, has p = 0; the
    loss of the other classes is that without it."""
    z = np.array([[0.5, -np.inf, 2.0], [1.0, -np.inf, 0.0]], dtype)
    loss, gradient = loss_and_gradient(z, np.array([2, 0]))
    expected, rest = loss_and_gradient(z[:, ::2], np.array([1, 0]))
    assert loss == expected and not gradient[:, 1].any()
    np.testing.assert_array_equal(gradient[:, ::2], rest)
    big = np.finfo(dtype).max / 1.5
    with np.errstate(over="ignore"):
        assert loss_and_gradient(np.array([[big, -big]], dtype), np.array([0]))[0] == 0

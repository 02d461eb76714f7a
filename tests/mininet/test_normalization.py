"""Normalization: one scale for all inputs, fitted once, and its gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from tests.oracles import refusal
from tests.strategies import batches, eps_of, generators

from mininet import SGD, Dense, Normalization, ReLU, Sequential, gradient_check


@given(x=batches(max_rows=30, decades=3))
def test_adapted_features_have_mean_zero_and_variance_one(x: np.ndarray) -> None:
    """After adapt(x) each column of x comes out with mean 0 and variance 1, or all 0 where it is
    constant; the dtype stays."""
    out = Normalization.adapt(x).forward(x)
    assert out.dtype == x.dtype and out.shape == x.shape
    spread, size = x.astype(float).std(axis=0), np.abs(x.astype(float)).max(axis=0)
    constant = spread <= np.finfo(np.float32).eps * size
    # x - μ is rounded to eps of x, and then divided by the deviation
    error = 50 * eps_of(x.dtype) * (1 + size / np.where(constant, np.inf, spread))
    assert np.all(np.abs(out.astype(float).mean(axis=0))[~constant] <= error[~constant])
    assert np.all(np.abs(out.astype(float).var(axis=0) - 1)[~constant] <= 3 * error[~constant])
    assert np.all(np.abs(out[:, constant]) <= 1e-6 * np.maximum(size[constant], 1e-300))


@given(x=batches(n_features=4, dtypes=(np.float64,), decades=2), rng=generators())
def test_the_gradient_is_that_of_the_formula(x: np.ndarray, rng: np.random.Generator) -> None:
    """gradient_check alone and in a network: the derivative of (x - μ)/σ is 1/σ."""
    layer = Normalization(rng.standard_normal(4), rng.random(4) + 0.1)
    assert gradient_check(layer, x / np.abs(x).max(), rng=rng) < 1e-7


def test_other_examples_are_measured_by_the_training_examples() -> None:
    """forward neither learns nor forgets: μ and σ stay those of adapt, whatever passes."""
    layer = Normalization.adapt([[1.0, 10.0], [3.0, 10.0]])
    np.testing.assert_array_equal(layer.forward([[5.0, 13.0]]), [[3.0, 3.0]])
    layer.forward(np.full((9, 2), 1e6))
    np.testing.assert_array_equal(layer.forward([[5.0, 13.0]]), [[3.0, 3.0]])


@given(rng=generators())
def test_scale_and_shift_of_the_inputs_do_not_matter(rng: np.random.Generator) -> None:
    """A network behind adapt learns the same from a·x + b as from x, to rounding: a is a power of
    two, so that only the shift rounds."""
    x, y = rng.standard_normal((12, 5)), np.arange(12) % 3
    a, b = 2.0 ** rng.integers(-8, 9, 5), rng.standard_normal(5)
    answers = []
    for inputs in (x, a * (x + b)):
        draws = np.random.default_rng(0)
        network = Sequential(
            [Normalization.adapt(inputs), Dense(5, 6, draws), ReLU(), Dense(6, 3, draws)]
        )
        network.fit(inputs, y, 3, 5, SGD(0.1), draws)
        answers.append(network.predict_proba(inputs))
    assume(np.abs(x.std(axis=0)).min() > 0.1)
    np.testing.assert_allclose(answers[0], answers[1], rtol=0, atol=1e-9)


def test_a_constant_feature_is_only_shifted() -> None:
    """Where no training example differs, there is no scale: 7 becomes 0 and 8 becomes 1. A
    deviation below float32's rounding, as of 0.1 in float32, counts as none."""
    layer = Normalization.adapt(np.full((5, 1), 7.0))
    np.testing.assert_array_equal(layer.forward([[7.0], [8.0]]), [[0.0], [1.0]])
    assert layer.variance == 0
    nearly = np.full((3, 1), 1e4) + np.array([[0.0], [1e-4], [-1e-4]])
    assert Normalization.adapt(nearly).scale == 1


def test_a_small_deviation_is_one() -> None:
    """What float32 can tell from rounding counts, in each feature on its own: deviations of 5e-5
    around 1 and beside a feature of a million."""
    x = np.array([[1.0, 1e6, 1.0], [1.0001, -1e6, 1.0]])
    out = Normalization.adapt(x).forward(x)
    # a difference of 1e-4 in numbers around 1 is right to 2e-12 of itself
    np.testing.assert_allclose(out, [[-1, 1, 0], [1, -1, 0]], rtol=1e-11)


def test_backward_keeps_the_dtype() -> None:
    """float32 stays float32 on the way back."""
    layer = Normalization([0.0], [4.0])
    dx = layer.backward(np.ones((2, 1), np.float32))
    assert dx.dtype == np.float32
    np.testing.assert_array_equal(dx, [[0.5], [0.5]])


def test_it_is_described_and_rebuilt() -> None:
    """config holds μ and σ² as JSON can; they come back exactly. The name is short."""
    layer = Normalization.adapt(np.random.default_rng(0).standard_normal((9, 3)))
    again = Normalization(**layer.config())
    np.testing.assert_array_equal(again.mean, layer.mean)
    np.testing.assert_array_equal(again.scale, layer.scale)
    assert repr(layer) == "Normalization(3)" and str(layer) == "Normalization"
    assert layer.params == [] and layer.grads == []


def test_a_long_name_has_its_room_in_the_summary() -> None:
    """Where a layer's name is longer than Keras' column, the whole table is wider: the second
    column begins at the same place in every row."""
    network = Sequential([Normalization([0.0], [1.0]), Dense(1, 2, np.random.default_rng(0))])
    lines = network.summary().splitlines()
    starts = [line.index("(None") for line in lines if "(None" in line]
    assert starts == [lines[1].index("Output shape")] * 2
    assert len({len(line) for line in lines if "Total" not in line}) == 1
    assert starts[0] == len("normalization_1 (Normalization) ")


def test_what_does_not_fit_is_refused() -> None:
    """Shapes that differ, values that are not finite, negative variances, no examples, examples
    that are not finite, another width."""
    for mean, variance in (([0.0], [1.0, 1.0]), ([[0.0]], [[1.0]])):
        told = f"mean {np.shape(mean)} and variance {np.shape(variance)} must both be (n_features,)"
        assert refusal(Normalization, mean, variance) == told
    for bad in (np.nan, np.inf):
        for mean, variance in (([bad], [1.0]), ([0.0], [bad])):
            with pytest.raises(ValueError, match="mean and variance must not be NaN or infinite"):
                Normalization(mean, variance)
        with pytest.raises(ValueError, match="x holds 2 values that are NaN or infinite"):
            Normalization.adapt([[0.0, bad], [1.0, -bad]])
    told = refusal(Normalization, [0.0, 0.0], [1.0, -1.0])
    assert told == "variance must not be negative"
    told = refusal(Normalization.adapt, [[1e200], [-1e200]])  # σ² = 1e400
    assert told == "mean and variance must not be NaN or infinite"
    for x in (np.zeros((0, 3)), np.zeros(3)):
        with pytest.raises(ValueError, match="must be"):
            Normalization.adapt(x)
    for x in (np.zeros((2, 3)), np.zeros(2)):
        with pytest.raises(ValueError, match=r"must be \(n_examples, 2\)"):
            Normalization([0.0, 0.0], [1.0, 1.0]).forward(x)

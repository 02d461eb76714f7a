"""Properties of mininet/regularization.py: inputs on one scale, and units dropped in training."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from mininet import SGD, Dense, Dropout, History, Normalization, Sequential, gradient_check
from tests.mininet.strategies import batches
from tests.strategies import eps_of, generators

RATES = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9])


@given(batches(max_rows=30, decades=3) | batches(2, max_rows=600, decades=3))
def test_adapted_features_have_mean_zero_and_variance_one(x: np.ndarray) -> None:
    """After adapt(x) each column of x has mean 0 and variance 1, or is all 0 if it is constant."""
    layer = Normalization.adapt(x)
    out = layer.forward(x)
    assert out.dtype == x.dtype and out.shape == x.shape and layer.n_in == x.shape[1]
    assert layer.mean.dtype == layer.variance.dtype == np.float64
    spread, size = x.astype(float).std(axis=0), np.abs(x.astype(float)).max(axis=0)
    constant = spread <= np.finfo(np.float32).eps * size
    # x - μ is rounded to eps of x, and then divided by the standard deviation
    error = 50 * eps_of(x.dtype) * (1 + size / np.where(constant, np.inf, spread))
    assert np.all(np.abs(out.astype(float).mean(axis=0))[~constant] <= error[~constant])
    assert np.all(np.abs(out.astype(float).var(axis=0) - 1)[~constant] <= 3 * error[~constant])
    assert np.all(np.abs(out[:, constant]) <= 1e-6 * np.maximum(size[constant], 1e-300))


def test_a_constant_feature_is_only_shifted() -> None:
    """A standard deviation below float32's rounding error counts as 0; a larger one scales."""
    x = np.array([[7, 1e4 + 1e-4, 1.0, 1e6], [7, 1e4 - 1e-4, 1.0001, -1e6]])
    layer = Normalization.adapt(x)
    copied = Normalization(layer.mean, layer.variance)
    copied.mean[:] = copied.variance[:] = 9  # the caller's arrays stay the caller's
    assert layer.variance[:2].tolist() == [0, 0] and layer.scale[:2].tolist() == [1, 1]
    for _ in range(2):
        out = layer.forward(x + np.array([1, 0, 0, 0]))
        # a difference of 1e-4 between numbers around 1e4 is accurate to 2e-8 of itself, between
        # numbers around 1 to 2e-12
        np.testing.assert_allclose(out[:, :2], [[1, 1e-4], [1, -1e-4]], rtol=1e-7)
        np.testing.assert_allclose(out[:, 2:], [[-1, 1], [1, -1]], rtol=1e-11)


@given(batches(), RATES, generators())
def test_each_unit_is_dropped_or_scaled_up(x: np.ndarray, rate: float, rng: Generator) -> None:
    """In training mode out is 0 or x/(1 - q), in inference mode x."""
    layer = Dropout(rate)
    np.testing.assert_array_equal(layer.forward(x), x)
    layer.train(rng)
    out, kept = layer.forward(x), layer.mask > 0
    assert out.dtype == x.dtype
    np.testing.assert_allclose(out[kept], x[kept] / (1 - rate), rtol=2 * eps_of(x.dtype))
    assert not out[~kept].any()
    layer.eval()
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_a_draw_that_equals_the_rate_keeps_its_unit() -> None:
    """u in [0, 1) keeps a unit if u >= q, which has the probability 1 - q: q = 0 drops nothing."""
    draws = {np.float32: np.array([0.0, 0.5, 0.75], np.float32)}  # half the memory of float64
    rng = cast(Generator, SimpleNamespace(random=lambda shape, dtype: draws[dtype]))
    for rate, expected in ((0.0, [1, 1, 1]), (0.5, [0, 2, 2]), (0.75, [0, 0, 4])):
        layer = Dropout(rate)
        layer.train(rng)
        np.testing.assert_array_equal(layer.forward(np.ones(3)), expected)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.9])
def test_masks_are_independent_with_mean_one(rate: float) -> None:
    """E[m] = 1, P(m = 0) = q, and two masks are independent: to five standard errors."""
    layer, error = Dropout(rate), 5 * np.sqrt(rate * (1 - rate) / 100_000)
    layer.train(default_rng(0))
    first, second = (layer.forward(np.ones((100, 1000))) for _ in range(2))
    assert abs(np.mean(first == 0) - rate) < error
    assert abs(first.mean() - 1) < error / (1 - rate)
    assert abs(np.mean((first == 0) & (second == 0)) - rate**2) < 5 * rate / np.sqrt(100_000)


@given(batches(n_features=4, dtypes=(np.float64,), decades=0), RATES, generators())
def test_the_gradients_of_both_layers_are_the_measured_ones(
    x: np.ndarray, rate: float, rng: Generator
) -> None:
    """The derivative of (x - μ)/σ is 1/σ; that of dropout is its mask, in both modes."""
    normalization = Normalization(rng.standard_normal(4), rng.random(4) + 0.1)
    same_mask = Dropout(rate)
    forward = same_mask.forward
    same_mask.forward = lambda x: (same_mask.train(default_rng(3)), forward(x))[1]  # type: ignore
    for layer in (normalization, same_mask, Dropout(rate)):
        assert gradient_check(layer, x, rng=rng) < 1e-7


@pytest.mark.parametrize(("where", "n_batches"), [(None, 8), ("on_epoch", 4), ("layer", 6)])
def test_dropout_is_in_training_mode_only_within_an_epoch(where: str, n_batches: int) -> None:
    """Only fit draws masks, however it ends, and not in on_epoch."""
    rng, dropout, modes = default_rng(0), Dropout(0.5), list[Any]()
    x, y, dense = rng.standard_normal((8, 3)), np.arange(8) % 2, Dense(3, 20, rng)
    network = Sequential([dense, Sequential([dropout, Dense(20, 2, rng)])])
    start, forward = dense.W.copy(), dropout.forward

    def recorded(x: np.ndarray) -> np.ndarray:
        modes.append(dropout.rng)
        if where == "layer" and len(modes) == 7:
            raise KeyboardInterrupt
        return forward(x)

    def on_epoch(history: History) -> None:
        assert dropout.rng is None
        if where == "on_epoch":
            raise KeyboardInterrupt

    dropout.forward = recorded  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt) if where else nullcontext():
        network.fit(x, y, 2, 2, SGD(0.1), rng, on_epoch)
    assert modes == [None, *[rng] * n_batches] and dropout.rng is None
    assert np.abs(dense.W - start).max() > 1e-3
    dropout.forward = forward  # type: ignore[method-assign]
    np.testing.assert_array_equal(network.predict_proba(x), network.predict_proba(x))

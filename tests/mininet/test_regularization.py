"""Properties of mininet/regularization.py: inputs on one scale, and units dropped in training."""

from __future__ import annotations

import json
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import ArrayLike

from mininet import SGD, Dense, Dropout, History, Layer, Normalization, Sequential, gradient_check
from tests.mininet.strategies import batches
from tests.oracles import refusal
from tests.strategies import eps_of, generators

RATES = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9])


@given(batches(max_rows=30, decades=3))
def test_adapted_features_have_mean_zero_and_variance_one(x: np.ndarray) -> None:
    """After adapt(x) each column of x has mean 0 and variance 1, or is all 0 if it is constant."""
    out = Normalization.adapt(x).forward(x)
    assert out.dtype == x.dtype and out.shape == x.shape
    spread, size = x.astype(float).std(axis=0), np.abs(x.astype(float)).max(axis=0)
    constant = spread <= np.finfo(np.float32).eps * size
    # x - μ is rounded to eps of x, and then divided by the standard deviation
    error = 50 * eps_of(x.dtype) * (1 + size / np.where(constant, np.inf, spread))
    assert np.all(np.abs(out.astype(float).mean(axis=0))[~constant] <= error[~constant])
    assert np.all(np.abs(out.astype(float).var(axis=0) - 1)[~constant] <= 3 * error[~constant])
    assert np.all(np.abs(out[:, constant]) <= 1e-6 * np.maximum(size[constant], 1e-300))


@given(batches(n_features=4, dtypes=(np.float64,), decades=2), generators())
def test_the_gradient_of_normalization_is_the_measured_one(x: np.ndarray, rng: Generator) -> None:
    """The derivative of (x - μ)/σ is 1/σ."""
    layer = Normalization(rng.standard_normal(4), rng.random(4) + 0.1)
    assert gradient_check(layer, x / np.abs(x).max(), rng=rng) < 1e-7


@given(generators())
def test_normalized_features_do_not_depend_on_scale_and_shift(rng: Generator) -> None:
    """a·(x + b) adapts to the same features as x, to rounding: a is a power of two, so that only
    the shift rounds."""
    x, a, b = rng.standard_normal((12, 5)), 2.0 ** rng.integers(-8, 9, 5), rng.standard_normal(5)
    assume(x.std(axis=0).min() > 0.1)
    first, second = (Normalization.adapt(each).forward(each) for each in (x, a * (x + b)))
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-12)


def test_a_constant_feature_is_only_shifted() -> None:
    """A standard deviation below float32's rounding error counts as 0, and a feature without any is
    not scaled; a larger one counts, in each feature on its own. forward changes no statistics."""
    layer = Normalization.adapt(np.full((5, 1), 7.0))
    for _ in range(2):
        np.testing.assert_array_equal(layer.forward([[7.0], [8.0]]), [[0.0], [1.0]])
    assert layer.variance == 0
    nearly = np.full((3, 1), 1e4) + np.array([[0.0], [1e-4], [-1e-4]])
    assert Normalization.adapt(nearly).scale == 1
    # standard deviations of 5e-5 around 1 and beside a feature of a million; a difference of 1e-4
    # between numbers around 1 is accurate to 2e-12 of itself
    x = np.array([[1.0, 1e6, 1.0], [1.0001, -1e6, 1.0]])
    out = Normalization.adapt(x).forward(x)
    np.testing.assert_allclose(out, [[-1, 1, 0], [1, -1, 0]], rtol=1e-11)


def test_normalization_is_rebuilt_from_its_config() -> None:
    """config holds μ and σ² as lists, exactly; backward keeps float32 and takes integers."""
    layer = Normalization.adapt(default_rng(0).standard_normal((9, 3)))
    again = Normalization(**json.loads(json.dumps(layer.config())))
    assert (
        again.mean.tolist() == layer.mean.tolist() and again.scale.tolist() == layer.scale.tolist()
    )
    assert repr(layer) == "Normalization(3 features)" and layer.params == layer.grads == []
    for dout, dtype in ((np.ones((2, 1), np.float32), np.float32), (np.ones((2, 1), int), float)):
        dx = Normalization([0.0], [0.25]).backward(dout)
        assert dx.dtype == dtype and dx.tolist() == [[2], [2]]


def test_statistics_that_are_not_finite_or_do_not_fit_are_rejected() -> None:
    """mean and variance must be (n_features,), finite, and variance not negative; x as wide."""
    for mean, variance in (([0.0], [1.0, 1.0]), ([[0.0]], [[1.0]])):
        shapes = f"mean {np.shape(mean)} and variance {np.shape(variance)}"
        assert refusal(Normalization, mean, variance) == f"{shapes} must both be (n_features,)"
    message = "mean and variance must be finite, and variance not negative"
    for mean, variance in (([np.nan], [1.0]), ([0.0], [np.inf]), ([0.0], [-1.0])):
        assert refusal(Normalization, mean, variance) == message
    assert refusal(Normalization.adapt, [[1e200], [-1e200]]) == message  # σ² = 1e400
    for x in ([[0.0, np.nan], [1.0, np.inf]], np.zeros((0, 3)), np.zeros(3)):
        refusal(Normalization.adapt, x)
    message = "x has shape (2, 3); it must be (n_examples, 2)"
    assert refusal(Normalization([0, 0], [1, 1]).forward, np.zeros((2, 3))) == message


@given(batches(), RATES, generators())
def test_each_unit_is_dropped_or_scaled_up(x: np.ndarray, rate: float, rng: Generator) -> None:
    """In training mode out is 0 or x/(1 - q), in the dtype of x; in inference mode out = x, before
    and after training."""
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
    """E[m] = 1, a unit is dropped with probability q, and the masks of two updates are independent:
    over 100,000 draws within five standard errors."""
    layer, error = Dropout(rate), 5 * np.sqrt(rate * (1 - rate) / 100_000)
    layer.train(default_rng(0))
    first, second = (layer.forward(np.ones((100, 1000))) for _ in range(2))
    assert abs(np.mean(first == 0) - rate) < error
    assert abs(first.mean() - 1) < error / (1 - rate)
    assert abs(np.mean((first == 0) & (second == 0)) - rate**2) < 5 * rate / np.sqrt(100_000)


@given(generators(), RATES)
def test_the_gradient_of_dropout_is_the_measured_one(rng: Generator, rate: float) -> None:
    """In training mode with the same mask in each forward, and in inference mode."""
    x, same_mask = rng.standard_normal((4, 5)), Dropout(rate)
    forward = same_mask.forward
    same_mask.forward = lambda x: (same_mask.train(default_rng(3)), forward(x))[1]  # type: ignore
    for layer in (same_mask, Dropout(rate)):
        assert gradient_check(layer, x, rng=rng) < 1e-7


class Interrupt(Layer):
    """A layer that changes nothing and is interrupted, as by Ctrl-C, in its n-th forward."""

    def __init__(self, n: int) -> None:
        self.n = n

    def forward(self, x: ArrayLike) -> np.ndarray:
        self.n -= 1
        if self.n == 0:
            raise KeyboardInterrupt
        return np.asarray(x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return dout


@pytest.mark.parametrize(("where", "n_batches"), [(None, 8), ("on_epoch", 4), ("layer", 6)])
def test_dropout_is_in_training_mode_only_within_an_epoch(where: str, n_batches: int) -> None:
    """fit draws masks from its generator, in a nested network too; in on_epoch, after fit and after
    an interruption there or within a layer, nothing is dropped, and what was learned is kept."""
    rng, dropout, modes = default_rng(0), Dropout(0.5), list[Any]()
    x, y = rng.standard_normal((8, 3)), np.arange(8) % 2
    last = Interrupt(7 if where == "layer" else 0)  # one forward before training, four an epoch
    inner = Sequential([dropout, Dense(20, 2, rng), last])
    network = Sequential([Dense(3, 20, rng), inner])
    start, forward = network.params[0].copy(), dropout.forward
    dropout.forward = lambda x: (modes.append(dropout.rng), forward(x))[1]  # type: ignore

    def on_epoch(history: History) -> None:
        assert dropout.rng is None
        if where == "on_epoch":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) if where else nullcontext():
        network.fit(x, y, 2, 2, SGD(0.1), rng, on_epoch)
    assert modes == [None, *[rng] * n_batches] and dropout.rng is None
    assert np.abs(network.params[0] - start).max() > 1e-3
    np.testing.assert_array_equal(network.predict_proba(x), network.predict_proba(x))


def test_the_rate_must_be_at_least_0_and_below_1() -> None:
    """0 <= q < 1; config and repr hold it."""
    for rate in (-0.1, 1, 2, float("nan"), "0", None):
        assert refusal(Dropout, rate) == f"rate={rate!r} must be at least 0 and below 1"
    assert Dropout(0.25).config() == {"rate": 0.25} and repr(Dropout(0.25)) == "Dropout(rate=0.25)"

"""Dropout: what is dropped, when, and its gradient."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import batches, eps_of, generators

from mininet import SGD, Dense, Dropout, Layer, Sequential, gradient_check

RATES = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9])


@given(x=batches(), rate=RATES, rng=generators())
def test_each_unit_is_dropped_or_scaled_up(
    x: np.ndarray, rate: float, rng: np.random.Generator
) -> None:
    """In training out is 0 or x/(1 - q), of the dtype of x; at rest out = x."""
    layer = Dropout(rate)
    np.testing.assert_array_equal(layer.forward(x), x)
    layer.lend(rng)
    out = layer.forward(x)
    assert out.dtype == x.dtype
    kept = layer.mask > 0
    np.testing.assert_allclose(out[kept], x[kept] / (1 - rate), rtol=2 * eps_of(x.dtype))
    assert not out[~kept].any()
    layer.lend(None)
    np.testing.assert_array_equal(layer.forward(x), x)


def test_the_draw_that_equals_the_rate_is_kept() -> None:
    """u from 0 to below 1 is kept where u >= q, which has the probability 1 - q: with q = 0 nothing
    is dropped, by u = 0 neither."""
    draws = np.array([0.0, 0.5, 0.75], np.float32)
    rng = cast(np.random.Generator, SimpleNamespace(random=lambda shape, dtype: draws))
    for rate, expected in ((0.0, [1, 1, 1]), (0.5, [0, 2, 2]), (0.75, [0, 0, 4])):
        layer = Dropout(rate)
        layer.lend(rng)
        np.testing.assert_array_equal(layer.forward(np.ones(3)), expected)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.9])
def test_the_mean_stays_what_it_was(rate: float) -> None:
    """E[m] = 1 and the share of zeros is q: over 100000 draws within five standard errors; and the
    masks of two updates are independent."""
    layer, n = Dropout(rate), 100_000
    layer.lend(np.random.default_rng(0))
    first, second = (layer.forward(np.ones((100, n // 100))) for _ in range(2))
    error = 5 * np.sqrt(rate * (1 - rate) / n)
    assert abs(np.mean(first == 0) - rate) < error
    assert abs(first.mean() - 1) < error / (1 - rate)
    assert abs(np.mean((first == 0) & (second == 0)) - rate**2) < 5 * rate / np.sqrt(n)


class SameMask(Layer):
    """A Dropout whose generator starts afresh with every forward: a function with a derivative."""

    def __init__(self, rate: float, seed: int) -> None:
        self.layer, self.seed = Dropout(rate), seed

    def forward(self, x: np.ndarray) -> np.ndarray:  # type: ignore[override]
        self.layer.lend(np.random.default_rng(self.seed))
        return self.layer.forward(x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return self.layer.backward(dout)


@given(rng=generators(), rate=RATES)
def test_the_gradient_goes_through_the_same_mask(rng: np.random.Generator, rate: float) -> None:
    """gradient_check in training, with the mask held, and at rest, where it is the identity."""
    x = rng.standard_normal((4, 5))
    for layer in (SameMask(rate, 3), Dropout(rate)):
        assert gradient_check(layer, x, rng=rng) < 1e-7


def test_fit_drops_and_on_epoch_and_afterwards_nothing_is_dropped() -> None:
    """During fit masks are drawn, from fit's generator; whoever asks between epochs, after training
    or after an interruption gets the whole network, twice the same answer."""
    x, y = np.random.default_rng(0).standard_normal((8, 3)), np.arange(8) % 2
    dropout, seen = Dropout(0.5), []
    forward = dropout.forward
    dropout.forward = lambda x: (seen.append(dropout.rng), forward(x))[1]  # type: ignore

    def whole(history: object) -> None:
        assert dropout.rng is None
        if len(getattr(history, "loss", [])) == 3:
            raise KeyboardInterrupt

    rng = np.random.default_rng(1)
    network = Sequential([Dense(3, 20, rng), dropout, Dense(20, 2, rng)])
    network.fit(x, y, 2, 4, SGD(0.1), rng, whole)
    assert seen.count(rng) == 4
    with pytest.raises(KeyboardInterrupt):
        network.fit(x, y, 9, 4, SGD(0.1), rng, whole)
    np.testing.assert_array_equal(network.predict_proba(x), network.predict_proba(x))
    np.testing.assert_array_equal(dropout.mask, np.ones((8, 20)))


def test_a_network_in_a_network_drops_too() -> None:
    """A Sequential lends to its layers, also where it is itself a layer."""
    inner = Dropout(0.5)
    rng = np.random.default_rng(0)
    Sequential([Dense(2, 9, rng), Sequential([inner])]).lend(rng)
    assert inner.rng is rng


def test_the_same_seed_gives_the_same_network() -> None:
    """Masks come from the generator that is passed in: same seed, same weights, bit for bit."""
    ends = []
    for seed in (5, 5, 6):
        rng = np.random.default_rng(seed)
        network = Sequential([Dense(3, 9, rng), Dropout(0.3), Dense(9, 2, rng)])
        network.fit(np.eye(3), [0, 1, 0], 3, 2, SGD(0.5), rng)
        ends.append(network.params[0].tobytes())
    assert ends[0] == ends[1] != ends[2]


def test_rates_and_description() -> None:
    """0 <= q < 1; config and repr say it."""
    for rate in (-0.1, 1, 2, float("nan"), "0", None):
        with pytest.raises(ValueError, match="must be at least 0 and below 1"):
            Dropout(rate)  # type: ignore[arg-type]
    assert Dropout(0.25).config() == {"rate": 0.25} and repr(Dropout(0.25)) == "Dropout(rate=0.25)"

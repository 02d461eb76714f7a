"""Properties of mininet/ensemble.py: windows and networks averaged, sharpened, saved."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

import mininet as mn
from mininet import Dense, Ensemble, Sequential, valid_windows, window_proba
from tests.mininet.strategies import batches
from tests.oracles import assert_within, refusal
from tests.strategies import eps_of, generators


def network_for(n_features: int, rng: Generator) -> Sequential:
    """A small network of three classes, with every kind of layer that a file must keep."""
    first = mn.Normalization.adapt(rng.standard_normal((5, n_features)))
    dense = Dense(n_features, 4, rng), Dense(4, 3, rng)
    return Sequential([first, dense[0], mn.LeakyReLU(0.1), mn.Dropout(0.5), dense[1]])


@st.composite
def views(draw: st.DrawFn) -> np.ndarray:
    """(n, W, d), some windows with a NaN in them, but not all of any example."""
    rng = draw(generators())
    n, windows, d = (draw(st.integers(1, top)) for top in (6, 4, 3))
    view = rng.standard_normal((n, windows, d))
    left_out = rng.random((n, windows)) < 0.4
    left_out[np.arange(n), rng.integers(0, windows, n)] = False
    view[left_out, rng.integers(0, d)] = np.nan
    return view


@given(views(), generators())
def test_windows_are_averaged_by_their_geometric_mean(view: np.ndarray, rng: Generator) -> None:
    """p ∝ the geometric mean of the softmaxes of the windows without NaN, in the view's dtype."""
    network = network_for(view.shape[2], rng)
    assert window_proba(network, view.astype(np.float32)).dtype == np.float32
    for row, windows, valid in zip(
        window_proba(network, view), view, valid_windows(view), strict=True
    ):
        assert valid.tolist() == [not any(np.isnan(window)) for window in windows]
        mean = np.exp(np.log(mn.softmax(network.forward(windows[valid]))).mean(axis=0))
        # sums of at most four logits of order 10: about 100 eps
        np.testing.assert_allclose(row, mean / mean.sum(), rtol=1e-12)


@given(generators(), st.integers(1, 6), st.integers(1, 4))
def test_an_ensemble_averages_the_probabilities(rng: Generator, n: int, k: int) -> None:
    """p = 1/K Σ_k p_k, each network with its own view."""
    networks = [network_for(2 + i, rng) for i in range(k)]
    seen = [10 * rng.standard_normal((n, 2, 2 + i)) for i in range(k)]
    p = Ensemble(networks).predict_proba(seen)
    alone = [window_proba(*pair) for pair in zip(networks, seen, strict=True)]
    np.testing.assert_allclose(p, sum(alone) / k, rtol=1e-14)


@given(batches(n_features=5, decades=1), st.floats(0.1, 5))
def test_sharpened_probabilities_are_those_of_scaled_logits(z: np.ndarray, a: float) -> None:
    """sharpen(softmax(z), a) = softmax(a·z), in the dtype of z."""
    p, eps = mn.softmax(z), eps_of(z.dtype)
    with np.errstate(under="ignore"):
        q = mn.sharpen(p, a)
    assert q.dtype == z.dtype
    # p is wrong by (1 + range of z)·eps, relatively, and p**a by a times as much, as is a·z
    spread = 1 + float(np.ptp(z, axis=1).max())
    assert_within(q, mn.softmax(a * z), 8 * (1 + a * spread) * eps)


def test_extreme_probabilities_are_sharpened() -> None:
    """Zeros and tiny probabilities give no NaN, large exponents no zero divisor."""
    tiny, many = [1, 0, 5e-324], np.full((1, 1000), 1e-3)
    with np.errstate(divide="raise", invalid="raise"):
        assert mn.sharpen([tiny, tiny[::-1]], 3).tolist() == [[1, 0, 0], [0, 0, 1]]
        share = 2**-1.074  # of 5e-324 = 2**-1074
        assert mn.sharpen(tiny, 1e-3)[2] == pytest.approx(share / (1 + share), rel=1e-12)
        np.testing.assert_allclose(mn.sharpen(many, 1e3), many, rtol=1e-12)
        for exponent in (1e4, float("inf")):
            rows = mn.sharpen([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]], exponent)  # each by its maximum
            assert rows.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_one_file_holds_all_networks(tmp_path: Path) -> None:
    """load(save(ensemble)) has its bits and metadata; Ensemble.load reads a single network, too."""
    rng = default_rng(0)
    ensemble = Ensemble([network_for(2, rng), network_for(3, rng)], {"classes": ["a"]})
    ensemble.save(tmp_path / "two")
    again, seen = Ensemble.load(tmp_path / "two"), [rng.standard_normal((4, 2, d)) for d in (2, 3)]
    np.testing.assert_array_equal(again.predict_proba(seen), ensemble.predict_proba(seen))
    assert again.metadata == {"classes": ["a"]} and len(again.networks) == 2
    message = f"{tmp_path / 'two'} is not a mininet model file: it contains 2 networks of [5, 5]"
    assert refusal(Sequential.load, tmp_path / "two").startswith(message)
    network = Sequential(again.networks[0].layers, {"a": 1})
    network.save(tmp_path / "one")
    again = Ensemble.load(tmp_path / "one")
    np.testing.assert_array_equal(again.predict_proba([seen[0]]), window_proba(network, seen[0]))
    assert again.metadata == {"a": 1} and Ensemble(again.networks).metadata == {}

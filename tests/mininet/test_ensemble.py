"""Properties of mininet/ensemble.py: windows and networks averaged, one file for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mininet import (
    Dense,
    Dropout,
    Ensemble,
    LeakyReLU,
    Normalization,
    Sequential,
    cross_entropy,
    softmax,
    valid_windows,
    window_proba,
)
from tests.oracles import refusal
from tests.strategies import generators


def network_for(n_features: int, rng: np.random.Generator) -> Sequential:
    """A small network of three classes, with every kind of layer that a file must keep."""
    first = Normalization.adapt(rng.standard_normal((5, n_features)))
    dense = Dense(n_features, 4, rng), Dense(4, 3, rng)
    return Sequential([first, dense[0], LeakyReLU(0.1), Dropout(0.5), dense[1]])


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
def test_windows_are_averaged_by_their_geometric_mean(
    view: np.ndarray, rng: np.random.Generator
) -> None:
    """p is proportional to the geometric mean of the softmaxes of the valid windows, those without
    NaN."""
    network = network_for(view.shape[2], rng)
    for row, windows, valid in zip(
        window_proba(network, view), view, valid_windows(view), strict=True
    ):
        assert valid.tolist() == [not any(np.isnan(window)) for window in windows]
        mean = np.exp(np.log(softmax(network.forward(windows[valid]))).mean(axis=0))
        # sums of at most four logits of order 10: about 100 eps
        np.testing.assert_allclose(row, mean / mean.sum(), rtol=1e-12)


@given(generators(), st.integers(1, 6), st.integers(1, 4))
def test_the_loss_of_the_mean_is_at_most_the_mean_loss(
    rng: np.random.Generator, n: int, k: int
) -> None:
    """Jensen: the loss of the averaged probabilities is at most the average of the losses; the
    probabilities are the arithmetic mean of those of the networks and sum to one."""
    networks = [network_for(2 + i, rng) for i in range(k)]
    seen = [10 * rng.standard_normal((n, 2, 2 + i)) for i in range(k)]
    labels, p = rng.integers(0, 3, n), Ensemble(networks).predict_proba(seen)
    alone = [window_proba(*pair) for pair in zip(networks, seen, strict=True)]
    np.testing.assert_allclose(p, sum(alone) / k, rtol=1e-14)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    losses = [cross_entropy(each, labels) for each in alone]
    assert cross_entropy(p, labels) <= np.mean(losses) * (1 + 1e-12)


@given(generators(), st.integers(1, 3))
def test_one_file_holds_all_networks(
    tmp_path_factory: pytest.TempPathFactory, rng: np.random.Generator, k: int
) -> None:
    """load(save(ensemble)) has the same probabilities, bit for bit, and the metadata."""
    path = tmp_path_factory.getbasetemp() / "ensemble"
    ensemble = Ensemble([network_for(2 + i, rng) for i in range(k)], {"classes": ["a"]})
    ensemble.save(path)
    again, seen = Ensemble.load(path), [rng.standard_normal((4, 2, 2 + i)) for i in range(k)]
    np.testing.assert_array_equal(again.predict_proba(seen), ensemble.predict_proba(seen))
    assert again.metadata == {"classes": ["a"]} and len(again.networks) == k


def test_a_single_network_loads_as_an_ensemble_of_one(tmp_path: Path) -> None:
    """Ensemble.load reads what Sequential.save wrote; Sequential.load rejects two networks."""
    network = network_for(2, np.random.default_rng(0))
    network.metadata = {"a": 1}
    network.save(tmp_path / "one")
    ensemble, x = Ensemble.load(tmp_path / "one"), np.ones((3, 2))
    assert ensemble.metadata == {"a": 1}
    np.testing.assert_array_equal(ensemble.predict_proba([x[:, None]]), network.predict_proba(x))
    Ensemble([network, network]).save(tmp_path / "two")
    message = (
        f"{tmp_path / 'two'} is not a model of this program: it holds 2 networks, of [5, 5] of"
    )
    assert refusal(Sequential.load, tmp_path / "two").startswith(message)


def test_views_that_do_not_fit_are_rejected() -> None:
    """An ensemble needs a network and a view for each; a view is (n, W, d), and each of its
    examples has a valid window."""
    network, silent = network_for(2, np.random.default_rng(0)), np.zeros((2, 3, 2))
    assert refusal(Ensemble, []) == "networks=[] must hold at least one network"
    ensemble = Ensemble([network])
    assert ensemble.metadata == {}
    message = "2 views must be one for each of 1"
    assert refusal(ensemble.predict_proba, [silent, silent]) == message
    message = "a view has shape (3, 2); it must be (n, n_windows, n_features)"
    assert refusal(window_proba, network, np.zeros((3, 2))) == message
    silent[1] = np.nan
    assert refusal(valid_windows, silent) == "an example has no window without NaN"


def test_probabilities_have_the_dtype_of_the_view() -> None:
    """float32 views give float32 probabilities, as a network alone does."""
    network = network_for(2, np.random.default_rng(0))
    assert window_proba(network, np.ones((3, 2, 2), np.float32)).dtype == np.float32

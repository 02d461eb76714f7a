"""The ensemble: windows as witnesses, networks that answer together, one file for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles import refusal
from tests.strategies import generators

from mininet import (
    Dense,
    Dropout,
    Ensemble,
    LeakyReLU,
    Normalization,
    Sequential,
    cross_entropy,
    softmax,
    window_proba,
    windows_of,
)


def network_for(n_features: int, rng: np.random.Generator, n_classes: int = 3) -> Sequential:
    """A small network with every kind of layer that a file must keep."""
    x = rng.standard_normal((5, n_features))
    return Sequential(
        [
            Normalization.adapt(x),
            Dense(n_features, 4, rng),
            LeakyReLU(0.1),
            Dropout(0.5),
            Dense(4, n_classes, rng),
        ]
    )


@st.composite
def views(draw: st.DrawFn) -> np.ndarray:
    """(n, W, d) with some windows left out by a NaN in them, but no example's all."""
    rng = draw(generators())
    n, windows, d = (draw(st.integers(1, top)) for top in (6, 4, 3))
    view = rng.standard_normal((n, windows, d))
    left_out = rng.random((n, windows)) < 0.4
    left_out[np.arange(n), rng.integers(0, windows, n)] = False
    view[left_out, rng.integers(0, d)] = np.nan
    return view


@given(view=views(), rng=generators())
def test_windows_answer_by_their_geometric_mean(view: np.ndarray, rng: np.random.Generator) -> None:
    """p is proportional to the geometric mean of the softmaxes of the windows that are heard."""
    network = network_for(view.shape[2], rng)
    p = window_proba(network, view)
    for row, windows in zip(p, view, strict=True):
        heard = windows[~np.isnan(windows).any(axis=1)]
        mean = np.exp(np.log(softmax(network.forward(heard))).mean(axis=0))
        # sums of at most four logits of order 10: some 100 eps
        np.testing.assert_allclose(row, mean / mean.sum(), rtol=1e-12)


@given(view=views())
def test_a_network_is_trained_on_each_heard_window(view: np.ndarray) -> None:
    """windows_of gives the heard windows in order, each with the label of its example, ints or
    one-hot."""
    labels = np.arange(len(view))
    rows, of = windows_of(view, labels)
    expected = [
        (window, i)
        for i, example in enumerate(view)
        for window in example
        if window.sum() == window.sum()
    ]
    assert len(rows) == len(of) == len(expected)
    for row, i, (window, label) in zip(rows, of, expected, strict=True):
        np.testing.assert_array_equal(row, window)
        assert i == label
    np.testing.assert_array_equal(windows_of(view, np.eye(len(view)))[1], np.eye(len(view))[of])


@given(rng=generators(), n=st.integers(1, 6), k=st.integers(1, 4))
def test_the_mean_of_answers_is_no_worse_than_the_mean_answer(
    rng: np.random.Generator, n: int, k: int
) -> None:
    """Jensen: the loss of the averaged probabilities is at most the average of the losses; the
    probabilities are their arithmetic mean and sum to one."""
    networks = [network_for(2 + i, rng) for i in range(k)]
    seen = [10 * rng.standard_normal((n, 2, 2 + i)) for i in range(k)]
    labels = rng.integers(0, 3, n)
    p = Ensemble(networks).predict_proba(seen)
    alone = [window_proba(*pair) for pair in zip(networks, seen, strict=True)]
    np.testing.assert_allclose(p, sum(alone) / k, rtol=1e-14)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    losses = [cross_entropy(answer, labels) for answer in alone]
    assert cross_entropy(p, labels) <= np.mean(losses) * (1 + 1e-12)


@given(rng=generators(), k=st.integers(1, 3))
def test_one_file_keeps_all_networks(
    rng: np.random.Generator, k: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """load(save(ensemble)) answers the same, bit for bit, and has the metadata."""
    path = tmp_path_factory.getbasetemp() / "ensemble"
    networks = [network_for(2 + i, rng) for i in range(k)]
    seen = [rng.standard_normal((4, 2, 2 + i)) for i in range(k)]
    Ensemble(networks, {"classes": ["a"]}).save(path)
    again = Ensemble.load(path)
    np.testing.assert_array_equal(again.predict_proba(seen), Ensemble(networks).predict_proba(seen))
    assert again.metadata == {"classes": ["a"]} and len(again.networks) == k


def test_a_single_network_is_an_ensemble_of_one_but_not_the_other_way(tmp_path: Path) -> None:
    """Ensemble.load reads what Sequential.save wrote; Sequential.load refuses an ensemble."""
    network = network_for(2, np.random.default_rng(0))
    network.metadata = {"a": 1}
    network.save(tmp_path / "one")
    ensemble = Ensemble.load(tmp_path / "one")
    assert ensemble.metadata == {"a": 1}
    x = np.ones((3, 2))
    np.testing.assert_array_equal(ensemble.predict_proba([x[:, None]]), network.predict_proba(x))
    Ensemble([network, network]).save(tmp_path / "two")
    with pytest.raises(ValueError, match="two is not a model of this program: it holds an ens"):
        Sequential.load(tmp_path / "two")
    (tmp_path / "text").write_text("no model")
    with pytest.raises(ValueError, match="text is not a model of this program"):
        Ensemble.load(tmp_path / "text")


def test_what_does_not_fit_is_refused() -> None:
    """No networks, another number of views, a view that is flat, an example without windows."""
    network = network_for(2, np.random.default_rng(0))
    assert refusal(Ensemble, []) == "networks=[] must hold at least one network"
    assert Ensemble([network]).metadata == {}
    with pytest.raises(ValueError, match="2 views must be one for each of 1"):
        Ensemble([network]).predict_proba([np.zeros((1, 1, 2))] * 2)
    with pytest.raises(ValueError, match="must be \\(n, n_windows, n_features\\)"):
        window_proba(network, np.zeros((3, 2)))
    silent = np.zeros((2, 3, 2))
    silent[1] = np.nan
    assert refusal(windows_of, silent, [0, 1]) == "an example has no window without NaN"


def test_answers_are_of_the_dtype_of_the_views() -> None:
    """float32 views give float32 probabilities, as a network alone does."""
    network = network_for(2, np.random.default_rng(0))
    assert window_proba(network, np.ones((3, 2, 2), np.float32)).dtype == np.float32

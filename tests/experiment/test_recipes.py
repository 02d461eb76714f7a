"""The recipe: the tutorial's features and network, and what a model file carries."""

from __future__ import annotations

import numpy as np
import pytest
from tests import sounds
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import generators

from experiment.recipes import Features, Training, rearrange, reference_network
from mfcc import delta, mfcc
from mininet import Dense, LeakyReLU, ReLU, Sequential, Sigmoid, one_hot


def test_features_are_the_mfccs() -> None:
    """The features of a clip are its 13 MFCCs at 44.1 kHz, float32, (13, 501)."""
    signal = np.resize(sounds.hiss(0), 220500).astype(np.float32)
    features = Features().of(signal)
    assert features.shape == (13, 501) and features.dtype == np.float32
    np.testing.assert_array_equal(features, mfcc(signal, 44100, n_mfcc=13))


def test_deltas_are_stacked_under_the_mfccs() -> None:
    """With deltas there are three times the rows: MFCCs, their deltas, their delta-deltas."""
    signal = sounds.hiss(1)
    plain, stacked = Features(n_mfcc=5).of(signal), Features(n_mfcc=5, deltas=True).of(signal)
    assert stacked.shape == (15, plain.shape[1])
    np.testing.assert_array_equal(stacked[:5], plain)
    np.testing.assert_array_equal(stacked[5:10], delta(plain))
    np.testing.assert_array_equal(stacked[10:], delta(plain, order=2))


@pytest.mark.parametrize("features", [Features(), Features(n_mfcc=5, deltas=True)])
def test_a_recipe_knows_how_wide_its_views_are(features: Features) -> None:
    """widths are those of the views of a clip; the first view is the features, row by row."""
    signal = np.resize(sounds.hiss(2), 220500).astype(np.float32)
    views = features.views(signal)
    assert [view.shape[1] for view in views] == list(features.widths)
    np.testing.assert_array_equal(views[0].reshape(features.n_rows, -1), features.of(signal))


@given(st.integers(1, 40), st.integers(1, 200), generators())
def test_rearranging_in_place_is_indexing(n: int, width: int, rng: np.random.Generator) -> None:
    """rearrange(x, order) makes x what x[order] is."""
    x, order = rng.standard_normal((n, width)), rng.permutation(n)
    expected = x[order]
    rearrange(x, order)
    np.testing.assert_array_equal(x, expected)


def test_the_reference_network_is_the_published_one() -> None:
    """6513-500-500-500-10 with sigmoid, leaky ReLU 0.3, ReLU: 3,763,010 parameters."""
    network = reference_network(6513, 10, np.random.default_rng(0))
    assert network.n_params == 3_763_010
    kinds = [type(layer) for layer in network.layers]
    assert kinds == [Dense, Sigmoid, Dense, LeakyReLU, Dense, ReLU, Dense]
    assert network.layers[3].config() == {"alpha": 0.3}
    sizes = [layer.W.size + layer.b.size for layer in network.layers if isinstance(layer, Dense)]
    assert sizes == [3_257_000, 250_500, 250_500, 5_010]


def test_the_reference_rate_falls_with_every_update() -> None:
    """Epoch e of ten batches begins at 0.01/(1 + 0.9·10(e - 1)): 1e-3 at epoch 2, 1.1e-5 at 100."""
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((400, 3)), np.arange(400) % 10
    network = Sequential([Dense(3, 10, rng=rng)])
    history = Training().fit(network, x, one_hot(labels), rng, lambda history: None)
    expected = 0.01 / (1 + 0.9 * 10 * np.arange(100))
    np.testing.assert_allclose(history.learning_rate, expected, rtol=1e-12)
    assert history.learning_rate[1] == pytest.approx(1e-3)
    assert history.learning_rate[-1] == pytest.approx(1.12e-5, rel=1e-3)

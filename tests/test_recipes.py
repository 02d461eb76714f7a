"""The recipe: the tutorial's features and network, and what a model file carries."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import sounds

from experiment.dataset import Clip, Dataset
from experiment.recipes import (
    Features,
    Training,
    extract,
    reference_network,
)
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


def test_extract_keeps_order_and_counts_treatments() -> None:
    """Row i is the features of clip i; treated counts what was done to how many."""
    signals = [sounds.hiss(seed) for seed in range(4)]
    clips = [Clip(s, resampled=i > 0, cut=i > 1, padded=i > 2) for i, s in enumerate(signals)]
    dataset = Dataset(["a", "b"], list("wxyz"), np.array([0, 0, 1, 1]), clips.__getitem__)
    wrapped: list[list[int]] = []

    def progress(clips: Iterable[int]) -> Iterable[int]:
        wrapped.append(list(clips))
        return wrapped[0]

    features, treated = extract(dataset, Features(), progress)
    assert treated == {"resampled": 3, "cut": 2, "padded": 1} and wrapped == [[0, 1, 2, 3]]
    for row, signal in zip(features, signals, strict=True):
        np.testing.assert_array_equal(row, Features().of(signal))


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

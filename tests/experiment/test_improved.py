"""The improved recipe: what its networks hear, how they are built, that they learn."""

from __future__ import annotations

import numpy as np
from tests import sounds

from experiment.improved import BANDS, Improved
from mfcc import mel_spectrogram, mfcc, modulation_spectrum, power_to_db, structure_function
from mininet import Dense, Dropout, Normalization, ReLU

RECIPE = Improved()


def signal() -> np.ndarray:
    """Two seconds of a tone in noise, then digital silence, (220500,) float32."""
    out = np.zeros(220500, np.float32)
    out[: 2 * 44100] = sounds.hiss(0, 2.0) + sounds.tone(500, 2.0)
    return out


def test_the_clip_view_is_mean_deviation_and_structure_of_20_mfccs() -> None:
    """(1, 200) float32: for each of the MFCCs of 40 bands with a floor at 60 dB its mean, and the
    logarithms of deviation and structure function plus 0.1."""
    clip, _ = RECIPE.views(signal())
    assert clip.shape == (1, 200) and clip.dtype == np.float32
    c = mfcc(signal().astype(float), 44100, n_mfcc=20, n_mels=40, top_db=60.0)
    rows = clip.reshape(20, 10)
    # float32 of decibels up to 60 √40: 400 · 6e-8, magnified up to tenfold by the logarithm
    np.testing.assert_allclose(rows[:, 0], c.mean(axis=1), rtol=0, atol=1e-3)
    np.testing.assert_allclose(rows[:, 1], np.log(c.std(axis=1) + 0.1), rtol=0, atol=1e-3)
    expected = np.log(structure_function(c) + 0.1)
    np.testing.assert_allclose(rows[:, 2:], expected, rtol=0, atol=1e-3)


def test_the_window_view_is_level_deviation_and_modulation_of_40_bands() -> None:
    """(9, 320) float32: windows of 1 s every 0.5 s; the fourth begins at 1.5 s."""
    _, windows = RECIPE.views(signal())
    assert windows.shape == (9, 320) and windows.dtype == np.float32
    assert RECIPE.widths == (200, 320)
    mel = mel_spectrogram(signal(), 44100, n_mels=40)
    part = power_to_db(mel, top_db=60.0)[:, 150:250]
    rows = windows[3].reshape(40, 8)
    np.testing.assert_allclose(rows[:, 0], part.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(rows[:, 1], np.log(part.std(axis=1) + 0.1), rtol=0, atol=1e-4)
    expected = np.log(modulation_spectrum(part, BANDS) + 0.1)
    np.testing.assert_allclose(rows[:, 2:], expected, rtol=0, atol=1e-4)


def test_silent_windows_are_left_out_but_never_all() -> None:
    """Sound until 2 s: the windows that begin at 2.5 s or later are NaN, whole. In a clip that is
    silent throughout no window is quieter than another: all are heard."""
    _, windows = RECIPE.views(signal())
    left_out = np.isnan(windows)
    assert left_out.all(axis=1).tolist() == [False] * 5 + [True] * 4
    assert not left_out[:5].any()
    for view in RECIPE.views(np.zeros(220500, np.float32)):
        assert np.isfinite(view).all()


def test_a_network_of_one_hidden_layer() -> None:
    """Normalization of the training examples, Dense 100, ReLU, dropout 0.3, Dense."""
    x = np.random.default_rng(0).standard_normal((6, 7))
    network = RECIPE.build(x, 3, np.random.default_rng(0))
    assert [type(layer) for layer in network.layers] == [Normalization, Dense, ReLU, Dropout, Dense]
    assert network.shapes()[-1] == (100, 3) and network.layers[3].config() == {"rate": 0.3}
    np.testing.assert_allclose(network.layers[0].forward(x).mean(axis=0), 0, atol=1e-14)


def test_it_learns_what_can_be_learnt() -> None:
    """Three clouds, eight deviations apart, are told apart after 60 epochs; the rate is 0.02."""
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + 6 * np.eye(5)[labels]
    network = RECIPE.build(x, 3, rng)
    history = RECIPE.fit(network, x, labels, rng)
    assert len(history.loss) == 60 and set(history.learning_rate) == {0.02}
    assert network.evaluate(x, labels)[1] == 1.0

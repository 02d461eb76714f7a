"""Properties of experiment/recipes.py: the views and networks of both recipes, and model files."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mfcc
import mininet
from experiment import recipes
from experiment.recipes import Improved, Model, Recipe, Reference, read_model, repeat_sound
from mininet import Dense, Dropout, History, LeakyReLU, Normalization, ReLU, Sequential, Sigmoid
from tests import sounds
from tests.oracles import refusal
from tests.strategies import generators

CLASSES = ["dog", "rain", "소리"]
# two seconds of a tone in noise, then silence, (220500,) float32
SIGNAL = np.zeros(220500, np.float32)
SIGNAL[: 2 * 44100] = sounds.hiss(0, 2.0) + sounds.tone(500, 2.0)
# float32 of decibels up to 60 √40: 400 · 6e-8, magnified up to tenfold by the logarithm
ROUNDING = 1e-3


def log_mel_of(signal: np.ndarray) -> np.ndarray:
    """The decibels that the improved views describe, (40, 501): above the mean power, down to 60 dB
    below the maximum, the frames of the sound (of SIGNAL the first 201) in a circle."""
    mel = mfcc.mel_spectrogram(signal.astype(float), 44100, n_mels=40)
    return mfcc.power_to_db(mel / mel.mean(), top_db=60.0)[:, np.arange(501) % 201]


def test_the_reference_view_is_the_flattened_mfccs() -> None:
    """13 MFCCs of 501 frames, float32, (1, 6513); with deltas their first and second derivatives
    are stacked below them."""
    (view,) = Reference().views(SIGNAL)
    assert view.shape == (1, 6513) and view.dtype == np.float32
    np.testing.assert_array_equal(view.reshape(13, 501), mfcc.fast.mfcc(SIGNAL, 44100))
    cepstra = Reference(n_mfcc=5).coefficients(SIGNAL)
    (stacked,) = Reference(n_mfcc=5, deltas=True).views(SIGNAL)
    expected = [cepstra, mfcc.delta(cepstra), mfcc.delta(cepstra, order=2)]
    np.testing.assert_array_equal(stacked.reshape(3, 5, -1), expected)


def test_the_reference_network_is_the_published_one() -> None:
    """6513-500-500-500-10 with sigmoid, leaky ReLU 0.3, ReLU: 3,763,010 parameters."""
    network = recipes.reference_network(6513, 10, np.random.default_rng(0))
    kinds = [type(layer) for layer in network.layers]
    assert kinds == [Dense, Sigmoid, Dense, LeakyReLU, Dense, ReLU, Dense]
    assert network.layers[3].config() == {"alpha": 0.3}
    sizes = [layer.W.size + layer.b.size for layer in network.layers if isinstance(layer, Dense)]
    assert sizes == [3_257_000, 250_500, 250_500, 5_010] and network.n_params == 3_763_010


def test_the_clip_view_is_mean_deviation_and_structure_function_of_20_mfccs() -> None:
    """(1, 200) float32: for each MFCC of 40 bands its mean, and log(· + 0.1) of its standard
    deviation and structure function."""
    clip, *_ = Improved().views(SIGNAL)
    assert clip.shape == (1, 200) and clip.dtype == np.float32
    c = mfcc.dct_matrix(20, 40) @ log_mel_of(SIGNAL)
    changes = np.log(np.column_stack([c.std(axis=1), mfcc.structure_function(c)]) + 0.1)
    expected = np.column_stack([c.mean(axis=1), changes])
    np.testing.assert_allclose(clip.reshape(20, 10), expected, rtol=0, atol=ROUNDING)


def test_the_window_view_is_level_deviation_and_modulation_of_40_bands() -> None:
    """(9, 320) float32: windows of 1 s every 0.5 s; the fourth starts at 1.5 s."""
    _, windows, _ = Improved().views(SIGNAL)
    assert windows.shape == (9, 320) and windows.dtype == np.float32
    part = log_mel_of(SIGNAL)[:, 150:250]
    rows = windows[3].reshape(40, 8)
    np.testing.assert_allclose(rows[:, 0], part.mean(axis=1), rtol=1e-5, atol=ROUNDING)
    changes = np.column_stack([part.std(axis=1), mfcc.modulation_spectrum(part, recipes.BANDS)])
    np.testing.assert_allclose(rows[:, 1:], np.log(changes + 0.1), rtol=0, atol=ROUNDING)


def test_silent_windows_are_nan_but_never_all() -> None:
    """A bang before a sound that is 41 dB below it, until the end: the windows from 0.5 s on are
    NaN; with 39 dB none is. In a silent clip no window is quieter than another."""
    for db, n_silent in ((41, 8), (39, 0)):
        log_mel = np.full((40, 501), -db, float)
        log_mel[:, :20] = 0
        silent = np.isnan(Improved().window_view(log_mel))
        np.testing.assert_array_equal(silent.all(axis=1), np.arange(9) >= 9 - n_silent)
        np.testing.assert_array_equal(silent.any(axis=1), silent.all(axis=1))
    for view in Improved().views(np.zeros(220500, np.float32)):
        assert np.isfinite(view).all()


@settings(max_examples=10)
@given(st.floats(1e-3, 1e3), st.integers(1, 6))
def test_a_gain_changes_no_view(gain: float, k: int) -> None:
    """But for rounding; and no bit changes if the factor is a power of two."""
    expected = Improved().views(SIGNAL)
    for one, two in zip(Improved().views(SIGNAL * np.float32(2.0**-k)), expected, strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(Improved().views(SIGNAL * np.float32(gain)), expected, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=ROUNDING)


@settings(max_examples=10)
@given(st.integers(1, 448))
def test_the_place_of_a_short_sound_changes_no_view(frame: int) -> None:
    """Half a second of sound in silence, from the start of the clip or any number of hops later."""
    n, start = 22050, 441 * frame
    clips = np.zeros((2, 220500), np.float32)
    clips[0, :n] = clips[1, start : start + n] = SIGNAL[:n]
    for one, two in zip(*map(Improved().views, clips), strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=ROUNDING)


def test_silent_ends_are_cut_and_the_rest_is_repeated() -> None:
    """Frames 1 to 3 have a band above 0 dB, though frame 2 is silent; without such a frame the clip
    stays as it is, cut or repeated."""
    log_mel = np.array([[0.0, 5, -1, 0, 0, -2], [-9, 0, -3, 4, -1, -1]])
    columns = [1, 2, 3, 1, 2, 3, 1]
    np.testing.assert_array_equal(repeat_sound(log_mel, 0.0, 7), log_mel[:, columns])
    np.testing.assert_array_equal(repeat_sound(log_mel, 5.0, 8), log_mel[:, [*range(6), 0, 1]])


@settings(max_examples=10)
@given(generators())
def test_the_rhythm_view_describes_three_loudness_curves(rng: np.random.Generator) -> None:
    """Of the power in all bands, of the mean of their decibels and of the mean of their rises: log
    of the standard deviation, maximum and minimum in its unit, and the autocorrelation."""
    log_mel, rows = rng.uniform(-60, 0, (4, 200)), []
    power = [10 * np.log10(sum(10 ** (x / 10) for x in frame) / 4) for frame in log_mel.T]
    steps = pairwise(log_mel.T)  # (4,) each
    rise = [0, *(sum(max(0, b - a) for a, b in zip(*step, strict=True)) / 4 for step in steps)]
    for curve in np.array([power, log_mel.mean(axis=0), rise]):
        y = curve - curve.mean()
        r = [np.sum(y[:-k] * y[k:]) / np.sum(y**2) for k in recipes.RHYTHM_LAGS]
        spread = np.sqrt(np.mean(y**2)) + 0.1
        rows += [np.log(spread), y.max() / spread, y.min() / spread, *r]
    np.testing.assert_allclose(Improved().rhythm_view(log_mel), [rows], rtol=0, atol=1e-9)


def test_the_examples_are_the_clip_and_its_copies() -> None:
    """The views of the clip, then those of copies that depend on nothing but the clip; of other
    clips the copies differ. The reference recipe makes none."""
    recipe = replace(Improved(), copies=2)
    examples = recipe.examples(SIGNAL)
    assert [each.shape for each in examples] == [(3, 1, 200), (3, 9, 320), (3, 1, 66)]
    for example, view, other in zip(
        examples, recipe.views(SIGNAL), recipe.examples(SIGNAL / 2), strict=True
    ):
        np.testing.assert_array_equal(example[0], view)
        assert not np.array_equal(example[1], example[2], equal_nan=True)
        assert not np.allclose(example[1], other[1], equal_nan=True)
    for one, two in zip(examples, recipe.examples(SIGNAL.copy()), strict=True):
        np.testing.assert_array_equal(one, two)
    assert Reference().examples(SIGNAL)[0].shape == (1, 1, 6513)


def test_the_improved_network_learns_separated_classes() -> None:
    """Normalization, Dense 100, ReLU, dropout 0.3, Dense; 12 epochs at a rate of 0.02 separate
    three clouds that are eight standard deviations apart."""
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + 6 * np.eye(5)[labels]
    network = Improved().build(x, 3, rng)
    assert [type(layer) for layer in network.layers] == [Normalization, Dense, ReLU, Dropout, Dense]
    assert network.shapes()[-1] == (100, 3) and network.layers[3].config() == {"rate": 0.3}
    np.testing.assert_allclose(network.layers[0].forward(x).mean(axis=0), 0, atol=1e-14)
    history = Improved().fit(network, x, labels, rng)
    assert len(history.loss) == 12 and set(history.learning_rate) == {0.02}
    assert network.evaluate(x, labels)[1] == 1.0


@pytest.mark.parametrize("n", [6, 40])
def test_held_out_examples_are_evaluated_after_each_epoch_without_effect(n: int) -> None:
    """With fewer examples than features (the Gram form) and with more: the held-out history is what
    evaluate returns after each epoch, and the weights and the training history are the same as
    without; on_epoch sees the network's own layers."""
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, 10)), np.arange(n) % 3
    recipe = Reference(epochs=3, batch_size=4, learning_rate=0.1)
    trained = []
    for held_out in (None, (x[:5] + 0.1, y[:5])):
        network = Sequential([Dense(10, 4, rng=np.random.default_rng(1)), Sigmoid()])
        network.layers.append(Dense(4, 3, rng=np.random.default_rng(2)))

        def on_epoch(history: History, network: Sequential = network) -> None:
            assert len(network.layers) == 3

        history = recipe.fit(network, x, y, np.random.default_rng(3), on_epoch, held_out)
        trained.append((network, history))
    (alone, history), (watched, same) = trained
    assert history.val_loss == history.val_accuracy == [] and len(same.val_loss) == 3
    assert (history.loss, history.accuracy) == (same.loss, same.accuracy)
    for one, two in zip(alone.params, watched.params, strict=True):
        np.testing.assert_array_equal(one, two)
    scores = watched.evaluate(x[:5] + 0.1, y[:5])
    assert (same.val_loss[-1], same.val_accuracy[-1]) == pytest.approx(scores, rel=1e-12)


# Model files


def untrained(recipe: Recipe, *chosen: int) -> Model:
    """A network for each chosen view of the recipe."""
    rng, views = np.random.default_rng(0), recipe.views(SIGNAL)
    xs = {k: rng.standard_normal((5, views[k].shape[1])) for k in chosen}
    networks = {k: recipe.build(x, len(CLASSES), rng) for k, x in xs.items()}
    return Model(recipe, CLASSES, networks, 1.5, 0.75)


@pytest.mark.parametrize(
    ("recipe", "chosen"),
    [
        *((Reference(), [0]), (Reference(n_mfcc=2, deltas=True), [0])),
        *((Improved(), [0]), (Improved(), [1]), (Improved(), [2, 0, 1]), (Improved(), [1, 0])),
    ],
)
def test_a_model_predicts_the_same_after_it_is_read(
    recipe: Recipe, chosen: list[int], tmp_path: Path
) -> None:
    """Classes, recipe, chosen networks, exponent, threshold and probabilities are those of the
    saved model, whose networks are averaged, and the average is sharpened."""
    saved = untrained(recipe, *chosen)
    saved.save(tmp_path / "m.npz")
    model, views = read_model(tmp_path / "m.npz"), [view[None] for view in recipe.views(SIGNAL)]
    assert (model.classes, model.recipe, list(model.networks)) == (CLASSES, recipe, chosen)
    assert (model.exponent, model.threshold) == (1.5, 0.75)
    p = np.mean([mininet.window_proba(saved.networks[k], views[k]) for k in chosen], axis=0)
    np.testing.assert_array_equal(model.predict_proba(views), mininet.sharpen(p, 1.5))


def test_a_model_that_cannot_predict_says_so(tmp_path: Path) -> None:
    """Weights so large that the probabilities are NaN: one sentence and no warning, also of a file
    that has them."""
    model = untrained(Reference(n_mfcc=2), 0)
    for param in model.networks[0].params:
        param[...] = 1e300
    message = refusal(model.predict_proba, [np.ones((1, 1, 1002))])
    assert message.startswith("the probabilities are not finite")
    model.save(tmp_path / "m.npz")
    assert "the probabilities are not finite" in refusal(read_model, tmp_path / "m.npz")


@pytest.mark.parametrize(
    "unfit",
    [
        *({"classes": value} for value in (None, 3, ["a", "b"], [1, 2, 3], ["a", "b", "\x1b[31m"])),
        {"classes": ["a", "b", "c"] * 10**5},
        *({"recipe": value} for value in (None, "third", ["reference"], "improved")),
        *({"settings": value} for value in (None, [2, False], {"x": 1}, {"x" * 10**6: 1})),
        *({"settings": {"n_mfcc": n_mfcc}} for n_mfcc in ("2", 3)),
        *({"chosen": value} for value in (None, 0, [], [0, 0], [1])),
        *({"exponent": value} for value in (None, 0, -1.0, "2", float("nan"))),
        *({"threshold": value} for value in ("0.5", -0.1, 1.1, float("nan"), [0.5])),
    ],
)
def test_a_model_whose_parts_do_not_match_is_refused(unfit: dict[str, Any], tmp_path: Path) -> None:
    """Metadata that are missing, of another type, or do not match the networks: one sentence that
    names the file."""
    network = Sequential([Dense(1002, len(CLASSES), rng=np.random.default_rng(0))])
    Model(Reference(n_mfcc=2), CLASSES, {0: network}, 1.5, 0.75).save(tmp_path / "m.npz")
    ensemble = mininet.Ensemble.load(tmp_path / "m.npz")
    ensemble.metadata |= unfit
    ensemble.save(tmp_path / "m.npz")
    message = refusal(read_model, tmp_path / "m.npz")
    assert message.startswith(f"{tmp_path / 'm.npz'} is not a model that ssc wrote: ")
    assert "\n" not in message and len(message) < len(str(tmp_path)) + 400

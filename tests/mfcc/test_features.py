"""Properties of mfcc/features.py: the whole chain, from a signal to its coefficients."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mfcc as package
from mfcc import fast, mel_spectrogram, mfcc
from tests.oracles import assert_within
from tests.strategies import FLOATS, eps_of, generators

# Some settings below have filters without a bin: properties of test_mel.py.
pytestmark = pytest.mark.filterwarnings("ignore:.*mel filters are empty")

# dB, between two correct float64 results. In `sounds` a tone may be 40 dB above the noise, which
# costs 10² in relative accuracy, and among 10⁶ random bins one is expected to have 10⁻⁶ of the mean
# power, 10⁻³ of its amplitude, which costs 10³. A transform of N <= 600 is wrong by about √N·eps:
# 20/log(10)·√600·eps·10²·10³ = 5e-9. A row of D passes less than twice of that on.
CLOSE = 1e-8

# 40 filters that all have a bin, and frames that overlap
PLAIN: dict[str, Any] = {"sample_rate": 16000, "n_fft": 512, "hop_length": 160, "n_mels": 40}


@st.composite
def sounds(draw: st.DrawFn, min_size: int = 1, max_size: int = 3000) -> np.ndarray:
    """Noise with a tone and silence, (n,) float64, from 10⁻³ of full scale to 10³ times it."""
    rng = draw(generators())
    n = draw(st.integers(min_size, max_size))
    tone = 10 ** draw(st.floats(-3, 2)) * np.sin(draw(st.floats(0, np.pi)) * np.arange(n))
    sound = 10.0 ** draw(st.integers(-3, 3)) * (rng.standard_normal(n) + tone)
    start = draw(st.integers(0, n))
    sound[start : start + draw(st.integers(0, 2000))] = 0
    return sound


@st.composite
def chains(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of mel_spectrogram, not all of which fit every signal."""
    lengths = st.integers(1, 300) | st.sampled_from([64, 65, 67, 211, 441, 509, 512, 882])
    return {
        "sample_rate": draw(st.sampled_from([8000, 11025.5, 16000, 22050, 44100])),
        "n_fft": draw(lengths),
        "hop_length": draw(st.integers(1, 400)),
        "n_mels": draw(st.integers(1, 64)),
        "fmin": draw(st.sampled_from([0.0, 20.0, 133.3])),
        "fmax": draw(st.sampled_from([None, 3800.0])),
        "htk": draw(st.booleans()),
        "center": draw(st.booleans()),
        "pad_mode": draw(st.sampled_from(["constant", "reflect", "edge", "wrap", "mean"])),
    }


def cepstral_options() -> st.SearchStrategy[dict[str, Any]]:
    """The other arguments of mfcc; n_mfcc may be more than n_mels."""
    options: Any = {"n_mfcc": st.integers(1, 20), "top_db": st.none() | st.floats(0, 120)}
    return st.fixed_dictionaries(options | {"lifter": st.just(0.0) | st.floats(0.5, 100)})


@given(sounds(min_size=882, max_size=2000), chains(), cepstral_options())
def test_the_features_are_the_chain_of_the_public_functions(
    sound: np.ndarray, chain: dict[str, Any], options: dict[str, Any]
) -> None:
    """Padding, frames, window, power spectrum, mel filters, decibels, cosine transform, lifter."""
    n_fft, center = chain["n_fft"], chain["center"]
    padded = package.pad_center(sound, n_fft, chain["pad_mode"]) if center else sound
    frames = package.frame(padded, n_fft, chain["hop_length"])  # (n_frames, n_fft)
    power = package.power_spectrum(frames * package.hann(n_fft))
    bank = {name: chain[name] for name in ("n_mels", "fmin", "fmax", "htk")}
    mel = package.mel_filterbank(chain["sample_rate"], n_fft, **bank) @ power.T
    assert_within(mel_spectrogram(sound, **chain), mel, CLOSE * mel)
    options["n_mfcc"] = min(options["n_mfcc"], chain["n_mels"])
    cepstra = package.dct(package.power_to_db(mel, top_db=options["top_db"]).T)
    expected = package.lift(cepstra[:, : options["n_mfcc"]], options["lifter"]).T
    assert_within(mfcc(sound, **chain, **options), expected, CLOSE * (1 + options["lifter"] / 2))


@given(sounds())
def test_the_defaults_are_those_of_the_reference(sound: np.ndarray) -> None:
    """20 ms, 10 ms, 13 of 128 coefficients, Slaney, centered on zeros, 80 dB, no lifter."""
    frames: dict[str, Any] = {"n_fft": 441, "hop_length": 220, "center": True}
    bank: dict[str, Any] = {"n_mels": 128, "fmin": 0.0, "fmax": 11025.0, "htk": False}
    before, options = sound.copy(), {**frames, "pad_mode": "constant", **bank}
    mel = mel_spectrogram(sound.astype(np.float64), 22050, **options)
    np.testing.assert_array_equal(mel_spectrogram(sound, 22050), mel)
    options |= {"n_mfcc": 13, "top_db": 80.0, "lifter": 0}
    coefficients = mfcc(sound.astype(np.float64), 22050, **options)
    np.testing.assert_array_equal(mfcc(sound, 22050), coefficients)
    np.testing.assert_array_equal(sound, before)


@pytest.mark.parametrize("dtype", FLOATS)
def test_silence_is_finite(dtype: type) -> None:
    """Five seconds of zeros have c0 = -100·√128 = -1131.37, all else zero; noise is finite."""
    expected = np.zeros((13, 501))
    expected[0] = -1131.3708498984761
    silence = mfcc(np.zeros(220500, dtype), 44100)
    assert silence.dtype == dtype
    # 128 terms of 100·√(2/128), in float64 before they are rounded to the dtype
    atol = 128 * 100 * 8 * eps_of(np.float64)
    np.testing.assert_allclose(silence, expected, rtol=eps_of(dtype), atol=atol)
    noise: np.ndarray = np.random.default_rng(0).standard_normal(4410).astype(dtype)
    assert all(np.isfinite(mfcc(dtype(level) * noise, 44100)).all() for level in (1e-12, 1, 1e12))


@settings(max_examples=30)
@given(
    generators(),
    st.sampled_from([(1,), (2,), (2, 2), (3, 1)]),
    st.sampled_from(FLOATS),
    st.sampled_from([None, 20.0, 80.0]),
)
def test_each_row_is_a_recording_of_its_own(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: type, top_db: float | None
) -> None:
    """mfcc(signals)[i, j] = mfcc(signals[i, j]), each with the range of its own loudest cell."""
    level = 10.0 ** rng.integers(-4, 4, (*shape, 1))
    signals: np.ndarray = (level * rng.standard_normal((*shape, 9000))).astype(dtype)
    coefficients = mfcc(signals, **PLAIN, top_db=top_db)
    assert coefficients.shape == (*shape, 13, 57)
    assert mel_spectrogram(signals[..., :0, :], **PLAIN).shape == (*shape[:-1], 0, 40, 57)
    # the same powers up to the order of their sums; in float32 they may round to neighbors
    bound = CLOSE + 700 * math.sqrt(40) * eps_of(dtype)
    for row in np.ndindex(shape):
        alone = mfcc(signals[row], **PLAIN, top_db=top_db)
        assert_within(coefficients[row], alone, bound)


@pytest.mark.parametrize("form", [package, fast])
def test_any_positive_sample_rate_is_valid(form: Any) -> None:
    """Given the sizes of frame and hop, also a rate below 1 Hz, as of a slow sensor."""
    assert form.mfcc(np.ones(12), 0.5, n_fft=8, hop_length=4, n_mels=2, n_mfcc=2).shape == (2, 4)

"""Properties of experiment/augment.py: copies of a clip, and the steps that they are made of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment.augment import RATES, add_noise, limit_band, loudest_part, pink_noise, record_again
from tests import sounds
from tests.strategies import generators, signals

RATE = 44100


@settings(max_examples=30)
@given(signals(1, 20000, leading=False, decades=2), st.integers(0, 2**32))
def test_a_copy_is_a_clip(signal: np.ndarray, seed: int) -> None:
    """Same length and dtype, in [-1, 1]; the same generator gives the same copy; the signal is not
    changed, and silence stays silent."""
    signal = np.clip(signal, -1, 1)
    before = signal.copy()
    copy, same = (record_again(signal, np.random.default_rng(seed)) for _ in range(2))
    assert copy.shape == signal.shape and copy.dtype == signal.dtype
    assert np.abs(copy).max() <= 1
    np.testing.assert_array_equal(copy, same)
    np.testing.assert_array_equal(signal, before)
    assert signal.any() or not copy.any()


@settings(max_examples=30)
@given(generators(), st.integers(1, 300), st.integers(1, 400))
def test_the_loudest_part_has_the_most_energy(rng: np.random.Generator, n: int, m: int) -> None:
    """Of all parts of m samples, or of the whole clip if it is shorter, the one whose energy is
    largest; then silence."""
    signal = rng.integers(-9, 10, n).astype(float)  # sums of squares are exact
    found, m = loudest_part(signal, m / RATE), min(m, n)
    parts = [signal[start : start + m] for start in range(n - m + 1)]
    assert np.sum(found[:m] ** 2) == max(np.sum(part**2) for part in parts)
    assert any(np.array_equal(found[:m], part) for part in parts)
    assert found.shape == (n,) and not found[m:].any()


@given(generators(), st.floats(-20, 60))
def test_noise_is_added_at_the_given_level(rng: np.random.Generator, snr: float) -> None:
    """10 log10(Σ x² / Σ (added)²) is the signal-to-noise ratio; what is added is the noise times a
    positive factor."""
    signal, noise = rng.standard_normal((2, 100)) * 10 ** rng.uniform(-2, 2, (2, 1))
    added = add_noise(signal, noise, snr) - signal
    ratio = 10 * np.log10(np.sum(signal**2) / np.sum(added**2))
    assert ratio == pytest.approx(snr, abs=1e-6)
    factor = np.sqrt(np.sum(added**2) / np.sum(noise**2))
    np.testing.assert_allclose(added, factor * noise, rtol=0, atol=1e-12 * np.abs(signal).max())


def test_pink_noise_has_equal_power_in_each_octave() -> None:
    """The power between f and 2f is Σ_k ∫ 2^k sinc²(2^k f) df, both signs of f: 1 if k had no
    limits. k >= 0 leaves out ∫ sinc² from 0 to f, at most 2f = 1/16 below f = 1/32 of the rate.
    The power of 2^j bins, averaged over 50 draws, has a standard deviation of √(1/(50·2^j))."""
    rng, n = np.random.default_rng(0), 2**14
    powers = np.array([np.abs(np.fft.rfft(pink_noise(n, rng)) / n) ** 2 for _ in range(50)])
    for j in range(3, 10):
        octave = 2 * powers[:, 2**j : 2 ** (j + 1)].sum(axis=1).mean()
        assert abs(octave - 1) <= 1 / 16 + 5 / np.sqrt(50 * 2**j), j
    assert pink_noise(1000, rng).shape == (1000,) and pink_noise(1, rng).shape == (1,)


@pytest.mark.parametrize("rate", RATES)
def test_a_limited_band_ends_at_half_the_rate(rate: int) -> None:
    """Of white noise less than -40 dB is left above 1.1·rate/2; below 0.8·rate/2 each bin, and so a
    low tone, keeps its amplitude and phase within 1 %. The length stays."""
    noise = sounds.hiss(0, 1.0)
    limited = limit_band(noise, rate)
    before, after = np.fft.rfft(noise), np.fft.rfft(limited)  # bins of 1 Hz
    low, high = int(0.4 * rate), int(0.55 * rate)
    assert limited.shape == noise.shape
    assert np.sum(np.abs(after[high:]) ** 2) < 1e-4 * np.sum(np.abs(before[high:]) ** 2)
    change = np.sum(np.abs(after - before)[:low] ** 2) / np.sum(np.abs(before[:low]) ** 2)
    assert change < 0.01**2

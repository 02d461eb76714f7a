"""Statistics in time: the structure function and the modulation spectrum, by what they mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import refusal
from tests.strategies import eps_of, generators, signals

from mfcc import modulation_spectrum, structure_function
from mfcc.statistics import LAGS


@given(x=signals(min_size=3, max_size=200), rng=generators())
def test_the_structure_function_is_its_definition(x: np.ndarray, rng: np.random.Generator) -> None:
    """D[k] is the deviation of x[t + k] - x[t] over all t that have both, lag by lag, and keeps the
    dtype of the features."""
    n = x.shape[-1]
    lags = sorted({int(k) for k in rng.integers(1, n, 3)})
    got = structure_function(x, lags)
    assert got.dtype == x.dtype and got.shape == (*x.shape[:-1], len(lags))
    wide = x.astype(np.float64)
    for i, k in enumerate(lags):
        steps = np.array([wide[..., t + k] - wide[..., t] for t in range(n - k)])
        # a difference is rounded to eps of its terms; its mean once more, to eps·√n at the worst
        bound = 8 * eps_of(x.dtype) * np.sqrt(n) * np.abs(x).max(initial=0)
        np.testing.assert_allclose(got[..., i], steps.std(axis=0), rtol=0, atol=bound)


@given(x=signals(min_size=130, max_size=200, dtypes=(np.float64,)), rng=generators())
def test_neither_level_nor_drift_nor_direction_matters(
    x: np.ndarray, rng: np.random.Generator
) -> None:
    """D of a·x + b + c·t is |a| D of x, and D of x played backwards is D of x."""
    a, b, c = rng.standard_normal(3)
    t, scale = np.arange(x.shape[-1]), np.abs(x).max(initial=0)
    d = structure_function(x)
    moved = structure_function(a * x + scale * (b + c * t / t.size))
    # differences of terms of some (|a| + |b| + |c|)·scale, each rounded
    bound = 1e3 * eps_of(float) * (1 + abs(a) + abs(b) + abs(c)) * scale
    np.testing.assert_allclose(moved, abs(a) * d, rtol=0, atol=bound)
    np.testing.assert_allclose(structure_function(x[..., ::-1]), d, rtol=0, atol=bound)


def test_noise_is_flat_a_walk_grows_and_a_rhythm_returns() -> None:
    """White noise of deviation 1 has D = √2 at every lag, its running sum √k, a row of period 16
    has 0 at 16, 32, 64 and 128: in 20000 frames within five standard errors of the first two."""
    noise = np.random.default_rng(0).standard_normal(20_000)
    k = np.array(LAGS)
    error = 5 * np.sqrt(k / noise.size)
    assert np.all(np.abs(structure_function(noise) / np.sqrt(2) - 1) < error)
    assert np.all(np.abs(structure_function(np.cumsum(noise)) / np.sqrt(k) - 1) < error)
    rhythm = np.resize(noise[:16], 512)
    d = structure_function(rhythm)
    assert np.all(d[k >= 16] == 0) and np.all(d[k < 16] > 0.1)


def test_it_is_the_autocovariance_in_another_form() -> None:
    """On a circle of frames D[k]² = 2 (r[0] - r[k]), exactly: there every difference has mean 0.
    A row that is repeated often enough is such a circle, but for the frames at its end."""
    x = np.random.default_rng(1).standard_normal(64)
    x -= x.mean()
    r = np.array([np.mean(x * np.roll(x, -k)) for k in (0, 1, 5, 20)])
    endless = np.concatenate([x, x[:20]])
    for k, covariance in zip((1, 5, 20), r[1:], strict=True):
        (d,) = structure_function(endless[: 64 + k], [k])
        assert d**2 == pytest.approx(2 * (r[0] - covariance), rel=1e-12)


@settings(max_examples=50)
@given(x=signals(min_size=4, max_size=300, dtypes=(np.float64,)))
def test_all_modulation_adds_up_to_the_windowed_variance(x: np.ndarray) -> None:
    """Parseval: over all bins but the zeroth, M adds up to Σ w² (x - mean)² / Σ w² (less what the
    window moves into bin 0, and half the highest bin of an even T, which has no mirror image)."""
    n = x.shape[-1]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    faded = (x - x.mean(axis=-1, keepdims=True)) * window
    spectrum = np.fft.fft(faded)
    highest = np.abs(spectrum[..., n // 2]) ** 2 if n % 2 == 0 else 0
    expected = np.sum(faded**2, axis=-1) + (highest - np.abs(spectrum[..., 0]) ** 2) / n
    expected /= np.sum(window**2)
    got = modulation_spectrum(x, [1, n // 2 + 1])[..., 0]
    bound = 1e-13 * n * np.abs(x).max(initial=0) ** 2
    np.testing.assert_allclose(got, expected, rtol=0, atol=bound)


@given(rng=generators(), n=st.integers(20, 300), decibels=st.floats(0.1, 40))
def test_a_swing_is_found_in_its_band(rng: np.random.Generator, n: int, decibels: float) -> None:
    """A sine of whole k swings and amplitude A around any level has M = A²/2, its variance, in the
    band of k - 1 … k + 1, the three bins of Hann's window, and nothing elsewhere."""
    k = int(rng.integers(3, n // 2 - 2))
    x = -40 + decibels * np.cos(2 * np.pi * (k * np.arange(n) / n + rng.random()))
    below, around, above = modulation_spectrum(x, [1, k - 1, k + 2, n // 2 + 1])
    assert around == pytest.approx(decibels**2 / 2, rel=1e-9)
    assert max(below, above) < 1e-9 * decibels**2 + 1e-20


def test_float32_stays_float32() -> None:
    """The features' dtype is kept, and float32 is right to its seven digits."""
    x = np.random.default_rng(2).standard_normal((3, 100))
    narrow = modulation_spectrum(x.astype(np.float32), [1, 4, 51])
    assert narrow.dtype == np.float32 and narrow.shape == (3, 2)
    np.testing.assert_allclose(narrow, modulation_spectrum(x, [1, 4, 51]), rtol=1e-5)


@pytest.mark.parametrize("lags", [[], [0], [-1], [10], [1, 2.5], [1, 11]])
def test_impossible_lags_are_refused(lags: list[int]) -> None:
    """No lag, a lag that is no positive integer, and one that 10 frames do not have."""
    told = refusal(structure_function, np.zeros(10), lags)
    assert told.startswith(("lag=", "lags=")) and "must be" in told


def test_what_are_no_rows_is_refused_by_name() -> None:
    """The message names the argument, for both."""
    for call in (structure_function, lambda x: modulation_spectrum(x, [1, 2])):
        assert refusal(call, [1j]) == "features is complex; it must be real"


@given(rng=generators(), n=st.integers(4, 30))
def test_bands_of_one_bin_add_up_to_wider_ones(rng: np.random.Generator, n: int) -> None:
    """A band may hold a single bin, up to the last, ⌊T/2⌋; the sum of neighbours is their union."""
    x = rng.standard_normal(n)
    single = modulation_spectrum(x, np.arange(1, n // 2 + 2).tolist())
    assert single.shape == (n // 2,)
    # at most 15 positive terms in another order
    np.testing.assert_allclose(modulation_spectrum(x, [1, n // 2 + 1]), [single.sum()], rtol=1e-13)


@pytest.mark.parametrize("edges", [[], [1], [0, 3], [3, 3], [4, 2], [1, 7], [1, 3, 7]])
def test_impossible_bands_are_refused(edges: list[int]) -> None:
    """No band, the mean as a band, bands that do not rise, and bins that 10 frames do not have."""
    for n in (10, 11):
        told = f"edges={edges} must rise from at least 1 to at most 6"
        assert refusal(modulation_spectrum, np.zeros(n), edges) == told

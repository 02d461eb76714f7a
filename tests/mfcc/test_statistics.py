"""Properties of mfcc/statistics.py: the structure function and the modulation spectrum."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfcc import modulation_spectrum, structure_function
from mfcc.statistics import LAGS
from tests.oracles import assert_within, refusal, transform_rounding
from tests.strategies import eps_of, generators, signals


@given(x=signals(min_size=3, max_size=200), rng=generators())
def test_the_structure_function_is_its_definition(x: np.ndarray, rng: np.random.Generator) -> None:
    """D[k] is the standard deviation of x[t + k] - x[t] over t, lag by lag, in the dtype of x; an
    offset and a linear trend do not change it."""
    n, wide, peak = x.shape[-1], x.astype(np.float64), np.abs(x).max()
    lags = sorted({int(k) for k in rng.integers(1, n, 3)})
    result = structure_function(x, lags)
    assert result.dtype == x.dtype
    deviations = [
        np.std([wide[..., t + k] - wide[..., t] for t in range(n - k)], axis=0) for k in lags
    ]
    expected = np.stack(deviations, axis=-1)
    # a difference is rounded to eps of its terms; its mean once more, to eps·√n at the worst
    bound = 8 * np.sqrt(n) * peak
    assert_within(result, expected, bound * eps_of(x.dtype))
    moved = wide + peak * (1 - 2 * np.arange(n) / n)
    assert_within(structure_function(moved, lags), expected, 2 * bound * eps_of(float))


def test_the_structure_function_of_noise_a_walk_and_a_rhythm() -> None:
    """White noise of standard deviation 1 has D = √2 at every lag, its running sum √k, a period of
    16 frames has 0 at 16, 32, 64 and 128: the first two within five standard errors."""
    noise, k = np.random.default_rng(0).standard_normal(20_000), np.array(LAGS)
    error = 5 * np.sqrt(k / noise.size)
    assert np.all(np.abs(structure_function(noise) / np.sqrt(2) - 1) < error)
    assert np.all(np.abs(structure_function(np.cumsum(noise)) / np.sqrt(k) - 1) < error)
    d = structure_function(np.resize(noise[:16], 512))
    assert np.all(d[k >= 16] == 0) and np.all(d[k < 16] > 0.1)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_the_structure_function_follows_from_the_autocovariance(k: int) -> None:
    """Of a periodic row, over whole periods, D[k]² = 2 (r[0] - r[k])."""
    x = np.random.default_rng(1).standard_normal(64)
    x -= x.mean()
    (d,) = structure_function(np.resize(x, 64 + k), [k])
    assert d**2 == pytest.approx(2 * (np.mean(x * x) - np.mean(x * np.roll(x, k))), rel=1e-12)


@given(x=signals(min_size=4, max_size=300))
def test_the_modulation_spectrum_is_its_definition(x: np.ndarray) -> None:
    """M[k] = 2/(T Σ w²) |Σ_t w[t] (x[t] - mean x) exp(-2πikt/T)|² for a band of one bin, k = 1 …
    ⌊T/2⌋, in the dtype of the features; a wider band is their sum."""
    n, wide, peak = x.shape[-1], x.astype(np.float64), float(np.abs(x).max())
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    spectrum = np.fft.rfft((wide - wide.mean(axis=-1, keepdims=True)) * window)[..., 1:]
    expected = 2 * np.abs(spectrum) ** 2 / (n * np.sum(window**2))
    single = modulation_spectrum(x, range(1, n // 2 + 2))
    assert single.dtype == x.dtype
    # |S| <= Σ w |x - mean| <= n·max|x|; the terms and their sum are each wrong by as much as one
    # transform, so M = 16/(3n²)·|S|² by 2·16/3·2·transform_rounding·max|x|², and a little more
    bound = 32 * transform_rounding(x.dtype, n) * peak**2 + np.finfo(x.dtype).tiny
    assert_within(single, expected, bound)
    for edges in ([1, n // 2 + 1], [1, n // 4 + 1, n // 2 + 1]):
        sums = [expected[..., a - 1 : b - 1].sum(axis=-1) for a, b in pairwise(edges)]
        assert_within(modulation_spectrum(x, edges), np.stack(sums, axis=-1), n * bound)


@given(rng=generators(), n=st.integers(20, 300), amplitude=st.floats(0.1, 40))
def test_a_sine_has_its_variance_in_its_band(
    rng: np.random.Generator, n: int, amplitude: float
) -> None:
    """A sine of k periods and amplitude A around any level has M = A²/2, its variance, in the band
    of k - 1 … k + 1, the three bins of the Hann window, and nothing elsewhere."""
    k = int(rng.integers(3, n // 2 - 2))
    x = amplitude * np.cos(2 * np.pi * (k * np.arange(n) / n + rng.random())) + [[-40], [300]]
    below, around, above = modulation_spectrum(x, [1, k - 1, k + 2, n // 2 + 1]).T
    np.testing.assert_allclose(around, amplitude**2 / 2, rtol=1e-9)
    assert max(*below, *above) < 1e-9 * amplitude**2 + 1e-20


@pytest.mark.parametrize("lags", [[], [0], [-1], [10], [1, 2.5], [1, 11]])
def test_impossible_lags_are_rejected(lags: list[int]) -> None:
    """No lag, a lag that is no positive integer, and one of at least the 10 frames."""
    message = refusal(structure_function, np.zeros(10), lags)
    assert message.startswith(("lag=", f"lags={lags} ")) and "must" in message


@pytest.mark.parametrize("edges", [[], [1], [0, 3], [3, 3], [4, 2], [1, 7], [1, 3, 7]])
def test_impossible_bands_are_rejected(edges: list[int]) -> None:
    """No band, the mean as a band, bands that do not rise, bins that 10 frames do not have; and in
    both functions complex features."""
    for n in (10, 11):
        message = refusal(modulation_spectrum, np.zeros(n), edges)
        assert message == f"edges={edges} must increase within 1 … 6"
    for function in (modulation_spectrum, structure_function):
        assert (
            refusal(function, [1j], edges)
            == "features has dtype complex128; it must be an array of real numbers"
        )

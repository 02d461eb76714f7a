"""Properties of mfcc/statistics.py: structure function, autocorrelation, modulation spectrum."""

from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mfcc import autocorrelation, modulation_spectrum, structure_function
from mfcc.statistics import LAGS
from tests.oracles import assert_within, transform_rounding
from tests.strategies import FLOATS, eps_of, generators, signals


@given(x=signals(min_size=3, max_size=200), rng=generators())
def test_the_structure_function_is_its_definition(x: np.ndarray, rng: np.random.Generator) -> None:
    """D[k] = std of x[t + k] - x[t] over t, in the dtype of x, without offset and trend."""
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
    """Noise has D = √2 at every lag, its running sum √k, a period of 16 frames 0 at 16, …."""
    noise, k = np.random.default_rng(0).standard_normal(20_000), np.array(LAGS)
    error = 5 * np.sqrt(k / noise.size)
    assert np.all(np.abs(structure_function(noise) / np.sqrt(2) - 1) < error)
    assert np.all(np.abs(structure_function(np.cumsum(noise)) / np.sqrt(k) - 1) < error)
    d = structure_function(np.resize(noise[:16], 512))
    assert np.all(d[k >= 16] == 0) and np.all(d[k < 16] > 0.1)


@given(x=signals(min_size=2, max_size=200), rng=generators())
def test_the_autocorrelation_is_its_definition(x: np.ndarray, rng: np.random.Generator) -> None:
    """r[k] = Σ_t y[t] y[t + k] / Σ_t y[t]², y = x - mean x, in the dtype of x, without offset and
    scale."""
    n, wide, peak = x.shape[-1], x.astype(np.float64), float(np.abs(x).max())
    lags = sorted({int(k) for k in rng.integers(1, n, 3)})
    y = np.where(np.ptp(wide, -1, keepdims=True), wide - wide.mean(axis=-1, keepdims=True), 0)
    energy = np.where(y.any(axis=-1), (y * y).sum(axis=-1), 1)
    products = [sum(y[..., t] * y[..., t + k] for t in range(n - k)) for k in lags]
    expected = np.stack(products, axis=-1) / energy[..., None]
    # y is wrong by at most eps·n·peak, as a row by d·eps of √energy, by 4 d·eps once moved: r by 6
    # times that while it is small, and by 2 if not. The sums add n·eps at the worst
    d = n**1.5 * peak / np.sqrt(energy)[..., None]
    for row, offset, scale in ((x, 0, 1), (wide, peak, 3), (wide, -peak, -1 / 3)):
        result = autocorrelation(offset + scale * row, lags)
        assert result.dtype == row.dtype
        assert_within(result, expected, 64 * (d + n) * eps_of(row.dtype))


def test_the_autocorrelation_of_a_constant_is_zero() -> None:
    """Also of one that is not its own rounded mean; NaN stays."""
    for n, dtype in product((7, 10, 501), FLOATS):
        rows = np.array([[0.1], [0.3], [-7.7], [np.nan]], dtype).repeat(n, axis=1)
        np.testing.assert_array_equal(autocorrelation(rows, [1, 2]), [[0] * 2] * 3 + [[np.nan] * 2])


@given(x=signals(min_size=4, max_size=300))
def test_the_modulation_spectrum_is_its_definition(x: np.ndarray) -> None:
    """M[k] = 2/(T Σ w²) |Σ_t w[t] (x[t] - mean x) exp(-2πikt/T)|², and sums of these."""
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
    """A sine of k periods has M = A²/2 in bins k - 1 … k + 1, nothing elsewhere."""
    k = int(rng.integers(3, n // 2 - 2))
    x = amplitude * np.cos(2 * np.pi * (k * np.arange(n) / n + rng.random())) + [[-40], [300]]
    below, around, above = modulation_spectrum(x, [1, k - 1, k + 2, n // 2 + 1]).T
    np.testing.assert_allclose(around, amplitude**2 / 2, rtol=1e-9)
    assert max(*below, *above) < 1e-9 * amplitude**2 + 1e-20

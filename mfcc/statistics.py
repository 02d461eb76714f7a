"""Time-invariant summaries of a feature trajectory. Chapter 16.

Symbols: x[t] one row of features, t = 0 … T-1 its frames; k a lag in frames.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ._checks import ArrayLike, as_float, positive_integer
from .fourier import power_spectrum
from .framing import hann

LAGS = (1, 2, 4, 8, 16, 32, 64, 128)  # frames; at 10 ms per frame: 10 ms to 1.28 s


def structure_function(features: ArrayLike, lags: Sequence[int] = LAGS) -> np.ndarray:
    """D[k] = std over t of (x[t + k] - x[t]): the typical change of the row within k frames.

    For a stationary row of variance s² and autocorrelation r, D[k]² = 2 s² (1 - r[k]). White noise
    has the same D at every lag, the D of a random walk grows as √k, and a period of k frames gives
    D[k] = 0.

    features (..., T) -> (..., n_lags) of the same dtype and unit.
    ValueError: empty lags, a lag < 1 or >= T.
    Source: after Kolmogorov (1941), The local structure of turbulence, who studies D².
    """
    x = as_float(features, "features")
    lags = _check_lags(lags, x.shape[-1])
    return np.stack([(x[..., k:] - x[..., :-k]).std(axis=-1) for k in lags], axis=-1)


def autocorrelation(features: ArrayLike, lags: Sequence[int]) -> np.ndarray:
    """r[k] = Σ_t u[t] u[t + k] / Σ_t u[t]², u = x - mean x: how alike the row is to itself k frames
    later, in [-1, 1].

    A period of k frames gives r[k] = 1 - k/T over whole periods; white noise has r near 0. A
    constant row has r = 0.

    features (..., T), lags k in frames -> (..., n_lags) of the same dtype.
    ValueError: as structure_function.
    Source: Box and Jenkins (1970), Time Series Analysis, §2.1: the estimate c_k / c_0.
    """
    x = as_float(features, "features")
    lags = _check_lags(lags, x.shape[-1])
    varies = np.ptp(x, axis=-1, keepdims=True) != 0  # a constant may differ from its rounded mean
    u = (x - x.mean(axis=-1, keepdims=True)) * varies
    products = [np.sum(u[..., k:] * u[..., :-k], axis=-1) for k in lags]
    energy = np.sum(u * u, axis=-1, keepdims=True)
    return np.stack(products, axis=-1) / np.where(energy > 0, energy, 1)


def _check_lags(lags: Sequence[int], n_frames: int) -> list[int]:
    """The lags as ints, at least one, each in 1 … n_frames - 1."""
    lags = [positive_integer(k, "lag") for k in lags]
    if not lags or max(lags) >= n_frames:
        raise ValueError(f"lags={lags} must not be empty, and each must be below {n_frames}")
    return lags


def modulation_spectrum(features: ArrayLike, edges: Sequence[int]) -> np.ndarray:
    """M[b] = 2/(T Σ w²) Σ |Σ_t w[t] (x[t] - mean x) exp(-2πikt/T)|² over k of band b, w Hann's.

    Band b contains the bins k = edges[b] … edges[b + 1] - 1; bin k has k periods in T frames. Bands
    that cover all bins >= 1 sum to about the variance of the row.

    features (..., T) -> (..., len(edges) - 1), of the dtype of the features, in their unit squared.
    ValueError: edges that do not increase from at least 1 to at most ⌊T/2⌋ + 1.
    Source: Houtgast and Steeneken (1985), A review of the MTF concept; Welch (1967): the factor.
    """
    x = as_float(features, "features")
    n, steps = x.shape[-1], np.diff(edges)
    if len(steps) < 1 or steps.min() < 1 or edges[0] < 1 or edges[-1] > n // 2 + 1:
        raise ValueError(f"edges={list(edges)} must increase within 1 … {n // 2 + 1}")
    window = hann(n).astype(x.dtype)
    power = power_spectrum((x - x.mean(axis=-1, keepdims=True)) * window)  # (..., T//2 + 1)
    bands = [power[..., a:b].sum(axis=-1) for a, b in pairwise(edges)]
    return np.stack(bands, axis=-1) * (2 / (n * np.sum(window**2)))

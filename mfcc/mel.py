"""The mel scale: frequency as it is heard, and a bank of triangular filters spaced evenly on it.

Before it: fourier.py gives the power in each bin of frequency. After it: spectrogram.py takes what
each filter lets through of each frame. Chapter 5.
"""

from __future__ import annotations

import warnings
from math import log

import numpy as np
from numpy.typing import ArrayLike

from .arguments import as_float, number, positive_integer, positive_number

# Slaney's scale: linear up to a corner, logarithmic above; continuous there, but not smooth.
HZ_PER_MEL = 200 / 3  # Hz in one mel below the corner
CORNER_HZ = 1000.0
CORNER_MEL = CORNER_HZ / HZ_PER_MEL  # 15 mel
LOG_STEP = log(6.4) / 27  # log(Hz) in one mel above: 27 mel from 1000 to 6400 Hz


def hz_to_mel(hz: ArrayLike, htk: bool = False) -> np.ndarray | float:
    """Slaney: m = 3f/200 below 1 kHz, 15 + 27 log(f/1000)/log 6.4 above.
    HTK: m = 2595 log10(1 + f/700).

    hz in Hz, any shape, scalar for scalar -> mel of the same shape. ValueError: negative Hz.
    Source: Slaney (1998), Auditory Toolbox; Young et al. (2006), The HTK Book, §5.4.
    Chapter 5.
    """
    f = _scale_values(hz, "hz")
    if htk:
        return _like(hz, 2595 * np.log10(1 + f / 700))
    logarithmic = CORNER_MEL + np.log(np.maximum(f, CORNER_HZ) / CORNER_HZ) / LOG_STEP
    return _like(hz, np.where(f < CORNER_HZ, f / HZ_PER_MEL, logarithmic))


def mel_to_hz(mel: ArrayLike, htk: bool = False) -> np.ndarray | float:
    """Slaney: f = 200m/3 below 15 mel, 1000 · 6.4^((m - 15)/27) above.
    HTK: f = 700 (10^(m/2595) - 1).

    mel of any shape, scalar for scalar -> Hz of the same shape. ValueError: negative mel.
    Source: as hz_to_mel, solved for f.
    Chapter 5.
    """
    m = _scale_values(mel, "mel")
    if htk:
        return _like(mel, 700 * (10 ** (m / 2595) - 1))
    logarithmic = CORNER_HZ * np.exp(LOG_STEP * (np.maximum(m, CORNER_MEL) - CORNER_MEL))
    return _like(mel, np.where(m < CORNER_MEL, m * HZ_PER_MEL, logarithmic))


def mel_filterbank(
    sample_rate: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
) -> np.ndarray:
    """H[m, k] = max(0, min((f_k - left)/(centre - left), (right - f_k)/(right - centre))).

    f_k = k·sample_rate/n_fft in Hz; left, centre and right of filter m are neighbours among
    n_mels + 2 points spaced evenly in mel from fmin to fmax (Hz; None: half the sample rate).
    norm="slaney" multiplies row m by 2/(right - left), so that each triangle has area one;
    norm=None leaves every peak at one.

    Returns (n_mels, n_fft//2 + 1) float64. Warns of filters so narrow that no bin falls inside.
    ValueError: a size < 1, sample_rate <= 0, not 0 <= fmin < fmax <= sample_rate/2, another norm.
    Source: Davis and Mermelstein (1980), fig. 1; Slaney (1998) for the area.
    Chapter 5.
    """
    positive_integer(n_fft, "n_fft")
    positive_integer(n_mels, "n_mels")
    if norm not in ("slaney", None):
        raise ValueError(f"norm={norm!r} must be 'slaney' or None")
    low, high = _band(sample_rate, fmin, fmax)
    edges = mel_to_hz(np.linspace(hz_to_mel(low, htk), hz_to_mel(high, htk), n_mels + 2), htk)
    left, centre, right = (np.asarray(edges)[i : i + n_mels, None] for i in range(3))  # (n_mels, 1)
    f = np.arange(n_fft // 2 + 1) * sample_rate / n_fft  # (n_bins,) Hz
    triangles = np.minimum((f - left) / (centre - left), (right - f) / (right - centre))
    weights = np.maximum(0, triangles)  # (n_mels, n_bins)
    _warn_of_empty_filters(weights, n_fft)
    return weights if norm is None else weights * 2 / (right - left)


def _band(sample_rate: float, fmin: float, fmax: float | None) -> tuple[float, float]:
    nyquist = positive_number(sample_rate, "sample_rate", "Hz") / 2
    wanted = f"above 0 and at most sample_rate/2 = {nyquist:g} Hz"
    high = nyquist if fmax is None else number(fmax, "fmax", wanted, lambda f: 0 < f <= nyquist)
    wanted = f"at least 0 and below fmax = {high:g} Hz"
    return number(fmin, "fmin", wanted, lambda f: 0 <= f < high), high


def _warn_of_empty_filters(weights: np.ndarray, n_fft: int) -> None:
    n_empty = int(np.sum(~weights.any(axis=1)))
    if n_empty:
        warnings.warn(
            f"{n_empty} of {len(weights)} mel filters are empty: no bin falls inside them; "
            f"lower n_mels={len(weights)} or raise n_fft={n_fft}",
            stacklevel=3,
        )


def _scale_values(x: ArrayLike, name: str) -> np.ndarray:
    values = as_float(np.atleast_1d(np.asarray(x)), name)
    if np.any(values < 0):
        raise ValueError(f"{name}={values.min():g} must not be negative")
    return values


def _like(x: ArrayLike, result: np.ndarray) -> np.ndarray | float:
    return float(result[0]) if np.ndim(x) == 0 else result

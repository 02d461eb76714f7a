"""The mel scale, and a bank of triangular filters spaced evenly on it. Chapter 5."""

from math import inf, log

import numpy as np

from ._checks import ArrayLike, as_float, positive_integer, warn

# Slaney's scale: linear up to a corner, logarithmic above; continuous there, but not smooth.
HZ_PER_MEL = 200 / 3  # Hz per mel below the corner
CORNER_HZ = 1000.0
CORNER_MEL = CORNER_HZ / HZ_PER_MEL  # 15 mel
LOG_STEP = log(6.4) / 27  # log(Hz) per mel above: 27 mel from 1000 to 6400 Hz


def hz_to_mel(hz: ArrayLike, htk: bool = False) -> np.ndarray:
    """Slaney: mel = 3f/200 below 1 kHz, 15 + 27 ln(f/1000)/ln 6.4 above.
    With htk, the HTK Book's: mel = 2595 log10(1 + f/700).

    hz in Hz, any shape including scalars -> mel of the same shape. ValueError: negative Hz.
    Source: Slaney (1998), Auditory Toolbox; Young et al. (2006), The HTK Book, §5.4.
    """
    f = _non_negative(hz, "hz")
    if htk:
        return 2595 * np.log10(1 + f / 700)
    logarithmic = CORNER_MEL + np.log(np.maximum(f, CORNER_HZ) / CORNER_HZ) / LOG_STEP
    return np.where(f < CORNER_HZ, f / HZ_PER_MEL, logarithmic)[()]


def mel_to_hz(mel: ArrayLike, htk: bool = False) -> np.ndarray:
    """Slaney: f = 200/3 · mel below 15 mel, 1000 · 6.4^((mel - 15)/27) above.
    With htk, the HTK Book's: f = 700 (10^(mel/2595) - 1).

    mel of any shape including scalars -> Hz of the same shape. ValueError: negative mel.
    Source: hz_to_mel, solved for f.
    """
    m = _non_negative(mel, "mel")
    if htk:
        return 700 * (10 ** (m / 2595) - 1)
    logarithmic = CORNER_HZ * np.exp(LOG_STEP * (np.maximum(m, CORNER_MEL) - CORNER_MEL))
    return np.where(m < CORNER_MEL, m * HZ_PER_MEL, logarithmic)[()]


def mel_filterbank(
    sample_rate: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
) -> np.ndarray:
    """M[m, k] = max(0, min((f_k - left)/(center - left), (right - f_k)/(right - center))).

    f_k = k·sample_rate/n_fft in Hz; left, center and right of filter m are consecutive points among
    n_mels + 2 points spaced evenly in mel (see htk of hz_to_mel) from fmin to fmax in Hz, None:
    half the sample rate. norm="slaney" multiplies row m by 2/(right - left), so that each triangle
    has area one; norm=None leaves every peak at one.

    Returns (n_mels, n_fft//2 + 1) float64. Warns about filters too narrow to contain a bin.
    ValueError: a size < 1, sample_rate <= 0, not 0 <= fmin < fmax <= sample_rate/2, another norm.
    Source: Davis and Mermelstein (1980), fig. 1; Slaney (1998) for the area.
    """
    positive_integer(n_fft, "n_fft")
    positive_integer(n_mels, "n_mels")
    if norm not in ("slaney", None):
        raise ValueError(f"norm={norm!r} must be 'slaney' or None")
    fmax = sample_rate / 2 if fmax is None else fmax
    if not 0 <= fmin < fmax <= sample_rate / 2 < inf:
        values = f"{fmin=}, {fmax=} and {sample_rate=}"
        raise ValueError(f"{values} must satisfy 0 <= fmin < fmax <= sample_rate/2, in Hz")
    edges = mel_to_hz(np.linspace(hz_to_mel(fmin, htk), hz_to_mel(fmax, htk), n_mels + 2), htk)
    left, center, right = (edges[i : i + n_mels, None] for i in range(3))  # (n_mels, 1) Hz
    f = np.arange(n_fft // 2 + 1) * sample_rate / n_fft  # (n_bins,) Hz
    triangles = np.minimum((f - left) / (center - left), (right - f) / (right - center))
    weights = np.maximum(0, triangles)  # (n_mels, n_bins)
    if n_empty := int(np.sum(~weights.any(axis=1))):
        warn(
            f"{n_empty} of {n_mels} mel filters are empty: no bin falls inside them; "
            f"lower n_mels={n_mels} or raise n_fft={n_fft}"
        )
    return weights if norm is None else weights * 2 / (right - left)


def _non_negative(x: ArrayLike, name: str) -> np.ndarray:
    x = as_float(x, name, min_ndim=0)
    if np.any(x < 0):
        raise ValueError(f"{name}={x.min():g} must not be negative")
    return x

"""The cepstrum: decibels (chapter 6) and their cosine transform (7); liftering, deltas (appendix).

Symbols: N values S[m] along the last axis, coefficients c[i], D the matrix with c = D S.
"""

from collections.abc import Callable
from math import factorial, inf, log10

import numpy as np

from ._checks import ArrayLike, as_float, check_decibels, positive_integer

AMIN = 1e-10  # default floor of the power


def power_to_db(
    power: ArrayLike,
    ref: float | Callable[[np.ndarray], float] = 1.0,
    amin: float = AMIN,
    top_db: float | None = 80.0,
    *,
    axis: int | tuple[int, ...] | None = None,
) -> np.ndarray:
    """dB = 10 log10(max(amin, power)) - 10 log10(max(amin, |ref|)), then at least max(dB) - top_db.

    power of any shape, scalars included -> dB of the same shape and dtype. ref: the power that maps
    to 0 dB, a number or a function of the power such as numpy.max. amin: the floor under the
    logarithm. The maximum is taken over axis; None: over the whole array, that is one recording.
    ValueError: no power, amin <= 0, top_db < 0.
    Source: McFee et al. (2015), librosa.power_to_db; top_db=None is the textbook decibel.
    """
    power = as_float(power, "power", min_ndim=0)
    check_decibels(power, amin, top_db)
    reference = float(ref(power)) if callable(ref) else abs(ref)
    db = 10 * np.log10(np.maximum(power, amin)) - 10 * log10(np.maximum(amin, reference))
    if top_db is not None:
        db = np.maximum(db, db.max(axis, keepdims=True) - top_db)
    return np.asarray(db, power.dtype)  # a single number is widened by older NumPys


def dct_matrix(n_out: int, n_in: int) -> np.ndarray:
    """D[i, m] = s_i cos(πi(2m + 1)/(2N)),  N = n_in,  s_0 = √(1/N), s_i = √(2/N): type II.

    Returns the first n_out rows, (n_out, n_in) float64. They are orthonormal: D Dᵀ = I.
    ValueError: a size < 1, n_out > n_in.
    Source: Ahmed, Natarajan and Rao (1974), Discrete cosine transform.
    """
    n_in = positive_integer(n_in, "n_in")
    if positive_integer(n_out, "n_out") > n_in:
        raise ValueError(f"n_out={n_out} must be at most n_in={n_in}")
    # cos(πj/(2N)) has period 4N in j: the modulus keeps the argument small, hence accurate
    turns = np.outer(np.arange(n_out), 2 * np.arange(n_in) + 1) % (4 * n_in)
    matrix = np.sqrt(2 / n_in) * np.cos(np.pi * turns / (2 * n_in))
    matrix[0] = np.sqrt(1 / n_in)
    return matrix


def dct(x: ArrayLike) -> np.ndarray:
    """c = D S: the orthonormal cosine transform of type II along the last axis.

    (..., N) real -> (..., N) of the same dtype. ValueError: no values, complex input.
    """
    x = as_float(x)
    return x @ dct_matrix(x.shape[-1], x.shape[-1]).T.astype(x.dtype)


def idct(x: ArrayLike) -> np.ndarray:
    """S = Dᵀ c, the inverse of dct: the inverse of an orthonormal matrix is its transpose.

    (..., N) real -> (..., N) of the same dtype. ValueError: no values, complex input.
    """
    x = as_float(x)
    return x @ dct_matrix(x.shape[-1], x.shape[-1]).astype(x.dtype)


def lift(cepstra: ArrayLike, lifter: float) -> np.ndarray:
    """c'[i] = c[i] · (1 + (Q/2) sin(π(i + 1)/Q)),  Q = lifter; Q = 0 returns cepstra itself.

    cepstra (..., n_mfcc) -> the same shape and dtype, with magnitudes equalized.
    ValueError: lifter < 0 or not finite, no coefficients.
    Source: Juang, Rabiner and Wilpon (1987), On the use of bandpass liftering in speech
    recognition; the offset i + 1 is librosa's: c[0] has the weight of HTK's c[1].
    """
    cepstra = as_float(cepstra, "cepstra")
    if not 0 <= lifter < inf:
        raise ValueError(f"{lifter=} must be a finite number of at least 0")
    if lifter == 0:
        return cepstra
    Q, i = lifter, np.arange(cepstra.shape[-1])
    return cepstra * (1 + Q / 2 * np.sin(np.pi * (i + 1) / Q)).astype(cepstra.dtype)


def delta(features: ArrayLike, width: int = 9, order: int = 1) -> np.ndarray:
    """Δ[t] = Σ_j j·x[t + j] / Σ_j j² (order 1): the slope of the line fitted to x around t.

    In general: the order-th derivative at t of a polynomial of that degree, fitted by least
    squares to the width values around t.

    features (..., n_frames), frames last as mfcc returns them -> the same shape and dtype, per
    frame (order 2: per frame²). Near the ends the nearest complete window is repeated.
    ValueError: width even, < 3 or > n_frames; order < 1 or >= width.
    Source: Savitzky and Golay (1964); Furui (1986) for deltas of cepstra; edges as in librosa.
    """
    features = as_float(features, "features")
    n_frames, half = features.shape[-1], positive_integer(width, "width") // 2
    if width not in range(3, n_frames + 1, 2):
        raise ValueError(f"width={width} must be odd, at least 3 and at most the {n_frames} frames")
    if positive_integer(order, "order") >= width:
        raise ValueError(f"order={order} must be below width={width}")
    j = np.arange(-half, half + 1) / half  # from -1 to 1: high powers stay comparable
    powers = np.vander(j, order + 1)  # (width, order + 1), highest first
    weights = factorial(order) / half**order * np.linalg.pinv(powers)[0]  # leading coefficient
    windows = np.lib.stride_tricks.sliding_window_view(features, width, axis=-1)
    inner = windows @ weights.astype(features.dtype)  # (..., n_frames - width + 1)
    return np.pad(inner, [(0, 0)] * (features.ndim - 1) + [(half, half)], mode="edge")

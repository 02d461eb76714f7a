"""The discrete Fourier transform: its definition, and algorithms that compute the same faster.

Before it: framing.py cuts the frames. After it: mel.py sums the bins of the spectrum as the ear
does. Chapters 3 (the definition) and 4 (the fast algorithm).

Symbols: N the length, x[n] the samples, X[k] the spectrum, W_N = exp(-2πi/N). Real input of float32
gives complex64, float64 and integers give complex128; the transform runs along the last axis.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from .arguments import as_float, as_float_or_complex

DIRECT = 64  # up to here one matrix product is faster than splitting further


def dft(x: ArrayLike) -> np.ndarray:
    """X[k] = Σ_n x[n] exp(-2πi k n / N),  k = 0 … N-1: the definition, N² multiplications.

    (..., N) -> (..., N) complex, for any N >= 1. ValueError: no samples.
    Source: Oppenheim and Schafer (2010), Discrete-Time Signal Processing, eq. 8.67.
    Chapter 3.
    """
    x = as_float_or_complex(x)
    return x @ _dft_matrix(x.shape[-1], _complex_dtype(x))


def fft(x: ArrayLike) -> np.ndarray:
    """The same X[k], by splitting N = N1·N2 again and again.

    With n = N2·n1 + n2 and k = k1 + N1·k2 the exponent falls apart, W_N^(kn) =
    W_N1^(k1·n1) · W_N^(k1·n2) · W_N2^(k2·n2), and so does the sum:
    X[k1 + N1·k2] = Σ_n2 W_N2^(k2·n2) { W_N^(k1·n2) Σ_n1 W_N1^(k1·n1) x[N2·n1 + n2] }.
    A prime factor costs its square: a prime N is the definition itself.

    (..., N) -> (..., N) complex, for any N >= 1. ValueError: no samples.
    Source: Cooley and Tukey (1965), An algorithm for the machine calculation of complex Fourier
    series; for any factors Gentleman and Sande (1966).
    Chapter 4.
    """
    x = as_float_or_complex(x)
    return _fft(x.astype(_complex_dtype(x), copy=False))


def ifft(x: ArrayLike) -> np.ndarray:
    """x[n] = 1/N Σ_k X[k] exp(+2πi k n / N) = conj(fft(conj X)) / N: undoes fft.

    (..., N) -> (..., N) complex. ValueError: no values.
    Source: Oppenheim and Schafer (2010), eq. 8.68.
    Chapter 4.
    """
    spectrum = np.conj(as_float_or_complex(x))
    return np.conj(fft(spectrum)) / spectrum.shape[-1]


def rfft(x: ArrayLike) -> np.ndarray:
    """X[k] for k = 0 … ⌊N/2⌋ of real x: the rest is X[N-k] = conj X[k].

    The same splitting as fft. Its inner transforms have real input too, so only their first half,
    k1 = 0 … ⌊N1/2⌋, is computed, and only for those k1 the outer ones; the others follow from
    X[k1 + N1·k2] = conj X[(N1 - k1) + N1·(N2 - 1 - k2)].

    (..., N) real -> (..., N//2 + 1) complex. ValueError: no samples, complex input.
    Source: Sorensen et al. (1987), Real-valued fast Fourier transform algorithms.
    Chapter 4.
    """
    x = as_float(x)
    n = x.shape[-1]
    n1, n2 = _factors(n)
    if n2 == 1:
        return (x @ _half_dft_matrix(n, _complex_dtype(x))).view(_complex_dtype(x))
    columns = rfft(x.reshape(*x.shape[:-1], n1, n2).swapaxes(-1, -2))  # (..., n2, n1//2 + 1)
    columns *= _twiddles(n1, n2, columns.dtype)[:, : columns.shape[-1]]
    rows = _fft(columns.swapaxes(-1, -2))  # (..., n1//2 + 1, n2), indexed [k1, k2]
    return _unfold(rows, n1)[..., : n // 2 + 1]


def power_spectrum(frames: ArrayLike) -> np.ndarray:
    """P[k] = |X[k]|²,  k = 0 … ⌊N/2⌋: the power in each bin; bin k lies at k·sample_rate/N Hz.

    (..., n_fft) real -> (..., n_fft//2 + 1) real, of the dtype of the frames.
    ValueError: no samples, complex input.
    Source: Oppenheim and Schafer (2010), §10.5 (the periodogram, without its factor 1/N).
    Chapter 3.
    """
    spectrum = rfft(frames)
    return np.square(spectrum.real) + np.square(spectrum.imag)


def _fft(x: np.ndarray) -> np.ndarray:
    n1, n2 = _factors(x.shape[-1])
    if n2 == 1:
        return x @ _dft_matrix(n1, x.dtype)
    columns = _fft(x.reshape(*x.shape[:-1], n1, n2).swapaxes(-1, -2))  # (..., n2, n1)
    columns *= _twiddles(n1, n2, x.dtype)
    rows = _fft(columns.swapaxes(-1, -2))  # (..., n1, n2), indexed [k1, k2]
    return rows.swapaxes(-1, -2).reshape(x.shape)  # k = k1 + n1·k2


def _unfold(rows: np.ndarray, n1: int) -> np.ndarray:
    """X[k1 + n1·k2] as far as bin N/2, from its rows k1 = 0 … ⌊n1/2⌋ and their mirror images."""
    half, n2 = rows.shape[-2:]
    needed = (n1 * n2 // 2) // n1 + 1  # values of k2
    grid = np.empty((*rows.shape[:-2], needed, n1), rows.dtype)  # indexed [k2, k1]
    grid[..., :half] = rows[..., :needed].swapaxes(-1, -2)
    mirrored = rows[..., (n1 - 1) // 2 : 0 : -1, ::-1]  # [n1 - k1, n2 - 1 - k2]
    np.conj(mirrored[..., :needed].swapaxes(-1, -2), out=grid[..., half:])
    return grid.reshape(*rows.shape[:-2], needed * n1)


def _complex_dtype(x: np.ndarray) -> np.dtype:
    return np.result_type(x.dtype, np.complex64)


@lru_cache(maxsize=256)
def _factors(n: int) -> tuple[int, int]:
    """N1 and N2 = N/N1, as equal as can be; N2 = 1 where the definition is used: short or prime."""
    if n <= DIRECT:
        return n, 1
    n1 = next(d for d in range(int(np.ceil(np.sqrt(n))), n + 1) if n % d == 0)
    return n1, n // n1


@lru_cache(maxsize=64)
def _dft_matrix(n: int, dtype: np.dtype) -> np.ndarray:
    """W_N^(k·n), (N, N). Without the modulus, k·n would cost the exponential its last digits."""
    k = np.arange(n)
    return _constant(np.exp(-2j * np.pi * (np.outer(k, k) % n) / n), dtype)


@lru_cache(maxsize=64)
def _half_dft_matrix(n: int, dtype: np.dtype) -> np.ndarray:
    """Columns k = 0 … ⌊n/2⌋, real and imaginary part side by side, (n, 2(n//2 + 1)) real: for real
    x one real product is the whole transform, at half the work of a complex one."""
    half = _dft_matrix(n, dtype)[:, : n // 2 + 1]
    return np.ascontiguousarray(half).view(half.real.dtype)


@lru_cache(maxsize=64)
def _twiddles(n1: int, n2: int, dtype: np.dtype) -> np.ndarray:
    """W_N^(n2·k1), (n2, n1): the turn between the inner and the outer sum."""
    return _constant(
        np.exp(-2j * np.pi * np.outer(np.arange(n2), np.arange(n1)) / (n1 * n2)), dtype
    )


def _constant(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    array = values.astype(dtype)
    array.flags.writeable = False  # one table serves every call
    return array

"""The discrete Fourier transform: its definition (chapter 3) and the fast algorithm (chapter 4).

Symbols: N the length, x[n] the samples, X[k] the spectrum, W_N = exp(-2πi/N). Every transform runs
along the last axis; float32 and complex64 give complex64, other dtypes complex128.
"""

import numpy as np

from ._checks import ArrayLike, as_float

DIRECT = 64  # up to this length one matrix product is faster than splitting further
NUMBERS = "biufc"  # real and complex dtypes


def dft(x: ArrayLike) -> np.ndarray:
    """X[k] = Σ_n x[n] W_N^(kn),  k = 0 … N-1: the definition, N² multiplications.

    (..., N) -> (..., N) complex, N >= 1. ValueError: an empty last axis.
    Source: Oppenheim and Schafer (2010), Discrete-Time Signal Processing, eq. 8.67.
    """
    x = as_float(x, kinds=NUMBERS)
    N = x.shape[-1]
    W = roots_of_unity(N)[np.outer(np.arange(N), np.arange(N)) % N]  # (N, N), W_N has period N
    return x @ W.astype(np.result_type(x, np.complex64))


def roots_of_unity(n: int) -> np.ndarray:
    """W_n^k = exp(-2πi k/n),  k = 0 … n-1: (n,) complex128, with an error of at most eps.

    exp is as wrong as its angle: eps·2π near a full turn. Hence the angle is reduced to at most π/4
    by q quarter turns, which are exact: W_n^k = (-i)^q exp(-2πi (4k - q·n)/(4n)).
    """
    k = np.arange(n)
    q = (4 * k + n // 2) // n  # 4k/n, rounded
    angle = 2 * np.pi * ((4 * k - q * n) / (4 * n))
    return np.array([1, -1j, -1, 1j])[q % 4] * np.exp(-1j * angle)


def fft(x: ArrayLike) -> np.ndarray:
    """X[k] as in dft, by splitting N = N1·N2, n = N2·n1 + n2, k = k1 + N1·k2:
    X[k1 + N1·k2] = Σ_n2 W_N2^(k2·n2) { W_N^(k1·n2) Σ_n1 W_N1^(k1·n1) x[N2·n1 + n2] }.

    Both sums are DFTs, split recursively if N > DIRECT; a prime N costs N². Shapes as in dft.
    Source: Cooley and Tukey (1965), An algorithm for the machine calculation of complex Fourier
    series; for any factors Gentleman and Sande (1966).
    """
    x = as_float(x, kinds=NUMBERS)
    N1, N2 = factors(x.shape[-1])
    if N2 == 1:
        return dft(x)
    columns = x.reshape(*x.shape[:-1], N1, N2).swapaxes(-1, -2)  # (..., N2, N1), indexed [n2, n1]
    twiddles = roots_of_unity(N1 * N2)[np.outer(np.arange(N2), np.arange(N1))]
    inner = fft(columns)  # indexed [n2, k1]
    inner *= twiddles.astype(inner.dtype)
    outer = fft(inner.swapaxes(-1, -2))  # (..., N1, N2), indexed [k1, k2]
    return outer.swapaxes(-1, -2).reshape(x.shape)


def factors(n: int) -> tuple[int, int]:
    """n = N1·N2 with N1 >= N2 as equal as possible; (n, 1) if n <= DIRECT or n is prime."""
    if n <= DIRECT:
        return n, 1
    n1 = next(d for d in range(int(np.ceil(np.sqrt(n))), n + 1) if n % d == 0)
    return n1, n // n1


def ifft(x: ArrayLike) -> np.ndarray:
    """x[n] = 1/N Σ_k X[k] W_N^(-kn) = conj(fft(conj X)) / N, the inverse of fft.

    (..., N) -> (..., N) complex. ValueError: an empty last axis.
    Source: Oppenheim and Schafer (2010), eq. 8.68.
    """
    X = as_float(x, kinds=NUMBERS)
    return np.conj(fft(np.conj(X))) / X.shape[-1]


def rfft(x: ArrayLike) -> np.ndarray:
    """X[k] for k = 0 … ⌊N/2⌋ of real x; the other half is X[N-k] = conj X[k].

    (..., N) real -> (..., N//2 + 1) complex. ValueError: an empty last axis, complex input.
    """
    x = as_float(x)
    return fft(x)[..., : x.shape[-1] // 2 + 1]


def power_spectrum(frames: ArrayLike) -> np.ndarray:
    """P[k] = |X[k]|²,  k = 0 … ⌊N/2⌋: the power in each bin; bin k lies at k·sample_rate/N Hz.

    (..., n_fft) real -> (..., n_fft//2 + 1) real, in the dtype of the frames.
    ValueError: an empty last axis, complex input.
    Source: Oppenheim and Schafer (2010), §10.5 (the periodogram without its factor 1/N).
    """
    X = rfft(frames)
    return np.square(X.real) + np.square(X.imag)

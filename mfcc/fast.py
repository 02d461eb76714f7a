"""Fast mel_spectrogram and mfcc: the sums of features.py in a different order. Chapter 15.

With n = N2·n1 + n2 and k = k1 + N1·k2 as in fourier.fft, but N1 <= N2:

- the window w[n] and the twiddle W_N^(k1·n2) are multiplied into the matrix of the inner sum, once;
- for a real signal only k1 = 0 … ⌊N1/2⌋ is computed: the other bins are their conjugates;
- the outer sum is folded: W_N2^(n2·k2) and W_N2^((N2-n2)·k2) are conjugates, so real matrices
  multiply the sums and the differences of the rows n2 and N2 - n2;
- the bins are left nearly in the order of frequency, and the filterbank's columns are permuted;
- frames are processed in blocks, in memory that is kept between calls, in products too small for
  BLAS to split among threads, so that the result does not depend on the number of threads.

Arrays have the frames on the last axis: each operation runs along contiguous memory.
"""

import threading
from collections.abc import Iterator
from functools import lru_cache
from math import log, prod
from typing import Any

import numpy as np

from . import cepstrum, fourier, framing
from ._checks import ArrayLike, check_decibels, check_n_mfcc, finite_signal, samples_or_default
from .mel import mel_filterbank

PRODUCT = 2**18  # real multiplications in one matrix product; BLAS splits larger ones
GROUP = 8  # neighboring mel filters per product
DB = 10 / log(10)  # decibels per unit of the natural logarithm; np.log is faster than np.log10
_memory = threading.local()


def mel_spectrogram(
    signal: ArrayLike, sample_rate: float, *, n_fft: int | None = None,
    hop_length: int | None = None, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None,
    htk: bool = False, center: bool = True, pad_mode: str = "constant",
) -> np.ndarray:  # fmt: skip
    """E[m, t] as features.mel_spectrogram, with its arguments, shapes and errors."""
    signal = finite_signal(signal)
    n_fft = samples_or_default(n_fft, 0.02, sample_rate, "n_fft")
    hop_length = samples_or_default(hop_length, 0.01, sample_rate, "hop_length")
    edge = n_fft // 2 if center and pad_mode == "constant" else 0  # zeros before the first sample
    if center and pad_mode != "constant":
        signal = framing.pad_center(signal, n_fft, pad_mode)
    n_frames = framing.count_frames(signal.shape[-1] + 2 * edge, n_fft, hop_length)
    bank = _unordered_filterbank(signal.dtype, sample_rate, n_fft, n_mels, fmin, fmax, htk)
    mel = np.zeros((*signal.shape[:-1], n_mels, n_frames), signal.dtype)
    inner, cosines, _, _ = _tables(n_fft)
    matrices = [inner[0], cosines, *(weights for _, _, weights in bank)]
    most = max(1, PRODUCT // max(matrix.size for matrix in matrices))  # frames per block
    for recording in np.ndindex(mel.shape[:-2]):
        samples = signal[recording]
        n_silent = 0 if samples[-1] else int((samples != 0)[::-1].argmax())  # zeros at the end
        n_sounding = min(n_frames, -(-(len(samples) - n_silent + edge) // hop_length))
        for block in _blocks(n_sounding, most):
            start = block.start * hop_length - edge
            columns = _columns(samples, start, n_fft, hop_length, block.stop - block.start)
            power = _unordered_power(columns).astype(mel.dtype, copy=False)
            for filters, bins, weights in bank:
                np.matmul(weights, power[bins], out=mel[recording][filters, block])
    return mel


def mfcc(
    signal: ArrayLike, sample_rate: float, *, n_mfcc: int = 13, n_fft: int | None = None,
    hop_length: int | None = None, n_mels: int = 128, fmin: float = 0.0, fmax: float | None = None,
    htk: bool = False, center: bool = True, pad_mode: str = "constant",
    top_db: float | None = 80.0, lifter: float = 0,
) -> np.ndarray:  # fmt: skip
    """c[i, t] as features.mfcc, with its arguments, shapes and errors."""
    check_n_mfcc(n_mfcc, n_mels)
    mel = mel_spectrogram(
        signal, sample_rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin,
        fmax=fmax, htk=htk, center=center, pad_mode=pad_mode,
    )  # fmt: skip
    check_decibels(mel, cepstrum.AMIN, top_db)
    log_mel = np.log(np.maximum(mel, cepstrum.AMIN, out=mel), out=mel)
    if top_db is not None:
        floor = log_mel.max((-2, -1), keepdims=True) - top_db / DB
        np.maximum(log_mel, floor, out=log_mel)
    return blocked_product(_liftered_dct(n_mfcc, n_mels, lifter), log_mel).astype(mel.dtype)


def blocked_product(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix @ columns, (n_out, n_in) and (..., n_in, n_frames) -> (..., n_out, n_frames), in
    blocks of frames that BLAS does not split among threads."""
    blocks = _blocks(columns.shape[-1], max(1, PRODUCT // matrix.size))
    return np.concatenate([matrix @ columns[..., block] for block in blocks], axis=-1)


def _blocks(n: int, most: int) -> Iterator[slice]:
    """Slices of 0 … n - 1, at most `most` long, of nearly equal length."""
    step = -(-n // -(-n // most))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def _kept(name: str, *shape: int) -> np.ndarray:
    """An uninitialized float64 array in memory kept for the next call, by name and thread: zeroing
    new memory page by page takes the system up to half as long as an MFCC."""
    size, kept = prod(shape), vars(_memory)
    if name not in kept or kept[name].size < size:
        kept[name] = np.empty(size)
    return kept[name][:size].reshape(shape)


def _columns(
    signal: np.ndarray, start: int, n_fft: int, hop_length: int, n_frames: int
) -> np.ndarray:
    """Frames as columns, (n_fft, n_frames) float64; the first one begins at sample start, and
    samples before the signal or after it are zero.

    float64 also for float32 signals: a bin 100 dB below another has 10⁻⁵ of its amplitude, so only
    two of float32's seven digits would be correct."""
    piece = _kept("samples", (n_frames - 1) * hop_length + n_fft)
    first, last = max(0, -start), min(len(piece), len(signal) - start)
    piece[:first], piece[last:] = 0, 0
    piece[first:last] = signal[start + first : start + last]
    frames = np.ndarray((n_fft, n_frames), buffer=piece, strides=(8, 8 * hop_length))
    columns = _kept("columns", n_fft, n_frames)
    columns[...] = frames
    return columns


def _unordered_power(columns: np.ndarray) -> np.ndarray:
    """|X_t[k]|² of the frames (n_fft, n_frames), not yet windowed: (N2·(N1//2 + 1), n_frames), the
    rows in the order of _tables."""
    n_fft, n_frames = columns.shape
    inner, cosines, sines, _ = _tables(n_fft)
    n2, parts, n1 = inner.shape  # parts: real and imaginary part of each k1
    sums, folded = (_kept(name, n2, parts, n_frames) for name in ("sums", "folded"))
    np.matmul(inner, columns.reshape(n1, n2, n_frames).swapaxes(0, 1), out=sums)

    # (15.7): P = cosines @ even, Q = sines @ odd with odd = -i·(a - b), and -i(r + i·s) = s - i·r
    pairs, real, imaginary = (n2 - 1) // 2, slice(0, parts // 2), slice(parts // 2, parts)
    a, b = sums[1 : pairs + 1], sums[: -pairs - 1 : -1]  # rows n2 and N2 - n2
    even, odd = folded[: n2 - pairs], folded[n2 - pairs :]
    even[[0, -1]] = sums[[0, n2 // 2]]  # rows without a partner; for odd N2 row -1 is overwritten
    np.add(a, b, out=even[1 : pairs + 1])
    np.subtract(a[:, imaginary], b[:, imaginary], out=odd[:, real])
    np.subtract(b[:, real], a[:, real], out=odd[:, imaginary])
    from_even, from_odd, spectrum = sums[: n2 - pairs], sums[n2 - pairs :], folded
    np.matmul(cosines, even.swapaxes(0, 1), out=from_even.swapaxes(0, 1))
    np.matmul(sines, odd.swapaxes(0, 1), out=from_odd.swapaxes(0, 1))
    spectrum[[0, -1]] = from_even[[0, -1]]
    np.subtract(from_even[1 : pairs + 1], from_odd, out=spectrum[1 : 2 * pairs : 2])  # -k2
    np.add(from_even[1 : pairs + 1], from_odd, out=spectrum[2 : 2 * pairs + 1 : 2])  # k2

    np.square(spectrum, out=spectrum)
    power = _kept("sums", n2, parts // 2, n_frames)  # the same memory
    np.add(spectrum[:, real], spectrum[:, imaginary], out=power)
    return power.reshape(-1, n_frames)


@lru_cache(maxsize=8)
def _tables(n_fft: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Constants of _unordered_power: the matrix of the inner sum for each n2, w[n] W_N^(n·k1), real
    parts above imaginary parts, (N2, 2(N1//2 + 1), N1); the cosines and sines of 2π·n2·k2/N2; the
    bin min(k, N - k) of each row of the power, k2 = 0, -1, 1, -2, 2, … and k1 = 0 … ⌊N1/2⌋ in each.
    """
    n2, n1 = fourier.factors(n_fft)  # N1 <= N2: folding halves the outer sum
    n = np.arange(n_fft).reshape(n1, n2).T  # (N2, N1), n = N2·n1 + n2
    turns = np.arange(n1 // 2 + 1)[:, None] * n[:, None] % n_fft  # the exponents add up to n·k1
    inner = framing.hann(n_fft)[n[:, None]] * fourier.roots_of_unity(n_fft)[turns]
    half, k2 = n2 // 2 + 1, np.arange(n2)
    outer = fourier.roots_of_unity(n2)[np.outer(k2, k2) % n2]
    order = (k2 + 1) // 2 * (-1) ** k2  # 0, -1, 1, -2, 2, …
    k = (np.arange(n1 // 2 + 1) + n1 * order[:, None]) % n_fft  # (N2, N1//2 + 1)
    cosines, sines = outer.real[:half, :half], -outer.imag[1 : n2 - half + 1, 1 : n2 - half + 1]
    inner = np.concatenate([inner.real, inner.imag], axis=1)
    return inner, cosines.copy(), sines.copy(), np.minimum(k, n_fft - k).ravel()


@lru_cache(maxsize=16, typed=True)
def _unordered_filterbank(
    dtype: np.dtype, sample_rate: float, n_fft: int, *settings: Any
) -> list[tuple[slice, slice, np.ndarray]]:
    """mel_filterbank for _unordered_power, without most of its zeros: a list of (slice of filters,
    slice of bins, weights). A bin that occurs twice has its weights in the first row and zeros in
    the second.
    """
    bank, bins = mel_filterbank(sample_rate, n_fft, *settings), _tables(n_fft)[-1]
    _, first = np.unique(bins, return_index=True)
    weights = np.zeros((len(bank), bins.size), dtype)
    weights[:, first] = bank
    parts = []
    for start in range(0, len(bank), GROUP):
        group = weights[start : start + GROUP]
        used = np.flatnonzero(group.any(axis=0))
        if used.size:
            span = slice(used[0], used[-1] + 1)
            parts.append((slice(start, start + GROUP), span, group[:, span].copy()))
    return parts


@lru_cache(maxsize=16, typed=True)
def _liftered_dct(n_mfcc: int, n_mels: int, lifter: float) -> np.ndarray:
    """The DCT matrix with liftered rows, for natural logarithms, (n_mfcc, n_mels)."""
    return DB * cepstrum.lift(cepstrum.dct_matrix(n_mfcc, n_mels).T, lifter).T

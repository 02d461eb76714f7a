"""Fast mel_spectrogram and mfcc: the sums of features.py in a different order. Chapter 15.

With n = N2·n1 + n2 and k = k1 + N1·k2 as in fourier.fft:

- the window w[n] and the twiddle W_N^(k1·n2) are multiplied into the matrix of the inner sum, once;
- for a real signal only k1 = 0 … ⌊N1/2⌋ is computed: the other bins are their conjugates;
- the bins are left in the order of the outer sum, and the filterbank's columns are permuted to it;
- frames are processed in blocks that fit the cache, in products too small for BLAS to split among
  threads, so that the result does not depend on the number of threads.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import cepstrum, features, fourier, framing
from .mel import filter_weights, warn_if_empty

PRODUCT = 2**18  # real multiplications in one matrix product; BLAS splits larger ones
CACHE = 3 * 2**13  # samples per block of frames, which fits the cache
GROUP = 16  # neighboring mel filters per product
BLOCK = 128  # frames per product with the DCT matrix
_cosines = lru_cache(maxsize=16, typed=True)(cepstrum.dct_matrix)


def mel_spectrogram(
    signal: ArrayLike,
    sample_rate: float,
    *,
    n_fft: int | None = None,
    hop_length: int | None = None,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    center: bool = True,
    pad_mode: str = "constant",
) -> np.ndarray:
    """S[m, t] as features.mel_spectrogram, with its arguments, shapes and errors."""
    signal = features.finite_signal(signal)
    n_fft = features.samples_or_default(n_fft, 0.02, sample_rate, "n_fft")
    hop_length = features.samples_or_default(hop_length, 0.01, sample_rate, "hop_length")
    padded = framing.pad_center(signal, n_fft, pad_mode) if center else signal
    frames = framing.frame(padded, n_fft, hop_length)  # (..., n_frames, n_fft)
    bank, n_empty = _unordered_filterbank(signal.dtype, sample_rate, n_fft, n_mels, fmin, fmax, htk)
    warn_if_empty(n_empty, n_mels, n_fft)
    mel = np.zeros((*frames.shape[:-2], n_mels, frames.shape[-2]), signal.dtype)
    step = max(1, PRODUCT // (GROUP * (fourier.factors(n_fft)[0] // 2 + 1)))
    for recording in np.ndindex(mel.shape[:-2]):
        for block in _blocks(mel.shape[-1], step):
            power = _unordered_power(frames[recording][block])
            for k2, filters, weights in bank:
                mel[recording][filters, block] += weights @ power[k2].T
    return mel


def mfcc(
    signal: ArrayLike,
    sample_rate: float,
    *,
    n_mfcc: int = 13,
    n_fft: int | None = None,
    hop_length: int | None = None,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    center: bool = True,
    pad_mode: str = "constant",
    top_db: float | None = 80.0,
    lifter: float = 0,
) -> np.ndarray:
    """c[k, t] as features.mfcc, with its arguments, shapes and errors."""
    features.check_n_mfcc(n_mfcc, n_mels)
    mel = mel_spectrogram(
        signal, sample_rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin,
        fmax=fmax, htk=htk, center=center, pad_mode=pad_mode,
    )  # fmt: skip
    log_mel = cepstrum.power_to_db(mel, top_db=top_db, axis=(-2, -1))
    cepstra = blocked_product(_cosines(n_mfcc, n_mels), log_mel)  # (..., n_mfcc, n_frames)
    return cepstrum.lift(cepstra.swapaxes(-1, -2), lifter).swapaxes(-1, -2).astype(mel.dtype)


def blocked_product(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix @ columns, (n_out, n_in) and (..., n_in, n_frames) -> (..., n_out, n_frames), in
    blocks of frames that BLAS does not split among threads."""
    blocks = _blocks(columns.shape[-1], BLOCK)
    return np.concatenate([matrix @ columns[..., block] for block in blocks], axis=-1)


def _blocks(n: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, n, step))


def _unordered_power(frames: np.ndarray) -> np.ndarray:
    """|X_t[k]|² of the windowed frames (n_frames, n_fft): (N2, n_frames, N1//2 + 1) of their dtype,
    indexed [k2, t, k1]."""
    n_frames, n_fft = frames.shape
    inner, outer = _tables(n_fft)
    n2, n1, parts = inner.shape  # parts: real and imaginary part of each k1
    power = np.zeros((n2, n_frames, parts // 2), frames.dtype)
    most = max(1, PRODUCT // (2 * n2 * n2 * parts))  # frames; a complex product is four real ones
    for block in _blocks(n_frames, most * max(1, CACHE // (most * n_fft))):
        # padding is silent; one sample per frame nearly always shows that a block is not
        if not (frames[block, n_fft // 2].any() or frames[block].any()):
            continue
        columns = frames[block].reshape(-1, n1, n2).transpose(2, 0, 1)  # (N2, step, N1)
        # float64 also for float32 signals: a bin 100 dB below another one has 10⁻⁵ of its
        # amplitude: of float32's seven digits, two would be correct
        sums = columns.astype(float, order="C") @ inner  # (N2, step, parts)
        step = sums.shape[1]
        group = next(d for d in range(min(step, most), 0, -1) if step % d == 0)
        sums = sums.reshape(n2, -1, group * parts).swapaxes(0, 1)  # (step/group, N2, …)
        spectrum = (outer @ sums.view(complex)).view(float)  # (step/group, N2, group · parts)
        squares = np.square(spectrum, out=spectrum).reshape(-1, n2, group, parts // 2, 2)
        target = power[:, block].reshape(n2, -1, group, parts // 2).swapaxes(0, 1)
        np.add(squares[..., 0], squares[..., 1], out=target, casting="same_kind")
    return power


@lru_cache(maxsize=8)
def _tables(n_fft: int) -> tuple[np.ndarray, np.ndarray]:
    """The inner sum's matrix for each n2, w[n] W_N1^(n1·k1) W_N^(n2·k1), real and imaginary part
    side by side for real samples, (N2, N1, 2(N1//2 + 1)); the outer sum's matrix
    W_N2^(n2·k2), (N2, N2) complex."""
    n1, n2 = fourier.factors(n_fft)
    n = np.arange(n_fft).reshape(n1, n2).T  # (N2, N1), n = N2·n1 + n2
    turns = n[..., None] * np.arange(n1 // 2 + 1) % n_fft  # the exponents add up to n·k1
    inner = framing.hann(n_fft)[n, None] * fourier.roots_of_unity(n_fft)[turns]
    k2 = np.arange(n2)
    return inner.view(float), fourier.roots_of_unity(n2)[np.outer(k2, k2) % n2]


@lru_cache(maxsize=16, typed=True)
def _unordered_filterbank(
    dtype: np.dtype, sample_rate: float, n_fft: int, *settings: Any
) -> tuple[list[tuple[int, slice, np.ndarray]], int]:
    """mel_filterbank for _unordered_power, without most of its zeros: a list of (k2, slice of
    neighboring filters, weights (n_filters, N1//2 + 1)); and the number of empty filters. A bin
    that occurs twice counts once."""
    bank = filter_weights(sample_rate, n_fft, *settings)  # (n_mels, n_fft//2 + 1)
    n1, n2 = fourier.factors(n_fft)
    k = np.arange(n1 // 2 + 1) + n1 * np.arange(n2)[:, None]  # (N2, N1//2 + 1)
    _, first = np.unique(np.minimum(k, n_fft - k), return_index=True)  # N - k has the power of k
    weights = np.zeros((k.size, len(bank)), dtype)
    weights[first] = bank.T
    parts = []
    for k2, columns in enumerate(weights.reshape(*k.shape, -1).swapaxes(1, 2)):
        used = np.flatnonzero(columns.any(axis=1)).tolist()  # columns: (n_mels, N1//2 + 1)
        for start in range(used[0], used[-1] + 1, GROUP) if used else ():
            filters = slice(start, min(start + GROUP, used[-1] + 1))
            parts.append((k2, filters, columns[filters]))
    return parts, int(np.sum(~bank.any(axis=1)))

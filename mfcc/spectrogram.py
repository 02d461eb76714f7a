"""The mel spectrogram: the power that each mel filter lets through in each frame.

Before it: mel.py; framing and fourier too are joined here. After it: cepstrum.py, the logarithm.
Chapter 8; why it is computed this way, chapter 15.

In one line it is mel_filterbank(…) @ power_spectrum(frame(…) · hann(n_fft)).T, and the tests hold
it to that. Here the same sums take another order and less time. With n = N2·n1 + n2 and
k = k1 + N1·k2 as in fourier.fft, the window w[n] and the turn W_N^(k1·n2) depend on n1, n2 and k1
alone: they are multiplied into the matrix of the inner sum beforehand. And the filters hear the
bins in the order in which the outer sum leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arguments import as_float, positive_integer, positive_number
from .fourier import _dft_matrix, _factors
from .framing import centre as centred
from .framing import frame, hann
from .mel import mel_filterbank

# Real multiplications in one matrix product: more are split among threads, whose waiting for each
# other costs more than they gain.
PRODUCT = 2**18
CACHE = 3 * 2**13  # samples of frames worked on together, so that they and the tables stay in cache
GROUP = 16  # neighbouring mel filters that are multiplied together


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
    """S[m, t] = Σ_k H[m, k] · |X_t[k]|²: the power that mel filter m lets through in frame t.

    signal (..., n) at sample_rate Hz -> (..., n_mels, n_frames), of the dtype of the signal.
    n_fft and hop_length in samples; None: 20 ms and 10 ms. center pads so that frame t is centred
    on sample t·hop_length. The other arguments are mel_filterbank's and centre's.
    ValueError: samples that are not finite, and whatever the stages reject.
    Chapter 8.
    """
    signal = _finite(as_float(signal, "signal"))
    n_fft = _samples(n_fft, 0.02, sample_rate, "n_fft")
    hop_length = _samples(hop_length, 0.01, sample_rate, "hop_length")
    if center:
        signal = centred(signal, n_fft, pad_mode)
    frames = frame(signal, n_fft, hop_length)  # (..., n_frames, n_fft)
    bank = _unordered_filterbank(signal.dtype, sample_rate, n_fft, n_mels, fmin, fmax, htk)
    mel = np.zeros((*frames.shape[:-2], n_mels, frames.shape[-2]), signal.dtype)
    step = max(1, PRODUCT // (GROUP * _bins(n_fft).shape[1]))
    for recording in np.ndindex(mel.shape[:-2]):
        for stretch in _stretches(mel.shape[-1], step):
            power = _unordered_power(frames[recording][stretch])
            for k2, filters, weights in bank:
                mel[recording][filters, stretch] += weights @ power[k2].T
    return mel


def _unordered_power(frames: np.ndarray) -> np.ndarray:
    """|X_t[k]|² of the windowed frames (n_frames, n_fft): (n2, n_frames, n1//2 + 1) of their dtype,
    indexed [k2, t, k1], where _bins says which k that is."""
    n_frames, n_fft = frames.shape
    inner, outer = _inner(n_fft), _outer(n_fft)
    n2, n1, parts = inner.shape  # parts: real and imaginary one of each k1
    power = np.empty((n2, n_frames, parts // 2), frames.dtype)
    most = max(1, PRODUCT // (2 * n2 * n2 * parts))  # a complex product is four real ones
    step = most * max(1, CACHE // (most * n_fft))
    for block in _stretches(n_frames, step):
        if _silent(frames[block]):
            power[:, block] = 0
            continue
        columns = frames[block].reshape(-1, n1, n2).transpose(2, 0, 1)  # (n2, step, n1)
        # float64 also for float32 signals: a bin 100 dB below another one has 10⁻⁵ of its
        # amplitude, and of the seven digits of float32 the transform would leave it two
        sums = columns.astype(float, order="C") @ inner  # (n2, step, parts)
        group = _largest_divisor(sums.shape[1], most)
        sums = sums.reshape(n2, -1, group * parts).swapaxes(0, 1)  # (step/group, n2, …)
        spectrum = (outer @ sums.view(complex)).view(float)  # (step/group, n2, group · parts)
        squares = np.square(spectrum, out=spectrum).reshape(-1, n2, group, parts // 2, 2)
        target = power[:, block].reshape(n2, -1, group, parts // 2).swapaxes(0, 1)
        np.add(squares[..., 0], squares[..., 1], out=target, casting="same_kind")
    return power


def _stretches(n_frames: int, step: int) -> Iterator[slice]:
    return (slice(start, start + step) for start in range(0, n_frames, step))


def _silent(frames: np.ndarray) -> bool:
    """All samples are zero, as where a short recording was padded. A look at one sample of each
    frame nearly always answers that they are not."""
    return not (frames[:, frames.shape[1] // 2].any() or frames.any())


def _largest_divisor(n: int, most: int) -> int:
    return next(d for d in range(min(n, most), 0, -1) if n % d == 0)


@lru_cache(maxsize=8)
def _inner(n_fft: int) -> np.ndarray:
    """w[n] W_N1^(n1·k1) W_N^(n2·k1), (n2, n1, 2·(n1//2 + 1)): the inner sum's matrix for each n2,
    real and imaginary part side by side, as real samples need it."""
    n1, n2 = _factors(n_fft)
    window = hann(n_fft).reshape(n1, n2).T  # (n2, n1)
    n = np.arange(n_fft).reshape(n1, n2).T
    turns = np.outer(n, np.arange(n1 // 2 + 1)) % n_fft  # the two exponents are one, n·k1
    table = window[..., None] * np.exp(-2j * np.pi * turns / n_fft).reshape(n2, n1, -1)
    return table.view(float)


@lru_cache(maxsize=8)
def _outer(n_fft: int) -> np.ndarray:
    """W_N2^(n2·k2), (n2, n2)."""
    return _dft_matrix(_factors(n_fft)[1], np.dtype(complex))


def _bins(n_fft: int) -> np.ndarray:
    """The bin k = 0 … ⌊N/2⌋ that stands at [k2, k1], (n2, n1//2 + 1): k1 + n1·k2, or its mirror
    image, N less that, which has the same power."""
    n1, n2 = _factors(n_fft)
    k = np.arange(n1 // 2 + 1) + n1 * np.arange(n2)[:, None]
    return np.minimum(k, n_fft - k)


@lru_cache(maxsize=16)
def _unordered_filterbank(
    dtype: np.dtype, sample_rate: float, n_fft: int, *settings: Any
) -> list[tuple[int, slice, np.ndarray]]:
    """mel_filterbank for _unordered_power, without most of its zeros: (k2, neighbouring filters,
    their weights (n_filters, n1//2 + 1)). A bin that stands in two places is heard in the first."""
    bank = mel_filterbank(sample_rate, n_fft, *settings).astype(dtype)  # (n_mels, n_fft//2 + 1)
    bins = _bins(n_fft)
    first = np.isin(np.arange(bins.size), np.unique(bins, return_index=True)[1]).reshape(bins.shape)
    parts = []
    for k2, (row, counts) in enumerate(zip(bins, first, strict=True)):
        weights = bank[:, row] * counts  # (n_mels, n1//2 + 1)
        heard = np.flatnonzero(weights.any(axis=1)).tolist()
        for start in range(heard[0], heard[-1] + 1, GROUP) if heard else ():
            filters = slice(start, min(start + GROUP, heard[-1] + 1))
            parts.append((k2, filters, weights[filters]))
    return parts


def _finite(signal: np.ndarray) -> np.ndarray:
    n_bad = signal.size - int(np.count_nonzero(np.isfinite(signal)))
    if n_bad:
        raise ValueError(f"signal has {n_bad} samples that are NaN or infinite; all must be finite")
    return signal


def _samples(given: int | None, seconds: float, sample_rate: float, name: str) -> int:
    rate = positive_number(sample_rate, "sample_rate", "Hz")
    return positive_integer(int(seconds * rate) if given is None else given, name)

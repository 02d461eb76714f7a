"""MFCC whole: from a signal to its mel-frequency cepstral coefficients, one line a stage.

Before it: cepstrum.py, the last of the stages. After it: statistics.py sums up what comes out.
Chapter 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import cepstrum
from .arguments import as_float, positive_integer, positive_number
from .fourier import power_spectrum
from .framing import centre as centred
from .framing import frame, hann
from .mel import mel_filterbank

# Frames at a time: 50 · 882 samples and their spectra stay in the cache, and products so small are
# not split among threads, whose waiting for each other would cost more than they gain.
BLOCK = 50
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
    # float64 also for float32 signals: a bin 100 dB below another one has 10⁻⁵ of its amplitude,
    # and of the seven digits of float32 the transform would leave it two
    window = hann(n_fft)
    bank = _sparse_filterbank(sample_rate, n_fft, n_mels, fmin, fmax, htk)
    mel = np.empty((*frames.shape[:-1], n_mels), signal.dtype)  # (..., n_frames, n_mels)
    for block in _blocks(frames.shape[-2]):
        power = power_spectrum(frames[..., block, :] * window)  # (..., BLOCK, n_fft//2 + 1)
        for filters, bins, weights in bank:
            mel[..., block, filters] = power[..., bins] @ weights
    return mel.swapaxes(-1, -2)


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
    """c[k, t] = Σ_m D[k, m] · dB(S[m, t]): the cosine transform of the log-mel spectrum.

    signal (n,) at sample_rate Hz -> (n_mfcc, n_frames), of the dtype of the signal; the values are
    those of librosa.feature.mfcc with the same n_fft and hop_length. Of a signal (..., n) each row
    is a recording of its own: top_db is measured from the row's own maximum.
    n_fft and hop_length in samples; None: 20 ms and 10 ms. top_db in dB, None: no such floor.
    ValueError: n_mfcc > n_mels, samples that are not finite, and whatever the stages reject.
    Source: Davis and Mermelstein (1980), Comparison of parametric representations for
    monosyllabic word recognition; conventions of McFee et al. (2015).
    Chapter 8.

    >>> import numpy as np
    >>> mfcc(np.zeros(220500, np.float32), 44100).shape
    (13, 501)
    """
    if positive_integer(n_mfcc, "n_mfcc") > positive_integer(n_mels, "n_mels"):
        raise ValueError(f"n_mfcc={n_mfcc} must be at most n_mels={n_mels}")
    mel = mel_spectrogram(
        signal,
        sample_rate,
        n_fft=n_fft,
        hop_length=hop_length,
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
        htk=htk,
        center=center,
        pad_mode=pad_mode,
    )  # (..., n_mels, n_frames)
    log_mel = _each_recording(cepstrum.power_to_db, mel, top_db=top_db)
    # float64 basis: in float32 the sum of 128 equal decibels alone would be off by 1e-3
    basis = cepstrum.dct_matrix(n_mfcc, n_mels)
    cepstra = np.concatenate(
        [log_mel[..., block].swapaxes(-1, -2) @ basis.T for block in _blocks(log_mel.shape[-1])],
        axis=-2,
    )  # (..., n_frames, n_mfcc)
    return cepstrum.lifter(cepstra, lifter).swapaxes(-1, -2).astype(mel.dtype)


def _each_recording(stage: Any, x: np.ndarray, **options: Any) -> np.ndarray:
    """stage(x) where x is one recording (rows, frames); otherwise of each one in turn."""
    if x.ndim == 2:
        return stage(x, **options)
    return np.stack([_each_recording(stage, one, **options) for one in x])


def _blocks(n_frames: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, n_frames, BLOCK))


def _finite(signal: np.ndarray) -> np.ndarray:
    n_bad = signal.size - int(np.count_nonzero(np.isfinite(signal)))
    if n_bad:
        raise ValueError(f"signal has {n_bad} samples that are NaN or infinite; all must be finite")
    return signal


def _samples(given: int | None, seconds: float, sample_rate: float, name: str) -> int:
    rate = positive_number(sample_rate, "sample_rate", "Hz")
    return positive_integer(int(seconds * rate) if given is None else given, name)


@lru_cache(maxsize=16)
def _sparse_filterbank(*settings: Any) -> list[tuple[slice, slice, np.ndarray]]:
    """mel_filterbank(*settings) without most of its zeros: for each group of neighbouring filters
    (filters, the bins from the first to the last that any of them hears, weights (bins, filters)).
    """
    bank = mel_filterbank(*settings)  # (n_mels, n_bins)
    groups = []
    for start in range(0, len(bank), GROUP):
        rows = bank[start : start + GROUP]
        heard = np.flatnonzero(rows.any(axis=0))
        bins = slice(heard[0], heard[-1] + 1) if heard.size else slice(0)
        groups.append((slice(start, start + len(rows)), bins, rows[:, bins].T))
    return groups

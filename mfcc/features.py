"""MFCC whole: from a signal to its mel-frequency cepstral coefficients, one line a stage.

Before it: spectrogram.py and cepstrum.py, its stages. After it: statistics.py sums up what comes
out. Chapter 8.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import cepstrum
from .arguments import positive_integer
from .spectrogram import mel_spectrogram

BLOCK = 128  # frames at a time


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
    basis = _basis(n_mfcc, n_mels)
    cepstra = transformed(basis, log_mel)  # (..., n_mfcc, n_frames)
    return cepstrum.lifter(cepstra.swapaxes(-1, -2), lifter).swapaxes(-1, -2).astype(mel.dtype)


def transformed(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix @ columns, (n_out, n_in) and (..., n_in, n_frames) -> (..., n_out, n_frames), BLOCK
    frames at a time: a product so small is not split among threads, so that it is done sooner, and
    its last digit does not depend on how many there are."""
    starts = range(0, columns.shape[-1], BLOCK)
    return np.concatenate([matrix @ columns[..., t : t + BLOCK] for t in starts], axis=-1)


_basis = lru_cache(maxsize=16)(cepstrum.dct_matrix)


def _each_recording(stage: Any, x: np.ndarray, **options: Any) -> np.ndarray:
    """stage(x) where x is one recording (rows, frames); otherwise of each one in turn."""
    if x.ndim == 2:
        return stage(x, **options)
    if len(x) == 0:
        raise ValueError("signal holds no recording: none of its axes must be empty")
    return np.stack([_each_recording(stage, one, **options) for one in x])

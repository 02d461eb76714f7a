"""The mel spectrogram and MFCCs, one line per stage. Chapter 8.

Symbols: X_t[k] the spectrum of windowed frame t, M[m, k] the mel filterbank, E[m, t] the mel power,
S[m, t] its decibels, D[i, m] the cosine transform, c[i, t] the MFCCs.
"""

import numpy as np

from ._checks import ArrayLike, check_n_mfcc, finite_signal, samples_or_default
from .cepstrum import dct_matrix, lift, power_to_db
from .fourier import power_spectrum
from .framing import frame, hann, pad_center
from .mel import mel_filterbank


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
    """E[m, t] = Σ_k M[m, k] · |X_t[k]|²: the power in mel band m of frame t.

    signal (..., n) at sample_rate Hz, full scale ±1 -> (..., n_mels, n_frames), float32 if the
    signal is float32, else float64. n_fft, hop_length, n_mels, fmin, fmax, htk, center and pad_mode
    are explained in mfcc; ValueErrors as there.
    """
    signal = finite_signal(signal)
    n_fft = samples_or_default(n_fft, 0.02, sample_rate, "n_fft")
    hop_length = samples_or_default(hop_length, 0.01, sample_rate, "hop_length")
    padded = pad_center(signal, n_fft, pad_mode) if center else signal
    frames = frame(padded, n_fft, hop_length)  # (..., n_frames, n_fft)
    windowed = frames * hann(n_fft)  # float64, as hann is: float32 is too coarse for quiet bins
    power = power_spectrum(windowed)  # (..., n_frames, n_fft // 2 + 1)
    filters = mel_filterbank(sample_rate, n_fft, n_mels, fmin, fmax, htk)
    return (power @ filters.T).swapaxes(-1, -2).astype(signal.dtype)


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
    """c[i, t] = Σ_m D[i, m] · S[m, t]: the cosine transform of the log-mel spectrogram S, in dB.

    signal (n,) floats at sample_rate Hz, full scale ±1 -> (n_mfcc, n_frames), float32 if the signal
    is float32, else float64; equal to librosa.feature.mfcc for the same n_fft and hop_length. In a
    batch (..., n) each row is a separate recording.

    n_mfcc: the number of coefficients, from c[0] on.
    n_fft, hop_length: length and distance of frames in samples; None: 20 ms and 10 ms.
    n_mels, fmin, fmax: the number of mel filters, between fmin and fmax Hz (None: half the rate).
    htk: whether the filters are spaced on HTK's mel scale instead of Slaney's.
    center: whether frame t is centered on sample t·hop_length, or else begins there.
    pad_mode: what center puts before and after the signal, as in numpy.pad; "constant": zeros.
    top_db: S is at least the recording's maximum minus top_db, in dB; None: no floor.
    lifter: c[i] is multiplied by 1 + (lifter/2) sin(π(i + 1)/lifter), see lift; 0: by 1.
    ValueError: integers, samples that are not finite, channels on the last axis, n_mfcc > n_mels,
    invalid arguments of the stages.
    Source: Davis and Mermelstein (1980), Comparison of parametric representations for
    monosyllabic word recognition; conventions of McFee et al. (2015).

    >>> import numpy as np
    >>> mfcc(np.zeros(220500, np.float32), 44100).shape
    (13, 501)
    """
    check_n_mfcc(n_mfcc, n_mels)
    mel = mel_spectrogram(
        signal, sample_rate, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin,
        fmax=fmax, htk=htk, center=center, pad_mode=pad_mode,
    )  # fmt: skip
    log_mel = power_to_db(mel, top_db=top_db, axis=(-2, -1))  # (..., n_mels, n_frames), dB
    cepstra = dct_matrix(n_mfcc, n_mels) @ log_mel  # (..., n_mfcc, n_frames)
    lifted = lift(cepstra.swapaxes(-1, -2), lifter)  # lift works on the last axis
    return lifted.swapaxes(-1, -2).astype(mel.dtype)

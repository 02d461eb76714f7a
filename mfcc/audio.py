"""Audio files: from a file to a mono signal of a given sample rate and length. Chapter 1.

soundfile decodes the file and SciPy resamples it; both are imported on first use.
"""

from __future__ import annotations

from math import ceil, inf
from os import PathLike, fsdecode
from pathlib import Path

import numpy as np

from ._checks import as_float, positive_integer

SAMPLE_RATE = 44100  # Hz
DURATION = 5.0  # s
MAX_RATE = 768_000  # Hz; above every recorder's, and the filter to resample from it would be huge
MARGIN = 0.1  # s read beyond the requested end, so that resampling does not see the cut


def load(
    path: str | PathLike[str], sample_rate: int = SAMPLE_RATE, duration: float | None = DURATION
) -> np.ndarray:
    """Read a recording as mono, resampled to sample_rate Hz, cut or zero-padded to duration s.

    Returns (n_samples,) float32 in [-1, 1], n_samples = round(duration·sample_rate); with
    duration=None the whole recording.
    ValueError: whatever read and resample reject, a duration of no sample. OSError: cannot be
    opened.
    """
    signal, rate = read(path, duration)
    signal = resample(signal, rate, sample_rate)
    return signal if duration is None else fix_length(signal, round(duration * sample_rate))


def read(path: str | PathLike[str], duration: float | None = None) -> tuple[np.ndarray, int]:
    """Read WAV, FLAC, Ogg, MP3, AIFF and whatever else soundfile decodes, averaged over channels.

    Returns the signal (n,) float32 in [-1, 1] (float files and decoders may exceed full scale:
    clipped) and its sample rate in Hz; at most duration s and a margin are read.
    ValueError: not a regular file, not audio, a sample rate above MAX_RATE, no samples, fewer than
    the header says, more than memory holds, NaN or infinite samples, duration not > 0.
    OSError: the file cannot be opened.
    """
    import soundfile

    name = fsdecode(path)
    if duration is not None and not 0 < duration < inf:
        raise ValueError(f"duration={duration!r} must be a positive number of seconds, or None")
    if Path(name).exists() and not (Path(name).is_file() or Path(name).is_dir()):
        raise ValueError(f"{name} is not a regular file")  # opening a pipe would block
    with open(name, "rb"):  # an OSError with the system's reason, where libsndfile has none
        pass
    try:
        with soundfile.SoundFile(name) as sound:
            rate, available = int(sound.samplerate), int(sound.frames)
            if rate > MAX_RATE:
                raise ValueError(f"{name} has {rate} Hz; at most {MAX_RATE} Hz are supported")
            n = available if duration is None else min(available, ceil((duration + MARGIN) * rate))
            channels = sound.read(n, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{name} cannot be read as audio: {error.error_string}") from None
    except (TypeError, MemoryError) as error:
        reason = "more samples than memory holds" if isinstance(error, MemoryError) else str(error)
        raise ValueError(f"{name} cannot be read as audio: {reason}") from None
    check_samples(name, len(channels), n, int(np.isfinite(channels).all(axis=1).sum()))
    return np.clip(channels.mean(axis=1), -1, 1), rate


def check_samples(name: str, n_read: int, n_expected: int, n_finite: int) -> None:
    """ValueError: nothing was read of a file, less than its header says, or NaN or infinity."""
    if n_read == 0:
        raise ValueError(f"{name} holds no samples")
    if n_read < n_expected:
        raise ValueError(f"{name} is truncated: {n_read} of {n_expected} samples")
    if n_finite < n_read:
        raise ValueError(f"{name} has {n_read - n_finite} samples that are NaN or infinite")


def resample(signal: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Resample (n,) from rate Hz to sample_rate Hz -> (⌈n·sample_rate/rate⌉,), same dtype.

    A polyphase low-pass filter (SciPy's resample_poly); overshoots beyond full scale are clipped.
    ValueError: a rate that is not a positive integer, an empty signal.
    """
    signal = as_float(signal, "signal")
    up, down = positive_integer(sample_rate, "sample_rate"), positive_integer(rate, "rate")
    if up == down:
        return signal
    from scipy.signal import resample_poly

    return np.clip(resample_poly(signal, up, down), -1, 1).astype(signal.dtype)


def fix_length(signal: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut (n,) to n_samples, or pad it with zeros at the end -> (n_samples,).

    ValueError: n_samples < 1, an empty signal.
    """
    signal = as_float(signal, "signal")[: positive_integer(n_samples, "n_samples")]
    return np.pad(signal, (0, n_samples - len(signal)))

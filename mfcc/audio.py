"""Audio files: read a mono signal of a given sample rate and length. Chapter 1.

soundfile decodes the file and SciPy resamples it; both are imported on first use.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, inf
from os import PathLike, fsdecode
from typing import Any

import numpy as np

from ._checks import as_float, positive_integer

SAMPLE_RATE = 44100  # Hz
DURATION = 5.0  # s
MAX_RATE = 768_000  # Hz; above any recorder's; higher rates need huge resampling filters
MARGIN = 0.1  # s read beyond the requested end, so that resampling has no edge effect


def load(
    path: str | PathLike[str], sample_rate: int = SAMPLE_RATE, duration: float | None = DURATION
) -> np.ndarray:
    """Read a recording as mono, resampled to sample_rate Hz, cut or zero-padded to duration s.

    Returns (n_samples,) float32 in [-1, 1], n_samples = round(duration·sample_rate); with
    duration=None the whole recording.
    ValueError: invalid arguments of read and resample, a duration of zero samples. OSError: the
    file cannot be opened.
    """
    signal, rate = read(path, duration)
    signal = resample(signal, rate, sample_rate)
    return signal if duration is None else fix_length(signal, round(duration * sample_rate))


def read(path: str | PathLike[str], duration: float | None = None) -> tuple[np.ndarray, int]:
    """Read WAV, FLAC, Ogg, MP3, AIFF or another soundfile format, averaged over channels.

    Returns the signal (n,) float32 in [-1, 1] (values beyond full scale are clipped)
    and its sample rate in Hz; reads at most duration s and a margin.
    ValueError: open_audio rejects the file; no samples, fewer than the decoder reports, more than
    fit into memory, NaN or infinite samples; duration not > 0. OSError: the file cannot be opened.
    A WAV file shorter than its header states is read to its end.
    """
    if duration is not None and not 0 < duration < inf:
        raise ValueError(f"duration={duration!r} must be a positive number of seconds, or None")
    with open_audio(path) as sound:
        rate, n = int(sound.samplerate), int(sound.frames)
        n = n if duration is None else min(n, ceil((duration + MARGIN) * rate))
        try:
            channels = sound.read(n, dtype="float32", always_2d=True)
        except MemoryError:  # the file is too long, or its header is wrong
            raise ValueError(f"{fsdecode(path)} has {n} samples: too many for memory") from None
    check_samples(path, len(channels), n, int(np.isfinite(channels).all(axis=1).sum()))
    return np.clip(channels.mean(axis=1), -1, 1), rate


@contextmanager
def open_audio(path: str | PathLike[str]) -> Iterator[Any]:
    """Open the file as a soundfile.SoundFile, for a with block.

    ValueError: not a regular file, not audio, a sample rate above MAX_RATE. OSError: the file
    cannot be opened.
    """
    import soundfile

    file = fsdecode(path)
    if os.path.exists(file) and not (os.path.isfile(file) or os.path.isdir(file)):
        raise ValueError(f"{file} is not a regular file")  # opening a pipe would block
    if file.lower().endswith(".raw"):
        raise ValueError(f"{file} cannot be read as audio: raw samples have no header")
    with open(file, "rb"):  # raises OSError with the system's reason
        pass
    try:
        with soundfile.SoundFile(os.fsencode(file) if os.name == "posix" else file) as sound:
            if sound.format == "RAW":  # libsndfile's fallback for .au and .snd without a header
                raise ValueError(f"{file} cannot be read as audio: it has no header")
            if sound.samplerate > MAX_RATE:
                raise ValueError(f"{file} has {sound.samplerate} Hz; it must be at most {MAX_RATE}")
            yield sound
    except soundfile.LibsndfileError as error:
        reason = "format not recognized" if error.code in (1, 7) else error.error_string
        raise ValueError(f"{file} cannot be read as audio: {reason.rstrip('.')}") from None


def check_samples(path: str | PathLike[str], n_read: int, n_expected: int, n_finite: int) -> None:
    """Raise ValueError if a file has no samples, too few, or NaN or infinite ones."""
    name = fsdecode(path)
    if n_read == 0:
        raise ValueError(f"{name} has no samples")
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

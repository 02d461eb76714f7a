"""Audio files: from a file on disk to a mono signal of a known rate and length.

Before it: features.py needs nothing but such a signal. After it: display.py. Chapter 1.
soundfile reads the file and SciPy resamples it; both are imported when they are first needed.
"""

from __future__ import annotations

from math import ceil, inf
from os import PathLike, fspath

import numpy as np

from .arguments import as_float, positive_integer

SAMPLE_RATE = 44100  # Hz
DURATION = 5.0  # s
MARGIN = 0.1  # s read beyond the end that is asked for, so that resampling does not see the cut


def load(
    path: str | PathLike[str], sample_rate: int = SAMPLE_RATE, duration: float | None = DURATION
) -> np.ndarray:
    """A recording as the rest of the package wants it: mono, at sample_rate Hz, duration s long.

    Returns (n_samples,) float32 in [-1, 1] with n_samples = round(duration·sample_rate): cut at
    the end, or padded there with zeros; duration=None keeps the whole recording.
    ValueError: what read and resample reject, a duration that gives no sample.
    OSError: the file cannot be opened.
    """
    signal, rate = read(path, duration)
    signal = resample(signal, rate, sample_rate)
    return signal if duration is None else fix_length(signal, round(duration * sample_rate))


def read(path: str | PathLike[str], duration: float | None = None) -> tuple[np.ndarray, int]:
    """The mean over the channels of what soundfile reads: WAV, FLAC, Ogg, MP3, AIFF and more.

    Returns the signal (n,) float32 in [-1, 1] (full scale is 1; what a float file or a decoder
    puts beyond is clipped) and its sample rate in Hz; of a file longer than duration s, only that
    much and a margin.
    ValueError: not an audio file, no samples, samples that are NaN or infinite, duration not > 0.
    OSError: the file cannot be opened.
    """
    import soundfile

    if duration is not None and not 0 < duration < inf:
        raise ValueError(f"duration={duration!r} must be a positive number of seconds, or None")
    with open(path, "rb") as file:
        try:
            with soundfile.SoundFile(file) as sound:
                rate = int(sound.samplerate)
                frames = -1 if duration is None else ceil((duration + MARGIN) * rate)
                channels = sound.read(frames, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, TypeError) as error:
            raise ValueError(f"{fspath(path)} cannot be read as audio: {_reason(error)}") from None
    if len(channels) == 0:
        raise ValueError(f"{fspath(path)} holds no samples")
    n_bad = len(channels) - int(np.count_nonzero(np.isfinite(channels).all(axis=1)))
    if n_bad:
        raise ValueError(f"{fspath(path)} has {n_bad} samples that are NaN or infinite")
    return np.clip(channels.mean(axis=1), -1, 1), rate


def resample(signal: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """The signal (n,) taken at rate Hz as it would be at sample_rate Hz, (n·sample_rate/rate,).

    A polyphase low-pass filter (SciPy's resample_poly); where it overshoots full scale, clipped.
    ValueError: a rate that is not a positive integer, an empty signal.
    """
    signal = as_float(signal, "signal")
    up, down = positive_integer(sample_rate, "sample_rate"), positive_integer(rate, "rate")
    if up == down:
        return signal
    from scipy.signal import resample_poly

    return np.clip(resample_poly(signal, up, down), -1, 1).astype(signal.dtype)


def fix_length(signal: np.ndarray, n_samples: int) -> np.ndarray:
    """The first n_samples of the signal (n,), padded with zeros at the end where it is shorter.

    Returns (n_samples,). ValueError: n_samples < 1, an empty signal.
    """
    signal = as_float(signal, "signal")[: positive_integer(n_samples, "n_samples")]
    return np.pad(signal, (0, n_samples - len(signal)))


def _reason(error: Exception) -> str:
    """libsndfile's own words, without its prefix that names the Python object."""
    text = getattr(error, "error_string", str(error))
    return text.rstrip(".") or type(error).__name__

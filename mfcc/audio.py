"""Audio files: from a file on disk to a mono signal of a known rate and length.

Before it: statistics.py, which needs nothing but such a signal. After it: display.py. Chapter 1.
soundfile reads the file and SciPy resamples it; both are imported when they are first needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, inf
from os import SEEK_END, PathLike, dup, fspath, stat
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO

import numpy as np

from .arguments import as_float, positive_integer

SAMPLE_RATE = 44100  # Hz
DURATION = 5.0  # s
MAX_RATE = 768_000  # Hz; no recorder is faster, and the filter to come down from it would be huge
MARGIN = 0.1  # s read beyond the end that is asked for, so that resampling does not see the cut


def load(
    path: str | PathLike[str], sample_rate: int = SAMPLE_RATE, duration: float | None = DURATION
) -> np.ndarray:
    """A recording as the rest of the package wants it: mono, at sample_rate Hz, duration s long.

    Returns (n_samples,) float32 in [-1, 1] with n_samples = round(duration·sample_rate): cut at
    the end, or padded there with zeros; duration=None keeps the whole recording.
    ValueError: what read and resample reject, a duration that gives no sample.
    OSError: the file cannot be opened.
    Chapter 1.
    """
    signal, rate = read(path, duration)
    signal = resample(signal, rate, sample_rate)
    return signal if duration is None else fix_length(signal, round(duration * sample_rate))


def read(path: str | PathLike[str], duration: float | None = None) -> tuple[np.ndarray, int]:
    """The mean over the channels of what soundfile reads: WAV, FLAC, Ogg, MP3, AIFF and more.

    Returns the signal (n,) float32 in [-1, 1] (full scale is 1; what a float file or a decoder
    puts beyond is clipped) and its sample rate in Hz; of a file longer than duration s, only that
    much and a margin.
    ValueError: what opened rejects, no samples, fewer than the header promises, more than memory
    holds, samples that are NaN or infinite, duration not > 0. OSError: the file cannot be opened.
    """
    if duration is not None and not 0 < duration < inf:
        raise ValueError(f"duration={duration!r} must be a positive number of seconds, or None")
    with opened(path) as sound:
        rate, there = int(sound.samplerate), int(sound.frames)
        frames = there if duration is None else min(there, ceil((duration + MARGIN) * rate))
        try:
            channels = sound.read(frames, dtype="float32", always_2d=True)
        except MemoryError:  # it may hold them, or its header may be broken
            raise ValueError(f"{fspath(path)} has {frames} samples: more than memory") from None
    refuse_broken(path, len(channels), frames, np.isfinite(channels).all(axis=1).sum())
    return np.clip(channels.mean(axis=1), -1, 1), rate


@contextmanager
def opened(path: str | PathLike[str]) -> Iterator[Any]:
    """The file as a soundfile.SoundFile, for as long as the block lasts.

    ValueError: not a file (a pipe, a device), not audio, truncated as far as that can be seen
    without decoding, a sample rate above MAX_RATE. OSError: the file cannot be opened.
    """
    import soundfile

    name = fspath(path)
    if not (S_ISREG(mode := stat(path).st_mode) or S_ISDIR(mode)):  # to open a pipe is to wait
        raise ValueError(f"{name} is not a file")
    with open(path, "rb", buffering=0) as file:
        ends = _ogg_ends(file)
        # by its number: of a broken file an odd seek must fail in C, not in a Python callback; and
        # by one to give away: where libsndfile 1.2.0 fails it closes it, whatever closefd says
        try:
            sound = soundfile.SoundFile(dup(file.fileno()))
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{name} cannot be read as audio: {_reason(error)}") from None
        with sound:
            if short := _short(sound.extra_info):
                raise ValueError(f"{name} is truncated: {short[1]} of {short[0]} bytes")
            if not ends:
                raise ValueError(f"{name} is truncated: its last page is missing")
            if sound.samplerate > MAX_RATE:
                raise ValueError(f"{name} has {sound.samplerate} Hz; at most {MAX_RATE} are read")
            try:
                yield sound
            except soundfile.LibsndfileError as error:
                raise ValueError(f"{name} cannot be read as audio: {_reason(error)}") from None


def refuse_broken(
    path: str | PathLike[str], n_samples: int, n_promised: int, n_finite: int
) -> None:
    """What was read of a file, that many samples of which so many are finite, is a recording.

    ValueError: there are no samples, fewer than promised, or some are NaN or infinite.
    """
    if n_samples == 0:
        raise ValueError(f"{fspath(path)} holds no samples")
    if n_samples < n_promised:
        raise ValueError(f"{fspath(path)} is truncated: {n_samples} of {n_promised} samples")
    if n_finite < n_samples:
        n_bad = n_samples - n_finite
        raise ValueError(f"{fspath(path)} has {n_bad} samples that are NaN or infinite")


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


# libsndfile shortens the sizes in a header to what is there, and says so in its log alone.
_SIZE = re.compile(r"(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)")
_UNKNOWN = 0x7FFF_F000  # bytes; from here on a size says that the writer, on a pipe, knew none
_PAGE = 65307  # bytes, the most that a page of an Ogg file can have


def _short(log: str) -> tuple[int, int] | None:
    """(bytes that the header promises, bytes that are there), where there are fewer."""
    sizes = [(int(match[1]), int(match[2])) for match in _SIZE.finditer(log)]
    return next((size for size in sizes if size[1] < size[0] < _UNKNOWN), None)


def _ogg_ends(file: BinaryIO) -> bool:
    """Whether the last page of an Ogg file is whole and says that it is the last; True for others.

    Source: Pfeiffer (2003), RFC 3533, §6: byte 5 holds the flag, 26 the number of segments.
    """
    if file.read(4) != b"OggS":
        file.seek(0)
        return True
    file.seek(max(0, file.seek(0, SEEK_END) - _PAGE))
    tail = file.read()
    file.seek(0)
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or not page[5] & 4:
        return False
    return len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])

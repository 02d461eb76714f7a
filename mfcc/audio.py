"""Audio files: read a mono signal of a given sample rate and length. Chapter 1.

soundfile decodes the file and SciPy resamples it; both are imported on first use.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, inf
from typing import Any

import numpy as np

from ._checks import as_float, positive_integer

SAMPLE_RATE = 44100  # Hz
DURATION = 5.0  # s
MAX_RATE = 768_000  # Hz; above any recorder's; higher rates need huge resampling filters
MARGIN = 0.1  # s read beyond the requested end, so that resampling has no edge effect
SLACK = 0.1  # s by which a file may be shorter than its header states
BLOCK = 60  # s per call of the decoder if the header states no length
UNKNOWN = 2**62  # samples; libsndfile states more if the header of a file states none


def load(
    path: str | os.PathLike[str], sample_rate: int = SAMPLE_RATE, duration: float | None = DURATION
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


def read(path: str | os.PathLike[str], duration: float | None = None) -> tuple[np.ndarray, int]:
    """Read WAV, FLAC, Ogg, MP3, AIFF or another soundfile format, averaged over channels.

    Returns the signal (n,) float32 in [-1, 1] (values beyond full scale are clipped)
    and its sample rate in Hz; reads at most duration s and a margin.
    ValueError: as for open_audio and read_channels; duration not > 0. OSError: the file cannot be
    opened. WAV, AIFF, AU, W64, RF64 and Ogg files shorter than they should be are read to their
    end.
    """
    if duration is not None and not 0 < duration < inf:
        raise ValueError(f"duration={duration!r} must be a positive number of seconds, or None")
    with open_audio(path) as sound:
        return to_mono(read_channels(path, sound, duration)), sound.samplerate


@contextmanager
def open_audio(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open the file as a soundfile.SoundFile that only reads forward, in a with block.

    ValueError: not a regular file, not audio, a sample rate above MAX_RATE. OSError: the file
    cannot be opened.
    """
    import soundfile

    name = os.fsdecode(path)
    if os.path.exists(name) and not (os.path.isfile(name) or os.path.isdir(name)):
        raise ValueError(f"{name} is not a regular file")  # opening a pipe would block
    if name.lower().endswith(".raw"):
        raise ValueError(f"{name} cannot be read as audio: it has no header")
    with open(name, "rb"):  # raises OSError with the system's reason
        pass
    try:
        # not through a Python file: its callbacks would swallow Ctrl-C
        with soundfile.SoundFile(os.fsencode(name) if os.name == "posix" else name) as sound:
            sound.seekable = lambda: False  # also reads to an end that the header does not state
            if sound.format == "RAW":  # libsndfile's guess for .au and .snd without a header
                raise ValueError(f"{name} cannot be read as audio: it has no header")
            if (rate := sound.samplerate) > MAX_RATE:
                raise ValueError(f"{name} has a sample rate of {rate} Hz; the limit is {MAX_RATE}")
            yield sound
    except soundfile.LibsndfileError as error:
        unknown = error.code in (1, 7)  # 7 is libsndfile's code for the same in MP3
        reason = "format not recognized" if unknown else error.error_string.rstrip(".")
        raise ValueError(f"{name} cannot be read as audio: {reason}") from None


def read_channels(
    path: str | os.PathLike[str], sound: Any, duration: float | None = None, start: int = 0
) -> np.ndarray:
    """Read an open file from second start to its end, (n, n_channels) float32: at most duration s
    and a margin. ValueError as for read_blocks, and for more samples than fit into memory."""
    n = UNKNOWN if duration is None else ceil((duration + MARGIN) * sound.samplerate)
    try:
        blocks = list(read_blocks(path, sound, None, start, n))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    except MemoryError:
        raise ValueError(f"{os.fsdecode(path)} has too many samples to fit in memory") from None


def read_blocks(
    path: str | os.PathLike[str], sound: Any, size: int | None, start: int = 0, n: int = UNKNOWN
) -> Iterator[np.ndarray]:
    """Read at most n samples of an open file from second start on, in blocks (size, n_channels)
    float32, the last one shorter; None: in one block, if the header states the number of samples.

    ValueError, with the path, at the end: no samples, fewer than the header states by more than
    SLACK, NaN or infinite samples, after which no block is yielded. The length of an MPEG file
    without a header is the decoder's estimate: it may be 1 % too high, and nothing is read beyond
    it.
    """
    name, rate = os.fsdecode(path), sound.samplerate
    stated = min(n, sound.frames - start * rate) if sound.frames < UNKNOWN else 0
    end = stated or n
    size = size or stated or BLOCK * rate
    if start:
        sound.seek(start * rate)
    n_read = n_bad = 0
    while n_read < end:
        block = sound.read(min(size, end - n_read), dtype="float32", always_2d=True)
        n_bad += len(block) - np.isfinite(block).all(axis=1).sum()
        n_read += len(block)
        if len(block) and not n_bad:
            yield block
        if len(block) < size:
            break
    if n_read == 0:
        raise ValueError(f"{name} has no samples")
    slack = (start * rate + stated) / 100 if "MPEG" in sound.subtype else 0
    if n_read < stated - max(SLACK * rate, slack):
        raise ValueError(f"{name} is truncated: {n_read} of {stated} samples")
    if n_bad:
        raise ValueError(f"{name} has {n_bad} samples that are NaN or infinite")


def to_mono(channels: np.ndarray) -> np.ndarray:
    """The mean of the channels (n, n_channels) -> (n,), clipped to [-1, 1]."""
    return np.clip(channels.mean(axis=1), -1, 1)


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

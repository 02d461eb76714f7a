"""Audio files: read a mono signal of a given sample rate and length. Chapter 1.

soundfile decodes the file and SciPy resamples it; both are imported on first use.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil, inf
from pathlib import Path
from typing import Any

import numpy as np

from ._checks import as_float, positive_integer

SAMPLE_RATE = 44100  # Hz
DURATION = 5.0  # s
MAX_RATE = 768_000  # Hz; above any recorder's; higher rates need huge resampling filters
MARGIN = 0.1  # s read beyond the requested end, so that resampling has no edge effect
SLACK = 0.1  # s by which a file may be shorter than its header states
BLOCK = 60  # s per call of the decoder
CONVERT = "convert it to WAV, for example: ffmpeg -i FILE x.wav"
MAX_HEADER = 4096  # bytes; a larger file without samples has lost its length
UNKNOWN = 2**62  # samples; libsndfile states more if the header of a file states none
BITRATES = (  # kbit/s of MP3 frames by index: for sample rates from 32 kHz, and for lower ones
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
)


def load(
    path: str | os.PathLike[str], sample_rate: int = SAMPLE_RATE, duration: float | None = DURATION
) -> np.ndarray:
    """Read the file path as mono, resampled to sample_rate Hz, cut or zero-padded to duration s.

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
    ValueError: as for open_audio and read_blocks; duration not > 0. OSError: the file cannot be
    opened. WAV, AIFF, AU, W64, RF64 and Ogg files shorter than they should be are read to their
    end.
    """
    if duration is not None and not 0 < duration < inf:
        raise ValueError(f"duration={duration!r} must be a positive number of seconds, or None")
    with open_audio(path) as sound:
        rate = sound.samplerate
        n = UNKNOWN if duration is None else ceil((duration + MARGIN) * rate)
        return to_mono(np.concatenate(list(read_blocks(path, sound, BLOCK * rate, n=n)))), rate


@contextmanager
def open_audio(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open the file as a soundfile.SoundFile that only reads forward, in a with block.

    ValueError: not a regular file, not audio, a sample rate above MAX_RATE. OSError: the file
    cannot be opened or read, or libsndfile is missing, which has no filename.
    """
    import soundfile

    name = os.fsdecode(path)
    if os.path.exists(name) and not (os.path.isfile(name) or os.path.isdir(name)):
        raise ValueError(f"{name} is not a regular file")  # opening a pipe would block
    if name.lower().endswith(".raw"):
        raise ValueError(f"{name} cannot be read as audio: it has no header")
    try:
        with open(name, "rb") as file:  # raises OSError with the system's reason
            if not file.read(1):
                raise ValueError(f"{name} is empty")
        # not through a Python file: its callbacks would swallow Ctrl-C
        with soundfile.SoundFile(os.fsencode(name) if os.name == "posix" else name) as sound:
            sound.seekable = lambda: False  # also reads to an end that the header does not state
            if sound.format == "RAW":  # libsndfile's guess for .au and .snd without a header
                raise ValueError(f"{name} cannot be read as audio: it has no header")
            if (rate := sound.samplerate) > MAX_RATE:
                raise ValueError(f"{name} has a sample rate of {rate} Hz; the limit is {MAX_RATE}")
            yield sound
    except OSError as error:
        error.filename = name  # of an error in reading it is None
        raise
    except soundfile.LibsndfileError as error:
        if error.code == 2:  # an error of the system; libsndfile does not report which
            raise OSError(errno.EIO, os.strerror(errno.EIO), name) from None
        unknown = error.code in (1, 7)  # 7 is libsndfile's code for the same in MP3
        reason = f"format not recognized; {CONVERT}" if unknown else error.error_string.rstrip(".")
        reason = "the decoder failed" if "nternal" in reason else reason  # libsndfile's own words
        raise ValueError(f"{name} cannot be read as audio: {reason}") from None


def read_blocks(
    path: str | os.PathLike[str], sound: Any, size: int, start: int = 0, n: int = UNKNOWN
) -> Iterator[np.ndarray]:
    """Read at most n samples of an open file from second start on, in blocks (size, n_channels)
    float32, the last one shorter.

    ValueError, with the path, at the end: no samples, fewer than the header states by more than
    SLACK, a part that the decoder does not read, NaN or infinite samples, after which no block is
    yielded.
    """
    name, first = os.fsdecode(path), start * sound.samplerate
    stated = min(n, sound.frames - first) if sound.frames < UNKNOWN else 0
    end = stated or n
    if start:
        sound.seek(first)
    dtype = "int16" if sound.subtype == "PCM_16" else "float32"
    n_read = n_bad = 0
    while n_read < end:
        block = sound.read(min(size, end - n_read), dtype=dtype, always_2d=True)
        if dtype == "int16":  # the decoder's own conversion takes three times as long
            block = block * np.float32(2**-15)
        elif not np.isfinite(block).all():
            n_bad += len(block) - np.isfinite(block).all(axis=1).sum()
        n_read += len(block)
        if len(block) and not n_bad:
            yield block
        if len(block) < size:
            break
    if n_read == 0:
        n_bytes = os.path.getsize(name)
        hint = f", but {n_bytes} bytes: was its header never finished?" * (n_bytes > MAX_HEADER)
        raise ValueError(f"{name} has no samples{hint}")
    if n_read < n:
        check_end(name, sound, first + n_read, first + stated)
    if n_bad:
        raise ValueError(f"{name} has {n_bad} samples that are NaN or infinite")


def check_end(name: str, sound: Any, n_read: int, stated: int) -> None:
    """Raise ValueError if the decoder has read less than the header states, by more than SLACK, or
    than the file has. It estimates the length of an MP3 file without a header from the bit rate of
    the first frame, and reads nothing beyond; of several files in one it reads the first."""
    mpeg, slack, more = "MPEG" in sound.subtype, SLACK * sound.samplerate, False
    content = Path(name).read_bytes() if mpeg or sound.format == "OGG" else b""
    if mpeg:
        frames = mpeg_samples(content, sound.samplerate)
        more = frames > n_read + slack + 4 * 1152  # encoders add some frames, which are not read
        header = re.search(rb"\xff[\xe2-\xff]..(..)?\0+(Xing|Info|VBRI)", content, re.DOTALL)
        stated = stated if header else 0
    elif sound.format == "OGG":  # a page that begins a stream, flag 2, behind one that does not:
        flags = b"".join(re.findall(rb"OggS\0([\0-\7])", content))  # RFC 3533, §6
        more = re.search(rb"[\0\1\4\5][\2\3\6\7]", flags) is not None
    if n_read < stated - slack:
        raise ValueError(f"{name} is truncated: {n_read} of {stated} samples")
    if more:
        raise ValueError(
            f"{name} has more sound than the {n_read} samples that the decoder reads: it is damaged"
            ", has no header, or is several files in one; " + CONVERT
        )


def mpeg_samples(content: bytes, rate: int) -> int:
    """The number of samples in the frames of an MP3 file; tags and the last frame do not count.

    A frame of 1152 samples, 576 below 32 kHz, starts with 11 bits of ones, 2 version, 2 layer (01),
    1 protection; 4 bit rate, 2 sample rate, 1 padding by a byte, 1 private. The next one follows.
    Source: ISO/IEC 11172-3 (1993), §2.4.1.3; 13818-3 (1998), §2.4.2.3 for the lower rates.
    """
    header = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]([\x10-\xef])")
    low, position, n_frames = rate < 32000, 0, 0
    size = 576 if low else 1152
    while match := header.search(content, position):
        bits, position = match[1][0], match.start() + 1
        end = match.start() + size * 125 * BITRATES[low][bits >> 4] // rate + (bits >> 1 & 1)
        if header.match(content, end):
            n_frames, position = n_frames + 1, end
    return n_frames * size


def to_mono(channels: np.ndarray) -> np.ndarray:
    """The mean of the channels (n, n_channels) -> (n,), clipped to [-1, 1]."""
    # the sum of several channels may exceed float32
    mono = channels[:, 0] if channels.shape[1] == 1 else channels.mean(axis=1, dtype=np.float64)
    return np.clip(mono, -1, 1).astype(np.float32, copy=False)


def resample(signal: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Resample (n,) from rate Hz to sample_rate Hz -> (⌈n·sample_rate/rate⌉,), same dtype.

    A polyphase low-pass filter (SciPy's resample_poly); overshoots beyond full scale are clipped.
    At equal rates the signal itself is returned.
    ValueError: a rate that is not a positive integer, an empty signal, integers, several channels.
    """
    signal = _one_channel(signal)
    up, down = positive_integer(sample_rate, "sample_rate"), positive_integer(rate, "rate")
    if up == down:
        return signal
    from scipy.signal import resample_poly

    return np.clip(resample_poly(signal, up, down), -1, 1).astype(signal.dtype)


def fix_length(signal: np.ndarray, n_samples: int) -> np.ndarray:
    """Cut (n,) to n_samples, as a view, or pad it with zeros at the end -> (n_samples,).

    ValueError: n_samples < 1, an empty signal, integers, several channels.
    """
    signal = _one_channel(signal)[: positive_integer(n_samples, "n_samples")]
    missing = n_samples - len(signal)
    return np.pad(signal, (0, missing)) if missing else signal


def _one_channel(signal: np.ndarray) -> np.ndarray:
    signal = as_float(signal, "signal", kinds="f")
    if signal.ndim != 1:
        raise ValueError(f"signal has shape {signal.shape}; it must be (n,): see to_mono")
    return signal

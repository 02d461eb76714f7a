"""Theorems about mfcc/audio.py: what becomes of a recording on its way from a file to a signal."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BytesIO
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import soundfile
from tests import sounds
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import refusal, sum_rounding
from tests.strategies import FLOATS, eps_of, generators, signals

from mfcc import load
from mfcc.audio import MARGIN, _ogg_ends, _reason, _short, fix_length, read, resample

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000]  # Hz
# resample_poly's Kaiser window, beta = 5, holds back 8.7 + 5/0.1102 = 54 dB: what passes is off by
# a part of 2·10⁻³, and what must not pass is left by as much (Oppenheim and Schafer, 2010, §7.5).
RIPPLE = 10 ** (-(8.7 + 5 / 0.1102) / 20)
FEW = settings(max_examples=25)  # where each example filters a second of sound


@contextmanager
def recorded(signal: np.ndarray, rate: int, suffix: str = ".wav", **options: str) -> Iterator[Path]:
    """A file that holds the signal, (n,) or (n, channels), for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        yield sounds.write(Path(folder) / f"sound{suffix}", signal, rate, **options)


def sine(hertz: float, rate: int, n: int, phase: float = 0.0) -> np.ndarray:
    """n samples of 0.5·sin at a rate in Hz."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(n) / rate + phase)


# What a file holds


@settings(max_examples=50)
@given(generators(), st.integers(1, 500), st.integers(1, 8), st.sampled_from(RATES))
def test_a_recording_is_the_mean_of_its_channels(
    rng: np.random.Generator, n: int, n_channels: int, rate: int
) -> None:
    """load: mono, the mean over 1 … 8 channels, float32, every sample and the rate as they were."""
    channels = rng.uniform(-1, 1, (n, n_channels)).astype(np.float32)
    with recorded(channels, rate, subtype="FLOAT") as path:
        signal = load(path, rate, duration=None)
        assert read(path)[1] == rate
        np.testing.assert_array_equal(read(path)[0], signal)
        np.testing.assert_array_equal(load(str(path), rate, duration=None), signal)
    assert signal.dtype == np.float32
    expected = channels.mean(axis=1, dtype=np.float64)
    bound = sum_rounding(n_channels, 1, np.float32)
    np.testing.assert_allclose(signal, expected, rtol=0, atol=bound if n_channels > 1 else 0)


@pytest.mark.parametrize(
    ("suffix", "subtype", "n_bits"),
    [
        (suffix, subtype, n_bits)
        for suffix, subtypes in {
            ".wav": {
                "PCM_U8": 8,
                "PCM_16": 16,
                "PCM_24": 24,
                "PCM_32": 32,
                "FLOAT": 32,
                "DOUBLE": 64,
            },
            ".flac": {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24},
            ".aiff": {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_32": 32, "DOUBLE": 64},
        }.items()
        for subtype, n_bits in subtypes.items()
    ],
)
def test_full_scale_is_one_in_every_lossless_format(suffix: str, subtype: str, n_bits: int) -> None:
    """Whatever the resolution, 0.75 is read as 0.75: to one step of 2/2^bits, or of float32."""
    steps = np.arange(-96, 96) / 128  # no coder has to round them
    fine = np.random.default_rng(n_bits).uniform(-0.99, 0.99, 300)
    with recorded(np.concatenate((steps, fine)), 44100, suffix, subtype=subtype) as path:
        signal = load(path, duration=None)
    np.testing.assert_array_equal(signal[: len(steps)], steps)
    step = 2 / 2**n_bits + eps_of(np.float32)
    np.testing.assert_allclose(signal[len(steps) :], fine, rtol=0, atol=step)


@pytest.mark.parametrize("suffix", [".ogg", ".mp3"])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_lossy_format_keeps_pitch_and_level(suffix: str, rate: int) -> None:
    """A sine in Ogg Vorbis or MP3 has its frequency, and its level to a tenth (1 dB)."""
    if suffix[1:].upper() not in soundfile.available_formats():
        pytest.skip(f"libsndfile here has no {suffix}")
    with recorded(sine(500, rate, rate), rate, suffix) as path:
        signal = load(path, rate, duration=1.0)
    spectrum = np.abs(np.fft.rfft(signal))
    assert spectrum.argmax() == 500  # bins of 1 Hz
    assert spectrum.max() == pytest.approx(0.5 * rate / 2, rel=0.1)


@settings(max_examples=50)
@given(generators(), st.floats(1, 1e6), st.integers(1, 3))
def test_what_is_beyond_full_scale_is_clipped(
    rng: np.random.Generator, level: float, n_channels: int
) -> None:
    """A float file may hold more than full scale; the mean over its channels is cut at -1 and 1."""
    loud = (level * rng.standard_normal((200, n_channels))).astype(np.float32)
    with recorded(loud, 8000, subtype="FLOAT") as path:
        signal = load(path, 8000, None)
    np.testing.assert_array_equal(signal, np.clip(loud.mean(axis=1), -1, 1))


# Sample rates


@FEW
@given(st.sampled_from(RATES), st.sampled_from(RATES), st.floats(0, 2 * np.pi), st.data())
def test_another_rate_keeps_frequency_level_and_phase(
    rate: int, sample_rate: int, phase: float, data: st.DataObject
) -> None:
    """A sine below 0.4 of both rates, sampled at one, becomes the same sine at the other."""
    hertz = data.draw(st.floats(20, 0.4 * min(rate, sample_rate)))
    original = sine(hertz, rate, rate // 4, phase)
    with recorded(original, rate, subtype="DOUBLE") as path:
        signal = load(path, sample_rate, duration=None)
    assert signal.dtype == np.float32
    assert len(signal) == -(-len(original) * sample_rate // rate)  # rounded up
    expected = sine(hertz, sample_rate, len(signal), phase)
    # the filter reaches ten samples of the lower rate; before and after the sine there is silence
    edge = 11 * sample_rate // min(rate, sample_rate) + 1
    inner = slice(edge, -edge)
    # the ripple of the filter, and of the images it holds back (of a sine of 0.5, up to both sides)
    bound = 0 if rate == sample_rate else 2 * RIPPLE
    np.testing.assert_allclose(signal[inner], expected[inner], rtol=0, atol=bound + 1e-6)


@pytest.mark.parametrize(("rate", "sample_rate"), [(44100, 8000), (48000, 11025), (192000, 44100)])
def test_what_the_lower_rate_cannot_hold_is_removed(rate: int, sample_rate: int) -> None:
    """A sine at 0.7 of the new rate does not come back as another frequency."""
    signal = resample(sine(0.7 * sample_rate, rate, rate // 4), rate, sample_rate)
    edge = 11
    assert np.abs(signal[edge:-edge]).max() < 2 * RIPPLE


@given(signals(max_size=500, leading=False), st.integers(1, 200_000))
def test_the_same_rate_changes_nothing(signal: np.ndarray, rate: int) -> None:
    """resample(x, r, r) = x, whatever its level."""
    np.testing.assert_array_equal(resample(signal, rate, rate), signal)


@FEW
@given(st.sampled_from(FLOATS), st.integers(2, 400), st.sampled_from(RATES), st.sampled_from(RATES))
def test_overshoot_is_clipped(dtype: type, half_period: int, rate: int, sample_rate: int) -> None:
    """A full-scale square wave, whose filtered edges overshoot, stays in [-1, 1] and its dtype."""
    square: np.ndarray = np.where(np.arange(2000) // half_period % 2, -1, 1).astype(dtype)
    resampled = resample(square, rate, sample_rate)
    assert resampled.dtype == dtype
    assert np.abs(resampled).max() <= 1
    if rate < sample_rate and half_period >= 20:
        assert np.abs(resampled).max() == 1


# Lengths


@given(signals(max_size=300), st.integers(1, 400))
def test_a_length_is_fixed_at_the_end(signal: np.ndarray, n_samples: int) -> None:
    """fix_length: the first samples of the signal, then zeros, n_samples in all."""
    signal = signal.reshape(-1)
    fixed = fix_length(signal, n_samples)
    n = min(len(signal), n_samples)
    assert fixed.shape == (n_samples,)
    assert fixed.dtype == signal.dtype
    np.testing.assert_array_equal(fixed[:n], signal[:n])
    np.testing.assert_array_equal(fixed[n:], 0)


@FEW
@given(generators(), st.sampled_from(RATES), st.sampled_from(RATES), st.floats(0.01, 0.6))
def test_a_duration_cuts_or_pads_the_whole_recording(
    rng: np.random.Generator, rate: int, sample_rate: int, duration: float
) -> None:
    """load(path, rate, d) is load(path, rate, None) at the length round(d·rate): what lies beyond
    the end is heard in neither, and resampling does not see the cut."""
    noise = rng.uniform(-0.5, 0.5, rate // 4)  # 0.25 s
    with recorded(noise, rate, subtype="FLOAT") as path:
        whole = load(path, sample_rate, duration=None)
        fixed = load(path, sample_rate, duration)
    n_samples = round(duration * sample_rate)
    np.testing.assert_array_equal(fixed, fix_length(whole, n_samples))


def test_the_default_is_five_seconds_at_44100_hz() -> None:
    """load(path) = load(path, 44100, 5.0): 220500 samples, whatever the file holds."""
    with recorded(sine(440, 22050, 2205), 22050) as path:
        signal = load(path)
        np.testing.assert_array_equal(signal, load(path, sample_rate=44100, duration=5.0))
    assert signal.shape == (220500,)
    np.testing.assert_array_equal(signal[4410:], 0)


@pytest.mark.parametrize("duration", [0.2, 0.5, 1.5])
def test_no_more_is_read_than_is_needed(duration: float) -> None:
    """read(path, d) holds d seconds and a tenth of one, or the whole recording if it is shorter."""
    assert MARGIN == 0.1
    with recorded(sine(440, 8000, 8000), 8000) as path:
        signal, _ = read(path, duration)
        whole, _ = read(path)
    assert len(signal) == min(8000, ceil((duration + 0.1) * 8000))
    np.testing.assert_array_equal(signal, whole[: len(signal)])


# Refusals


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    """A missing file and a folder are refused by the system, with their path in the message."""
    for path in (tmp_path / "missing.wav", tmp_path):
        for call in (load, read):
            with pytest.raises(OSError) as caught:
                call(path)
            assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.wav", b"not a sound", "Format not recognised"),
        ("empty.wav", b"", "Format not recognised"),
        ("image.ogg", b"\x89PNG\r\n\x1a\n" + bytes(100), "Format not recognised"),
        ("nameless", b"neither a suffix nor a sound", "Format not recognised"),
        ("noise.raw", bytes(1000), "Format not recognised"),
    ],
)
def test_what_is_no_recording_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    """Text, an empty file, another format: a ValueError with the path and libsndfile's reason."""
    path = tmp_path / name
    path.write_bytes(content)
    expected = f"{path} cannot be read as audio: {reason}"
    assert refusal(load, path) == expected
    assert refusal(load, str(path)) == expected


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="only Linux lists open files so")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_no_file_stays_open_and_none_is_closed_twice(suffix: str, tmp_path: Path) -> None:
    """Sound, no sound, and half of each: after reading as many files are open as before, and a file
    of someone else's, opened in the meantime under a number that became free, is still theirs."""
    good = sounds.write(tmp_path / f"good{suffix}", sounds.hiss(0))
    content = good.read_bytes()
    (tmp_path / f"text{suffix}").write_text("no sound")
    for n_bytes in (0, 3, 12, 40, 200, len(content) // 2):
        (tmp_path / f"cut{n_bytes}{suffix}").write_bytes(content[:n_bytes])
    paths = sorted(tmp_path.iterdir())
    before = os.listdir("/proc/self/fd")
    for path in paths:
        with suppress(ValueError):
            load(path)
        with good.open("rb") as theirs:
            assert theirs.read(3) == content[:3]
    assert len(paths) == 8 and os.listdir("/proc/self/fd") == before


def test_a_reason_is_never_empty() -> None:
    """An error without words is named by its type; of others the full stop is left out."""
    assert _reason(TypeError()) == "TypeError"
    assert _reason(TypeError("no WAVEX.")) == "no WAVEX"


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    """A WAV file with a header and nothing else holds no sound."""
    path = sounds.write(tmp_path / "nothing.wav", np.zeros(0))
    assert refusal(load, path) == f"{path} holds no samples"
    assert refusal(load, path, duration=None) == f"{path} holds no samples"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.98])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".au", ".w64"])
def test_a_truncated_recording_is_refused(suffix: str, share: float, tmp_path: Path) -> None:
    """A file that ends early is no shorter recording: it is refused, in every format; and what it
    was before it was cut is read."""
    if suffix[1:].upper() not in soundfile.available_formats():
        pytest.skip(f"libsndfile here has no {suffix}")
    path = sounds.write(tmp_path / f"sound{suffix}", sounds.hiss(0, seconds=1.0))
    assert read(path, 5.0)[0].size >= 44100  # MP3 adds silence
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    message = refusal(read, path)
    assert message.startswith(str(path))
    assert "is truncated: " in message or "cannot be read as audio: " in message


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_size_that_the_writer_could_not_know_is_no_truncation(size: int, tmp_path: Path) -> None:
    """What programs write into the header of a WAV file that goes down a pipe: all is read."""
    path = sounds.write(tmp_path / "piped.wav", sounds.hiss(0))
    content = bytearray(path.read_bytes())
    for start in (4, content.index(b"data") + 4):
        content[start : start + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)
    assert len(read(path)[0]) == len(sounds.hiss(0))


def test_a_longer_recording_is_only_judged_by_what_is_read(tmp_path: Path) -> None:
    """Trailing bytes after the sound, such as another program's notes, are no fault."""
    for suffix in (".wav", ".aiff"):
        path = sounds.write(tmp_path / f"sound{suffix}", sounds.hiss(0))
        path.write_bytes(path.read_bytes() + b"LIST\x04\x00\x00\x00note")
        assert len(read(path)[0]) == len(sounds.hiss(0))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """Opening a named pipe would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe.wav")
    assert refusal(read, tmp_path / "pipe.wav") == f"{tmp_path / 'pipe.wav'} is not a file"


def test_a_header_that_promises_more_than_memory_is_refused(tmp_path: Path) -> None:
    """A FLAC header of 2³⁶ - 1 samples: a sentence, not a MemoryError; five seconds of it are read
    as far as they are there, and found to be truncated."""
    path = sounds.write(tmp_path / "huge.flac", sounds.hiss(0))
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # the 36 bits of the number of samples, in STREAMINFO
    content[22:26] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert refusal(read, path).endswith("samples: more than memory")
    assert refusal(read, path, 5.0)


def test_an_absurd_sample_rate_is_refused(tmp_path: Path) -> None:
    """768 kHz is read; one more would need a filter without end."""
    path = sounds.write(tmp_path / "fast.wav", sounds.hiss(0), rate=768_000)
    assert read(path)[1] == 768_000
    sounds.write(path, sounds.hiss(0), rate=768_001)
    assert refusal(read, path) == f"{path} has 768001 Hz; at most 768000 are read"


@cache
def whole_file(suffix: str) -> bytes:
    """A tenth of a second of stereo noise as a file of this format."""
    with recorded(sounds.hiss(1, seconds=0.2).reshape(-1, 2), 44100, suffix) as path:
        return path.read_bytes()


@given(
    suffix=st.sampled_from([".wav", ".flac", ".ogg", ".aiff"]),
    flips=st.lists(st.tuples(st.integers(0, 199), st.integers(1, 255)), max_size=4),
    anywhere=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=4
    ),
    share=st.just(1.0) | st.floats(0, 1),
)
def test_flipped_and_cut_bytes_are_refused_or_read_as_sound(
    suffix: str, flips: list[tuple[int, int]], anywhere: list[tuple[float, int]], share: float
) -> None:
    """Whatever is done to the bytes of a file, read gives finite samples in [-1, 1] or raises a
    ValueError that names the file: no other error, no crash, no NaN."""
    content = bytearray(whole_file(suffix))
    for place, mask in [*flips, *((int(x * len(content)), mask) for x, mask in anywhere)]:
        content[place] ^= mask
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{suffix}"
        path.write_bytes(content[: int(share * len(content))])
        try:
            signal, rate = read(path, 5.0)
        except ValueError as error:
            assert type(error) is ValueError and str(path) in str(error)
        else:
            assert np.isfinite(signal).all() and np.abs(signal).max() <= 1 and rate > 0


@settings(max_examples=50)
@given(st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), min_size=1, max_size=4))
def test_samples_that_are_not_finite_are_refused(bad: list[float]) -> None:
    """NaN or an infinity in any channel: the message says at how many instants. Infinities of both
    signs in two channels do not cancel."""
    channels = np.zeros((100, 2))
    channels[range(len(bad)), [i % 2 for i in range(len(bad))]] = bad
    channels[50] = [np.inf, -np.inf]
    with recorded(channels, 8000, subtype="FLOAT") as path:
        message = refusal(load, path)
        assert message == f"{path} has {len(bad) + 1} samples that are NaN or infinite"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0}, "sample_rate=0 must be a positive integer"),
        ({"sample_rate": 44100.0}, "sample_rate=44100.0 must be a positive integer"),
        ({"duration": 0}, "duration=0 must be a positive number of seconds, or None"),
        ({"duration": -1.5}, "duration=-1.5 must be a positive number of seconds, or None"),
        ({"duration": np.nan}, "duration=nan must be a positive number of seconds, or None"),
        ({"duration": np.inf}, "duration=inf must be a positive number of seconds, or None"),
        ({"duration": 1e-6}, "n_samples=0 must be a positive integer"),
    ],
)
def test_bad_settings_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    """A rate that is no positive integer, a duration that is not positive or gives no sample."""
    path = sounds.write(tmp_path / "tone.wav", sounds.tone(440))
    assert refusal(load, path, **options) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: resample(np.zeros(3), 0, 8000), "rate=0 must be a positive integer"),
        (lambda: resample(np.zeros(3), 8000, -1), "sample_rate=-1 must be a positive integer"),
        (
            lambda: resample(np.zeros(0), 8000, 16000),
            "signal has shape (0,); its last axis must not be empty",
        ),
        (lambda: fix_length(np.zeros(3), 0), "n_samples=0 must be a positive integer"),
        (
            lambda: fix_length(np.zeros(0), 3),
            "signal has shape (0,); its last axis must not be empty",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call: Any, message: str) -> None:
    """A ValueError says which argument is wrong, its value, and what it must be."""
    assert refusal(call) == message


def ogg_page(flags: int, segments: list[int]) -> bytes:
    """A page as RFC 3533 has it: magic number, version, flags, 20 bytes of numbers, the sizes of
    the segments, the segments."""
    table = bytes([len(segments), *segments])
    return b"OggS" + struct.pack("<BB20x", 0, flags) + table + b"s" * sum(segments)


@given(st.integers(0, 2), st.lists(st.integers(1, 255), min_size=1, max_size=4), st.integers(0, 3))
def test_an_ogg_file_ends_with_a_whole_last_page(
    n_before: int, segments: list[int], other_flags: int
) -> None:
    """Flag 4 marks the last page: it is there, and whole, or the file is cut, wherever. After the
    question the file stands at its beginning."""
    before, last = n_before * ogg_page(other_flags, [9, 255]), ogg_page(4 | other_flags, segments)
    file = BytesIO(before + last)
    assert _ogg_ends(file) and file.tell() == 0
    for n_bytes in range(4, len(before + last)):
        file = BytesIO((before + last)[:n_bytes])
        assert not _ogg_ends(file) and file.tell() == 0
    assert not _ogg_ends(BytesIO(before + ogg_page(other_flags, segments)))
    assert _ogg_ends(BytesIO(b"RIFF" + last)) and _ogg_ends(BytesIO(b""))


def test_the_longest_page_of_an_ogg_file_is_seen_whole() -> None:
    """255 segments of 255 bytes are 65307 bytes, behind others and alone."""
    longest = ogg_page(4, [255] * 255)
    assert len(longest) == 65307
    for content in (longest, ogg_page(0, [1]) + longest):
        assert _ogg_ends(BytesIO(content)) and not _ogg_ends(BytesIO(content[:-1]))


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("data : 100 (should be 99)", (100, 99)),
        ("data : 100 (should be 100)", None),
        ("data : 99 (should be 100)", None),
        ("riff : 8 (should be 9)\n  SSND : 7 (should be 5)", (7, 5)),
        (f"data : {0x7FFFEFFF} (should be 5)", (0x7FFFEFFF, 5)),
        (f"data : {0x7FFFF000} (should be 5)", None),
        ("no sizes", None),
    ],
)
def test_a_promise_that_is_not_kept_is_found_in_the_log(
    log: str, told: tuple[int, int] | None
) -> None:
    """Fewer bytes than the header says; a size that a pipe's writer puts is no promise."""
    assert _short(log) == told


def test_a_last_page_without_segments_ends_an_ogg_file() -> None:
    """RFC 3533 allows a last page that holds nothing but the flag."""
    assert _ogg_ends(BytesIO(ogg_page(0, [9]) + ogg_page(4, [])))
    assert not _ogg_ends(BytesIO(ogg_page(0, [9]) + ogg_page(4, [])[:-1]))

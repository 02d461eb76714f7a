"""Properties of mfcc/audio.py: from a file to a mono signal of a given rate and length."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product
from math import ceil, inf, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import MagicMock, Mock

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mfcc import audio, load
from mfcc.audio import fix_length, mpeg_samples, read, resample
from tests import sounds
from tests.oracles import assert_within, refusal
from tests.strategies import FLOATS, eps_of, generators

RATES = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000]  # Hz
# resample_poly's Kaiser window, beta = 5, attenuates by 8.7 + 5/0.1102 = 54 dB: the passband is off
# by a factor of 2·10⁻³, and as much of the stopband remains (Oppenheim and Schafer, 2010, §7.5).
RIPPLE = 10 ** (-(8.7 + 5 / 0.1102) / 20)
LEVELS = st.sampled_from([1.5, 3.4e38])  # of a float file
FEW = settings(max_examples=25)  # where each example filters a second of sound
NEEDS_MODES = pytest.mark.skipif(soundfile.__version__ < "0.13", reason="it has no bitrate_mode")
LOSSY = [name for name in (".ogg", ".mp3") if name[1:].upper() in soundfile.available_formats()]
BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32}
LOSSLESS = [  # (suffix, subtype, bits of a sample)
    (suffix, subtype, bits)
    for suffix in (".wav", ".flac", ".aiff")
    for subtype, bits in (BITS | {"DOUBLE": 64}).items()
    if soundfile.check_format(suffix[1:].upper(), subtype)
]


@contextmanager
def recorded(signal: np.ndarray, rate: int, suffix: str = ".wav", **options: str) -> Iterator[Path]:
    """A file with the signal, (n,) or (n, channels), that exists inside the block."""
    with TemporaryDirectory() as folder:
        yield sounds.write(Path(folder) / f"rain 雨{suffix}", signal, rate, **options)


def mp3(path: Path, signal: np.ndarray, mode: str, rate: int = 44100) -> Path:
    """The signal as an MP3 file of this bit rate mode."""
    options = {"bitrate_mode": mode, "compression_level": 0.5 if mode == "CONSTANT" else 0.0}
    with soundfile.SoundFile(path, "w", rate, 1, **options) as file:
        file.write(signal.clip(-1, 1))
    return path


def sine(hertz: float, rate: int, n: int, phase: float = 0.0) -> np.ndarray:
    """n samples of 0.5·sin at a rate in Hz."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(n) / rate + phase)


@settings(max_examples=50)
@given(generators(), st.integers(1, 500), st.integers(1, 8), st.sampled_from(RATES), LEVELS)
def test_a_recording_is_the_mean_of_its_channels(
    rng: np.random.Generator, n: int, n_channels: int, rate: int, level: float
) -> None:
    """load: mono, the mean over 1 … 8 channels, float32, with the rate and all samples of the file,
    clipped to full scale, which a float file may exceed by so much that the sum of the channels is
    no float32."""
    channels = (level * rng.uniform(-1, 1, (n, n_channels))).astype(np.float32)
    with recorded(channels, rate, subtype="FLOAT") as path:
        signal = load(path, rate, duration=None)
        assert read(path)[1] == rate
        np.testing.assert_array_equal(read(str(path))[0], signal)
    assert signal.dtype == np.float32
    expected = np.clip(channels.mean(axis=1, dtype=np.float64), -1, 1)
    assert_within(signal, expected, eps_of(np.float32))


@pytest.mark.parametrize(("suffix", "subtype", "n_bits"), LOSSLESS)
def test_full_scale_is_one_in_every_lossless_format(
    suffix: str, subtype: str, n_bits: int, tmp_path: Path
) -> None:
    """In every resolution, 0.75 is read as 0.75: to one step of 2/2^bits, or of float32."""
    steps = np.arange(-96, 96) / 128  # multiples of a step in every format
    fine = np.random.default_rng(n_bits).uniform(-0.99, 0.99, 300)
    path = tmp_path / f"rain 雨{suffix}"
    signal = load(sounds.write(path, np.concatenate((steps, fine)), subtype=subtype), duration=None)
    np.testing.assert_array_equal(signal[: len(steps)], steps)
    assert_within(signal[len(steps) :], fine, 2 / 2**n_bits + eps_of(np.float32))


@pytest.mark.parametrize("suffix", LOSSY)
@pytest.mark.parametrize("rate", [16000, 44100])
def test_a_lossy_format_keeps_pitch_and_level(suffix: str, rate: int) -> None:
    """A sine in Ogg Vorbis or MP3 has its frequency, and its level to a tenth (1 dB)."""
    with recorded(sine(500, rate, rate), rate, suffix) as path:
        spectrum = np.abs(np.fft.rfft(load(path, rate, duration=1.0)))
    assert spectrum.argmax() == 500  # bins of 1 Hz
    assert spectrum.max() == pytest.approx(0.5 * rate / 2, rel=0.1)


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
    expected = sine(hertz, sample_rate, ceil(len(original) * sample_rate / rate), phase)
    assert len(signal) == len(expected)
    # the filter extends over ten samples of the lower rate; before and after the sine is silence
    edge = 11 * sample_rate // min(rate, sample_rate) + 1
    # the ripple of the passband and of the images in the stopband, of a sine of 0.5, on both sides
    bound = 0 if rate == sample_rate else 2 * RIPPLE
    assert_within(signal[edge:-edge], expected[edge:-edge], bound + 1e-6)


@pytest.mark.parametrize(("rate", "sample_rate"), [(44100, 8000), (48000, 11025), (192000, 44100)])
def test_frequencies_above_half_the_new_rate_are_removed(rate: int, sample_rate: int) -> None:
    """A sine at 0.7 of the new rate does not alias to another frequency."""
    signal = resample(sine(0.7 * sample_rate, rate, rate // 4), rate, sample_rate)
    edge = 11
    assert np.abs(signal[edge:-edge]).max() < 2 * RIPPLE


@FEW
@given(st.sampled_from(FLOATS), st.integers(2, 400), st.sampled_from(RATES), st.sampled_from(RATES))
def test_overshoot_is_clipped(dtype: type, half_period: int, rate: int, sample_rate: int) -> None:
    """A full-scale square wave, whose filtered edges overshoot, stays in [-1, 1] and its dtype; at
    its own rate a signal is returned itself."""
    square: np.ndarray = np.where(np.arange(2000) // half_period % 2, -1, 1).astype(dtype)
    resampled = resample(square, rate, sample_rate)
    assert resampled.dtype == dtype
    assert np.abs(resampled).max() <= 1
    if rate < sample_rate and half_period >= 20:
        assert np.abs(resampled).max() == 1
    assert resample(square, rate, rate) is square


@FEW
@given(generators(), st.sampled_from(RATES), st.sampled_from(RATES), st.floats(0.01, 0.6))
def test_a_duration_cuts_or_pads_the_whole_recording(
    rng: np.random.Generator, rate: int, sample_rate: int, duration: float
) -> None:
    """load(path, rate, d) is load(path, rate, None), cut or followed by zeros, round(d·rate) in
    all: resampling is not affected by the cut, since read returns d seconds and a tenth of one, or
    all there is."""
    noise = rng.uniform(-0.5, 0.5, rate // 4)  # 0.25 s
    with recorded(noise, rate, subtype="FLOAT") as path:
        whole = load(path, sample_rate, duration=None)
        fixed = load(path, sample_rate, duration)
        n_read = len(read(path, duration)[0])
    n_samples = round(duration * sample_rate)
    np.testing.assert_array_equal(fixed, np.pad(whole, (0, n_samples))[:n_samples])
    assert n_read == min(len(noise), ceil((duration + 0.1) * rate))


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_part_of_a_recording_is_read_from_a_second_on(suffix: str, tmp_path: Path) -> None:
    """read_blocks(…, start, n): n samples of the whole recording from second start on, or all."""
    path = sounds.write(tmp_path / f"a{suffix}", sounds.hiss(0, 3.5))
    whole = read(path)[0]
    for start, n in product((0, 1, 3), (48510, audio.UNKNOWN)):
        with audio.open_audio(path) as sound:
            (part,) = audio.read_blocks(path, sound, audio.UNKNOWN, start, n)
        np.testing.assert_array_equal(part[:, 0], whole[start * 44100 :][:n])


def test_the_default_is_five_seconds_at_44100_hz(tmp_path: Path) -> None:
    """load(path) is load(path, 44100, 5.0): 220500 samples, whatever the length of the file."""
    path = sounds.write(tmp_path / "tone.wav", sine(440, 22050, 2205), 22050)
    signal = load(path)
    np.testing.assert_array_equal(signal, load(path, sample_rate=44100, duration=5.0))
    assert signal.shape == (220500,)


def test_a_file_that_cannot_be_opened_is_an_os_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing file and a folder raise the system's error, which has the path; so does an error in
    reading, in Python or in libsndfile, where the system's and the library's have none."""
    path = sounds.write(tmp_path / "sound.wav", np.zeros(9))
    error, failing = OSError(errno.EIO, "Input/output error"), MagicMock()
    failing.return_value.__enter__.return_value.read.side_effect = error
    decoder = Mock(side_effect=soundfile.LibsndfileError(2))
    for place, broken in ((None, None), ("mfcc.audio.open", failing), ("SoundFile.read", decoder)):
        if place:
            monkeypatch.setattr(place.replace("SoundF", "soundfile.SoundF"), broken, raising=False)
        for where in [path] if place else [tmp_path / "missing.wav", tmp_path]:
            with pytest.raises(OSError) as caught:
                load(where)
            assert caught.value.filename == str(where)
            assert place is None or caught.value.errno == errno.EIO
        monkeypatch.undo()


def test_unusable_recordings_are_rejected(tmp_path: Path) -> None:
    """Not audio, no samples, NaN or infinities in a channel (those of both signs do not cancel), a
    rate above 768 kHz: a ValueError with the path and the reason."""
    for name, content, reason in (
        ("text.mp3", b"not a sound", f"format not recognized; {audio.CONVERT}"),
        ("header.wav", b"RIFF\x24\0\0\0WAVE", "Error in WAV file. No 'data' chunk marker"),
        ("noise.RAW", bytes(1000), "it has no header"),
        ("noise.au", bytes(1000), "it has no header"),
        ("short.mp3", b"\xff\xfb\x90\0" + bytes(200), f"format not recognized; {audio.CONVERT}"),
        ("short.aiff", whole_file(".aiff")[:30], "the decoder failed"),
    ):
        (tmp_path / name).write_bytes(content)
        message = refusal(load, tmp_path / name)
        assert message == f"{tmp_path / name} cannot be read as audio: {reason}"
    (tmp_path / "empty.wav").touch()
    assert refusal(load, tmp_path / "empty.wav") == f"{tmp_path / 'empty.wav'} is empty"
    path = sounds.write(tmp_path / "sound.wav", np.zeros(0))
    assert refusal(load, path) == refusal(load, path, duration=None) == f"{path} has no samples"
    channels = np.zeros((100, 2))
    channels[[1, 7], [0, 1]], channels[50] = (np.nan, np.inf), (np.inf, -np.inf)
    sounds.write(path, channels, subtype="FLOAT")
    assert refusal(load, path) == f"{path} has 3 samples that are NaN or infinite"
    sounds.write(path, np.zeros(1000), rate=768_001)
    assert refusal(read, path) == f"{path} has a sample rate of 768001 Hz; the limit is 768000"
    sounds.write(path, np.zeros(1000), rate=768_000)
    assert read(path)[1] == 768_000


@pytest.mark.parametrize("suffix", [".flac", *LOSSY[1:]])
def test_a_truncated_recording_is_rejected(suffix: str, tmp_path: Path) -> None:
    """A FLAC or MP3 file with fewer samples than its header says, by more than a tenth of a second,
    is no shorter recording."""
    path = sounds.write(tmp_path / f"sound{suffix}", sounds.hiss(0, seconds=1.0))
    assert read(path, 5.0)[0].size >= 44100  # MP3 adds silence
    content = path.read_bytes()
    for fraction in (0.3, 0.6, 0.85):
        path.write_bytes(content[: int(fraction * len(content))])
        message = refusal(read, path)
        assert message.startswith((f"{path} is truncated: ", f"{path} cannot be read as audio: "))


@pytest.mark.parametrize("seconds", [2.0, 5.0, 8.0])
def test_a_length_that_the_header_does_not_state_is_found(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FLAC file written to a pipe states no number of samples: it is read in blocks."""
    path = sounds.write(tmp_path / "a.flac", sounds.hiss(0, seconds))
    expected, content = read(path)[0], bytearray(path.read_bytes())
    content[21] &= 0xF0  # the number of samples: 36 bits from the middle of byte 21
    content[22:26] = bytes(4)
    path.write_bytes(content)
    np.testing.assert_array_equal(read(path)[0], expected)
    monkeypatch.setattr(audio, "BLOCK", 1)
    np.testing.assert_array_equal(read(path)[0], expected)
    for duration in (0.9, 1.0):
        n = ceil((duration + 0.1) * 44100)
        np.testing.assert_array_equal(read(path, duration)[0], expected[:n])


def test_a_header_that_was_never_finished_is_named(tmp_path: Path) -> None:
    """A WAV file of a program that crashed states 0 bytes of sound and has more."""
    path = sounds.write(tmp_path / "a.wav", sounds.hiss(0))
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(4) + content[8:40] + bytes(4) + content[44:])
    expected = f"{path} has no samples, but {len(content)} bytes: was its header never finished?"
    assert refusal(read, path) == expected


@NEEDS_MODES
@pytest.mark.parametrize("seconds", [2.0, 5.0, 8.0])
def test_an_estimated_length_is_no_promise(seconds: float, tmp_path: Path) -> None:
    """An MP3 file without its first frame, the header, has an estimated number of samples, which
    a tag in front and anything behind raise."""
    path, tag = tmp_path / "a.mp3", b"ID3\3\0\0\0\1\0\0" + bytes(2**14)
    whole = len(read(mp3(path, sounds.hiss(0, seconds), "CONSTANT"))[0])
    content = path.read_bytes()
    frames = content[content.index(b"\xff\xfb", 4) :]
    for changed in (frames, tag + frames, frames + bytes(1000)):
        path.write_bytes(changed)
        assert abs(len(read(path)[0]) - whole) <= 3 * 1152  # frames of delay and padding
    for junk in (bytes(64), tag + tag):  # in front of a header: recognized by the file's name
        path.write_bytes(junk + content)
        assert len(read(path)[0]) == whole


MORE = (
    " samples that the decoder reads: it is damaged, has no header, or is several files in one; "
    f"{audio.CONVERT}"
)


@NEEDS_MODES
@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_no_recording_is_cut_in_silence(rate: int, tmp_path: Path) -> None:
    """An MP3 file of varying bit rate without a header, whose estimated length is too low, and two
    MP3 or Ogg files in one are refused, unless the part that is asked for is read."""
    path, noise = tmp_path / "a.mp3", sounds.hiss(0, 4.0, rate)
    mp3(path, noise, "CONSTANT", rate)
    path.write_bytes(2 * path.read_bytes())
    assert refusal(read, path) == f"{path} has more sound than the {4 * rate}{MORE}"
    assert len(read(path, 1.0)[0]) == ceil(1.1 * rate)
    noise[: 2 * rate] *= 1e-4
    content = mp3(path, noise, "VARIABLE", rate).read_bytes()
    assert len(read(path)[0]) == 4 * rate
    path.write_bytes(content[content.index(content[:2], 4) :])
    assert refusal(read, path).endswith(MORE)
    path = sounds.write(tmp_path / "a.ogg", noise, rate)
    path.write_bytes(2 * path.read_bytes())
    assert refusal(read, path) == f"{path} has more sound than the {4 * rate}{MORE}"


@pytest.mark.parametrize(
    ("rate", "start", "length"),
    [
        *((44100, "fffb90", 417), (44100, "fffb92", 418), (48000, "fffae4", 960)),
        *((32000, "fffb18", 144), (22050, "fff3e0", 522), (8000, "ffe318", 72)),
    ],
)
def test_the_frames_of_an_mp3_file_are_counted(rate: int, start: str, length: int) -> None:
    """Frames of ⌊144·bit rate/rate⌋ bytes and padding, half as long below 32 kHz, between tags; of
    five the last is not counted."""
    frame = bytes.fromhex(start) + bytes(length - 3)
    content = b"ID3\xff\xfb\x90" + bytes(7) + 5 * frame + b"TAG" + bytes(125)
    assert mpeg_samples(content, rate) == 4 * (1152 if rate >= 32000 else 576)


@cache
def whole_file(suffix: str) -> bytes:
    """A tenth of a second of stereo noise as a file of this format."""
    with recorded(sounds.hiss(1, seconds=0.2).reshape(-1, 2), 44100, suffix) as path:
        return path.read_bytes()


@given(
    st.sampled_from([".wav", ".flac", ".ogg", ".aiff"]),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([200, 10**6]), st.integers(1, 255))),
    st.just(1.0) | st.floats(0, 1),
)
def test_damaged_files_are_rejected_or_read_as_sound(
    suffix: str, flips: list[tuple[float, int, int]], fraction: float
) -> None:
    """With bytes flipped in the first 200 or anywhere, or cut off, read returns finite samples in
    [-1, 1] or raises a ValueError that names the file: no other error, no crash, no NaN."""
    content = bytearray(whole_file(suffix))
    for place, stop, mask in flips:
        content[int(place * (min(stop, len(content)) - 1))] ^= mask
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{suffix}"
        path.write_bytes(content[: int(fraction * len(content))])
        try:
            signal, rate = read(path, 5.0)
        except ValueError as error:
            assert type(error) is ValueError and str(path) in str(error)
        else:
            assert np.isfinite(signal).all() and np.abs(signal).max() <= 1 and rate > 0


def test_bad_values_are_rejected_by_name(tmp_path: Path) -> None:
    """A ValueError names the argument, its value, and what it must be."""
    path = sounds.write(tmp_path / "tone.wav", sounds.tone(440))
    for rate in (0, 44100.0):
        message = refusal(load, path, sample_rate=rate)
        assert message == f"sample_rate={rate!r} must be a positive integer"
    for duration in (0, -1.5, nan, inf):
        message = refusal(load, path, duration=duration)
        assert message == f"duration={duration!r} must be a positive number of seconds, or None"
    assert refusal(load, path, duration=1e-6) == "n_samples=0 must be a positive integer"
    assert refusal(resample, np.zeros(3), 0, 8000) == "rate=0 must be a positive integer"
    for call in (lambda x: resample(x, 8000, 16000), lambda x: fix_length(x, 3)):
        assert refusal(call, []) == "signal has shape (0,); its last axis must not be empty"
        message = "signal has shape (10, 2); it must be (n,): see to_mono"
        assert refusal(call, np.ones((10, 2))) == message

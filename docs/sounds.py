"""The sounds of the book: `python -m docs sounds` writes each as docs/sounds/<name>.flac.

A function yields (name, sample rate in Hz, signal (n,)) for each sound that a chapter compares,
computed with the functions that the chapters explain. L and H are a frame and a hop in samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import mfcc
from experiment.scenes import CLASSES, phase, pulses, ring, scene
from mfcc import dct_matrix, fft, frame, hann, ifft, mel_filterbank, mel_spectrogram
from mfcc.audio import resample

FOLDER = Path(__file__).parent / "sounds"
RATE, LOW, HIGH = 24000, 11025, 44100  # Hz
PEAK, FADE = 0.5, 0.01  # full scale, that is -6 dB; seconds at each end
L, H, N_MELS = 480, 240, 40
STEP = 1 / 8  # of four bits
FORMANTS = {"a": (700, 1200, 2700), "i": (300, 2300, 3000)}  # Hz
TONES = (250, 1000, 4000)  # Hz

Sounds = Iterator[tuple[str, int, np.ndarray]]


def times(seconds: float, rate: int = RATE) -> np.ndarray:
    """The times of the samples in s, (seconds·rate,)."""
    return np.arange(round(seconds * rate)) / rate


def tone(hertz: float, seconds: float) -> np.ndarray:
    """A sine of amplitude 1 that is faded in and out, (seconds·RATE,)."""
    return faded(np.sin(2 * np.pi * hertz * times(seconds)), RATE)


def faded(signal: np.ndarray, rate: int) -> np.ndarray:
    """The signal (n,) with a linear fade at both ends."""
    ramp = np.minimum(1, np.arange(signal.size) / (FADE * rate))
    return signal * ramp * ramp[::-1]


def sweeps() -> Sounds:
    """Chapter 1: of a sweep to 11,025 Hz every fourth sample, and the same low-passed before."""
    sweep = PEAK * np.sin(2 * np.pi * LOW / 6 * times(3, HIGH) ** 2)  # LOW/3 Hz a second
    yield "sweep_folded", LOW, sweep[::4]
    yield "sweep_filtered", LOW, resample(sweep, HIGH, LOW)


def four_bits() -> Sounds:
    """Chapter 1: a decaying tone in four bits, rounded alone and with triangular dither."""
    t = times(3)
    decaying = 3 * STEP * 10 ** (-t / 3) * np.sin(2 * np.pi * 440 * t)  # by 20 dB
    dither = np.random.default_rng(0).uniform(-STEP / 2, STEP / 2, (2, t.size)).sum(axis=0)
    yield "four_bits", RATE, STEP * np.round(decaying / STEP)
    yield "four_bits_dithered", RATE, STEP * np.round((decaying + dither) / STEP)


def frames() -> Sounds:
    """Chapter 2: a tone in frames of 20 ms with gaps as long, cut, and under Hann windows."""
    cut = frame(tone(445, 2), L, 2 * L)  # (n_frames, L)
    for name, pieces in (("frames_cut", cut), ("frames_hann", cut * hann(L))):
        yield name, RATE, np.hstack([pieces, np.zeros_like(pieces)]).ravel()


def shaped_noise(mel: np.ndarray, seed: int) -> np.ndarray:
    """White noise with the mel powers (N_MELS, n_frames) of hop H -> ((n_frames - 1)·H,).

    The power of a bin is the mean of its bands' powers per bin. Its root is the gain of that bin
    in a frame of the noise; Hann windows half a frame apart sum to one.
    """
    bank = mel_filterbank(RATE, L, N_MELS)  # (N_MELS, L/2 + 1)
    weights = bank / np.maximum(bank.sum(axis=0), 1e-10)  # columns sum to 1
    power = (mel / bank.sum(axis=1, keepdims=True)).T @ weights  # (n_frames, L/2 + 1)
    gain = np.sqrt(power / np.sum(hann(L) ** 2))
    gain = np.hstack([gain, gain[:, -2:0:-1]])  # and the negative frequencies: (n_frames, L)
    noise = np.random.default_rng(seed).standard_normal((len(gain) + 1) * H)
    shaped = ifft(gain * fft(frame(noise, L, H))).real * hann(L)
    return (shaped[:-1, H:] + shaped[1:, :H]).ravel()


def mel_tones() -> Sounds:
    """Chapter 5: three tones, and noise with their mel powers."""
    tones = np.concatenate([tone(hertz, 0.6) for hertz in TONES])
    yield "tones", RATE, tones
    mel = mel_spectrogram(tones, RATE, n_fft=L, hop_length=H, n_mels=N_MELS)
    yield "tones_mel", RATE, shaped_noise(mel, seed=0)


def vowels() -> Sounds:
    """Chapter 7: a buzz of falling pitch, and its convolution with two impulse responses."""
    t = times(1.5)
    buzz = pulses(np.cos(phase((115 - 10 * t) / 2, RATE)), 200)
    yield "voice_source", RATE, buzz - buzz.mean()
    for name, formants in FORMANTS.items():  # each 80 Hz wide, so that no response wraps around
        response = np.sum([ring(t.size, RATE, f, 1 / (80 * np.pi)) for f in formants], axis=0)
        yield f"vowel_{name}", RATE, ifft(fft(buzz - buzz.mean()) * fft(response)).real


def scenes() -> Sounds:
    """Chapter 8: a clip of each embedded class, and noise with the clip's 13 MFCCs."""
    for seed, name in enumerate(CLASSES):
        clip = resample(scene(name, 0, duration=2).astype(float), HIGH, RATE)
        clip *= PEAK / np.abs(clip).max()
        yield f"scene_{name}", RATE, clip
        c = mfcc.mfcc(clip, RATE, n_fft=L, hop_length=H, n_mels=N_MELS)  # (13, n_frames)
        mel = 10 ** (dct_matrix(len(c), N_MELS).T @ c / 10)
        yield f"mfcc_{name}", RATE, shaped_noise(mel, seed)


def sounds() -> Sounds:
    """All sounds, faded, with a peak of at most PEAK, as int16."""
    for chapter in (sweeps, four_bits, frames, mel_tones, vowels, scenes):
        for name, rate, signal in chapter():
            signal = faded(signal, rate) * min(1, PEAK / np.abs(signal).max())
            yield name, rate, np.round(signal * 2**15).astype(np.int16)


def same(path: Path, rate: int, samples: np.ndarray) -> bool:
    """Whether a file holds these samples, up to the rounding differences between processors."""
    import soundfile

    try:
        stored, stored_rate = soundfile.read(path, dtype="int16")
    except soundfile.SoundFileError:  # missing or broken
        return False
    if stored_rate != rate or stored.shape != samples.shape:
        return False
    return bool(np.abs(stored.astype(int) - samples).max() <= 2)


def write() -> None:
    """Write the sounds that have changed into docs/sounds/, in mono FLAC files of 16 bits."""
    import soundfile

    FOLDER.mkdir(exist_ok=True)
    for name, rate, samples in sounds():
        if not same(FOLDER / f"{name}.flac", rate, samples):
            soundfile.write(FOLDER / f"{name}.flac", samples, rate, "PCM_16")
            print(f"docs/sounds/{name}.flac")

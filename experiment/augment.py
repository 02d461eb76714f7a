"""Augmentation: copies of a clip as other microphones and recorders would give it. Chapter 16.

What a sound is does not depend on when it starts, how loud it is, what else is audible or how
the file was made. Copies that differ in these ways, with the same label, teach this to a network.
"""

import numpy as np
from numpy.random import Generator

from mfcc.audio import SAMPLE_RATE, resample

PART = 0.4, 2.5  # s, length of a part
SNR = 10.0, 40.0  # dB, signal power over noise power
GAIN = -30.0, 6.0  # dB
RATES = 8000, 11025, 12000, 16000, 22050  # Hz, of telephones and cheap recorders


def record_again(signal: np.ndarray, rng: Generator) -> np.ndarray:
    """One random copy of a clip, (n,) -> (n,) of the same dtype, in [-1, 1].

    The clip starts elsewhere (in a circle); of one copy in three only the loudest part sounds; one
    in two has white or pink noise; each has another gain, and is clipped to full scale; one in
    three comes from a lower sample rate. A silent clip stays silent.
    """
    x = np.roll(signal, rng.integers(len(signal)))
    if rng.random() < 1 / 3:
        x = loudest_part(x, rng.uniform(*PART))
    if rng.random() < 1 / 2:
        noise = rng.standard_normal(len(x)) if rng.random() < 1 / 2 else pink_noise(len(x), rng)
        x = add_noise(x, noise, rng.uniform(*SNR))
    x = np.clip(x * 10 ** (rng.uniform(*GAIN) / 20), -1, 1)
    if rng.random() < 1 / 3:
        x = limit_band(x, RATES[rng.integers(len(RATES))])
    return x.astype(signal.dtype)


def loudest_part(signal: np.ndarray, seconds: float) -> np.ndarray:
    """The `seconds` s of a clip (n,) at 44.1 kHz that have the most energy, then silence, (n,)."""
    m = min(len(signal), round(seconds * SAMPLE_RATE))
    energy = np.concatenate([[0.0], np.cumsum(np.square(signal, dtype=float))])
    start = np.argmax(energy[m:] - energy[:-m])
    return np.pad(signal[start : start + m], (0, len(signal) - m))


def add_noise(signal: np.ndarray, noise: np.ndarray, snr: float) -> np.ndarray:
    """x + √(10^(-snr/10) mean x² / mean e²) e: noise e, snr dB below the signal x, both (n,)."""
    power, noise_power = np.mean(np.square([signal, noise], dtype=float), axis=1)
    return signal + np.sqrt(10 ** (-snr / 10) * power / noise_power) * noise


def pink_noise(n: int, rng: Generator) -> np.ndarray:
    """Noise with about the same power in each octave, (n,): Σ_k of white noise whose values are
    held for 2^k samples. Source: Voss, in Gardner (1978), White and brown music, fractal curves
    and one-over-f fluctuations."""
    octaves = range(int(np.log2(n)) + 1)
    held = [np.repeat(rng.standard_normal(n // 2**k + 1), 2**k)[:n] for k in octaves]
    return np.sum(held, axis=0)


def limit_band(signal: np.ndarray, rate: int) -> np.ndarray:
    """A clip (n,) as recorded at a sample rate of `rate` Hz: above 1.1·rate/2 its power falls by
    40 dB."""
    return resample(resample(signal, SAMPLE_RATE, rate), rate, SAMPLE_RATE)[: len(signal)]

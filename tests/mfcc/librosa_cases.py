"""The calls that are compared with librosa, and their signals.

tests/data/make_librosa_values.py calls librosa, tests/mfcc/test_agreement.py our functions. A case
is the arguments of one call, in our names; its key in the file of values is `key(case)`.
"""

from typing import Any

import numpy as np

Case = dict[str, Any]

DTYPES = ("float32", "float64")
RECORDINGS = ["clock_tick/1-21934-A.ogg", "dog/1-100032-A.ogg", "rain/1-17367-A.ogg"]

POWERS = np.concatenate(([0.0, 1e-12, 1e-10, 1.0], np.geomspace(1e-9, 1e7, 20)))

FILTERBANKS: list[Case] = [
    {"sample_rate": 44100, "n_fft": 882},
    {"sample_rate": 44100, "n_fft": 882, "htk": True},
    {"sample_rate": 16000, "n_fft": 512, "n_mels": 40},
    {"sample_rate": 16000, "n_fft": 512, "n_mels": 40, "norm": None},
    {"sample_rate": 16000, "n_fft": 512, "n_mels": 40, "htk": True, "norm": None},
    {"sample_rate": 22050, "n_fft": 441, "n_mels": 26, "fmin": 133.3, "fmax": 6855.5},
    {"sample_rate": 8000, "n_fft": 205, "n_mels": 20, "fmin": 300, "fmax": 3400, "htk": True},
    {"sample_rate": 11025.5, "n_fft": 256, "n_mels": 1},
]
DECIBELS: list[Case] = [
    *({}, {"top_db": None}, {"ref": 100.0}, {"ref": -4.0, "top_db": None}),
    {"amin": 1e-5, "top_db": 30.0},
]
DELTAS: list[Case] = [
    *({}, {"order": 2}, {"width": 3}, {"width": 5, "order": 2}, {"width": 21, "order": 3})
]

SETTINGS: list[Case] = [
    {"sample_rate": 44100, "n": 11025, **options}
    for options in (
        {},
        {"htk": True},
        {"n_mels": 40},
        {"n_mels": 40, "htk": True, "fmin": 50.0, "fmax": 12000.0},
        {"n_fft": 1024},
        {"n_fft": 2048, "hop_length": 512},
        {"hop_length": 200, "n": 4410},
        {"hop_length": 1000},
        {"sample_rate": 16000},
        {"sample_rate": 22050},
        {"pad_mode": "reflect"},
        {"pad_mode": "edge"},
        {"center": False},
        {"top_db": None},
        {"top_db": 40.0},
        {"lifter": 22},
        {"n_mfcc": 20},
        {"n_mfcc": 128, "n": 2205},
    )
]
LENGTHS: list[Case] = [
    {"sample_rate": 44100, "n": n}
    for n in (1, 2, 3, 100, 439, 440, 441, 442, 881, 882, 883, 1322, 1323, 4409, 22050)
]


def key(case: Case) -> str:
    """The arguments as they would be written in a call: 'n_fft=1024, htk=True'."""
    return ", ".join(f"{name}={value!r}" for name, value in case.items())


def signal(n: int, sample_rate: int) -> np.ndarray:
    """A made-up scene, (n,) float64: two tones, bursts of noise over a faint hiss, and silence.

    The raw bits of a bit generator, unlike random numbers, are the same in every NumPy.
    """
    t = np.arange(n) / sample_rate  # s
    noise = np.random.PCG64(0).random_raw(n) / 2.0**63 - 1  # in [-1, 1)
    burst = np.exp(-60 * (t % 0.07))
    tones = 0.2 * np.sin(2 * np.pi * 440 * t) + 0.05 * np.sin(2 * np.pi * 3000 * t)
    scene = 0.4 * burst * noise + 0.002 * noise + tones * (t % 0.1 < 0.06)
    return np.where((t > 0.08) & (t < 0.12), 0.0, scene)


def features() -> np.ndarray:
    """(3, 40) float64, for deltas: steps, waves and a ramp."""
    t = np.arange(40)
    return np.stack((100.0 * (t % 7), 50 * np.sin(t / 3), 2.5 * t - 30))

"""Measure how far each convention changes an MFCC: the table of chapter 8.

    python -m docs.studies.conventions          on an embedded scene
    python -m docs.studies.conventions CLIP     on a recording as well

Computes the MFCCs of one clip, then again with one convention changed at a time, and compares.
Writes docs/conventions.json and prints the table.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiment.scenes import scene
from mfcc import (
    dct_matrix,
    frame,
    hann,
    hz_to_mel,
    lift,
    load,
    mel_filterbank,
    mel_to_hz,
    pad_center,
    power_to_db,
    rfft,
)

OUTPUT = Path(__file__).parents[1] / "conventions.json"
SAMPLE_RATE, N_FFT, HOP = 44100, 882, 441  # Hz, samples, samples
SCENE = ("bird_song", 3)
Signal = np.ndarray


def cepstra(
    signal: Signal,
    *,
    window: np.ndarray | None = None,
    pad_mode: str | None = "constant",
    exponent: int = 2,
    n_mels: int = 128,
    htk: bool = False,
    norm: str | None = "slaney",
    rounded_edges: bool = False,
    log_energy: bool = False,
    top_db: float | None = 80.0,
    orthonormal: bool = True,
) -> np.ndarray:
    """mfcc stage by stage, with options that mfcc does not have: signal (n,) -> (13, n_frames).

    window (882,), None: Hann. pad_mode None: no centering. exponent: of |X|. rounded_edges: see
    rounded_filterbank. log_energy: 10 log10 Σ |X|² instead of c[0]. orthonormal False:
    c_k = 2 Σ x cos(…), the transform without a norm.
    """
    padded = signal if pad_mode is None else pad_center(signal, N_FFT, pad_mode)
    frames = frame(padded, N_FFT, HOP) * (hann(N_FFT) if window is None else window)
    bank = mel_filterbank(SAMPLE_RATE, N_FFT, n_mels, htk=htk, norm=norm)
    if rounded_edges:
        bank = rounded_filterbank(n_mels)
    power = np.abs(rfft(frames)) ** exponent
    log_mel = power_to_db(power @ bank.T, top_db=top_db)
    basis = dct_matrix(13, n_mels)
    if not orthonormal:
        basis = basis * np.where(np.arange(13) == 0, 2, np.sqrt(2))[:, None] * np.sqrt(n_mels)
    c = (log_mel @ basis.T).T
    if log_energy:
        c[0] = power_to_db(power.sum(axis=1), top_db=None)
    return c


def rounded_filterbank(n_mels: int) -> np.ndarray:
    """The filterbank, each triangle of area one, after its edges are rounded down to bins as in
    python_speech_features: bin ⌊(n_fft + 1) · edge / sample_rate⌋. (n_mels, 442)."""
    edges = mel_to_hz(np.linspace(0, hz_to_mel(SAMPLE_RATE / 2), n_mels + 2))  # Hz
    bins = np.floor((N_FFT + 1) * edges / SAMPLE_RATE)
    k = np.arange(N_FFT // 2 + 1)
    bank = np.zeros((n_mels, len(k)))
    for m, (left, center, right) in enumerate(zip(bins, bins[1:], bins[2:], strict=False)):
        rising, falling = (left <= k) & (k < center), (center <= k) & (k < right)
        bank[m, rising] = (k[rising] - left) / (center - left)
        bank[m, falling] = (right - k[falling]) / (right - center)
    return bank * 2 / (edges[2:] - edges[:-2])[:, None]


# n - 1 instead of n: symmetric windows, whose last sample equals the first
J = np.arange(N_FFT) / (N_FFT - 1)
CONVENTIONS: dict[str, Callable[[Signal], np.ndarray]] = {
    "symmetric Hann": lambda s: cepstra(s, window=0.5 - 0.5 * np.cos(2 * np.pi * J)),
    "Hamming": lambda s: cepstra(s, window=0.54 - 0.46 * np.cos(2 * np.pi * J)),
    "no window": lambda s: cepstra(s, window=np.ones(N_FFT)),
    "pre-emphasis": lambda s: cepstra(np.append(s[:1], s[1:] - 0.97 * s[:-1])),
    "reflected edges": lambda s: cepstra(s, pad_mode="reflect"),
    "no centering": lambda s: cepstra(s, pad_mode=None),
    "magnitude": lambda s: cepstra(s, exponent=1),
    "HTK's mel": lambda s: cepstra(s, htk=True),
    "no area": lambda s: cepstra(s, norm=None),
    "rounded edges": lambda s: cepstra(s, rounded_edges=True),
    "40 mels": lambda s: cepstra(s, n_mels=40),
    "no top_db": lambda s: cepstra(s, top_db=None),
    "natural logarithm": lambda s: cepstra(s) * np.log(10) / 10,
    "log energy": lambda s: cepstra(s, log_energy=True),
    "integer samples": lambda s: cepstra(32768 * s),
    "lifter 22": lambda s: cepstra(s) * (1 + 11 * np.sin(np.pi * np.arange(13) / 22))[:, None],
    "lifter 22, librosa": lambda s: lift(cepstra(s).T, 22).T,
    "DCT without norm": lambda s: cepstra(s, orthonormal=False),
}


def compare(signal: Signal) -> dict[str, dict[str, float]]:
    """For each convention: the largest difference of any MFCC, of c0 and of the others; the mean
    proportion of a coefficient's variance in time that a gain and an offset do not explain."""
    ours = cepstra(signal)
    table = {}
    for name, variant in CONVENTIONS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on HTK's scale two of 128 filters have no bin
            changed = variant(signal)
        n = min(ours.shape[1], changed.shape[1])
        difference = np.abs(changed[:, :n] - ours[:, :n])
        correlation = [np.corrcoef(a[:n], b[:n])[0, 1] for a, b in zip(ours, changed, strict=True)]
        table[name] = {
            "largest": difference.max(),
            "c0": difference[0].max(),
            "others": difference[1:].max(),
            "unexplained": max(0.0, float(np.mean(1 - np.square(correlation)))),
        }
    return table


def rounded(table: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Four significant digits and at most six decimals; smaller values are rounding errors."""
    return {
        name: {key: round(float(f"{value:.4g}"), 6) for key, value in row.items()}
        for name, row in table.items()
    }


def embedded() -> dict[str, dict[str, float]]:
    """The table of the embedded scene."""
    return rounded(compare(scene(*SCENE).astype(np.float64)))


def rows(results: dict[str, Any]) -> list[str]:
    """The rows of the chapter's table: largest difference and unexplained proportion, for the scene
    and for the recording."""
    tables = [results["embedded"], results["recorded"]]
    return [
        f"| {name} | "
        + " | ".join(_short(table[name]["largest"]) for table in tables)
        + " | "
        + " | ".join(f"{table[name]['unexplained']:.3f}" for table in tables)
        + " |"
        for name in CONVENTIONS
    ]


def _short(value: float) -> str:
    """Two significant digits of small numbers, whole numbers of large ones."""
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.2f}"


def main(paths: list[str]) -> None:
    """Compute, write and print the table; without paths, the last recording's numbers remain."""
    results = json.loads(OUTPUT.read_text("utf-8")) if OUTPUT.exists() else {}
    results |= {"scene": list(SCENE), "embedded": embedded()}
    if paths:
        results["recording"] = "/".join(Path(paths[0]).parts[-2:])
        results["recorded"] = rounded(compare(load(paths[0], SAMPLE_RATE).astype(np.float64)))
    OUTPUT.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print("\n".join(rows(results)))


if __name__ == "__main__":
    main(sys.argv[1:])

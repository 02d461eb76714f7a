"""One recording looked at: what can be told of it before anything is learnt from it.

Before it: folds.py. After it: checkup.py, which looks at many. Chapter 13.

It is read to its end, also what lies beyond the five seconds that a clip keeps, a piece at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mfcc.audio import SAMPLE_RATE, opened, refuse_broken

from .dataset import Clip, Dataset
from .extraction import in_order, reason

FULL = 0.99  # of full scale; 127/128, the most that 8 bits hold, is above
SILENT = 1e-3  # of full scale, -60 dB


@dataclass(frozen=True)
class Facts:
    """One recording: sample rate in Hz, channels, length in s, file format and coding; the largest
    sample; in how many places three samples in a row are within 1 % of full scale, as clipping
    leaves them; the mean (the DC offset) of the channel that has most of it; the share of 10 ms
    windows that are silent, below -60 dB; and a digest of rate and samples, the same for the same
    sound whatever its name and coding."""

    rate: int
    channels: int
    seconds: float
    coding: str
    peak: float
    clipped: int
    offset: float
    silence: float
    digest: str


def inspect_all(
    dataset: Dataset,
    executor: Executor | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> list[Facts | str]:
    """Each recording's facts, or a sentence on why it cannot be read; executor and progress as
    extraction.extract has them."""
    outcomes = in_order(partial(inspect, dataset.reader), dataset.sources, executor)
    pairs = zip(progress(range(len(dataset))), outcomes, strict=True)
    return [outcome for _, outcome in pairs]


def inspect(reader: Callable[[Any], Clip], source: Any) -> Facts | str:
    """The facts of one recording, or a sentence; what is not in a file is read by reader."""
    if not isinstance(source, str):
        return measure([reader(source).signal[:, None]], SAMPLE_RATE, "synthesised")[0]
    try:
        with opened(source) as sound:
            coding, promised = f"{sound.format} {sound.subtype}", int(sound.frames)
            facts, n_samples, n_finite = measure(_pieces(sound), int(sound.samplerate), coding)
        refuse_broken(source, n_samples, promised, n_finite)
    except (OSError, ValueError) as error:
        return reason(error)
    return facts


def _window(rate: int) -> int:
    """10 ms in samples."""
    return max(1, rate // 100)


def _pieces(sound: Any) -> Iterator[np.ndarray]:
    """A recording in pieces (n, channels) of 1 s, so that windows do not cross their ends; as
    the recipe reads it, float32: what that cannot hold becomes infinite."""
    while len(piece := sound.read(100 * _window(sound.samplerate), "float32", always_2d=True)):
        yield piece


def measure(pieces: Iterable[np.ndarray], rate: int, coding: str) -> tuple[Facts, int, int]:
    """The facts of a sound in pieces (n, channels); how many samples it has, how many finite."""
    n = n_finite = n_windows = n_silent = clipped = channels = 0
    peak, total = 0.0, np.zeros(1)
    digest, window = hashlib.sha256(), _window(rate)
    for piece in pieces:
        if not n:
            digest.update(f"{rate} Hz, {piece.shape[1]} channels".encode())
        digest.update((piece + np.float32(0)).data)  # -0 becomes 0
        finite = np.isfinite(piece).all(axis=1)
        level = np.abs(piece)
        loud = level >= FULL
        windows = np.add.reduceat(level.max(axis=1) >= SILENT, range(0, len(piece), window))
        channels, n, n_finite = piece.shape[1], n + len(piece), n_finite + int(finite.sum())
        peak = max(peak, float(level.max()))
        runs = loud[2:] & loud[1:-1] & loud[:-2]  # of three; where the one before is none, a place
        clipped += int(np.count_nonzero(runs[:1]) + np.count_nonzero(runs[1:] & ~runs[:-1]))
        n_windows, n_silent = n_windows + len(windows), n_silent + int(np.sum(windows == 0))
        total = total + piece[finite].sum(axis=0, dtype=float)
    offset = float(np.abs(total).max()) / max(n, 1)
    silence = n_silent / max(n_windows, 1)
    facts = Facts(
        rate, channels, n / rate, coding, peak, clipped, offset, silence, digest.hexdigest()
    )
    return facts, n, n_finite

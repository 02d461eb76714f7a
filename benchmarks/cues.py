"""What tells the recording rather than the sound: entries of docs/ladder.json.

Used by ladder.py, which has the command and the clips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mfcc import frame, hann, power_spectrum
from mininet import Normalization

if TYPE_CHECKING:
    from benchmarks.ladder import Clips

WINDOW = 882  # samples, 20 ms at 44.1 kHz


def facts(clips: Clips) -> dict[str, Any]:
    """How the clips were cut from recordings, and how the recordings lie in the folds."""
    recordings = np.array(clips.folds.recordings)
    _, group, sizes = np.unique(recordings, return_inverse=True, return_counts=True)
    fold_1 = clips.folds.of == 1
    return {
        "classes": clips.dataset.classes,
        "clips": len(recordings),
        "recordings": len(sizes),
        "clips_that_share": int(np.sum(sizes[group] > 1)),
        "recordings_in_two_folds": sum(
            len(set(clips.folds.of[recordings == name])) > 1 for name in set(recordings)
        ),
        "largest_recording_of_fold_1": largest(clips, recordings, fold_1),
    }


def largest(clips: Clips, recordings: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """The recording that most clips of these rows were cut from: of which class, how many, and how
    many clips of that class there are among them."""
    names, counts = np.unique(recordings[rows], return_counts=True)
    cut = rows & (recordings == names[counts.argmax()])
    label = clips.labels[cut][0]
    of_class = int(np.sum(rows & (clips.labels == label)))
    return {
        "class": clips.dataset.classes[label],
        "clips": int(cut.sum()),
        "of_class": of_class,
    }


def siblings(x: np.ndarray, labels: np.ndarray, recordings: list[str]) -> dict[str, float]:
    """Of the clips that share their recording: how many have a sister as their nearest neighbour
    on x (n, d), standardised; and how many would have by chance within their own class."""
    z = Normalization.adapt(x).forward(x)
    distance = np.sum((z[:, None] - z) ** 2, axis=2)
    np.fill_diagonal(distance, np.inf)
    same = np.equal.outer(np.array(recordings), np.array(recordings))
    np.fill_diagonal(same, False)
    shared = same.any(axis=1)
    near = same[np.arange(len(x)), distance.argmin(axis=1)]
    of_class = np.equal.outer(labels, labels).sum(axis=1) - 1
    return {
        "found": float(near[shared].mean()),
        "by_chance": float((same.sum(axis=1) / of_class)[shared].mean()),
    }


def band_limit(signal: np.ndarray, sample_rate: float) -> float:
    """The highest frequency, in Hz, at which the mean spectrum is within 80 dB of its peak."""
    frames = frame(signal, WINDOW, WINDOW) * hann(WINDOW).astype(signal.dtype)
    power = power_spectrum(frames).mean(axis=0)
    return float(np.flatnonzero(power >= 1e-8 * power.max())[-1] * sample_rate / WINDOW)

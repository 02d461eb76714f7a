"""Cues of the recording instead of the sound: entries of docs/ladder.json. Used by ladder.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiment.data import Dataset
from experiment.evaluate import human_confusion
from experiment.folds import Folds
from mfcc import frame, hann, power_spectrum
from mininet import Normalization

WINDOW = 882  # samples, 20 ms at 44.1 kHz


def facts(dataset: Dataset, folds: Folds) -> dict[str, Any]:
    """How the clips were cut from recordings, and how the recordings are assigned to folds."""
    recordings = np.array(folds.recordings)
    _, group, sizes = np.unique(recordings, return_inverse=True, return_counts=True)
    fold_sets = [set(folds.fold_of[recordings == name]) for name in np.unique(recordings)]
    people = human_confusion(dataset.classes)
    return {
        "classes": dataset.classes,
        "people": None if people is None else float(people.trace() / people.sum()),
        "clips": len(recordings),
        "recordings": len(sizes),
        "clips_that_share": int(np.sum(sizes[group] > 1)),
        "recordings_in_two_folds": sum(len(numbers) > 1 for numbers in fold_sets),
        "largest_recording_of_fold_1": largest(dataset, recordings, folds.fold_of == 1),
    }


def largest(dataset: Dataset, recordings: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """The recording with most clips among these rows: its class, its clips, the class's clips."""
    names, counts = np.unique(recordings[rows], return_counts=True)
    cut = rows & (recordings == names[counts.argmax()])
    label = dataset.labels[cut][0]
    of_class = int(np.sum(rows & (dataset.labels == label)))
    return {"class": dataset.classes[label], "clips": int(cut.sum()), "of_class": of_class}


def siblings(x: np.ndarray, labels: np.ndarray, recordings: list[str]) -> dict[str, float]:
    """Among clips that share their recording: the proportion whose nearest neighbor on x (n, d),
    standardized, is from the same recording; and the proportion expected by chance in the class."""
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

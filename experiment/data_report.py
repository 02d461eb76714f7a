"""The data report: contents and problems of a folder of recordings. Chapter 13.

Every recording is read to its end, not only the five seconds of a clip, in pieces of a second.
The text is generated from the JSON.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mfcc.audio import SAMPLE_RATE, check_samples, open_audio

from .data import Clip, Dataset, check_complete
from .extract import map_in_order, reason
from .folds import KINDS, find_folds, recording
from .output import text_table

FULL_SCALE = 0.99  # of full scale; the largest 8-bit sample, 127/128, exceeds it
SILENT = 1e-3  # of full scale, -60 dB
DC_OFFSET = 0.01  # of full scale; larger means are listed
LISTED = 20  # lines of a list in the text


@dataclass(frozen=True)
class AudioStats:
    """One recording: sample rate (Hz), channels, length (s), format and coding; the largest sample;
    the number of places with three consecutive samples within 1 % of full scale (clipping); the
    mean (DC offset) of the worst channel; the proportion of silent 10 ms windows (below -60 dB); a
    digest of rate and samples, independent of the file's name and coding."""

    rate: int
    channels: int
    seconds: float
    coding: str
    peak: float
    clipped: int
    offset: float
    silence: float
    digest: str


def measure_all(
    dataset: Dataset,
    executor: Executor | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> list[AudioStats | str]:
    """The statistics of each recording, or the reason it cannot be read; executor and progress
    as in extract_features."""
    outcomes = map_in_order(partial(measure, dataset.reader), dataset.sources, executor)
    return [outcome for _, outcome in zip(progress(range(len(dataset))), outcomes, strict=True)]


def measure(reader: Callable[[Any], Clip], source: Any) -> AudioStats | str:
    """The statistics of one recording, a file or synthesized, or the reason it is unreadable."""
    if not isinstance(source, str):
        return stats_of([reader(source).signal[:, None]], SAMPLE_RATE, "synthesized")[0]
    try:
        check_complete(source)
        with open_audio(source) as sound:
            coding, n_expected = f"{sound.format} {sound.subtype}", int(sound.frames)
            stats, n, n_finite = stats_of(_pieces(sound), int(sound.samplerate), coding)
        check_samples(source, n, n_expected, n_finite)
    except (OSError, ValueError) as error:
        return reason(error)
    return stats


def _pieces(sound: Any) -> Iterator[np.ndarray]:
    """Yield the recording in pieces (n, channels), each whole windows of about 1 s."""
    n = 100 * max(1, sound.samplerate // 100)
    while len(piece := sound.read(n, "float32", always_2d=True)):
        yield piece


def stats_of(pieces: Iterable[np.ndarray], rate: int, coding: str) -> tuple[AudioStats, int, int]:
    """The statistics of a sound in pieces (n, channels), its samples and its finite samples."""
    n = n_finite = n_windows = n_silent = clipped = channels = 0
    peak, total = 0.0, np.zeros(1)
    digest, window = hashlib.sha256(), max(1, rate // 100)
    for piece in pieces:
        if not n:
            digest.update(f"{rate} Hz, {piece.shape[1]} channels".encode())
        digest.update((piece + np.float32(0)).data)  # -0 becomes 0
        finite, level = np.isfinite(piece).all(axis=1), np.abs(piece)
        loud = level >= FULL_SCALE
        windows = np.add.reduceat(level.max(axis=1) >= SILENT, range(0, len(piece), window))
        channels, n, n_finite = piece.shape[1], n + len(piece), n_finite + int(finite.sum())
        peak = max(peak, float(level.max()))
        runs = loud[2:] & loud[1:-1] & loud[:-2]  # a place is a run of three or more
        clipped += int(np.count_nonzero(runs[:1]) + np.count_nonzero(runs[1:] & ~runs[:-1]))
        n_windows, n_silent = n_windows + len(windows), n_silent + int(np.sum(windows == 0))
        total = total + piece[finite].sum(axis=0, dtype=float)
    offset, silence = float(np.abs(total).max()) / max(n, 1), n_silent / max(n_windows, 1)
    values = (rate, channels, n / rate, coding, peak, clipped, offset, silence, digest.hexdigest())
    return AudioStats(*values), n, n_finite


def report(
    dataset: Dataset,
    outcomes: Sequence[AudioStats | str],
    n_folds: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """All findings, JSON-serializable; outcomes as returned by measure_all."""
    pairs = list(zip(dataset.names, outcomes, strict=True))
    stats = {name: found for name, found in pairs if isinstance(found, AudioStats)}
    readable = [i for i, found in enumerate(outcomes) if isinstance(found, AudioStats)]
    recordings = {name: recording(name) for name in stats}
    by_class: dict[str, list[AudioStats]] = {name: [] for name in dataset.classes}
    for i, found in zip(readable, stats.values(), strict=True):
        by_class[dataset.classes[dataset.labels[i]]].append(found)
    return {
        "clips": len(dataset),
        "unreadable": [
            {"clip": k, "reason": found} for k, found in pairs if isinstance(found, str)
        ],
        "skipped_files": dataset.skipped_files,
        "sample_rates": _count(found.rate for found in stats.values()),
        "channels": _count(found.channels for found in stats.values()),
        "codings": _count(found.coding for found in stats.values()),
        **_summary(stats.values()),
        "total_seconds": sum(found.seconds for found in stats.values()),
        "clipped": {name: found.clipped for name, found in stats.items() if found.clipped},
        "dc_offset": {n: found.offset for n, found in stats.items() if found.offset > DC_OFFSET},
        "silent": [name for name, found in stats.items() if found.silence == 1],
        "duplicates": _groups({name: found.digest for name, found in stats.items()}),
        "classes": {
            name: {
                "clips": len(rows),
                **_summary(rows),
                "clipped": sum(r.clipped > 0 for r in rows),
            }
            for name, rows in by_class.items()
        },
        "recordings": {
            "number": len(set(recordings.values())),
            "cut_into_several_clips": _groups(recordings),
        },
        "folds": _folds(dataset, readable, n_folds, seed),
    }


def _summary(stats: Collection[AudioStats]) -> dict[str, Any]:
    """Minimum, median and maximum seconds, mean proportion of silence; None without stats."""
    seconds, silence = [s.seconds for s in stats], [s.silence for s in stats]
    if not stats:
        return {"seconds": None, "silence": None}
    spread = {"least": min(seconds), "median": float(np.median(seconds)), "most": max(seconds)}
    return {"seconds": spread, "silence": float(np.mean(silence))}


def _folds(dataset: Dataset, readable: list[int], n_folds: int | None, seed: int) -> dict[str, Any]:
    """The folds of the readable clips: the number of clips per class, or the reason for none."""
    try:
        clips = dataset.only(readable)
        folds = find_folds(clips.names, clips.labels, n_folds, seed)
    except ValueError as error:
        return {"impossible": str(error)}
    n = len(clips.classes)
    sizes = {
        str(fold): np.bincount(clips.labels[folds.fold_of == fold], minlength=n).tolist()
        for fold in folds.numbers
    }
    return {"kind": KINDS[folds.kind], "clips_by_class": sizes}


def as_json(found: dict[str, Any]) -> str:
    """Format the report as JSON."""
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def as_text(found: dict[str, Any]) -> str:
    """Format the report as text: one row per class, a summary and lists of problems."""
    folds, recordings, spread = found["folds"], found["recordings"], _spread(found)
    in_folds = folds.get("clips_by_class", {})
    columns = ["class", "clips", "seconds", "silence", "clipped", *(f"fold {k}" for k in in_folds)]
    rows = [
        [name, row["clips"], *_spread(row), row["clipped"], *(n[i] for n in in_folds.values())]
        for i, (name, row) in enumerate(found["classes"].items())
    ]
    lines = [
        text_table(columns, rows),
        "",
        f"{len(rows)} classes, {found['clips']} recordings, {len(found['unreadable'])} of them"
        f" unreadable, {found['total_seconds'] / 60:.1f} minutes",
        f"sample rates (Hz): {_counts(found['sample_rates'])}",
        f"channels: {_counts(found['channels'])}",
        f"formats: {_counts(found['codings'])}",
        f"lengths: {spread[0]} s; silence (below -60 dB): {spread[1]} of the time",
        f"folds: {folds.get('kind') or folds['impossible']}",
        f"recordings, according to the names: {recordings['number']}",
    ]
    twins = [" = ".join(group) + _across_classes(group) for group in found["duplicates"]]
    lists = {
        "exact duplicates (the same samples)": twins,
        "cut from one recording, according to their names": [
            ", ".join(group) for group in recordings["cut_into_several_clips"]
        ],
        "clipped (three consecutive samples within 1 % of full scale)": [
            f"{name}: in {n} places" for name, n in found["clipped"].items()
        ],
        f"DC offset above {DC_OFFSET:g} of full scale": [
            f"{name}: {offset:.3f}" for name, offset in found["dc_offset"].items()
        ],
        "entirely silent": found["silent"],
        "skipped, not named like recordings": [
            f"{name} ({kind})" for kind, names in found["skipped_files"].items() for name in names
        ],
        "cannot be read": [problem["reason"] for problem in found["unreadable"]],
    }
    for title, entries in lists.items():
        shown = entries if title == "cannot be read" else entries[:LISTED]
        hidden = [f"  … and {len(entries) - len(shown)} more, see --json"]
        lines += ["", f"{title}: {len(entries)}"] if entries else []
        lines += [f"  {entry}" for entry in shown] + hidden * (len(shown) < len(entries))
    return "\n".join(lines)


def _count(values: Iterable[Any]) -> dict[str, int]:
    return {str(value): n for value, n in Counter(values).most_common()}


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{value} ({n})" for value, n in counts.items())


def _spread(found: dict[str, Any]) -> tuple[str, str]:
    """The seconds, from minimum to maximum, and the silence in percent."""
    if found["seconds"] is None:
        return "", ""
    low, high = (f"{found['seconds'][key]:.4g}" for key in ("least", "most"))
    return low if low == high else f"{low} to {high}", f"{found['silence']:.1%}"


def _groups(keys: dict[str, str]) -> list[list[str]]:
    """The groups of several names that have the same key."""
    groups = defaultdict(list)
    for name, key in keys.items():
        groups[key].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _across_classes(group: Sequence[str]) -> str:
    n = len({name.split("/")[0] for name in group})
    return f" (in {n} classes!)" if n > 1 else ""

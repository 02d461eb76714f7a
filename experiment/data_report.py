"""The data report: contents and problems of a folder of recordings. Chapter 13.

Every recording is read to its end, not only its first five seconds. The text is generated from
the JSON.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mfcc.audio import SAMPLE_RATE, open_audio, read_channels

from .data import Clip, Dataset, check_complete
from .extract import Progress, map_clips, reason
from .folds import KINDS, find_folds, parse_name
from .output import text_table

CLIPPING_LEVEL = 0.99  # of full scale; the largest 8-bit sample, 127/128, exceeds it
SILENT = 1e-3  # of full scale, -60 dB
DC_OFFSET = 0.01  # of full scale; larger means are listed
LISTED = 20  # lines of a list in the text


class AudioStats(NamedTuple):
    """One recording: sample rate (Hz), channels, length (s), format and coding; the number of
    clipped runs (three or more consecutive samples within 1 % of full scale); the largest absolute
    channel mean (DC offset); the proportion of silent 10 ms windows (below -60 dB); a digest of
    rate and samples, independent of the file's name and coding."""

    rate: int
    channels: int
    seconds: float
    coding: str
    clipped: int
    offset: float
    silence: float
    digest: str


def measure_all(
    dataset: Dataset, executor: Executor | None = None, progress: Progress = iter
) -> list[AudioStats | str]:
    """The statistics of each recording, or the reason it cannot be read; executor and progress
    as in extract_features."""
    return list(map_clips(partial(measure, dataset.reader), dataset.sources, executor, progress))


def measure(reader: Callable[[Any], Clip], source: Any) -> AudioStats | str:
    """The statistics of one recording, a file or synthesized, or the reason it is unreadable."""
    if not isinstance(source, str):
        return stats_of(reader(source).signal[:, None], SAMPLE_RATE, "synthesized")
    try:
        with open_audio(source) as sound:
            check_complete(source, sound)
            channels = read_channels(source, sound)
            return stats_of(channels, sound.samplerate, f"{sound.format} {sound.subtype}")
    except (OSError, ValueError) as error:
        return reason(error)


def stats_of(signal: np.ndarray, rate: int, coding: str) -> AudioStats:
    """The statistics of a sound (n, n_channels)."""
    level = np.abs(signal)
    loud = level >= CLIPPING_LEVEL
    runs = (loud[2:] & loud[1:-1] & loud[:-2]).astype(np.int8)  # a clipped run is a run of 1s
    clipped = np.count_nonzero(np.diff(runs, axis=0, prepend=0) == 1)
    windows = np.maximum.reduceat(level.max(axis=1), range(0, len(signal), max(1, rate // 100)))
    offset, silence = np.abs(signal.mean(axis=0, dtype=float)).max(), np.mean(windows < SILENT)
    digest = hashlib.sha256(f"{rate} Hz, {signal.shape[1]} channels".encode())
    digest.update((signal + np.float32(0)).data)  # -0 becomes 0
    measures = (int(clipped), float(offset), float(silence), digest.hexdigest())
    return AudioStats(rate, signal.shape[1], len(signal) / rate, coding, *measures)


def report(
    dataset: Dataset, outcomes: list[AudioStats | str], n_folds: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """All findings, JSON-serializable; outcomes as returned by measure_all."""
    pairs = list(zip(dataset.names, outcomes, strict=True))
    stats = {name: found for name, found in pairs if not isinstance(found, str)}
    readable = [i for i, name in enumerate(dataset.names) if name in stats]
    recordings = {name: parse_name(name)[1] for name in stats}
    n_recordings = len(set(recordings.values()))
    unreadable = [{"clip": name, "reason": why} for name, why in pairs if isinstance(why, str)]
    classes: dict[str, Any] = {}
    for label, name in enumerate(dataset.classes):
        found = [stats[dataset.names[i]] for i in readable if dataset.labels[i] == label]
        n_clipped = sum(each.clipped > 0 for each in found)
        classes[name] = {"clips": len(found), **_summary(found), "clipped": n_clipped}
    return {
        "clips": len(dataset),
        "unreadable": unreadable,
        "skipped_files": dataset.skipped_files,
        "sample_rates": dict(Counter(found.rate for found in stats.values()).most_common()),
        "channels": dict(Counter(found.channels for found in stats.values()).most_common()),
        "codings": dict(Counter(found.coding for found in stats.values()).most_common()),
        **_summary(stats.values()),
        "total_seconds": sum(found.seconds for found in stats.values()),
        "clipped": {name: found.clipped for name, found in stats.items() if found.clipped},
        "dc_offset": {n: found.offset for n, found in stats.items() if found.offset > DC_OFFSET},
        "silent": [name for name, found in stats.items() if found.silence == 1],
        "duplicates": _groups({name: found.digest for name, found in stats.items()}),
        "classes": classes,
        "recordings": {"number": n_recordings, "cut_into_several_clips": _groups(recordings)},
        "folds": _folds(dataset, readable, n_folds, seed),
    }


def _summary(stats: Collection[AudioStats]) -> dict[str, Any]:
    """Minimum, median and maximum seconds, mean proportion of silence; None without stats."""
    if not stats:
        return {"seconds": None, "silence": None}
    seconds = [found.seconds for found in stats]
    spread = {"least": min(seconds), "median": float(np.median(seconds)), "most": max(seconds)}
    return {"seconds": spread, "silence": float(np.mean([found.silence for found in stats]))}


def _groups(keys: dict[str, str]) -> list[list[str]]:
    """The groups of several names that have the same key."""
    groups = defaultdict(list)
    for name, key in keys.items():
        groups[key].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _folds(dataset: Dataset, readable: list[int], n_folds: int | None, seed: int) -> dict[str, Any]:
    """The folds of the readable clips: clips per class, or why no folds can be made."""
    try:
        clips = dataset.only(readable)
        folds = find_folds(clips.names, clips.labels, n_folds, seed)
    except ValueError as error:
        return {"impossible": str(error)}
    table = np.zeros((max(folds.numbers) + 1, len(clips.classes)), int)  # clips by fold and class
    np.add.at(table, (folds.fold_of, clips.labels), 1)
    sizes = {fold: table[fold].tolist() for fold in folds.numbers}
    return {"kind": KINDS[folds.kind], "clips_by_class": sizes}


def as_text(found: dict[str, Any]) -> str:
    """Format the report as text: one row per class, a summary and lists of problems."""
    lines = [_overview(found)]
    for title, entries in _lists(found).items():
        n_shown = len(entries) if title == "cannot be read" else LISTED
        lines += ["", f"{title}: {len(entries)}"] if entries else []
        lines += [f"  {entry}" for entry in entries[:n_shown]]
        if n_shown < len(entries):
            lines.append(f"  … and {len(entries) - n_shown} more, see --json")
    return "\n".join(lines)


def _overview(found: dict[str, Any]) -> str:
    """A table with one row per class, and the summary."""
    folds = found["folds"]
    in_folds = folds.get("clips_by_class", {})
    columns = ["class", "clips", "seconds", "silence", "clipped", *(f"fold {k}" for k in in_folds)]
    rows = [
        [name, row["clips"], *_spread(row), row["clipped"], *(n[i] for n in in_folds.values())]
        for i, (name, row) in enumerate(found["classes"].items())
    ]
    rates, channels, codings = (
        ", ".join(f"{value} ({n})" for value, n in found[key].items())
        for key in ("sample_rates", "channels", "codings")
    )
    seconds, silence = _spread(found)  # empty if no recording is readable
    lengths = f"lengths: {seconds} s; silence (below -60 dB): {silence} of the time\n"
    return (
        f"{text_table(columns, rows)}\n\n"
        f"{len(rows)} classes, {found['clips']} recordings, {len(found['unreadable'])} of them"
        f" unreadable, {found['total_seconds'] / 60:.1f} minutes\n"
        f"sample rates (Hz): {rates}\nchannels: {channels}\nformats: {codings}\n"
        f"{lengths if seconds else ''}folds: {folds.get('kind') or folds['impossible']}\n"
        f"distinct recordings, judging by file names: {found['recordings']['number']}"
    )


def _lists(found: dict[str, Any]) -> dict[str, list[str]]:
    """The entries of each list of problems, by its title."""
    cut, skipped = found["recordings"]["cut_into_several_clips"], found["skipped_files"].items()
    clipped = [f"{name}: {n} clipped run{'s' * (n > 1)}" for name, n in found["clipped"].items()]
    return {
        "exact duplicates (the same samples)": [
            " = ".join(group) + f" (in {n} classes)" * (n > 1)
            for group in found["duplicates"]
            for n in [len({name.split("/")[0] for name in group})]
        ],
        "cut from one recording, according to their names": [", ".join(group) for group in cut],
        "clipped (three consecutive samples within 1 % of full scale)": clipped,
        f"DC offset above {DC_OFFSET:g} of full scale": [
            f"{name}: {offset:.3f}" for name, offset in found["dc_offset"].items()
        ],
        "entirely silent": found["silent"],
        "skipped files": [f"{n} ({k})" for k, ns in skipped for n in ns],
        "cannot be read": [problem["reason"] for problem in found["unreadable"]],
    }


def _spread(found: dict[str, Any]) -> tuple[str, str]:
    """The seconds, from minimum to maximum, and the silence in percent."""
    if found["seconds"] is None:
        return "", ""
    low, high = (f"{found['seconds'][key]:.4g}" for key in ("least", "most"))
    return low if low == high else f"{low} to {high}", f"{found['silence']:.1%}"

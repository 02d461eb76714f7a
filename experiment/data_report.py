"""The data report: what a folder of recordings contains, and what looks wrong. Chapter 13.

Every recording is read to its end, a second at a time, also beyond the five seconds that a clip
uses. The text is made from the JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mfcc.audio import SAMPLE_RATE, check_samples, read

from .data import Clip, Dataset, check_complete
from .extract import map_in_order, reason
from .folds import KINDS, find_folds, recording

FULL_SCALE = 0.99  # of full scale; the largest 8-bit sample, 127/128, lies above
SILENT = 1e-3  # of full scale, -60 dB
DC_OFFSET = 0.01  # of full scale; larger means are listed
LISTED = 20  # lines of a list in the text


@dataclass(frozen=True)
class AudioStats:
    """One recording: sample rate (Hz), channels, length (s), format and coding; the largest sample;
    the number of places with three consecutive samples within 1 % of full scale (clipping); the
    mean (DC offset) of the worst channel; the proportion of silent 10 ms windows (below -60 dB); a
    digest of rate and samples, which identifies the sound whatever its name and coding."""

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
    """The statistics of each recording, or a sentence if it cannot be read; executor and progress
    as in extract_features."""
    outcomes = map_in_order(partial(measure, dataset.reader), dataset.sources, executor)
    return [outcome for _, outcome in zip(progress(range(len(dataset))), outcomes, strict=True)]


def measure(reader: Callable[[Any], Clip], source: Any) -> AudioStats | str:
    """The statistics of one recording, a file or what reader synthesizes, or a sentence."""
    if not isinstance(source, str):
        return stats_of([reader(source).signal[:, None]], SAMPLE_RATE, "synthesized")[0]
    import soundfile

    try:
        read(source, 0.01)  # whatever keeps a file from being opened
        check_complete(source)
        with soundfile.SoundFile(source) as sound:
            coding, n_expected = f"{sound.format} {sound.subtype}", int(sound.frames)
            pieces = _pieces(sound)
            stats, n, n_finite = stats_of(pieces, int(sound.samplerate), coding)
        check_samples(source, n, n_expected, n_finite)
    except soundfile.LibsndfileError as error:
        return reason(ValueError(f"{source} cannot be read as audio: {error.error_string}"))
    except (OSError, ValueError) as error:
        return reason(error)
    return stats


def _pieces(sound: Any) -> Iterator[np.ndarray]:
    """The recording in pieces (n, channels) of a whole number of windows, about 1 s."""
    n = 100 * max(1, sound.samplerate // 100)
    while len(piece := sound.read(n, "float32", always_2d=True)):
        yield piece


def stats_of(pieces: Iterable[np.ndarray], rate: int, coding: str) -> tuple[AudioStats, int, int]:
    """The statistics of a sound in pieces (n, channels), its number of samples and of finite ones."""
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
    """All findings, as JSON can hold them; outcomes as measure_all returns them."""
    readable = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, AudioStats)]
    names = [dataset.names[i] for i in readable]
    stats = [outcome for outcome in outcomes if isinstance(outcome, AudioStats)]
    recordings = [recording(name) for name in names]
    pairs = list(zip(names, stats, strict=True))
    classes = {}
    for label, name in enumerate(dataset.classes):
        of_class = [s for i, s in zip(readable, stats, strict=True) if dataset.labels[i] == label]
        classes[name] = {
            "clips": len(of_class),
            "seconds": _range([s.seconds for s in of_class]),
            "silence": _mean([s.silence for s in of_class]),
            "clipped": sum(s.clipped > 0 for s in of_class),
        }
    return {
        "clips": len(dataset),
        "unreadable": [
            {"clip": name, "reason": outcome}
            for name, outcome in zip(dataset.names, outcomes, strict=True)
            if isinstance(outcome, str)
        ],
        "skipped_files": dataset.skipped_files,
        "sample_rates": _count(s.rate for s in stats),
        "channels": _count(s.channels for s in stats),
        "codings": _count(s.coding for s in stats),
        "seconds": _range([s.seconds for s in stats]) | {"total": sum(s.seconds for s in stats)},
        "clipped": {name: s.clipped for name, s in pairs if s.clipped},
        "dc_offset": {name: s.offset for name, s in pairs if s.offset > DC_OFFSET},
        "silent": [name for name, s in pairs if s.silence == 1],
        "silence": _mean([s.silence for s in stats]),
        "duplicates": _groups(names, [s.digest for s in stats]),
        "classes": classes,
        "recordings": {
            "number": len(set(recordings)),
            "cut_into_several_clips": _groups(names, recordings),
        },
        "folds": _folds(dataset, readable, n_folds, seed),
    }


def _folds(dataset: Dataset, readable: list[int], n_folds: int | None, seed: int) -> dict[str, Any]:
    """The folds of the readable clips: the number of clips of each class, or why there are none."""
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
    """The report for programs."""
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def as_text(found: dict[str, Any]) -> str:
    """The report as text: a table of classes, a summary, and lists of what to look at."""
    n_readable = found["clips"] - len(found["unreadable"])
    cut, seconds = found["recordings"]["cut_into_several_clips"], found["seconds"]
    offsets = [f"{name}: {offset:.3f}" for name, offset in found["dc_offset"].items()]
    skipped = [
        f"{name} ({kind})" for kind, names in found["skipped_files"].items() for name in names
    ]
    lines = [
        *_class_table(found),
        "",
        f"{len(found['classes'])} classes, {found['clips']} recordings,"
        f" {n_readable} of them readable, {seconds['total'] / 60:.1f} minutes",
        f"sample rates: {_listed(found['sample_rates'], ' Hz')}",
        f"channels: {_listed(found['channels'])}",
        f"formats: {_listed(found['codings'])}",
        f"lengths: {_span(seconds)} s, median {_number(seconds['median'])} s",
        f"silence (below -60 dB): {_percent(found['silence'])} of the time;"
        f" {len(found['silent'])} recordings are entirely silent",
        f"folds: {found['folds'].get('kind') or found['folds']['impossible']}",
        f"according to the names, {sum(map(len, cut))} clips share their recording with another:"
        f" {found['recordings']['number']} recordings in all",
    ]
    twins = [" = ".join(group) + _across_classes(group) for group in found["duplicates"]]
    clipped = [f"{name}: in {n} places" for name, n in found["clipped"].items()]
    for title, entries in (
        ("exact duplicates (the same samples)", twins),
        ("cut from one recording, according to their names", [", ".join(g) for g in cut]),
        ("clipped (three consecutive samples within 1 % of full scale)", clipped),
        (f"DC offset above {DC_OFFSET:g} of full scale", offsets),
        ("entirely silent", found["silent"]),
        ("skipped: not named like recordings", skipped),
    ):
        more = [f"  … and {len(entries) - LISTED} more, see --json"]
        shown = [f"  {entry}" for entry in entries[:LISTED]]
        if entries:
            lines += ["", f"{title}: {len(entries)}", *shown, *more[: len(entries) > LISTED]]
    if found["unreadable"]:
        lines += ["", f"cannot be read: {len(found['unreadable'])}"]
        lines += [f"  {problem['reason']}" for problem in found["unreadable"]]
    return "\n".join(lines)


def _class_table(found: dict[str, Any]) -> list[str]:
    """A row a class: clips, lengths, silence, clipping, and the clips in each fold."""
    folds = found["folds"].get("clips_by_class", {})
    width = max(len("class"), *(len(name) for name in found["classes"]))
    columns = f"{'clips':>6}{'seconds':>14}{'silence':>9}{'clipped':>9}"
    head = f"{'class':<{width}}{columns}" + "".join(f"{'fold ' + k:>8}" for k in folds)
    rows = [head, "-" * len(head)]
    for i, (name, row) in enumerate(found["classes"].items()):
        lengths, silence = _span(row["seconds"]), _percent(row["silence"])
        cells = f"{row['clips']:>6}{lengths:>14}{silence:>9}{row['clipped']:>9}"
        in_folds = "".join(f"{sizes[i]:>8}" for sizes in folds.values())
        rows.append(f"{name:<{width}}{cells}{in_folds}")
    return rows


def _count(values: Iterable[Any]) -> dict[str, int]:
    return {str(value): n for value, n in Counter(values).most_common()}


def _listed(counts: dict[str, int], unit: str = "") -> str:
    return ", ".join(f"{value}{unit} ({n})" for value, n in counts.items())


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _range(values: Sequence[float]) -> dict[str, Any]:
    if not values:
        return {"least": None, "median": None, "most": None}
    return {"least": min(values), "median": float(np.median(values)), "most": max(values)}


def _span(seconds: dict[str, Any]) -> str:
    low, high = _number(seconds["least"]), _number(seconds["most"])
    return low if low == high else f"{low} to {high}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _percent(proportion: float | None) -> str:
    return "" if proportion is None else f"{proportion:.1%}"


def _groups(names: Sequence[str], keys: Sequence[str]) -> list[list[str]]:
    """The groups of several names that have the same key."""
    groups = defaultdict(list)
    for name, key in zip(names, keys, strict=True):
        groups[key].append(name)
    return [group for group in groups.values() if len(group) > 1]


def _across_classes(group: Sequence[str]) -> str:
    n = len({name.split("/")[0] for name in group})
    return f" (in {n} classes!)" if n > 1 else ""

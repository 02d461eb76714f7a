"""The data report: contents and problems of a folder of recordings. Chapter 13.

Every recording is read to its end, not only its first five seconds, and in blocks. The text is
generated from the JSON.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from math import log10
from typing import Any, NamedTuple

import numpy as np

from mfcc import hann, power_spectrum
from mfcc.audio import DURATION, SAMPLE_RATE, UNKNOWN, read_blocks

from .data import SILENT, Clip, Dataset, Segment, open_complete, problem_of
from .folds import KINDS, find_folds, parse_name
from .terminal import text_table

CLIPPING_LEVEL = 0.99  # of full scale; the largest 8-bit sample, 127/128, exceeds it
DC_OFFSET = 0.01  # of full scale; larger means are listed
QUIET = 0.01  # of full scale, -40 dB
BEYOND = 1.5  # of full scale; decoded MP3 exceeds it a little, integers in a float file by far
MIXED = -20.0  # dB; the mean of fewer than a hundred independent channels is stronger
BAND = SAMPLE_RATE / 4  # Hz; half of what the features cover
FALL = 1e-8  # of the largest power in the mean spectrum, -80 dB: less is no sound
WINDOWS = 500  # of 10 ms, in a block
LISTED = 20  # lines of a list in the text
FINDINGS = {  # key in the JSON: title of the list, text of one number
    "clipped": (
        "clipped (three consecutive samples within 1 % of full scale)",
        "{} clipped run{s}",
    ),
    "dc_offset": (f"DC offset above {DC_OFFSET:g} of full scale", "DC offset {:.3f}"),
    "beyond_full_scale": ("beyond full scale, where they are cut", "peak {:.4g} times full scale"),
    "silent": ("entirely silent", "silent"),
    "very_quiet": ("very quiet (peak below -40 dB)", "very quiet, peak {:.1f} dB"),
    "short": ("shorter than 1 s", "only {:.2f} s long"),
    "canceled": ("channels that cancel in their mean", "channels cancel: mean at {:.0f} dB"),
    "band_limited": (f"band-limited (no sound above {BAND:.0f} Hz)", "band-limited to {:.0f} Hz"),
    "unused_seconds": ("longer than the 5 s used without --segments", "{:.1f} s left out"),
}


class AudioStats(NamedTuple):
    """One recording."""

    rate: int  # Hz
    channels: int
    seconds: float
    coding: str  # format and coding
    clipped: int  # runs of three or more consecutive samples within 1 % of full scale
    offset: float  # the largest absolute mean of a channel
    silence: float  # the proportion of silent windows of 10 ms (below -60 dB)
    digest: str  # of rate and samples, independent of the file's name and coding
    peak: float  # the largest absolute sample
    mixed: float  # dB, the level of the mean over channels relative to the channels
    band: float  # Hz, the highest frequency at which the mean spectrum is within 80 dB of its peak


def findings(found: AudioStats) -> dict[str, float]:
    """For each key of FINDINGS the number to be listed; 0 if there is nothing to list."""
    return {
        "clipped": found.clipped,
        "dc_offset": found.offset * (found.offset > DC_OFFSET),
        "beyond_full_scale": found.peak * (found.peak > BEYOND),
        "silent": found.silence == 1,
        "very_quiet": 20 * log10(found.peak) if SILENT <= found.peak < QUIET else 0,
        "short": found.seconds * (found.seconds < 1),
        "canceled": found.mixed * (found.mixed < MIXED),
        "band_limited": found.band * (found.band <= BAND),
        "unused_seconds": max(0, round(found.seconds - DURATION, 1)),
    }


def remarks(found: AudioStats) -> list[str]:
    """What may spoil a recording, apart from being long, one phrase each, such as "very quiet, peak
    -46.0 dB", "silent", "3 clipped runs", "band-limited to 4000 Hz"."""
    return [_phrase(k, n) for k, n in findings(found).items() if n and k != "unused_seconds"]


def _phrase(key: str, number: float) -> str:
    return FINDINGS[key][1].format(number, s="s" * (number > 1))


def measure(reader: Callable[[Any], Clip], source: Any) -> AudioStats | str:
    """The statistics of one recording, a file, its segment or synthesized, or the reason it is
    unreadable."""
    if not isinstance(source, str | Segment):
        return stats_of([reader(source).signal[:, None]], SAMPLE_RATE, 1, "synthesized")
    try:
        return statistics(source)
    except (OSError, ValueError) as error:
        return problem_of(error)


def statistics(source: str | Segment) -> AudioStats:
    """The statistics of a file or segment as it is stored: resampling would leave traces above a
    band limit. ValueError, OSError: it cannot be read."""
    path, start = (source, None) if isinstance(source, str) else source
    with open_complete(path) as sound:
        rate, coding = sound.samplerate, f"{sound.format} {sound.subtype}"
        n = UNKNOWN if start is None else round(DURATION * rate)
        blocks = read_blocks(path, sound, WINDOWS * max(1, rate // 100), start or 0, n)
        return stats_of(blocks, rate, sound.channels, coding)


def stats_of(blocks: Iterable[np.ndarray], rate: int, n_channels: int, coding: str) -> AudioStats:
    """The statistics of a sound in blocks (n, n_channels), WINDOWS each but for the last."""
    width = max(1, rate // 100)  # samples in 10 ms
    loud, clipped, n = np.zeros((3, n_channels), bool), 0, 0
    total, energy, power = np.zeros(n_channels), np.zeros(2), np.zeros(width + 1)
    window = hann(2 * width)
    tops = list[np.ndarray]()  # the largest sample of each window
    digest = hashlib.sha256(f"{rate} Hz, {n_channels} channels".encode())
    for block in blocks:
        level, x = np.abs(block), block.astype(float)
        loud = np.concatenate([loud[-3:], level >= CLIPPING_LEVEL])  # a run may cross the border
        runs = loud[2:] & loud[1:-1] & loud[:-2]  # a clipped run is a run of these
        clipped += int(np.count_nonzero(runs[1:] > runs[:-1]))
        tops.append(np.maximum.reduceat(level.max(axis=1), range(0, len(block), width)))
        total += x.sum(axis=0)
        energy += np.square(x.mean(axis=1)).sum(), np.square(x).mean(axis=1).sum()
        frames = x[: len(x) // window.size * window.size].T.reshape(-1, window.size)
        power[2:] += power_spectrum(frames * window).sum(axis=0)[2:]  # an offset leaks to 0 and 1
        digest.update((block + np.float32(0)).data)  # -0 becomes 0
        n += len(block)
    top, offset = np.concatenate(tops), float(np.abs(total / n).max())
    mixed = 10 * log10(max(energy[0] / energy[1], 1e-20)) if energy[1] else 0.0
    band = float(np.flatnonzero(power >= FALL * power.max())[-1] * rate / (2 * width))
    levels = offset, float(np.mean(top < SILENT)), digest.hexdigest(), float(top.max()), mixed
    return AudioStats(rate, n_channels, n / rate, coding, clipped, *levels, band)


def report(
    dataset: Dataset, outcomes: list[AudioStats | str], n_folds: int | None = None, seed: int = 0
) -> dict[str, Any]:
    """All findings, JSON-serializable; outcomes: what measure returns for each source."""
    pairs = list(zip(dataset.names, outcomes, strict=True))
    stats = {name: found for name, found in pairs if not isinstance(found, str)}
    numbers = {name: findings(found) for name, found in stats.items()}
    readable = [i for i, name in enumerate(dataset.names) if name in stats]
    recordings = {name: parse_name(name)[1] for name in stats}
    n_recordings = len(set(recordings.values()))
    unreadable = [{"clip": name, "reason": why} for name, why in pairs if isinstance(why, str)]
    classes = {
        name: _class_summary([stats[dataset.names[i]] for i in readable if dataset.labels[i] == c])
        for c, name in enumerate(dataset.classes)
    }
    bands = {name: row["band"] for name, row in classes.items() if row["clips"]}
    low = {name: band for name, band in bands.items() if band <= BAND}
    return {
        "clips": len(dataset),
        "unreadable": unreadable,
        "skipped_files": dataset.skipped_files,
        "sample_rates": dict(Counter(found.rate for found in stats.values()).most_common()),
        "channels": dict(Counter(found.channels for found in stats.values()).most_common()),
        "codings": dict(Counter(found.coding for found in stats.values()).most_common()),
        **_summary(stats.values()),
        "total_seconds": sum(found.seconds for found in stats.values()),
        **{key: {n: each[key] for n, each in numbers.items() if each[key]} for key in FINDINGS},
        "duplicates": groups({name: found.digest for name, found in stats.items()}),
        "classes": classes,
        "band_limited_classes": low if len(low) < len(bands) else {},
        "recordings": {"number": n_recordings, "cut_into_several_clips": groups(recordings)},
        "folds": _folds(dataset, readable, n_folds, seed),
    }


def _class_summary(found: Collection[AudioStats]) -> dict[str, Any]:
    """The recordings of one class: clips, lengths, silence, clipped ones, the median band limit
    (Hz; None without stats) and the sample rates."""
    return {
        "clips": len(found),
        **_summary(found),
        "clipped": sum(each.clipped > 0 for each in found),
        "band": float(np.median([each.band for each in found])) if found else None,
        "sample_rates": dict(Counter(each.rate for each in found)),
    }


def _summary(stats: Collection[AudioStats]) -> dict[str, Any]:
    """Minimum, median and maximum seconds, mean proportion of silence; None without stats."""
    if not stats:
        return {"seconds": None, "silence": None}
    seconds = [found.seconds for found in stats]
    spread = {"least": min(seconds), "median": float(np.median(seconds)), "most": max(seconds)}
    return {"seconds": spread, "silence": float(np.mean([found.silence for found in stats]))}


def groups(keys: dict[str, str]) -> list[list[str]]:
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
    n, parts = len(clips.classes), {k: clips.labels[folds.fold_of == k] for k in folds.numbers}
    sizes = {k: np.bincount(labels, minlength=n).tolist() for k, labels in parts.items()}
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
    columns = ["class", "clips", "seconds", "silence", "clipped", "clips by fold"]
    by_fold = zip(*in_folds.values(), strict=True) if in_folds else [[]] * len(found["classes"])
    rows = [
        [name, row["clips"], *_spread(row), row["clipped"], " ".join(map(str, n))]
        for (name, row), n in zip(found["classes"].items(), by_fold, strict=True)
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
    return {
        "exact duplicates (the same samples)": [
            " = ".join(group) + f" (in {n} classes)" * (n > 1)
            for group in found["duplicates"]
            for n in [len({name.split("/")[0] for name in group})]
        ],
        "cut from one recording, according to their names": [
            ", ".join(group[:LISTED]) + f", … ({len(group)})" * (len(group) > LISTED)
            for group in cut
        ],
        **{
            title: [f"{name}: {_phrase(key, number)}" for name, number in found[key].items()]
            for key, (title, _) in FINDINGS.items()
        },
        "classes band-limited unlike the others, which a network may learn instead of the sound": [
            f"{name}: {limit:.0f} Hz (sample rates: {', '.join(map(str, rates))})"
            for name, limit in found["band_limited_classes"].items()
            for rates in [found["classes"][name]["sample_rates"]]
        ],
        "skipped files": [f"{n} ({k})" for k, ns in skipped for n in ns],
        "cannot be read": [problem["reason"] for problem in found["unreadable"]],
    }


def _spread(found: dict[str, Any]) -> tuple[str, str]:
    """The seconds, from minimum to maximum, and the silence in percent."""
    if found["seconds"] is None:
        return "", ""
    low, high = (f"{found['seconds'][key]:.4g}" for key in ("least", "most"))
    return low if low == high else f"{low} to {high}", f"{found['silence']:.1%}"

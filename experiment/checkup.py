"""The checkup: what recordings are like, before anything is learnt from them.

Before it: folds.py. After it: people.py. Chapter 13.

Every recording is read to its end, also what lies beyond the five seconds that a clip keeps, a
piece at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from mfcc.audio import SAMPLE_RATE, opened, refuse_broken

from .dataset import Clip, Dataset
from .extraction import Problem, in_order, reason
from .folds import KINDS, find_folds

FULL = 0.99  # of full scale; 127/128, the most that 8 bits hold, is above
SILENT = 1e-3  # of full scale, -60 dB
OFFSET = 0.01  # of full scale
LISTED = 20  # lines of a list in the text; JSON has all


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
    """A recording in pieces (n, channels) of 10 s, so that windows do not cross their ends."""
    while len(piece := sound.read(1000 * _window(sound.samplerate), "float64", always_2d=True)):
        yield piece


def measure(pieces: Iterable[np.ndarray], rate: int, coding: str) -> tuple[Facts, int, int]:
    """The facts of a sound in pieces (n, channels); how many samples it has, how many finite."""
    n = n_finite = n_windows = n_silent = clipped = channels = 0
    peak, total = 0.0, np.zeros(1)
    digest, window = hashlib.sha256(f"{rate} Hz".encode()), _window(rate)
    for piece in pieces:
        digest.update((piece + 0.0).tobytes())  # -0 becomes 0
        finite = np.isfinite(piece).all(axis=1)
        level = np.abs(piece)
        loud = level >= FULL
        windows = np.add.reduceat(level.max(axis=1) >= SILENT, range(0, len(piece), window))
        channels, n, n_finite = piece.shape[1], n + len(piece), n_finite + int(finite.sum())
        peak = max(peak, float(level.max()))
        clipped += int(np.count_nonzero(loud[2:] & loud[1:-1] & loud[:-2]))
        n_windows, n_silent = n_windows + len(windows), n_silent + int(np.sum(windows == 0))
        total = total + piece[finite].sum(axis=0)
    offset = float(np.abs(total).max()) / max(n, 1)
    silence = n_silent / max(n_windows, 1)
    facts = Facts(
        rate, channels, n / rate, coding, peak, clipped, offset, silence, digest.hexdigest()
    )
    return facts, n, n_finite


@dataclass(frozen=True)
class Checkup:
    """What was found of each clip of a dataset; n_folds and seed as find_folds takes them."""

    dataset: Dataset
    found: Sequence[Facts | str]
    n_folds: int | None = None
    seed: int = 0

    @property
    def problems(self) -> list[Problem]:
        """The recordings that cannot be read."""
        pairs = zip(self.dataset.names, self.found, strict=True)
        return [Problem(name, what) for name, what in pairs if isinstance(what, str)]

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """The facts of those that can."""
        pairs = zip(self.dataset.names, self.found, strict=True)
        return {name: what for name, what in pairs if isinstance(what, Facts)}

    @cached_property
    def told(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        facts = self.facts
        lengths = [f.seconds for f in facts.values()]
        return {
            "clips": len(self.dataset),
            "unreadable": [vars(problem) for problem in self.problems],
            "passed_over": self.dataset.passed_over,
            "sample_rates": _counted(f.rate for f in facts.values()),
            "channels": _counted(f.channels for f in facts.values()),
            "codings": _counted(f.coding for f in facts.values()),
            "seconds": _spread(lengths) | {"total": sum(lengths)},
            "clipped": {name: f.clipped for name, f in facts.items() if f.clipped},
            "dc_offset": {name: f.offset for name, f in facts.items() if f.offset > OFFSET},
            "silent": [name for name, f in facts.items() if f.silence == 1],
            "silence": float(np.mean([f.silence for f in facts.values()])) if facts else None,
            "duplicates": _groups({name: f.digest for name, f in facts.items()}),
            "classes": self._classes(),
            **self._folds(),
        }

    def _classes(self) -> dict[str, dict[str, Any]]:
        """Of each class the readable clips, their lengths in s, and the mean share of silence."""
        by_class: dict[str, list[Facts]] = {name: [] for name in self.dataset.classes}
        for label, what in zip(self.dataset.labels, self.found, strict=True):
            if isinstance(what, Facts):
                by_class[self.dataset.classes[label]].append(what)
        return {
            name: {
                "clips": len(facts),
                "seconds": _spread([f.seconds for f in facts]),
                "silence": float(np.mean([f.silence for f in facts])) if facts else None,
                "clipped": sum(f.clipped > 0 for f in facts),
            }
            for name, facts in by_class.items()
        }

    def _folds(self) -> dict[str, Any]:
        """The folds of the readable clips, and which were cut from one recording."""
        kept = [i for i, what in enumerate(self.found) if isinstance(what, Facts)]
        try:
            clips = self.dataset.only(kept)
            folds = find_folds(clips.names, clips.labels, self.n_folds, self.seed)
        except ValueError as error:
            return {"folds": {"impossible": str(error)}, "recordings": None}
        sizes = {
            str(fold): np.bincount(
                clips.labels[folds.of == fold], minlength=len(clips.classes)
            ).tolist()
            for fold in folds.numbers
        }
        cut = _groups(dict(zip(clips.names, folds.recordings, strict=True)))
        return {
            "folds": {"kind": KINDS[folds.kind], "clips_by_class": sizes},
            "recordings": {"number": folds.n_recordings, "cut_into_several_clips": cut},
        }

    def json(self) -> str:
        """For programs."""
        return json.dumps(self.told, indent=2, ensure_ascii=False, allow_nan=False)

    def text(self) -> str:
        """For people."""
        return "\n".join([*self._table(), "", *self._summary(), *self._lists()])

    def _table(self) -> list[str]:
        """A row a class: clips, lengths, silence, clipping, and the clips of each fold."""
        folds = self.told["folds"].get("clips_by_class", {})
        width = max(len("class"), *(len(name) for name in self.dataset.classes))
        columns = f"{'clips':>6}{'seconds':>14}{'silence':>9}{'clipped':>9}"
        head = f"{'class':<{width}}{columns}" + "".join(f"{'fold ' + k:>8}" for k in folds)
        rows = [head, "-" * len(head)]
        for i, (name, row) in enumerate(self.told["classes"].items()):
            lengths, silence = _range(row["seconds"]), _percent(row["silence"])
            cells = f"{row['clips']:>6}{lengths:>14}{silence:>9}{row['clipped']:>9}"
            in_folds = "".join(f"{sizes[i]:>8}" for sizes in folds.values())
            rows.append(f"{name:<{width}}{cells}{in_folds}")
        return rows

    def _summary(self) -> list[str]:
        """What holds for all recordings."""
        told = self.told
        n_readable, recordings = len(self.facts), told["recordings"]
        lines = [
            f"{len(self.dataset.classes)} classes, {told['clips']} recordings,"
            f" {n_readable} of them readable, {told['seconds']['total'] / 60:.1f} minutes",
            f"sample rates: {_listed(told['sample_rates'], ' Hz')}",
            f"channels: {_listed(told['channels'])}",
            f"formats: {_listed(told['codings'])}",
            f"lengths: {_range(told['seconds'])} s, median {_number(told['seconds']['median'])} s",
            f"silence (below -60 dB): {_percent(told['silence'])} of the time;"
            f" {len(told['silent'])} recordings are silent throughout",
        ]
        if recordings is None:
            return [*lines, f"folds: {told['folds']['impossible']}"]
        cut = recordings["cut_into_several_clips"]
        return [
            *lines,
            f"folds: {told['folds']['kind']}",
            f"as the names tell, {sum(map(len, cut))} clips share their recording with another:"
            f" {recordings['number']} recordings in all",
        ]

    def _lists(self) -> list[str]:
        """What should be looked at."""
        told = self.told
        twins = [" = ".join(group) + _across(group) for group in told["duplicates"]]
        offsets = [f"{name}: {offset:.3f}" for name, offset in told["dc_offset"].items()]
        clipped = [f"{name}: in {n} places" for name, n in told["clipped"].items()]
        passed = [
            f"{name} ({kind})" for kind, names in told["passed_over"].items() for name in names
        ]
        return [
            *_list("exact duplicates (the same samples)", twins),
            *_list("clipped (three samples in a row within 1 % of full scale)", clipped),
            *_list(f"DC offset above {OFFSET:g} of full scale", offsets),
            *_list("silent throughout", told["silent"]),
            *_list("passed over, for their names are not those of recordings", passed),
            *_list("cannot be read", [problem.reason for problem in self.problems], None),
        ]


def _list(title: str, lines: Sequence[str], most: int | None = LISTED) -> list[str]:
    """A title with its number of lines, and the first of them; None: all of them."""
    shown = [f"  {line}" for line in lines[:most]]
    hidden = len(lines) - len(shown)
    more = [f"  … and {hidden} more, see --json"] if hidden else []
    return ["", f"{title}: {len(lines)}", *shown, *more] if lines else []


def _counted(values: Iterable[Any]) -> dict[str, int]:
    return {str(value): n for value, n in Counter(values).most_common()}


def _listed(counts: dict[str, int], unit: str = "") -> str:
    return ", ".join(f"{value}{unit} ({n})" for value, n in counts.items())


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"least": None, "median": None, "most": None}
    return {"least": min(values), "median": float(np.median(values)), "most": max(values)}


def _range(spread: dict[str, Any]) -> str:
    low, high = _number(spread["least"]), _number(spread["most"])
    return low if low == high else f"{low} to {high}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _groups(keys: dict[str, str]) -> list[list[str]]:
    """The names that have the same key, where there are several."""
    names = defaultdict(list)
    for name, key in keys.items():
        names[key].append(name)
    return [group for group in names.values() if len(group) > 1]


def _across(group: Sequence[str]) -> str:
    classes = {name.split("/")[0] for name in group}
    return f" (in {len(classes)} classes!)" if len(classes) > 1 else ""

"""The checkup: what a folder of recordings is like, and what is odd in it.

Before it: inspection.py. After it: people.py. Chapter 13.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .dataset import Dataset
from .extraction import Problem
from .folds import KINDS, find_folds, recording
from .inspection import Facts

OFFSET = 0.01  # of full scale, a mean that should be looked at
LISTED = 20  # lines of a list in the text; JSON has all


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
        names = [self.dataset.names[i] for i in kept]
        recordings = [recording(name) for name in names]
        told = {
            "recordings": {
                "number": len(set(recordings)),
                "cut_into_several_clips": _groups(dict(zip(names, recordings, strict=True))),
            }
        }
        try:
            clips = self.dataset.only(kept)
            folds = find_folds(clips.names, clips.labels, self.n_folds, self.seed)
        except ValueError as error:
            return told | {"folds": {"impossible": str(error)}}
        sizes = {
            str(fold): np.bincount(
                clips.labels[folds.of == fold], minlength=len(clips.classes)
            ).tolist()
            for fold in folds.numbers
        }
        return told | {"folds": {"kind": KINDS[folds.kind], "clips_by_class": sizes}}

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
        n_readable = len(self.facts)
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
        cut = told["recordings"]["cut_into_several_clips"]
        return [
            *lines,
            f"folds: {told['folds'].get('kind') or told['folds']['impossible']}",
            f"as the names tell, {sum(map(len, cut))} clips share their recording with another:"
            f" {told['recordings']['number']} recordings in all",
        ]

    def _lists(self) -> list[str]:
        """What should be looked at."""
        told = self.told
        twins = [" = ".join(group) + _across(group) for group in told["duplicates"]]
        offsets = [f"{name}: {offset:.3f}" for name, offset in told["dc_offset"].items()]
        clipped = [f"{name}: in {n} places" for name, n in told["clipped"].items()]
        cut = [", ".join(group) for group in told["recordings"]["cut_into_several_clips"]]
        passed = [
            f"{name} ({kind})" for kind, names in told["passed_over"].items() for name in names
        ]
        return [
            *_list("exact duplicates (the same samples)", twins),
            *_list("cut from one recording, as their names tell", cut),
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

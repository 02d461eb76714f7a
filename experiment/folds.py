"""The folds: which clips are put aside together, to be asked of a network that never heard them.

Before it: extraction.py. After it: inspection.py. Chapter 14.

ESC-10 and ESC-50 name a clip <fold>-<recording>-<take>: 1-100032-A.wav, or 1-100032-A-0.wav with
the number of its class. Two takes of one recording sound alike: put into different folds, the one
gives the other away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from .scenes import N_FOLDS

LEAST = 3  # one is tested; of the others, one by one, the choice is made
_ESC = re.compile(r"(\d+)-(.+)-[A-Z](-\d+)?")
_TAKE = re.compile(r"(.+)-[A-Z](-\d+)?")
KINDS = {
    "official": "the official folds, the first number of each file name",
    "recordings": "folds of our own, stratified, clips of one recording together",
    "clips": "folds of our own, stratified; the names tell nothing of recordings",
}


@dataclass(frozen=True)
class Folds:
    """of[i] is the fold of clip i, (n,) ints; recordings[i] what it was cut from; kind says how
    the folds came about, a key of KINDS."""

    kind: str
    of: np.ndarray
    recordings: list[str]

    @property
    def numbers(self) -> list[int]:
        """The folds, in order."""
        return np.unique(self.of).tolist()

    @property
    def n_recordings(self) -> int:
        """How many recordings the clips were cut from: as many trials are independent."""
        return len(set(self.recordings))


def find_folds(
    names: Sequence[str], labels: np.ndarray, n_folds: int | None = None, seed: int = 0
) -> Folds:
    """The official folds where every name carries one and none was asked for; else n_folds of our
    own (None: five), stratified: each has its share of each class; a recording is never divided.

    names "class/file", labels (n,) ints. seed: of the order in which ties are settled.
    ValueError: a class of fewer recordings than folds.
    """
    official = _official(names)
    recordings = [recording(name) for name in names]
    if n_folds is None and official is not None:
        return Folds("official", official, recordings)
    kind = "recordings" if len(set(recordings)) < len(names) else "clips"
    n_folds = N_FOLDS if n_folds is None else n_folds
    return Folds(kind, _spread(names, labels, recordings, n_folds, seed), recordings)


def folds_at_hand(names: Sequence[str], labels: np.ndarray, seed: int = 0) -> Folds | None:
    """As find_folds, but with fewer than five folds of our own where a class has fewer recordings;
    None where one has a single recording, which no fold could be without."""
    if _official(names) is not None:
        return find_folds(names, labels)
    table, _ = _table(labels, [recording(name) for name in names])
    n_least = int(np.count_nonzero(table, axis=0).min())
    return find_folds(names, labels, min(N_FOLDS, n_least), seed) if n_least > 1 else None


def _official(names: Sequence[str]) -> np.ndarray | None:
    """The first number of each name, (n,) ints; None where one has none, or all have too few."""
    found = [match for name in names if (match := _ESC.fullmatch(PurePosixPath(name).stem))]
    of = np.array([int(match[1]) for match in found])
    return of if len(of) == len(names) and len(np.unique(of)) >= LEAST else None


def recording(name: str) -> str:
    """What a clip was cut from, as far as its name tells; else the clip itself.

    ESC's numbers are those of one archive: the same number in two classes is the same recording.
    Other names are numbered by whoever gave them, most likely anew in each class.
    """
    path = PurePosixPath(name)
    if match := _ESC.fullmatch(path.stem):
        return match[2]
    return f"{path.parent}/{match[1]}" if (match := _TAKE.fullmatch(path.stem)) else name


def _table(labels: np.ndarray, recordings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """How many clips each recording has of each class, (n_recordings, n_classes), and the row of
    each clip, (n,)."""
    _, row_of = np.unique(recordings, return_inverse=True)
    table = np.zeros((row_of.max() + 1, labels.max() + 1), int)
    np.add.at(table, (row_of, labels), 1)
    return table, row_of


def _spread(
    names: Sequence[str], labels: np.ndarray, recordings: list[str], n_folds: int, seed: int
) -> np.ndarray:
    """Recordings in falling size, each to the fold that has least of its class, (n,) from 1."""
    table, group = _table(labels, recordings)
    sizes = table.sum(axis=1)
    scarce = int(np.argmin(np.count_nonzero(table, axis=0)))
    n_scarce = np.count_nonzero(table[:, scarce])
    if n_scarce < n_folds:
        name = names[int(np.argmax(labels == scarce))].split("/")[0]
        raise ValueError(f"{n_folds} folds need as many recordings a class; {name} has {n_scarce}")
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    held, fold_of = np.zeros((n_folds, table.shape[1]), int), np.zeros(len(sizes), int)
    for recording in order:
        main = table[recording].argmax()
        fold = np.lexsort((held.sum(axis=1), held[:, main]))[0]
        held[fold] += table[recording]
        fold_of[recording] = fold + 1
    return fold_of[group]

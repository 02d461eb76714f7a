"""The folds: which clips are put aside together, to be asked of a network that never heard them.

Before it: dataset.py, whose names tell. After it: people.py. Chapter 16.

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

N_FOLDS = 5
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
    stems = [PurePosixPath(name).stem for name in names]
    official = [int(match[1]) for stem in stems if (match := _ESC.fullmatch(stem))]
    recordings = [_recording(stem, name) for stem, name in zip(stems, names, strict=True)]
    if n_folds is None and len(official) == len(names) and len(set(official)) >= LEAST:
        return Folds("official", np.array(official), recordings)
    kind = "recordings" if len(set(recordings)) < len(names) else "clips"
    n_folds = N_FOLDS if n_folds is None else n_folds
    return Folds(kind, _spread(names, labels, recordings, n_folds, seed), recordings)


def _recording(stem: str, name: str) -> str:
    """What a clip was cut from, as far as its name tells; else the clip itself."""
    if match := _ESC.fullmatch(stem):
        return match[2]
    return match[1] if (match := _TAKE.fullmatch(stem)) else name


def _spread(
    names: Sequence[str], labels: np.ndarray, recordings: list[str], n_folds: int, seed: int
) -> np.ndarray:
    """Recordings in falling size, each to the fold that has least of its class, (n,) from 1."""
    _, group, sizes = np.unique(recordings, return_inverse=True, return_counts=True)
    table = np.zeros((len(sizes), int(labels.max()) + 1), int)  # clips of each recording and class
    np.add.at(table, (group, labels), 1)
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

"""Cross-validation folds that keep clips of one recording together. Chapter 14.

ESC-10 and ESC-50 name a clip <fold>-<recording>-<take>: 1-100032-A.wav, or 1-100032-A-0.wav with
the number of its class. Two takes of one recording are similar: in different folds, they would leak
training data into the evaluation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from .scenes import N_FOLDS

MIN_FOLDS = 3  # one test fold; the choice of networks needs two more
_ESC = re.compile(r"(\d+)-(.+)-[A-Z](-\d+)?")
_TAKE = re.compile(r"(.+)-[A-Z](-\d+)?")
KINDS = {
    "official": "the official folds, the first number of each file name",
    "recordings": "stratified, clips of one recording in the same fold",
    "clips": "stratified; the file names do not identify recordings",
}


@dataclass(frozen=True)
class Folds:
    """fold_of[i] is the fold of clip i, (n,) ints; recordings[i] its recording; kind, a key of
    KINDS, how the folds were made."""

    kind: str
    fold_of: np.ndarray
    recordings: list[str]

    @property
    def numbers(self) -> list[int]:
        """The folds, in order."""
        return np.unique(self.fold_of).tolist()

    @property
    def n_recordings(self) -> int:
        """The number of different recordings, that is of independent trials."""
        return len(set(self.recordings))


def find_folds(
    names: Sequence[str], labels: np.ndarray, n_folds: int | None = None, seed: int = 0
) -> Folds:
    """The official folds if every name contains one and n_folds is None; else n_folds (None: five)
    stratified folds that never divide a recording.

    names "class/file", labels (n,) ints. seed: the order in which ties are broken.
    ValueError: a class with fewer recordings than folds.
    """
    official, recordings = _official(names), [recording(name) for name in names]
    if n_folds is None and official is not None:
        return Folds("official", official, recordings)
    kind = "recordings" if len(set(recordings)) < len(names) else "clips"
    fold_of = _stratify(names, labels, recordings, n_folds or N_FOLDS, seed)
    return Folds(kind, fold_of, recordings)


def find_folds_or_none(names: Sequence[str], labels: np.ndarray, seed: int = 0) -> Folds | None:
    """As find_folds, but with fewer folds if a class has fewer than five recordings; None if one
    has a single recording."""
    if _official(names) is not None:
        return find_folds(names, labels)
    table, _ = _table(labels, [recording(name) for name in names])
    n_scarce = int(np.count_nonzero(table, axis=0).min())
    return find_folds(names, labels, min(N_FOLDS, n_scarce), seed) if n_scarce > 1 else None


def _official(names: Sequence[str]) -> np.ndarray | None:
    """The first number of each name, (n,) ints; None if one is missing or they are too few."""
    matches = [match for name in names if (match := _ESC.fullmatch(PurePosixPath(name).stem))]
    fold_of = np.array([int(match[1]) for match in matches])
    complete = len(fold_of) == len(names) and len(np.unique(fold_of)) >= MIN_FOLDS
    return fold_of if complete else None


def recording(name: str) -> str:
    """The recording that a clip was cut from, according to its name; else the clip itself.

    ESC's numbers come from one archive: the same number in two classes is the same recording.
    Other datasets probably restart their numbers in each class.
    """
    path = PurePosixPath(name)
    if match := _ESC.fullmatch(path.stem):
        return match[2]
    return f"{path.parent}/{match[1]}" if (match := _TAKE.fullmatch(path.stem)) else name


def _table(labels: np.ndarray, recordings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The number of clips by recording and class, and the row of each clip in this table, (n,)."""
    _, row_of = np.unique(recordings, return_inverse=True)
    table = np.zeros((row_of.max() + 1, labels.max() + 1), int)
    np.add.at(table, (row_of, labels), 1)
    return table, row_of


def _stratify(
    names: Sequence[str], labels: np.ndarray, recordings: list[str], n_folds: int, seed: int
) -> np.ndarray:
    """Assign recordings, largest first, to the fold with fewest clips of the class: (n,) from 1."""
    table, group = _table(labels, recordings)
    sizes = table.sum(axis=1)
    scarce = int(np.argmin(np.count_nonzero(table, axis=0)))
    n_scarce = np.count_nonzero(table[:, scarce])
    if n_scarce < n_folds:
        name = names[int(np.argmax(labels == scarce))].split("/")[0]
        needed = f"{n_folds} folds need {n_folds} recordings per class"
        raise ValueError(f"{needed}; {name} has {n_scarce}")
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    held, fold_of = np.zeros((n_folds, table.shape[1]), int), np.zeros(len(sizes), int)
    for recording in order:
        main = table[recording].argmax()
        fold = np.lexsort((held.sum(axis=1), held[:, main]))[0]
        held[fold] += table[recording]
        fold_of[recording] = fold + 1
    return fold_of[group]

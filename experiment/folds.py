"""Cross-validation folds that keep clips of one recording together. Chapter 14.

ESC-10 and ESC-50 name a clip <fold>-<recording>-<take>: 1-100032-A.wav, or 1-100032-A-0.wav with
the number of its class. Two takes of one recording are similar: in different folds, they would leak
training data into the evaluation.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from .scenes import N_FOLDS

MIN_FOLDS = 3  # one test fold; the choice of networks needs two more
OFFICIAL = {str(fold) for fold in range(1, N_FOLDS + 1)}  # of ESC-10 and ESC-50
_NAME = re.compile(r"(?:(\d+)-)?(.+)-[A-Z](?:-\d+)?")
_URBANSOUND = re.compile(r"(\d+)-\d-\d+-\d+")  # recording, class, occurrence and slice
_SEGMENT = re.compile(r"@\d+s$")  # of a recording, as data.segmented names it
KINDS = {
    "official": "the official folds, the first number of each file name",
    "recordings": "stratified, clips of one recording in the same fold",
    "clips": "stratified; the file names do not identify recordings",
}


class Folds(NamedTuple):
    """The folds of n clips."""

    kind: str  # a key of KINDS: how they were made
    fold_of: np.ndarray  # (n,) ints
    recordings: list[str]  # of each clip

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
    """The official folds if every name contains one of 1 to 5, they are at least MIN_FOLDS, none
    divides a recording, and n_folds is None; else n_folds (None: five) stratified folds that never
    divide a recording.

    names "class/file", labels (n,) ints. seed: the order in which ties are broken.
    ValueError: a class with fewer recordings than folds, or in a single official fold.
    """
    official, recordings = map(list, zip(*map(parse_name, names), strict=True))
    whole = len(set(zip(official, recordings, strict=True))) == len(set(recordings))
    if n_folds is None and whole and len({*official}) >= MIN_FOLDS and {*official} <= OFFICIAL:
        fold_of = np.array(official, int)
        for label in np.unique(labels):
            if len(set(fold_of[labels == label])) == 1:
                name = names[int(np.argmax(labels == label))].split("/")[0]
                raise ValueError(f"{name} has clips in one official fold only; use --folds")
        return Folds("official", fold_of, recordings)
    kind = "recordings" if len(set(recordings)) < len(names) else "clips"
    fold_of = _stratify(names, labels, recordings, n_folds or N_FOLDS, seed)
    return Folds(kind, fold_of, recordings)


def find_folds_or_none(names: Sequence[str], labels: np.ndarray, seed: int = 0) -> Folds | None:
    """As find_folds, but with fewer folds if a class has fewer than five recordings; None if one
    has a single recording."""
    for n_folds in (None, *range(N_FOLDS, 1, -1)):
        with suppress(ValueError):
            return find_folds(names, labels, n_folds, seed)
    return None


def parse_name(name: str) -> tuple[str | None, str]:
    """The fold, None if the name contains none, and the recording: its number, or else its class
    and its name without suffix.

    ESC's and UrbanSound8K's numbers come from one archive: the same number in two classes is the
    same recording. Other datasets probably restart their numbers in each class.
    """
    path = PurePosixPath(_SEGMENT.sub("", name))
    if match := _URBANSOUND.fullmatch(path.stem):
        return None, match[1]
    match = _NAME.fullmatch(path.stem)
    fold, recording = match.groups() if match else (None, path.stem)
    return fold, recording if fold else f"{path.parent}/{recording}"


def _stratify(
    names: Sequence[str], labels: np.ndarray, recordings: list[str], n_folds: int, seed: int
) -> np.ndarray:
    """Assign recordings, largest first, to the fold with fewest clips of the class: (n,) from 1."""
    _, group = np.unique(recordings, return_inverse=True)
    table = np.zeros((group.max() + 1, labels.max() + 1), int)  # clips by recording and class
    np.add.at(table, (group, labels), 1)
    n_recordings, sizes = np.count_nonzero(table, axis=0), table.sum(axis=1)
    if n_recordings.min() < n_folds:
        name = names[int(np.argmax(labels == n_recordings.argmin()))].split("/")[0]
        fewest = n_recordings.min()
        hint = f"; use --folds {fewest}" if fewest >= MIN_FOLDS else ""
        needed = f"{n_folds} folds need {n_folds} recordings per class"
        raise ValueError(f"{needed}; {name} has {fewest}{hint}")
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    held, fold_of = np.zeros((n_folds, table.shape[1]), int), np.zeros(len(sizes), int)
    for recording in order:
        main = table[recording].argmax()
        fold = np.lexsort((held.sum(axis=1), held[:, main]))[0]
        held[fold] += table[recording]
        fold_of[recording] = fold + 1
    return fold_of[group]

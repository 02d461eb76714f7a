"""People as the yardstick: how they classified the recordings of ESC-10.

Before it: checkup.py. After it: recipes.py. Chapter 14.

4687 answers of people who heard a recording and chose one of the ten classes, 4487 of them right:
people_confusion.csv counts them by class, people_clips.csv by clip, for the 321 clips that were
asked. Source: Piczak (2015), ESC: Dataset for Environmental Sound Classification, §3, whose
authors publish the answers with the dataset.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

_FOLDER = Path(__file__).parent


def people_confusion(classes: Sequence[str]) -> np.ndarray | None:
    """How often people answered which class, (10, 10) ints, rows true; None where the classes are
    not ESC-10's."""
    with open(_FOLDER / "people_confusion.csv", newline="", encoding="utf-8") as file:
        (_, *names), *rows = csv.reader(file)
    if list(classes) != names:
        return None
    return np.array([[int(count) for count in row[1:]] for row in rows])


def people_on(name: str) -> tuple[int, int] | None:
    """(right answers, answers) of people for the clip "class/file"; None where none was asked."""
    with open(_FOLDER / "people_clips.csv", newline="", encoding="utf-8") as file:
        known = {(row["class"], row["clip"]): row for row in csv.DictReader(file)}
    path = PurePosixPath(name)
    row = known.get((path.parent.name, "-".join(path.stem.split("-")[:3])))
    return None if row is None else (int(row["correct"]), int(row["answers"]))

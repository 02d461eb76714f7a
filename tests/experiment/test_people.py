"""People: the published counts, whole and consistent."""

from __future__ import annotations

import csv

from experiment import people
from experiment.people import people_confusion, people_on

ESC10 = (
    *("chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog"),
    *("helicopter", "rain", "rooster", "sea_waves", "sneezing"),
)


def test_people_were_right_in_957_of_1000_answers() -> None:
    """4687 answers, 4487 right, 95.7 %; the clips' counts add up to the matrix, class by class."""
    matrix = people_confusion(ESC10)
    assert matrix is not None and matrix.shape == (10, 10)
    assert matrix.sum() == 4687 and matrix.trace() == 4487
    with open(people._FOLDER / "people_clips.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 321
    for i, name in enumerate(ESC10):
        mine = [row for row in rows if row["class"] == name]
        assert sum(int(row["correct"]) for row in mine) == matrix[i, i]
        assert sum(int(row["answers"]) for row in mine) == matrix[i].sum()
    assert all(0 <= int(row["correct"]) <= int(row["answers"]) for row in rows)


def test_clips_are_known_under_the_names_of_both_datasets() -> None:
    """ESC-10's 1-19898-A.ogg is ESC-50's 1-19898-A-41.wav; of other clips nothing is known."""
    for name in ("chainsaw/1-19898-A.ogg", "chainsaw/1-19898-A-41.wav"):
        assert people_on(name) == (46, 47)
    for name in ("dog/1-19898-A.ogg", "chainsaw/9-9-Z.ogg", "chainsaw/x.wav"):
        assert people_on(name) is None


def test_other_classes_have_no_yardstick() -> None:
    """Nine classes, or eleven, or others: no matrix."""
    assert people_confusion(ESC10[:9]) is None
    assert people_confusion((*ESC10, "wind")) is None
    assert people_confusion(list(ESC10)) is not None

"""Properties of experiment/output.py and figures.py: text and files have what they were given."""

import csv
import json
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment import figures, output
from experiment.data import Clip, Dataset
from experiment.output import Output, output_folder, text_table
from mininet import History
from tests.experiment.program import files_of
from tests.experiment.test_evaluate import ESC10, predicting
from tests.oracles import refusal

HISTORY = History(loss=[2.5, 1.25], accuracy=[0.1, 0.875], learning_rate=[0.01, 0.001])


@given(st.lists(st.lists(st.text("ab1 ", min_size=1), min_size=3, max_size=3), max_size=5))
def test_tables_are_aligned(rows: list[list[str]]) -> None:
    """All lines have one width; the first column is left-aligned, the others right-aligned."""
    head, rule, *lines = text_table(["x", "yy", "zzz"], rows).split("\n")
    assert {len(line) for line in (head, rule, *lines)} == {len(head)} and set(rule) == {"-"}
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(row[0]) and line.endswith(row[2])


def test_class_table_counts_the_clips_of_every_class() -> None:
    """A row a class, the total, and the number of skipped files by kind."""
    labels = np.array([0, 0, 0, 1])
    dataset = Dataset(["dog", "rain"], list("abcd"), labels, "abcd", lambda i: Clip(np.zeros(1)))
    rows = [row.split() for row in output.class_table(dataset).splitlines()]
    assert rows[2:] == [["dog", "3"], ["rain", "1"], ["2", "classes,", "4", "clips"]]
    dataset.skipped_files.update({"not audio": ["c"], "hidden": [".a", ".b"]})
    last = output.class_table(dataset).splitlines()[-1]
    assert last == "skipped files: 2 hidden, 1 not audio"


def test_treatment_and_epoch_lines() -> None:
    """A line for each treatment, also if no clip had it. Of an epoch its number, loss, accuracy and
    rate, and the time left: the time so far, scaled to the epochs left."""
    lines = output.treatment_lines(Counter(cut=3), 5)
    assert [line.split(" to ")[0] for line in lines] == [
        "0 of 5 clips resampled",
        "3 of 5 clips cut",
        "0 of 5 clips padded with zeros at the end,",
    ]
    line = output.epoch_line(HISTORY, 100, seconds=4.0)
    assert " ".join(line.split()) == (
        "epoch 2/100 loss 1.2500 accuracy 0.8750 learning rate 1.00e-03 3:16 left"
    )


def test_confusion_and_score_tables_contain_every_number() -> None:
    """Reading the table gives the matrix back. Of [[3, 1], [2, 4]]: precision 3/5 and 4/5, recall
    3/4 and 4/6, F1 6/9 and 8/11."""
    matrix = np.array([[12, 0, 3], [1, 100, 0], [0, 7, 9]])
    head, _, *rows = output.confusion_table(matrix, ["a", "long name", "c"]).splitlines()
    assert head.split()[-3:] == ["0", "1", "2"]
    np.testing.assert_array_equal([[int(c) for c in row.split()[-3:]] for row in rows], matrix)
    assert [row.split()[1] for row in rows] == ["a", "long", "c"]
    rows = output.score_table(np.array([[3, 1], [2, 4]]), ["a", "b"]).splitlines()[2:]
    assert [row.split() for row in rows] == [
        ["a", "0.600", "0.750", "0.667", "4"],
        ["b", "0.800", "0.667", "0.727", "6"],
    ]


def test_files_contain_what_they_were_given(tmp_path: Path) -> None:
    """history.csv, JSON (null for NaN) and a figure; a table without rows is no file; the figure is
    closed."""
    out = Output(tmp_path, quiet=True)
    out.save_history(HISTORY, "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row.pop("epoch") for row in rows] == ["1", "2"]
    columns = {key: [float(row[key]) for row in rows] for key in rows[0]}
    assert columns == HISTORY.history
    content = {"name": "소리", "loss": [float("nan"), (1.5, -float("inf"))], "n": 1}
    out.save_json(content, "x.json")
    read = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert read == {"name": "소리", "loss": [None, [1.5, None]], "n": 1}
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    out.save_figure(figure, "x.png")
    assert plt.imread(tmp_path / "x.png").std() > 0 and not plt.fignum_exists(figure.number)
    out.save_table([], "empty.csv")
    assert files_of(tmp_path) == {"history.csv", "x.json", "x.png"}


def test_output_folders_without_output_are_removed(tmp_path: Path) -> None:
    """After an error, folders that were created and are empty are removed; others stay."""
    with pytest.raises(RuntimeError), output_folder(tmp_path / "a" / "b"):
        raise RuntimeError
    assert files_of(tmp_path) == set()
    with pytest.raises(RuntimeError), output_folder(tmp_path / "a" / "b") as folder:
        (folder / "result").write_text("")
        raise RuntimeError
    assert (tmp_path / "a" / "b" / "result").exists()
    with output_folder(tmp_path / "kept"):
        pass
    assert (tmp_path / "kept").is_dir()


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """A file in the place of the folder, or above it: a sentence with its path."""
    (tmp_path / "file").write_text("")

    def enter(path: Path) -> None:
        with output_folder(path):
            pytest.fail("the block must not run")

    for path in (tmp_path / "file", tmp_path / "file" / "out"):
        assert refusal(enter, path).startswith(f"cannot write to the folder {path}: ")


def test_names_are_drawable_or_escaped() -> None:
    """ASCII stays; a character of no installed font becomes its escape; no glyph is missing."""
    with plt.rc_context():
        assert figures.drawable(["dog", "rain 1"]) == ["dog", "rain 1"]
        assert figures.drawable(["a\U0010fffd"]) == ["a\\U0010fffd"]
        names = figures.drawable(["비", "雨", "é"])
        assert names[2] == "é" and len(set(names)) == 3
        figure, axes = plt.subplots()
        axes.set_title(" ".join(names))
        figure.canvas.draw()  # a missing glyph would be a warning, which is an error in the tests
        plt.close(figure)


def test_cross_validation_is_drawn_next_to_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With people's matrix the figure has two matrices; the log lists the clips that are wrong with
    more than half of the seeds, and how many people recognized them."""
    names = [f"{ESC10[i % 10]}/1-{i}-A.ogg" for i in range(20)]
    names[0] = "chainsaw/1-19898-A.ogg"
    predicted = np.tile(np.arange(20) % 10, (3, 1))
    predicted[:, 0], predicted[:2, 3], predicted[2, 4] = 5, 8, 1
    result = predicting(list(ESC10), names, predicted)
    people = np.eye(10, dtype=int)
    for shown, normalize in ((people, False), (None, True)):
        figures.draw_cross_validation(result, shown, Output(tmp_path), normalize)
        image = plt.imread(tmp_path / "confusion.png")
        assert (image.shape[1] > 1.7 * image.shape[0]) == (shown is not None)
        text = " ".join(capsys.readouterr().out.split())
        assert "2 clips were misclassified with more than half of the seeds" in text
        assert ("46 of 47" in text) == (shown is not None)
        assert "crying_baby/1-3-A.ogg 2 of 3 sea_waves" in text and "dog/1-4-A" not in text
        assert "held out: accuracy 0.9000 ±" in text and "over 2 folds" in text
    assert files_of(tmp_path) == {
        *("confusion.png", "confusion_normalized.png", "curves.png", "history.csv", "mistakes.csv")
    }
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [float(row["test_loss"]) for row in rows] == [3.0, 1.5]


def test_a_cross_validation_without_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No mistakes.csv; the interval ends at 1."""
    names = [f"{'ab'[i % 2]}/{i}.wav" for i in range(8)]
    result = predicting(["a", "b"], names, np.tile(np.arange(8) % 2, (1, 1)))
    figures.draw_cross_validation(result, None, Output(tmp_path), normalize=False)
    assert files_of(tmp_path) == {"confusion.png", "curves.png", "history.csv"}
    text = capsys.readouterr().out
    assert "0 clips were misclassified" in text and "over 1 seed;" in text and "to 1.000 (4" in text

"""The report: what is said, and files that are whole or not there."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiment import report
from experiment.dataset import Clip, Dataset
from mininet import Dense, History, Sequential, storage

HISTORY = History(loss=[2.5, 1.25], accuracy=[0.1, 0.875], learning_rate=[0.01, 0.001])


def test_class_table_counts_every_class() -> None:
    """One row a class with its count, the total, and what was passed over."""
    labels = np.array([0, 0, 0, 1])
    dataset = Dataset(["dog", "rain"], list("abcd"), labels, "abcd", lambda i: Clip(np.zeros(1)))
    rows = [row.split() for row in report.class_table(dataset).splitlines()]
    assert ["dog", "3"] in rows and ["rain", "1"] in rows
    assert rows[-1] == ["2", "classes,", "4", "clips"]
    dataset.passed_over.update({"hidden": [".a", ".b"], "not audio": ["c"]})
    last = report.class_table(dataset).splitlines()[-1]
    assert last == "files passed over: 2 hidden, 1 not audio"


def test_treatments_are_a_line_each() -> None:
    """How many clips were resampled, cut and padded, also when none was."""
    lines = report.treatment_lines(Counter(cut=3), 5)
    assert [line.split(" to ")[0] for line in lines] == [
        "0 of 5 clips resampled",
        "3 of 5 clips cut",
        "0 of 5 clips padded with zeros at the end,",
    ]


def test_epoch_line_says_where_training_is() -> None:
    """Epoch, loss, accuracy, rate; the time left is the time so far, scaled to the epochs left."""
    line = report.epoch_line(HISTORY, 100, seconds=4.0)
    assert " ".join(line.split()) == (
        "epoch 2/100 loss 1.2500 accuracy 0.8750 learning rate 1.00e-03 3:16 left"
    )


def test_confusion_table_holds_every_count() -> None:
    """Rows are classes by name, columns by number; reading the table gives the matrix back."""
    matrix = np.array([[12, 0, 3], [1, 100, 0], [0, 7, 9]])
    head, *rows = report.confusion_table(matrix, ["a", "long name", "c"]).splitlines()
    assert head.split()[-3:] == ["0", "1", "2"]
    read = [[int(cell) for cell in row.split()[-3:]] for row in rows]
    np.testing.assert_array_equal(read, matrix)
    assert [row.split()[1] for row in rows] == ["a", "long", "c"]
    assert len({len(row) for row in (head, *rows)}) == 1


def test_score_table_holds_precision_recall_and_f1() -> None:
    """Of [[3, 1], [2, 4]]: precision 3/5 and 4/5, recall 3/4 and 4/6, F1 6/9 and 8/11."""
    rows = report.score_table(np.array([[3, 1], [2, 4]]), ["a", "b"]).splitlines()
    assert rows[1].split() == ["a", "0.600", "0.750", "0.667", "4"]
    assert rows[2].split() == ["b", "0.800", "0.667", "0.727", "6"]


def test_files_hold_what_they_were_given(tmp_path: Path) -> None:
    """history.csv, JSON, a picture and a model read back to what was written."""
    output = report.Output(tmp_path, quiet=True)
    output.history(HISTORY, "history.csv")
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == HISTORY.loss
    assert [float(row["accuracy"]) for row in rows] == HISTORY.accuracy
    assert [float(row["learning_rate"]) for row in rows] == HISTORY.learning_rate
    assert [row["epoch"] for row in rows] == ["1", "2"]
    output.json({"name": "소리", "n": [1, 2.5]}, "x.json")
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {"name": "소리", "n": [1, 2.5]}
    output.json({"loss": [float("nan"), (1.5, -float("inf"))]}, "x.json")
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {"loss": [None, [1.5, None]]}
    network = Sequential([Dense(2, 3, rng=np.random.default_rng(0))])
    output.model(network, "model.npz")
    np.testing.assert_array_equal(
        Sequential.load(tmp_path / "model.npz").params[0], network.params[0]
    )
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    output.picture(figure, "x.png")
    assert plt.imread(tmp_path / "x.png").std() > 0
    assert not plt.fignum_exists(figure.number)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "history.csv",
        "model.npz",
        "x.json",
        "x.png",
    ]


@pytest.mark.parametrize("backend", ["agg", "nonsense"])
def test_matplotlib_is_loaded_meanwhile(backend: str) -> None:
    """In a fresh process the pictures' library is there when the thread has ended; where it cannot
    be loaded the thread ends in silence."""
    code = (
        "import sys, threading; from experiment import report; report.preload_matplotlib()\n"
        "for thread in threading.enumerate():\n"
        "    if thread is not threading.main_thread(): thread.join()\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"MPLBACKEND": backend},
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{backend == 'agg'}\n", "")


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A quiet output prints nothing; another prints the words and the files it wrote."""
    report.Output(tmp_path, quiet=True).say("word")
    report.Output(tmp_path, quiet=True).json({}, "a.json")
    assert capsys.readouterr().out == ""
    report.Output(tmp_path).say("two", "words")
    report.Output(tmp_path).json({}, "a.json")
    assert capsys.readouterr().out == f"two words\nwrote {tmp_path / 'a.json'}\n"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """When writing fails half-way, the file under that name is the old one, and alone."""
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), report.replacing(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half-way")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_the_usual_permissions(tmp_path: Path) -> None:
    """Renaming a temporary file does not leave its private permissions behind."""
    (tmp_path / "usual").write_text("")
    with report.replacing(tmp_path / "ours") as temporary:
        temporary.write_text("")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_output_folders_made_for_nothing_go_again(tmp_path: Path) -> None:
    """Folders made for a run that failed before writing are removed; others stay."""
    with pytest.raises(RuntimeError), report.output_folder(tmp_path / "a" / "b"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RuntimeError), report.output_folder(tmp_path / "a" / "b") as folder:
        (folder / "result").write_text("")
        raise RuntimeError
    assert (tmp_path / "a" / "b" / "result").exists()
    with report.output_folder(tmp_path / "kept"):
        pass
    assert (tmp_path / "kept").is_dir()


def test_what_a_killed_run_left_is_removed_when_nobody_writes_to_it(tmp_path: Path) -> None:
    """Temporary files of two hours ago, with the names that a picture, a table, a model and mininet
    have while they are written, go; those of half an hour ago, which another run may be writing,
    stay."""
    left = []
    for name in ("mfcc.png", "history_of a network.csv", "metrics.json", "model.npz"):
        with report.replacing(tmp_path / name) as temporary:
            left.append(temporary)
    with storage._replacing(tmp_path / "model.npz") as temporary:
        temporary.touch()
        left.append(temporary)
    kept = {path.name for path in tmp_path.iterdir()}
    for path in left:
        aged(path, 2.0)
    young = aged(tmp_path / ".ssc-mfcc.png.abcdefgh", 0.5).name
    with report.output_folder(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {*kept, young}


def test_what_others_left_stays(tmp_path: Path) -> None:
    """However old: files whose names only begin as ours do, folders and links with our names."""
    begun = (".ssc-notes", ".ssc-a.1", ".ssc-mfcc.png.abcdefgh.bak", ".mininet-settings", ".other")
    for name in begun:
        aged(tmp_path / name, 9.0)
    (tmp_path / ".ssc-mfcc.png.folder__").mkdir()
    os.utime(tmp_path / ".ssc-mfcc.png.folder__", (0, 0))
    (tmp_path / ".ssc-mfcc.png.link____").symlink_to(".other")
    os.utime(tmp_path / ".ssc-mfcc.png.link____", (0, 0), follow_symlinks=False)
    before = set(tmp_path.iterdir())
    with report.output_folder(tmp_path):
        pass
    assert set(tmp_path.iterdir()) == before


def aged(path: Path, hours: float) -> Path:
    """An empty file, last written so many hours ago."""
    path.touch()
    moment = time.time() - 3600 * hours
    os.utime(path, (moment, moment))
    return path


def test_an_unwritable_folder_is_refused_by_name(tmp_path: Path) -> None:
    """A file where the folder should be, at its place or above it: a sentence that names it."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "out"):
        with (
            pytest.raises(ValueError, match=f"cannot write to the folder {path}: "),
            report.output_folder(path),
        ):
            pytest.fail("the body must not run")

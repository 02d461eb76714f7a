"""Properties of experiment/output.py and figures.py: text and files have what they were given."""

import json
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import matplotlib.pyplot as plt
import numpy as np
import pytest

from experiment import evaluate, figures
from experiment.data import Clip, Dataset
from experiment.extract import in_background, workers
from experiment.output import Output, open_output, open_run
from experiment.recipes import Model, Reference
from mininet import Dense, History, Sequential
from tests.experiment.program import files_of
from tests.experiment.test_evaluate import predicting, with_mistakes
from tests.oracles import refusal

HISTORY = History(loss=[2.5, 1.25], accuracy=[0.1, 0.875], learning_rate=[0.01, 0.001])


def test_lines_of_text_have_every_number() -> None:
    """A row a class, the total, and the number of skipped files by kind. A line for each step of
    preprocessing that a clip had. Of an epoch its number, loss, accuracy and rate, and the
    time left: the time so far, scaled to the epochs left."""
    labels = np.array([0, 0, 0, 1])
    dataset = Dataset(["dog", "rain"], list("abcd"), labels, "abcd", lambda i: Clip(np.zeros(1)))
    rows = [row.split() for row in figures.class_table(dataset).splitlines()]
    assert rows[2:] == [["dog", "3"], ["rain", "1"], ["2", "classes,", "4", "clips"]]
    dataset.skipped_files.update({"not audio": ["c"], "hidden": [".a", ".b"]})
    last = figures.class_table(dataset).splitlines()[-1]
    assert last == "skipped files: 2 hidden, 1 not audio"
    lines = figures.treatment_text(Counter(cut=3), 5).splitlines()
    assert [line.split(" to ")[0] for line in lines] == [
        "3 of 5 clips cut",
    ]
    line = figures.epoch_line(HISTORY, 100, seconds=4.0)
    assert " ".join(line.split()) == (
        "epoch 2/100 loss 1.2500 accuracy 0.8750 rate 1.00e-03 3:16 left"
    )


def test_training_is_drawn_and_tabulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """history.csv has the history. The matrix is read back from the log; of [[3, 1], [2, 4]] the
    precision is 3/5 and 4/5, the recall 3/4 and 4/6, F1 6/9 and 8/11."""
    layer = Dense.from_parameters(np.eye(2), np.zeros(2))
    model = Model(Reference(), ["a", "long name"], {0: Sequential([layer])}, 1.0, None)
    matrix = np.array([[3, 1], [2, 4]])
    figures.draw_training(model, [HISTORY], matrix, Output(tmp_path), normalize=False)
    assert files_of(tmp_path) == {"confusion.png", "curves.png", "history.csv", "network.png"}
    table = np.genfromtxt(tmp_path / "history.csv", delimiter=",", names=True)
    assert table.dtype.names == ("epoch", *HISTORY.history) and table["epoch"].tolist() == [1, 2]
    assert {name: table[name].tolist() for name in HISTORY.history} == HISTORY.history
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["0", "a", "3", "1"] in lines and ["1", "long", "name", "2", "4"] in lines
    assert ["a", "0.600", "0.750", "0.667", "4"] in lines
    assert ["long", "name", "0.800", "0.667", "0.727", "6"] in lines


def test_json_has_null_for_nan(tmp_path: Path) -> None:
    """And for infinities; names keep their characters."""
    content = {"name": "소리", "loss": [float("nan"), (1.5, -float("inf"))], "n": 1}
    Output(tmp_path).save_json(content, "x.json")
    read = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert read == {"name": "소리", "loss": [None, [1.5, None]], "n": 1}
    assert files_of(tmp_path) == {"x.json"}


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """A file in the place of the folder, or above it: a sentence with its path. A folder in the
    place of a result: the system's error, before the run."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "out"):
        message = refusal(open_output(path).__enter__)
        assert message.startswith(f"cannot write to the folder {path}: ")
    (tmp_path / "o" / "mfcc.png").mkdir(parents=True)
    with pytest.raises(OSError, match=r"mfcc\.png"), open_run(tmp_path / "o"):
        pytest.fail("the run began")


def test_a_run_takes_a_new_folder_or_moves_an_earlier_one_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path: out, out-2, …, whatever is in them. With one: the files of an earlier run are
    in previous/, those of the run before are gone; a run without a model or results does not
    replace them; other files stay. While a run writes into a folder, another is refused. The log is
    in the folder as well."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out-2").write_text("a file")
    for name in ("out", "out-3", "out-4"):
        with open_run(None, quiet=True) as output:
            assert output.folder == Path(name) and (tmp_path / name).is_dir()
            message = refusal(open_run(Path(name)).__enter__)
            assert message == f"another run is writing into the folder {name}"
            output.log("one")
            output.save(b"", "mfcc.png")
        assert (
            (tmp_path / name / "log.txt")
            .read_text()
            .startswith(f"writing into the folder {name}\none\n")
        )
    for name in ("mine.txt", "holiday.png"):
        (tmp_path / "out" / name).touch()
    for run in range(4):
        with open_run(Path("out"), quiet=True) as output:
            output.save(f"{run}".encode(), "model.npz" if run < 2 else "curves.png")
    assert files_of(tmp_path / "out") == {"mine.txt", "holiday.png", "previous", "curves.png"}
    assert files_of(tmp_path / "out" / "previous") == {"model.npz"}
    assert (tmp_path / "out" / "previous" / "model.npz").read_text() == "1"
    for name in ("metrics.json", "curves.png"):  # a model is not replaced by results without one
        with open_run(Path("out"), quiet=True) as output:
            output.save(b"", name)
    assert files_of(tmp_path / "out" / "previous") == {"model.npz"}
    assert files_of(tmp_path / "out" / "previous-2") == {"metrics.json"}


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
    """For the classes of ESC-10 the figure has two matrices; the log lists the clips that are wrong
    for more than half of the seeds, and how many people recognized them. Without mistakes there is
    no mistakes.csv, and the interval ends at 1. A single seed has no standard deviation."""
    names = [f"{'ab'[i % 2]}/{i}.wav" for i in range(8)]
    perfect = predicting("ab", names, np.tile(np.arange(8) % 2, (1, 1)))
    texts, summaries = list[str](), list[str]()
    for name, (trials, folds, features) in (("esc10", with_mistakes()), ("ab", perfect)):
        metrics, curves = evaluate.metrics(trials, folds, features), evaluate.mean_curves(trials)
        results = {"held_out": metrics, "classes": features.classes}
        (tmp_path / name).mkdir()
        out, normalize = Output(tmp_path / name), name == "esc10"
        figures.draw_cross_validation(results, curves, out, normalize)
        image = plt.imread(tmp_path / name / "confusion.png")
        assert (image.shape[1] > 1.7 * image.shape[0]) == (name == "esc10")
        texts.append(" ".join(capsys.readouterr().out.split()))
        summaries.append(figures.summary(metrics))
    title = "clips misclassified for more than half of the seeds"
    assert f"{title}: 2 clip wrong predicted people right" in texts[0]
    assert "46 of 47" in texts[0] and "dog/1-4-A" not in texts[0]
    assert "crying_baby/1-3-A.ogg 2 of 3 sea_waves" in texts[0]
    assert "held out: accuracy 0.9000 ±" in summaries[0] and "over 2 folds" in summaries[0]
    assert f"{title}: 0" in texts[1]
    assert "held out: accuracy 1.0000 ± 0.0000 over 2 folds; loss" in summaries[1]
    assert "to 1.000, from 4" in summaries[1] and "±" not in figures.fold_line(
        perfect[0][:1], Reference()
    )
    files = {"confusion.png", "curves.png", "history.csv", "reliability.png"}
    assert files_of(tmp_path / "ab") == files
    assert files_of(tmp_path / "esc10") == files | {"confusion_normalized.png", "mistakes.csv"}
    table = np.genfromtxt(tmp_path / "esc10" / "history.csv", delimiter=",", names=True)
    assert (table["epoch"].tolist(), table["test_loss"].tolist()) == ([1, 2], [3.0, 1.5])


def test_grids_show_a_limited_number_of_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 32 classes the first 30; the log says so."""
    grid = Mock(side_effect=lambda *args, **names: plt.figure())
    monkeypatch.setattr("mfcc.display.mfcc_grid", grid)
    monkeypatch.setattr("mfcc.display.vector_grid", grid)
    names, labels = [f"c{i:02}/x.wav" for i in range(32)], np.arange(32)
    features = evaluate.Features([np.ones((32, 1, 26))], names, labels, [n[:3] for n in names])
    figures.draw_features(figures.first_clips(features), Reference(), Output(tmp_path))
    images, shown, classes = grid.call_args_list[0].args
    assert len(images) == len(shown) == len(classes) == 30 and classes[-1] == "c29"
    assert "mfcc.png and features.png show the first 30 of 32 classes" in capsys.readouterr().out


def test_a_worker_draws_the_same_pictures(tmp_path: Path) -> None:
    """A worker writes the same files as this process, and its exceptions are raised."""
    views = np.random.default_rng(0).standard_normal((5, 1, 1, 26))
    features = evaluate.Features([views], list("abcde"), np.array([0, 0, 1, 1, 1]), ["A", "B"])
    (tmp_path / "two").mkdir()
    figures.draw_features(features, Reference(), Output(tmp_path))
    with workers(2) as executor:
        with in_background(executor) as draw:
            draw(figures.draw_features, features, Reference(), Output(tmp_path / "two"))
        with pytest.raises(FileNotFoundError, match=r"mfcc\.png"), in_background(executor) as draw:
            draw(figures.draw_features, features, Reference(), Output(tmp_path / "no"))
    for name in ("mfcc.png", "features.png"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "two" / name).read_bytes()

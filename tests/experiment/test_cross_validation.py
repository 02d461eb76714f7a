"""The whole program on held-out clips: --cv, --recipe improved, predict with either model."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tests import sounds

import ssc
from experiment import held_out, models
from experiment.dataset import Clip, Dataset, read_clip
from experiment.evaluation import Curve, Trial
from experiment.folds import Folds
from experiment.held_out import HeldOut
from experiment.improved import Improved
from experiment.recipes import Features
from mininet import Ensemble, History, Sequential, cross_entropy, wilson_interval

ESC10 = (
    *("chainsaw", "clock_tick", "crackling_fire", "crying_baby", "dog"),
    *("helicopter", "rain", "rooster", "sea_waves", "sneezing"),
)


@pytest.fixture(scope="module")
def category(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of six short WAV files, three official folds."""
    folder = sounds.category(tmp_path_factory.mktemp("data"), n_clips=6)
    for path in sorted(folder.glob("*/*.wav")):
        _, recording, take = path.stem.split("-")
        name = f"{int(recording) % 3 + 1}-{path.parent.name}{recording}-{take}.wav"
        path.rename(path.with_name(name))
    return folder


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The program in this process: what it printed."""
    assert ssc.main(arguments) == 0
    return capsys.readouterr().out


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_cross_validation_of_the_reference(
    category: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--cv: a line a fold, scores, interval and mistakes; files that agree with what is said; the
    numbers of metrics.json agree with each other."""
    arguments = ["--data", str(category), "--cv", "--repeats", "2", "--epochs", "2", "--out"]
    text = " ".join(run([*arguments, str(tmp_path / "o"), "--normalize"], capsys).split())
    expected = ["confusion.png", "confusion_normalized.png", "curves.png", "history.csv"]
    assert [n for n in files(tmp_path / "o") if n != "mistakes.csv"] == [*expected, "metrics.json"]
    metrics = json.loads((tmp_path / "o" / "metrics.json").read_text())
    told = metrics["held_out"]
    table = np.array(told["by_fold_and_seed"])
    assert table.shape == (3, 2)
    assert told["folds"] == pytest.approx(table.mean(axis=1))
    assert told["seeds"] == pytest.approx(table.mean(axis=0))
    assert told["mean"] == pytest.approx(table.mean())
    assert told["std"] == pytest.approx(table.mean(axis=1).std())
    assert told["seeds_std"] == pytest.approx(table.mean(axis=0).std())
    confusion = np.array(told["confusion"])
    np.testing.assert_array_equal(confusion.sum(axis=1), [12, 12, 12])  # six clips, two seeds
    share = confusion.trace() / confusion.sum()
    assert share == pytest.approx(told["mean"])
    assert told["interval_95"] == list(wilson_interval(share, 18))
    assert set(told["scores"]) == {"high", "hiss", "low"}
    assert told["kind"].startswith("the official folds")
    assert told["chosen"] == [["MFCCs"]] * 3
    assert metrics["settings"]["recipe"] == "reference"
    assert metrics["settings"]["training"]["epochs"] == 2 and metrics["settings"]["repeats"] == 2
    for words in (
        "3 folds: the official folds",
        "features, MFCCs: (18, 1, 6513)",
        "fold 1: 6 clips",
        "fold 3: 6 clips",
        "class precision recall F1",
        f"held out: accuracy {told['mean']:.4f} ± {told['std']:.4f} over 3 folds",
        "(18 recordings)",
        "on the training parts: accuracy",
    ):
        assert words in text, words
    with open(tmp_path / "o" / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [float(row["test_loss"]) for row in rows] == told["curves"]["MFCCs"]["test"]["loss"]
    assert plt.imread(tmp_path / "o" / "curves.png").std() > 0.01
    run([*arguments, str(tmp_path / "p"), "--quiet"], capsys)
    assert json.loads((tmp_path / "p" / "metrics.json").read_text())["held_out"] == told


def test_cross_validation_of_the_improved_recipe(
    category: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--recipe improved --cv: three classes that a child can tell apart are told apart; it says
    which networks were chosen; --folds makes folds of our own."""
    quick = replace(Improved(), epochs=15)
    monkeypatch.setattr(ssc, "recipe_of", lambda options: quick)
    arguments = ["--data", str(category), "--cv", "--recipe", "improved", "--folds", "4"]
    text = run([*arguments, "--repeats", "1", "--out", str(tmp_path)], capsys)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert "4 folds: folds of our own, stratified" in text and "; chosen: " in text
    assert metrics["held_out"]["mean"] > 0.8
    assert metrics["settings"]["folds"] == 4 and metrics["settings"]["dropout"] == 0.3
    assert "model.npz" not in files(tmp_path)


@pytest.fixture(scope="module")
def improved(category: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the improved recipe."""
    out = tmp_path_factory.mktemp("improved")
    arguments = ["--data", str(category), "--recipe", "improved", "--out", str(out), "--quiet"]
    assert ssc.main([*arguments, "--normalize"]) == 0
    return out


def test_the_improved_recipe_trains_on_all_clips(improved: Path) -> None:
    """A model, a picture of each network and of its curves, the matrix and the numbers."""
    metrics = json.loads((improved / "metrics.json").read_text())
    ensemble = Ensemble.load(improved / "model.npz")
    names = [Improved.networks[k] for k in ensemble.metadata["chosen"]]
    expected = ["confusion.png", "confusion_normalized.png", "metrics.json", "model.npz"]
    for name in names:
        expected += [f"curves_{name}.png", f"history_{name}.csv", f"network_{name}.png"]
    assert files(improved) == sorted(expected)
    assert metrics["train"]["accuracy"] == 1.0 and np.trace(metrics["confusion"]) == 18
    assert metrics["settings"]["recipe"] == "improved" and metrics["settings"]["epochs"] == 60


def test_predict_answers_with_either_recipe(
    improved: Path, category: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model of the improved recipe, in one file, gives every clip its class back; one of the
    reference gives the probabilities of its network."""
    clips = sorted(category.glob("*/*.wav"))[::5]
    text = run(["predict", str(improved / "model.npz"), *map(str, clips)], capsys).splitlines()
    for i, clip in enumerate(clips):
        assert text[4 * i] == str(clip)
        assert text[4 * i + 1].split()[1] == clip.parent.name
    arguments = ["--data", str(category), "--out", str(tmp_path), "--epochs", "2", "--quiet"]
    assert ssc.main(arguments) == 0
    model = models.read_model(str(tmp_path / "model.npz"))
    assert model.features == Features() and model.classes == ["high", "hiss", "low"]
    signal = read_clip(clips[0]).signal
    network = Sequential.load(tmp_path / "model.npz")
    expected = network.predict_proba(Features().of(signal).reshape(1, -1))[0]
    np.testing.assert_allclose(model.predict_proba(signal), expected, rtol=1e-5)


@pytest.mark.parametrize(("n_clips", "said"), [(1, "all networks answer"), (3, "on 3 folds: ")])
def test_few_recordings_are_enough_for_the_improved_recipe(
    n_clips: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three of each class: chosen on three folds. One: nothing to choose by, both networks."""
    data = sounds.category(tmp_path, n_clips)
    text = run(["--data", str(data), "--recipe", "improved", "--out", str(tmp_path / "o")], capsys)
    assert said in text
    chosen = Ensemble.load(tmp_path / "o" / "model.npz").metadata["chosen"]
    assert chosen == [0, 1] or n_clips == 3


@pytest.mark.parametrize(
    ("rate", "words"), [("1e30", "is not finite after update"), ("1e8", "answers are not finite")]
)
def test_a_fold_that_diverges_is_named(
    rate: str, words: str, category: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A learning rate at which the loss, or an answer of what was learnt, is no longer finite: the
    sentence says in which fold and with which seed; code 2, nothing written."""
    arguments = ["--data", str(category), "--cv", "--learning-rate", rate, "--epochs", "2"]
    assert ssc.main([*arguments, "--out", str(tmp_path / "o"), "--quiet", "--seed", "4"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ssc: fold 1, seed 4: ") and words in error
    assert error.count("\n") == 1 and not (tmp_path / "o").exists()


def made_up(classes: list[str], names: list[str], answers: np.ndarray) -> HeldOut:
    """A cross-validation of clips of class i % len(classes) with these answers (n_seeds, n)."""
    n, labels = len(names), np.arange(len(names)) % len(classes)
    folds = Folds("clips", np.arange(n) % 2, [str(i) for i in range(n)])
    dataset = Dataset(classes, names, labels, names, lambda name: Clip(np.zeros(1)))
    curve = Curve("a", History([2.0], [0.5], [0.1]), History([3.0], [0.25]))
    trials = []
    for fold in (0, 1):
        tested = np.flatnonzero(folds.of == fold)
        for seed, row in enumerate(answers):
            p = np.full((len(tested), len(classes)), 0.01)
            p[np.arange(len(tested)), row[tested]] = 1 - 0.01 * (len(classes) - 1)
            right = float(np.mean(row[tested] == labels[tested]))
            scores = (cross_entropy(p, labels[tested]), right)
            trials.append(Trial(fold, seed, (0,), tested, p, (0.5, 1.0), scores, [curve]))
    return HeldOut(trials, folds, range(len(answers)), dataset)


def test_mistakes_are_listed_with_what_people_made_of_them(tmp_path: Path) -> None:
    """Of ESC-10's classes each clip that was wrong with any seed, how often, as what, and how many
    people were right; the text names those that were wrong more often than not. The picture sets
    our matrix beside theirs."""
    names = [f"{ESC10[i % 10]}/1-{i}-A.ogg" for i in range(20)]
    names[0] = "chainsaw/1-19898-A.ogg"
    right = np.tile(np.arange(20) % 10, (3, 1))
    answers = right.copy()
    answers[:, 0], answers[:2, 3], answers[2, 4] = 5, 8, 1
    result = made_up(list(ESC10), names, answers)
    rows = held_out.mistakes(result)
    assert [(row["clip"], row["wrong"], row["answered"]) for row in rows] == [
        ("chainsaw/1-19898-A.ogg", 3, "helicopter"),
        ("crying_baby/1-3-A.ogg", 2, "sea_waves"),
        ("dog/1-4-A.ogg", 1, "clock_tick"),
    ]
    assert (rows[0]["people_right"], rows[0]["people_asked"]) == (46, 47)
    assert rows[1]["people_asked"] is None
    text = held_out.mistake_table(rows, with_people=True)
    assert "2 clips were wrong" in text and "dog" not in text
    assert "3 of 3: helicopter; 46 of 47 people were right" in text
    assert "2 of 3: sea_waves; people were not asked" in text
    assert "people" not in held_out.mistake_table(rows, with_people=False)
    from experiment.report import Output

    figures = held_out.tell(result, Output(tmp_path, quiet=True), normalize=False)
    assert figures["mistakes"] == rows
    image = plt.imread(tmp_path / "confusion.png")
    assert image.shape[1] > 1.7 * image.shape[0]  # two matrices wide
    assert "confusion_normalized.png" not in files(tmp_path)
    held_out.tell(result, Output(tmp_path, quiet=True), normalize=True)
    image = plt.imread(tmp_path / "confusion_normalized.png")
    assert image.shape[1] < 1.7 * image.shape[0]  # ours alone


def test_nothing_wrong_is_said_too(tmp_path: Path) -> None:
    """All right: no mistakes, no mistakes.csv, an interval that ends at 1."""
    from experiment.report import Output

    result = made_up(
        ["a", "b"], [f"{'ab'[i % 2]}/{i}.wav" for i in range(8)], np.tile(np.arange(8) % 2, (2, 1))
    )
    figures = held_out.tell(result, Output(tmp_path, quiet=True), normalize=False)
    assert figures["mistakes"] == [] and figures["mean"] == 1.0
    assert figures["interval_95"][1] == 1.0 and figures["interval_95"][0] < 0.8
    assert files(tmp_path) == ["confusion.png", "curves.png", "history.csv"]
    assert held_out.mistake_table([], with_people=True).startswith("0 clips")


def test_too_few_recordings_are_one_sentence(
    category: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seven folds of six recordings a class: code 2, one line, nothing written."""
    arguments = ["--data", str(category), "--cv", "--folds", "7", "--out", str(tmp_path / "o")]
    assert ssc.main([*arguments, "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert "7 folds need as many recordings a class; high has 6" in captured.err
    assert not (tmp_path / "o").exists()


@pytest.mark.recordings
def test_the_improved_recipe_on_real_recordings(recordings: Path, tmp_path: Path) -> None:
    """On the 400 recordings, official folds, two seeds: held out at least 0.87, and in every fold
    both networks are chosen; the clip network hears MFCCs alone and reaches at least 0.845."""
    arguments = ["--data", str(recordings), "--cv", "--recipe", "improved", "--repeats", "2"]
    assert ssc.main([*arguments, "--out", str(tmp_path), "--quiet"]) == 0
    told = json.loads((tmp_path / "metrics.json").read_text())["held_out"]
    assert told["mean"] >= 0.87 and len(told["folds"]) == 5 and len(told["seeds"]) == 2
    assert told["curves"]["clip"]["test"]["accuracy"][-1] >= 0.845
    assert min(told["folds"]) == told["folds"][0]  # fold 1 is always the hardest


@pytest.mark.recordings
def test_the_reference_on_real_recordings(recordings: Path, tmp_path: Path) -> None:
    """The tutorial's recipe on the official folds, two seeds: between 0.36 and 0.46, of two seeds
    of deviation 0.03 each with three deviations more on either side."""
    arguments = ["--data", str(recordings), "--cv", "--repeats", "2", "--out", str(tmp_path)]
    assert ssc.main([*arguments, "--quiet"]) == 0
    told = json.loads((tmp_path / "metrics.json").read_text())["held_out"]
    assert 0.33 <= told["mean"] <= 0.49

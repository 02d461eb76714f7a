"""The whole program: sounds in, a model and its pictures out; after bad input one sentence."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from tests import sounds

import ssc
from experiment import scenes
from experiment.dataset import Clip, Dataset, read_clip, scan
from mfcc import mfcc
from mininet import Sequential

ROOT = Path(ssc.__file__).parent
PICTURES = ("mfcc.png", "features.png", "network.png", "curves.png", "confusion.png")
FILES = (*PICTURES, "history.csv", "metrics.json", "model.npz")
SHORT = ("--epochs", "3", "--batch-size", "5")


def process(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """ssc.py as a process of its own, in the folder cwd."""
    command = [sys.executable, str(ROOT / "ssc.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def category(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of four short WAV files."""
    return sounds.category(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def run(category: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One run of the main job as a process of its own: the folder it wrote, and what it printed."""
    out = tmp_path_factory.mktemp("run") / "deep" / "out"
    finished = process("--data", category, "--out", out, "--normalize", *SHORT, cwd=ROOT)
    assert finished.returncode == 0 and "Traceback" not in finished.stderr
    return out, finished.stdout


def test_the_main_job_writes_every_file(run: tuple[Path, str]) -> None:
    """Five pictures, the normalised matrix, history, metrics and model: these and nothing else."""
    out, _ = run
    expected = sorted([*FILES, "confusion_normalized.png"])
    assert sorted(path.name for path in out.iterdir()) == expected
    for name in PICTURES:
        image = plt.imread(out / name)
        assert image.ndim == 3 and image.std() > 0.01


def test_the_main_job_says_each_step(run: tuple[Path, str], category: Path) -> None:
    """Classes, treatments, shapes, summary, epochs, matrix, scores and the caveat, in order."""
    _, text = run
    position = 0
    for words in (
        "hiss 4",
        "3 classes, 12 clips",
        "0 of 12 clips resampled",
        "0 of 12 clips cut",
        "12 of 12 clips padded",
        "(12, 13, 501)",
        "(12, 6513)",
        "dense_1 (Dense) (None, 500) 3,257,000",
        "epoch 1/3 loss",
        "epoch 3/3 loss",
        "predicted 0 1 2",
        "class precision recall F1",
        "measured on the training set",
    ):
        assert words in " ".join(text.split())[position:], words
        position = " ".join(text.split()).index(words, position)


def test_metrics_agree_with_the_model_and_the_data(run: tuple[Path, str], category: Path) -> None:
    """metrics.json holds what the saved model does on the clips, the settings and the versions."""
    out, text = run
    metrics = json.loads((out / "metrics.json").read_text("utf-8"))
    network = Sequential.load(out / "model.npz")
    files = sorted(category.glob("*/*.wav"))
    x = np.stack([mfcc(read_clip(path).signal, 44100).ravel() for path in files])
    labels = [metrics["classes"].index(path.parent.name) for path in files]
    loss, accuracy = network.evaluate(x, labels)
    # the order of the rows differs, and with it the rounding of float32 sums
    assert metrics["train"]["loss"] == pytest.approx(loss, rel=1e-5)
    assert metrics["train"]["accuracy"] == accuracy
    confusion = np.array(metrics["confusion"])
    assert confusion.trace() / confusion.sum() == pytest.approx(accuracy)
    np.testing.assert_array_equal(confusion.sum(axis=1), [4, 4, 4])
    assert metrics["classes"] == ["high", "hiss", "low"]
    assert metrics["settings"] == {
        "data": str(category),
        "recipe": "reference",
        "n_mfcc": 13,
        "deltas": False,
        "epochs": 3,
        "batch_size": 5,
        "learning_rate": 0.01,
        "decay": 0.9,
        "seed": 0,
    }
    assert metrics["versions"]["numpy"] == np.__version__
    assert metrics["versions"]["ssc"] == ssc.__version__
    assert metrics["seconds"]["features"] > 0 and metrics["seconds"]["training"] > 0
    assert f"accuracy {accuracy:.4f}" in text


def test_history_is_the_decay_per_update(run: tuple[Path, str]) -> None:
    """history.csv has a row an epoch; twelve clips in fives make three updates an epoch."""
    with open(run[0] / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    rates = [float(row["learning_rate"]) for row in rows]
    np.testing.assert_allclose(rates, [0.01 / (1 + 0.9 * t) for t in (0, 3, 6)], rtol=1e-12)


def test_the_same_seed_gives_the_same_weights(
    run: tuple[Path, str], category: Path, tmp_path: Path
) -> None:
    """--seed 0 twice: the same model, byte for byte; --seed 1: another."""
    for seed in ("0", "1"):
        arguments = [
            "--data",
            str(category),
            "--out",
            str(tmp_path / seed),
            "--seed",
            seed,
            "--quiet",
        ]
        assert ssc.main([*arguments, *SHORT]) == 0
    original = (run[0] / "model.npz").read_bytes()
    assert (tmp_path / "0" / "model.npz").read_bytes() == original
    assert (tmp_path / "1" / "model.npz").read_bytes() != original


def test_quiet_and_deltas(
    category: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """--quiet prints nothing, not even a bar; --deltas gives 39 rows to the network."""
    arguments = ["--data", str(category), "--out", str(tmp_path), "--quiet", "--deltas", *SHORT]
    assert ssc.main(arguments) == 0
    captured = capfd.readouterr()
    assert captured.out == "" and captured.err == ""
    first = Sequential.load(tmp_path / "model.npz").params[0]
    assert first.shape == (39 * 501, 500)


def test_any_sound_format_and_length_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ogg, FLAC, MP3, AIFF and upper-case WAV of other rates and lengths train like any folder."""
    for i, suffix in enumerate((".ogg", ".flac", ".mp3", ".aiff", ".WAV")):
        for name, hertz in (("low", 300), ("high", 3000)):
            rate = (22050, 44100, 48000, 16000, 44100)[i]
            signal = sounds.tone(hertz, seconds=(0.5, 5.0, 1.0, 6.0, 5.0)[i], rate=rate)
            sounds.write(tmp_path / "data" / name / f"{i}{suffix}", signal, rate)
    arguments = ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out"), *SHORT]
    assert ssc.main(arguments) == 0
    text = capsys.readouterr().out
    assert "6 of 10 clips resampled" in text
    assert "2 of 10 clips cut" in text


def test_predict_gives_the_three_likeliest_classes(
    run: tuple[Path, str], category: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For each clip: its name, and three classes by falling probability, as the model has them."""
    out, _ = run
    clips = sorted(category.glob("*/*.wav"))[:2]
    assert ssc.main(["predict", str(out / "model.npz"), *map(str, clips)]) == 0
    lines = capsys.readouterr().out.splitlines()
    network = Sequential.load(out / "model.npz")
    for i, clip in enumerate(clips):
        head, *answers = lines[4 * i : 4 * i + 4]
        assert head == str(clip)
        p = network.predict_proba(mfcc(read_clip(clip).signal, 44100).reshape(1, -1))[0]
        shares = [float(answer.split()[0].rstrip("%")) / 100 for answer in answers]
        np.testing.assert_allclose(shares, sorted(p, reverse=True), atol=5.1e-4)
        names = [answer.split()[1] for answer in answers]
        assert names[0] == ["high", "hiss", "low"][p.argmax()] and len(set(names)) == 3


def test_a_model_can_move(
    run: tuple[Path, str], category: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """predict needs nothing but the model file and the clip, in any folder."""
    (tmp_path / "m.npz").write_bytes((run[0] / "model.npz").read_bytes())
    clip = sounds.write(tmp_path / "clip.wav", sounds.tone(2100))
    finished = process("predict", "m.npz", clip, cwd=tmp_path)
    assert finished.returncode == 0 and finished.stdout.count("%") == 3 and finished.stderr == ""


def test_explain_draws_one_clip(category: Path, tmp_path: Path) -> None:
    """explain CLIP writes explain.png into --out and nothing else."""
    clip = next(category.glob("low/*.wav"))
    assert ssc.main(["explain", str(clip), "--out", str(tmp_path / "o"), "--quiet"]) == 0
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["explain.png"]
    assert plt.imread(tmp_path / "o" / "explain.png").std() > 0.01


def test_scenes_are_written_in_the_category_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """scenes DIR writes folders that --data takes, and says so; --seed picks the scenes."""
    monkeypatch.setattr(scenes, "write_scenes", partial(scenes.write_scenes, n_takes=1))
    folder = tmp_path / "s"
    assert ssc.main(["scenes", str(folder), "--seed", "2"]) == 0
    sentence = f"wrote 10 clips under {folder}; train on them: ssc.py --data {folder}\n"
    assert capsys.readouterr().out == sentence
    dataset = scan(folder)
    assert dataset.classes == list(scenes.CLASSES) and len(dataset) == 10
    for i, name in enumerate(dataset.classes):
        np.testing.assert_array_equal(dataset.read(i).signal, scenes.scene(name, 0, seed=2))


def test_without_data_the_scenes_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bare run says that it uses synthetic scenes, made with the seed, and what else it takes."""

    def two_takes(seed: int) -> Dataset:
        names = list(scenes.CLASSES)
        clips = [(name, take) for name in names for take in range(2)]
        labels = np.repeat(np.arange(len(names)), 2)
        return Dataset(
            names,
            [f"{name} {take}" for name, take in clips],
            labels,
            clips,
            lambda clip: Clip(scenes.scene(*clip, seed=seed)),
        )

    monkeypatch.setattr(ssc, "embedded", two_takes)
    assert ssc.main(["--out", str(tmp_path), "--epochs", "1", "--seed", "5"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("No --data given: these are the embedded synthetic scenes.\n")
    assert "ssc.py --data DIR" in text
    settings = json.loads((tmp_path / "metrics.json").read_text())["settings"]
    assert settings["data"] is None and settings["seed"] == 5


def test_show_opens_windows_and_otherwise_no_display_is_needed(
    category: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--show leaves all five pictures open and shows them; without it none stays open."""
    shown: list[int] = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(len(plt.get_fignums())))
    arguments = ["--data", str(category), "--out", str(tmp_path), "--quiet", *SHORT]
    assert ssc.main(arguments) == 0 and shown == [] and plt.get_fignums() == []
    assert ssc.main([*arguments, "--show"]) == 0 and shown == [5]
    plt.close("all")


def bad_data(kind: str, root: Path) -> tuple[list[str], str]:
    """Arguments that make no sense, and what the sentence must say."""
    data = root / "data"
    arguments = ["--data", str(data), "--epochs", "1"]
    if kind == "missing folder":
        return arguments, f"the data folder {data} does not exist"
    sounds.category(root, n_clips=2).rename(data)
    if kind == "no class folders":
        return ["--data", str(data / "low")], f"{data / 'low'} holds no class folders"
    if kind == "one class":
        (root / "single").mkdir()
        (data / "low").rename(root / "single" / "low")
        return ["--data", str(root / "single")], "holds only the class 'low'"
    if kind == "empty class":
        (data / "vacant").mkdir()
        return arguments, f"the class folder {data / 'vacant'} holds no recordings"
    if kind == "unwritable out":
        (root / "file").write_text("")
        out = str(root / "file" / "o")
        return [*arguments, "--out", out], f"cannot write to the folder {out}: Not a directory"
    if kind == "too many MFCCs":
        return [*arguments, "--n-mfcc", "129"], "n_mfcc=129 must be at most n_mels=128"
    raise ValueError(kind)


BAD_DATA = (
    "missing folder",
    "no class folders",
    "one class",
    "empty class",
    "unwritable out",
    "too many MFCCs",
)


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_input_is_one_sentence_and_exit_code_2(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad data: code 2, one line that names the thing, no traceback, nothing written."""
    monkeypatch.chdir(tmp_path)
    arguments, sentence = bad_data(kind, tmp_path)
    assert ssc.main([*arguments, "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("ssc: ") and sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("predict nowhere.npz clip.wav", "nowhere.npz: No such file or directory"),
        ("predict text.npz clip.wav", "text.npz is not a model of this program"),
        ("predict foreign.npz clip.wav", "foreign.npz is not a model of this program"),
        ("explain nowhere.wav", "nowhere.wav: No such file or directory"),
        ("explain text.npz", "text.npz cannot be read as audio"),
    ],
)
def test_bad_files_for_the_other_commands(
    arguments: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A missing or foreign model or clip: code 2 and one sentence that names it."""
    monkeypatch.chdir(tmp_path)
    sounds.write(tmp_path / "clip.wav", sounds.hiss(0))
    (tmp_path / "text.npz").write_text("I am no model.")
    np.savez(tmp_path / "foreign.npz", a=np.zeros(3))
    assert ssc.main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and sentence in captured.err and captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_results_among_the_classes_are_no_class(tmp_path: Path) -> None:
    """--out inside --data, as with --data . and the default: run after run it is passed over."""
    data = sounds.category(tmp_path, n_clips=2)
    arguments = ["--data", str(data), "--out", str(data / "out"), "--quiet", "--epochs", "1"]
    for _ in range(2):
        assert ssc.main(arguments) == 0
        metrics = json.loads((data / "out" / "metrics.json").read_text())
        assert metrics["classes"] == ["high", "hiss", "low"]


def test_predict_refuses_a_bad_clip_before_it_prints(
    run: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bad clip among good ones: nothing is printed but the sentence."""
    good = sounds.write(tmp_path / "good.wav", sounds.hiss(0))
    (tmp_path / "bad.wav").write_text("no sound")
    arguments = ["predict", str(run[0] / "model.npz"), str(good), str(tmp_path / "bad.wav")]
    assert ssc.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "bad.wav cannot be read as audio" in captured.err


def test_an_unknown_flag_ends_the_process_with_2(tmp_path: Path) -> None:
    """As a process: exit code 2, one line on stderr, nothing on stdout, nothing written."""
    finished = process("--dta", "x", cwd=tmp_path)
    assert finished.returncode == 2 and finished.stdout == ""
    assert finished.stderr.count("\n") == 1 and "did you mean --data?" in finished.stderr
    assert os.listdir(tmp_path) == []


def test_interruption_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Ctrl-C ends with 130 and one word, without a traceback."""

    def interrupted(seed: int) -> Dataset:
        raise KeyboardInterrupt

    monkeypatch.setattr(ssc, "embedded", interrupted)
    assert ssc.main(["--quiet", "--out", str(tmp_path / "o")]) == 130
    assert capsys.readouterr().err == "ssc: interrupted\n"
    assert not (tmp_path / "o").exists()


@pytest.mark.recordings
def test_the_reference_experiment_on_real_recordings(recordings: Path, tmp_path: Path) -> None:
    """On the 400 recordings: loss after epoch 1 within 2.17-2.37, after epoch 100 within 1.83-2.07,
    accuracy within 0.45-0.75: mean ± 3 deviations of twenty seeds of one correct program."""
    assert ssc.main(["--data", str(recordings), "--out", str(tmp_path), "--quiet"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    with open(tmp_path / "history.csv", newline="") as file:
        loss = [float(row["loss"]) for row in csv.DictReader(file)]
    assert 2.17 < loss[0] < 2.37 and 1.83 < loss[-1] < 2.07
    assert 0.45 < metrics["train"]["accuracy"] < 0.75
    assert np.array(metrics["confusion"]).sum() == 400

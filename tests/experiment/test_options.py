"""The command line: flags, their defaults, and one sentence for what makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiment.options import parse

DEFAULTS = {
    "data": None,
    "all_classes": False,
    "skip_bad": False,
    "recipe": "reference",
    "cv": False,
    "folds": None,
    "repeats": 5,
    "out": Path("out"),
    "epochs": 100,
    "batch_size": 40,
    "learning_rate": 0.01,
    "decay": 0.9,
    "seed": 0,
    "n_mfcc": 13,
    "deltas": False,
    "jobs": None,
    "normalize": False,
    "show": False,
    "quiet": False,
}


def test_without_arguments_the_reference_experiment_is_run() -> None:
    """No flag: the command is train and every default is the published experiment's."""
    assert vars(parse([], "1")) == {"command": "train", **DEFAULTS}


def test_every_flag_is_taken() -> None:
    """Each flag changes its own option and nothing else."""
    given = "--data d --out o --epochs 2 --batch-size 3 --learning-rate 0.5 --decay 0 --seed 9"
    options = vars(parse([*given.split(), "--n-mfcc", "20", "--deltas", "--normalize"], "1"))
    expected = {"data": "d", "out": Path("o"), "epochs": 2, "batch_size": 3, "learning_rate": 0.5}
    expected |= {"decay": 0.0, "seed": 9, "n_mfcc": 20, "deltas": True, "normalize": True}
    assert options == {"command": "train", **DEFAULTS, **expected}
    given = "--data d --all-classes --recipe improved --cv --folds 3 --repeats 2"
    expected = {"data": "d", "all_classes": True, "recipe": "improved", "cv": True, "folds": 3}
    options = vars(parse(given.split(), "1"))
    assert options == {"command": "train", **DEFAULTS, **expected, "repeats": 2}
    options = vars(parse(["--data", "d", "--skip-bad", "--jobs", "3"], "1"))
    expected = {"data": "d", "skip_bad": True, "jobs": 3}
    assert options == {"command": "train", **DEFAULTS, **expected}
    flags = vars(parse(["--show", "--quiet"], "1"))
    assert flags == {"command": "train", **DEFAULTS, "show": True, "quiet": True}


def test_commands_take_their_own_arguments() -> None:
    """check, predict MODEL CLIP..., explain CLIP, scenes DIR."""
    given = "--data d --all-classes --folds 4 --seed 2 --jobs 1 --json"
    expected = {"data": "d", "all_classes": True, "folds": 4, "seed": 2, "jobs": 1, "json": True}
    assert vars(parse(["check", *given.split()], "1")) == {"command": "check", **expected}
    assert parse(["predict", "m.npz", "--skip-bad", "a.wav"], "1").skip_bad
    options = parse(["predict", "m.npz", "a.wav", "b.wav"], "1")
    assert (options.command, options.model, options.clips) == (
        "predict",
        "m.npz",
        ["a.wav", "b.wav"],
    )
    options = parse(["explain", "a.wav", "--out", "o", "--n-mfcc", "20"], "1")
    assert (options.command, options.clip, options.out, options.n_mfcc) == (
        "explain",
        "a.wav",
        Path("o"),
        20,
    )
    options = parse(["scenes", "d", "--seed", "4", "--quiet"], "1")
    assert (options.command, options.folder, options.seed, options.quiet) == (
        "scenes",
        Path("d"),
        4,
        True,
    )


def test_help_shows_every_flag_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    """--help names each flag, its default, and the other commands."""
    with pytest.raises(SystemExit) as leaving:
        parse(["--help"], "1")
    text = " ".join(capsys.readouterr().out.split())
    assert leaving.value.code == 0
    for name, default in DEFAULTS.items():
        flag = f"--{name.replace('_', '-')}"
        assert flag in text
        if default is not None and default is not False:
            assert f"(default: {default})" in text[text.index(f"{flag} ", text.index("options")) :]
    assert (
        "check" in text
        and "predict MODEL CLIP" in text
        and "explain CLIP" in text
        and "scenes DIR" in text
    )


@pytest.mark.parametrize("command", [[], ["check"], ["predict"], ["explain"], ["scenes"]])
def test_version_is_printed(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints name and version, whatever the command."""
    with pytest.raises(SystemExit) as leaving:
        parse([*command, "--version"], "1.2.3")
    assert leaving.value.code == 0 and capsys.readouterr().out == "ssc 1.2.3\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--dta x", "unrecognized arguments: --dta x; did you mean --data?"),
        ("--epoch=3", "unrecognized arguments: --epoch=3; did you mean --epochs?"),
        ("predcit m.npz", "unrecognized arguments: predcit m.npz; did you mean predict?"),
        ("xyzzy", "unrecognized arguments: xyzzy"),
        ("--epochs 0", "argument --epochs: '0' must be a whole number of at least 1"),
        (f"--epochs 1{400 * '0'}", "argument --epochs: '1000"),
        ("--epochs 2.5", "argument --epochs: '2.5' must be a whole number of at least 1"),
        ("--batch-size -4", "argument --batch-size: '-4' must be a whole number of at least 1"),
        ("--learning-rate 0", "argument --learning-rate: '0' must be a number above 0"),
        ("--learning-rate nan", "argument --learning-rate: 'nan' must be a number above 0"),
        ("--learning-rate inf", "argument --learning-rate: 'inf' must be a number above 0"),
        ("--decay -1", "argument --decay: '-1' must be a number of at least 0"),
        ("--seed x", "argument --seed: 'x' must be a whole number of at least 0"),
        ("--recipe best", "argument --recipe: invalid choice: 'best' (choose from"),
        ("--cv --folds 2", "argument --folds: '2' must be a whole number of at least 3"),
        ("--cv --repeats 0", "argument --repeats: '0' must be a whole number of at least 1"),
        ("--folds 4", "argument --folds: needs --cv"),
        ("--repeats 4", "argument --repeats: needs --cv"),
        ("--repeats 5", "argument --repeats: needs --cv"),
        ("--all-classes", "argument --all-classes: needs --data"),
        ("--skip-bad", "argument --skip-bad: needs --data"),
        ("check --all-classes", "argument --all-classes: needs --data"),
        ("check --cv", "unrecognized arguments: --cv"),
        ("--jobs 0", "argument --jobs: '0' must be a whole number of at least 1"),
        ("--recipe improved --epochs 100", "argument --epochs: needs --recipe reference"),
        ("--recipe improved --n-mfcc 13", "argument --n-mfcc: needs --recipe reference"),
        ("--recipe improved --epochs 3", "argument --epochs: needs --recipe reference"),
        ("--recipe improved --deltas", "argument --deltas: needs --recipe reference"),
        ("--n-mfcc 0", "argument --n-mfcc: '0' must be a whole number of at least 1"),
        ("--data", "argument --data: expected one argument"),
        ("predict m.npz", "the following arguments are required: CLIP"),
        ("explain", "the following arguments are required: CLIP"),
        ("scenes", "the following arguments are required: DIR"),
        ("scenes d --epochs 3", "unrecognized arguments: --epochs 3"),
    ],
)
def test_nonsense_is_one_sentence_and_exit_code_2(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong flag or value ends with code 2 and one line that names it."""
    with pytest.raises(SystemExit) as leaving:
        parse(arguments.split(), "1")
    captured = capsys.readouterr()
    assert leaving.value.code == 2 and captured.out == ""
    assert captured.err.startswith(f"ssc: {sentence}")
    assert captured.err.count("\n") == 1

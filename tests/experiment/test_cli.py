"""Properties of experiment/cli.py: commands, flags, defaults, one sentence for every mistake."""

from pathlib import Path
from typing import Any

import pytest

from experiment.cli import COMMANDS, make_recipe, parse
from experiment.recipes import Improved, Reference

TRAIN = {
    "command": "train",
    "data": None,
    "out": Path("out"),
    "recipe": "reference",
    "seed": 0,
    "folds": None,
    "repeats": 5,
    "jobs": None,
    "cv": False,
    "skip_bad": False,
    "show": False,
    "all_classes": False,
    "normalize": False,
    "quiet": False,
}
CHECK = {"command": "check", "data": "d", "all_classes": True, "folds": 4, "seed": 2, "jobs": 1}
PREDICT = {"command": "predict", "model": "m.npz", "clips": ["a.wav", "b.wav"], "skip_bad": True}
SCENES = {"command": "scenes", "folder": Path("d"), "seed": 4, "quiet": True}
EXPLAIN = {"command": "explain", "clip": "a.wav", "out": Path("o"), "n_mfcc": 20}
ACCEPTED: dict[str, dict[str, Any]] = {
    "": TRAIN,
    "--data d --out o --seed 9": TRAIN | {"data": "d", "out": Path("o"), "seed": 9},
    "--normalize --show --quiet": TRAIN | {"normalize": True, "show": True, "quiet": True},
    "--recipe improved --cv": TRAIN | {"recipe": "improved", "cv": True},
    "--cv --folds 3 --repeats 2": TRAIN | {"cv": True, "folds": 3, "repeats": 2},
    "--data d --all-classes --skip-bad --jobs 3": (
        TRAIN | {"data": "d", "all_classes": True, "skip_bad": True, "jobs": 3}
    ),
    "check --data d --all-classes --folds 4 --seed 2 --jobs 1 --json": CHECK | {"json": True},
    "predict m.npz a.wav b.wav --skip-bad": PREDICT,
    "scenes d --seed 4 --quiet": SCENES,
    "explain a.wav --out o --n-mfcc 20 --show": EXPLAIN | {"show": True, "quiet": False},
}


@pytest.mark.parametrize("arguments", ACCEPTED)
def test_each_flag_sets_its_own_option(arguments: str) -> None:
    """The options are the defaults, but for the given flags."""
    options = vars(parse(arguments.split(), "1"))
    if options["command"] == "train":
        options = {name: options[name] for name in options.keys() - vars(Reference()).keys()}
    assert options == ACCEPTED[arguments]


def test_settings_of_the_reference_recipe_are_flags() -> None:
    """Each flag changes its own setting; without flags the recipe is the published one."""
    assert make_recipe(parse([], "1")) == Reference()
    settings: dict[str, Any] = {"epochs": 2, "batch_size": 3, "n_mfcc": 20, "decay": 0.0}
    for name, value in (settings | {"learning_rate": 0.5}).items():
        words = [f"--{name.replace('_', '-')}", str(value)]
        assert make_recipe(parse(words, "1")) == Reference(**{name: value})
    assert make_recipe(parse(["--deltas"], "1")) == Reference(deltas=True)
    assert make_recipe(parse(["--recipe", "improved"], "1")) == Improved()


COMPLETE = {
    "train": [],
    "check": ["check"],
    "predict": ["predict", "m", "a"],
    "explain": ["explain", "a"],
    "scenes": ["scenes", "d"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_version_are_printed(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows every flag of the command and its default; that of training the other commands;
    --version name and version."""
    words = [] if command == "train" else [command]
    with pytest.raises(SystemExit) as leaving:
        parse([*words, "--help"], "1")
    text = " ".join(capsys.readouterr().out.split())
    assert leaving.value.code == 0
    flags = {"--" + name.replace("_", "-") for name in vars(parse(COMPLETE[command], "1"))}
    positionals = {"--command", "--model", "--clips", "--clip", "--folder"}
    assert COMMANDS[command][1:] in text and all(flag in text for flag in flags - positionals)
    if command == "train":
        defaults = ["out", "reference", "100", "40", "0.01", "0.9", "13", "0", "5"]
        assert all(f"(default: {default})" in text for default in defaults)
        assert all(f" {name} " in text for name in COMMANDS if name != "train")
    with pytest.raises(SystemExit) as leaving:
        parse([*words, "--version"], "1.2.3")
    assert leaving.value.code == 0 and capsys.readouterr().out == "ssc 1.2.3\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--dta x", "unrecognized arguments: --dta x; did you mean --data?"),
        ("--epoch=3", "unrecognized arguments: --epoch=3; did you mean --epochs?"),
        ("predcit m.npz", "unrecognized arguments: predcit m.npz; did you mean predict?"),
        ("xyzzy", "unrecognized arguments: xyzzy (see ssc.py --help)"),
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
        ("--repeats 5", "argument --repeats: needs --cv"),
        ("--all-classes", "argument --all-classes: needs --data"),
        ("--skip-bad", "argument --skip-bad: needs --data"),
        ("check --all-classes", "argument --all-classes: needs --data"),
        ("check --cv", "unrecognized arguments: --cv"),
        ("--jobs 0", "argument --jobs: '0' must be a whole number of at least 1"),
        ("--recipe improved --epochs 100", "argument --epochs: needs --recipe reference"),
        ("--recipe improved --n-mfcc 13", "argument --n-mfcc: needs --recipe reference"),
        ("--recipe improved --decay 0", "argument --decay: needs --recipe reference"),
        ("--recipe improved --deltas", "argument --deltas: needs --recipe reference"),
        ("--n-mfcc 0", "argument --n-mfcc: '0' must be a whole number of at least 1"),
        ("--data", "argument --data: expected one argument"),
        ("predict m.npz", "the following arguments are required: CLIP"),
        ("explain", "the following arguments are required: CLIP"),
        ("scenes", "the following arguments are required: DIR"),
        ("scenes d --epochs 3", "unrecognized arguments: --epochs 3"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the flag, its value and what it must be."""
    with pytest.raises(SystemExit) as leaving:
        parse(arguments.split(), "1")
    captured = capsys.readouterr()
    assert leaving.value.code == 2 and captured.out == ""
    assert captured.err.startswith(f"ssc: {sentence}") and captured.err.count("\n") == 1

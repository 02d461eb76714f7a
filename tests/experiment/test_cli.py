"""Properties of experiment/cli.py: commands, flags, defaults, one sentence for every mistake."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from experiment.cli import COMMANDS, make_recipe, parse
from experiment.recipes import Improved, Reference

SWITCHES = ("all_classes", "cv", "no_report", "normalize", "quiet", "segments", "show", "skip_bad")
TRAIN: dict[str, Any] = {"command": "train", "out": None, "recipe": "reference", "seed": 0}
TRAIN |= {"repeats": 5, **dict.fromkeys(("data", "folds", "jobs", "features", "report_clips"))}
TRAIN |= dict.fromkeys(SWITCHES, False)
CHECK = {"command": "check", "data": "d", "all_classes": True, "folds": 4, "seed": 2, "jobs": 1}
PREDICT = {"command": "predict", "model": "m.npz", "clips": ["a.wav", "b.wav"], "skip_bad": True}
PREDICT |= {"out": None, "json": False, "csv": False}
SCENES = {"command": "scenes", "folder": Path("d"), "seed": 4, "quiet": True}
EXPLAIN = {"command": "explain", "clip": "a.wav", "out": Path("o"), "n_mfcc": 20, "model": "m"}
ACCEPTED: dict[str, dict[str, Any]] = {
    "": TRAIN,
    "--data d --out o --seed 9": TRAIN | {"data": "d", "out": Path("o"), "seed": 9},
    "--normalize --show --quiet": TRAIN | {"normalize": True, "show": True, "quiet": True},
    "--recipe improved --cv": TRAIN | {"recipe": "improved", "cv": True},
    "--cv --folds 3 --repeats 2": TRAIN | {"cv": True, "folds": 3, "repeats": 2},
    "--data d --all-classes --skip-bad --jobs 3": (
        TRAIN | {"data": "d", "all_classes": True, "skip_bad": True, "jobs": 3}
    ),
    "--features f.npy": TRAIN | {"features": "f.npy"},
    "--no-report": TRAIN | {"no_report": True},
    "--report-clips 7": TRAIN | {"report_clips": 7},
    "--data d --segments": TRAIN | {"data": "d", "segments": True},
    "check --data d --all-classes --folds 4 --seed 2 --jobs 1 --json": (
        CHECK | {"json": True, "segments": False}
    ),
    "predict m.npz a.wav b.wav --skip-bad": PREDICT,
    "predict m.npz a.wav b.wav --skip-bad --json --out o": (
        PREDICT | {"json": True, "out": Path("o")}
    ),
    "scenes d --seed 4 --quiet": SCENES,
    "explain a.wav --out o --n-mfcc 20 --model m --show": EXPLAIN | {"show": True, "quiet": False},
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


def ended(arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    """The exit code of a parser that ends the program, stdout and stderr."""
    with pytest.raises(SystemExit) as leaving:
        parse(arguments.split(), "1.2.3")
    return leaving.value.code, *capsys.readouterr()


@pytest.mark.parametrize("arguments", ["", *(a for a in ACCEPTED if a[:1].isalpha())])
def test_help_and_version_are_printed(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows every flag of the command and its default; that of training the other commands;
    --version name and version."""
    options = vars(parse(arguments.split(), "1"))
    command = options.pop("command")
    word = "" if command == "train" else command
    code, text, _ = ended(f"{word} --help", capsys)
    text = " ".join(text.split())
    flags = {"--" + name.replace("_", "-") for name in options}
    assert code == 0 and COMMANDS[command][1:] in text
    assert all(flag in text for flag in flags - {"--model", "--clips", "--clip", "--folder"})
    if command == "train":
        defaults = ["reference", "100", "40", "0.01", "0.9", "13", "0", "5"]
        assert all(f"(default: {default})" in text for default in defaults)
        assert all(f" {name} " in text for name in COMMANDS if name != "train")
    assert ended(f"{word} --version", capsys) == (0, "ssc 1.2.3\n", "")


@pytest.mark.parametrize(
    ("flags", "values", "words"),
    [
        ("--epochs --batch-size --n-mfcc --jobs --repeats", "0 -4 2.5 x", "of at least 1"),
        ("--epochs", f"1{400 * '0'}", "a whole number of at least 1"),
        ("--folds", "2 3.5", "a whole number of at least 3"),
        ("--seed", "-1 x", "a whole number of at least 0"),
        ("--learning-rate", "0 -1 nan inf x", "a number above 0"),
        ("--decay", "-1 nan x", "a number of at least 0"),
    ],
)
def test_numbers_out_of_range_are_rejected(
    flags: str, values: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the flag, its value and what it must be."""
    for flag, value in product(flags.split(), values.split()):
        code, out, message = ended(f"{flag} {value}", capsys)
        assert (code, out, message.count("\n")) == (2, "", 1) and words in message
        assert message.startswith(f"ssc: argument {flag}: '{value}' must be ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--dta x", "unrecognized arguments: --dta x; did you mean --data?"),
        ("--epoch=3", "unrecognized arguments: --epoch=3; did you mean --epochs?"),
        ("predcit m.npz", "unrecognized arguments: predcit m.npz; did you mean predict?"),
        ("check tests", "unrecognized arguments: tests; did you mean --data tests?"),
        ("xyzzy", "unrecognized arguments: xyzzy (see ssc --help)"),
        ("--recipe best", "argument --recipe: invalid choice: 'best' (choose from"),
        ("--folds 4", "argument --folds: requires --cv"),
        ("--repeats 5", "argument --repeats: requires --cv"),
        ("--all-classes", "argument --all-classes: requires --data"),
        ("--skip-bad", "argument --skip-bad: requires --data"),
        ("check --all-classes", "argument --all-classes: requires --data"),
        ("--segments", "argument --segments: requires --data"),
        ("check --cv", "unrecognized arguments: --cv"),
        ("--recipe improved --epochs 100", "argument --epochs: requires --recipe reference"),
        ("--recipe improved --decay 0", "argument --decay: requires --recipe reference"),
        ("--recipe improved --deltas", "argument --deltas: requires --recipe reference"),
        ("--recipe improved --features f.npy", "argument --features: requires --recipe reference"),
        ("--cv --features f.npy", "argument --features: not allowed with --cv"),
        ("--no-report --report-clips 2", "argument --no-report: not allowed with --report-clips"),
        ("--features dog/1.wav", "argument --features: 'dog/1.wav' must end in .npy"),
        ("--data", "argument --data: expected one argument"),
        *(
            (flag, "a path is empty (see")
            for flag in ("--data=", "--out=", "explain a.wav --model=")
        ),
        ("--\x1b[31m", "unrecognized arguments: --\\x1b[31m (see"),
        ("predict m.npz", "the following arguments are required: CLIP"),
        ("predict m.npz a.wav --csv --json", "argument --csv: not allowed with --json"),
        ("explain", "the following arguments are required: CLIP"),
        ("scenes", "the following arguments are required: DIR"),
        ("scenes d --epochs 3", "unrecognized arguments: --epochs 3"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the flag, and the closest one or what is missing."""
    code, out, message = ended(arguments, capsys)
    assert (code, out, message.count("\n")) == (2, "", 1)
    assert message.startswith(f"ssc: {sentence}")

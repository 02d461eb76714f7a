"""The command line: every command, every flag, its default and its bounds. Chapter 13."""

from __future__ import annotations

import argparse
import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NoReturn

from .folds import MIN_FOLDS
from .recipes import RECIPES, Recipe, Reference

OUT = Path("out")
TRAIN = "Classify environmental sounds with MFCCs and a small neural network, written out by hand."
# command: what it does, its positional arguments, its flags
COMMANDS = {
    "train": (
        *(TRAIN, ""),
        "data all-classes skip-bad recipe cv folds repeats out epochs batch-size learning-rate"
        " decay seed n-mfcc deltas jobs normalize show quiet",
    ),
    "check": (
        "describe the recordings and find broken ones",
        "",
        "data all-classes folds seed jobs json",
    ),
    "predict": ("print the most probable classes of each recording", "model clips", "skip-bad"),
    "explain": (
        "draw one recording through every stage of the features",
        "clip",
        "out n-mfcc show quiet",
    ),
    "scenes": ("write the embedded scenes as WAV files", "folder", "seed quiet"),
}
POSITIONALS: dict[str, dict[str, Any]] = {
    "model": {"metavar": "MODEL", "help": "a model.npz written by training"},
    "clips": {"metavar": "CLIP", "nargs": "+", "help": "a recording"},
    "clip": {"metavar": "CLIP", "help": "a recording"},
    "folder": {"metavar": "DIR", "type": Path, "help": "folder to write into"},
}
SWITCHES = {
    "all-classes": "all fifty classes of the ESC-50 repository, not only the ten of ESC-10",
    "skip-bad": "continue without the recordings that cannot be read, and list them",
    "cv": "cross-validate on held-out clips; no model is kept",
    "deltas": "stack deltas and delta-deltas below the MFCCs: three times the rows",
    "normalize": "also draw the confusion matrix with each row divided by its sum",
    "show": "open the figures in windows",
    "quiet": "print errors only",
    "json": "print JSON, for programs",
}
# flag: type, smallest value, default as --help shows it, what it is
NUMBERS: dict[str, tuple[type, float, Any, str]] = {
    "epochs": (int, 1, Reference.epochs, "passes over all clips"),
    "batch-size": (int, 1, Reference.batch_size, "clips a batch"),
    "learning-rate": (
        float,
        math.ulp(0),
        Reference.learning_rate,
        "learning rate of the first update",
    ),
    "decay": (float, 0, Reference.decay, "update t has the learning rate divided by 1 + decay·t"),
    "n-mfcc": (int, 1, Reference.n_mfcc, "MFCCs in each frame"),
    "seed": (int, 0, 0, "the same random seed reproduces the run"),
    "repeats": (int, 1, 5, "with --cv: number of seeds, counting from --seed"),
    "folds": (int, MIN_FOLDS, "the official ones, else 5", "number of stratified folds"),
    "jobs": (int, 1, "one a core if there are many recordings", "processes that read recordings"),
}
OTHERS: dict[str, dict[str, Any]] = {
    "data": {
        "metavar": "DIR",
        "help": "one folder of recordings a class (default: synthetic scenes)",
    },
    "out": {
        "metavar": "DIR",
        "type": Path,
        "default": OUT,
        "help": "folder for the results (default: out)",
    },
    "recipe": {
        "choices": list(RECIPES),
        "default": Reference.name,
        "help": "the published network, or two small ones, averaged (default: reference)",
    },
}
SETTINGS = [field.name for field in fields(Reference)]  # flags of the reference recipe


class Parser(argparse.ArgumentParser):
    """The parser of one command: flags are not abbreviated, an error is one sentence."""

    def __init__(self, command: str) -> None:
        does, positionals, flags = COMMANDS[command]
        others = [
            f"  {name:<8} {text}" for name, (text, _, _) in COMMANDS.items() if name != "train"
        ]
        is_train = command == "train"
        super().__init__(
            prog="ssc.py" if is_train else f"ssc.py {command}",
            description=f"{does[0].upper()}{does[1:].rstrip('.')}.",
            epilog="\n".join(["other commands:", *others]) if is_train else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        for name in positionals.split():
            self.add_argument(name, **POSITIONALS[name])
        for name in flags.split():
            if name in SWITCHES:
                self.add_argument(f"--{name}", action="store_true", help=SWITCHES[name])
            elif name in NUMBERS:
                kind, least, default, text = NUMBERS[name]
                help_text = f"{text} (default: {default})"
                self.add_argument(
                    f"--{name}", metavar="N", type=_number(kind, least), help=help_text
                )
            else:
                self.add_argument(f"--{name}", **OTHERS[name])

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and a sentence, which suggests the flag that was meant."""
        known = [flag for action in self._actions for flag in action.option_strings] + [*COMMANDS]
        words = message.split(": ")[-1].split() if message.startswith("unrecognized") else []
        close = [difflib.get_close_matches(word.split("=")[0], known, n=1) for word in words]
        hint = next((f"; did you mean {found[0]}?" for found in close if found), "")
        self.exit(2, f"ssc: {message}{hint} (see {self.prog} --help)\n")


def parse(arguments: Sequence[str], version: str) -> argparse.Namespace:
    """The options; .command is "train" unless the first word is another command.

    Exits with code 2 and one sentence if the arguments make no sense.
    """
    command = arguments[0] if arguments and arguments[0] in COMMANDS else "train"
    parser = Parser(command)
    parser.add_argument("--version", action="version", version=f"ssc {version}")
    words = arguments[1:] if arguments[:1] == [command] else arguments
    options = parser.parse_args(words, argparse.Namespace(command=command))
    given = {k for k, value in vars(options).items() if value is not None and value is not False}
    is_reference = getattr(options, "recipe", "") == Reference.name
    rules: list[tuple[Sequence[str], bool, str, str]] = [
        (["all_classes", "skip_bad"], "data" in given, "--data", "train check"),
        (["folds", "repeats"], "cv" in given, "--cv", "train"),
        (SETTINGS, is_reference, "--recipe reference", "train"),
    ]
    for names, has_effect, needed, commands in rules:
        useless = [name.replace("_", "-") for name in names if name in given]
        if command in commands.split() and useless and not has_effect:
            parser.error(f"argument --{useless[0]}: needs {needed}")
    for name in ("seed", "repeats"):  # the others default to the recipe's settings, or depend
        if name in vars(options) and name not in given:
            setattr(options, name, NUMBERS[name][2])
    return options


def make_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe with the requested settings."""
    if options.recipe != Reference.name:
        return RECIPES[options.recipe]()
    values = {name: getattr(options, name) for name in SETTINGS}
    return Reference(**{name: value for name, value in values.items() if value is not None})


def _number(kind: type, least: float) -> Callable[[str], Any]:
    """A type for argparse: a finite int or float of at least `least`."""

    def parse_number(text: str) -> Any:
        try:
            value = kind(text)
            valid = math.isfinite(value) and value >= least
        except (ValueError, OverflowError):
            valid = False
        if not valid:
            what = "a whole number" if kind is int else "a number"
            bound = "above 0" if 0 < least < 1 else f"of at least {least:g}"
            raise argparse.ArgumentTypeError(f"{text!r} must be {what} {bound}")
        return value

    return parse_number

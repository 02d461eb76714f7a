"""The command line: every command, every flag, its default and its bounds. Chapter 13."""

import argparse
import difflib
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from .folds import MIN_FOLDS
from .recipes import RECIPES, Recipe, Reference
from .terminal import printable

SETTINGS = [field.name for field in fields(Reference)]  # flags of the reference recipe
COMMANDS = {
    "train": "train and evaluate a network on MFCCs of environmental sounds",
    "check": "describe the recordings; exit code 2 if one is broken",
    "predict": "print the most probable classes of recordings, and timelines",
    "explain": "show every stage of one recording's features: a picture, a page",
    "scenes": "write the embedded scenes as WAV files",
}


class Parser(argparse.ArgumentParser):
    """The parser of one command. Flags are not abbreviated; an error is one sentence."""

    def __init__(self, command: str) -> None:
        others = [f"  {name:<8} {text}" for name, text in COMMANDS.items() if name != "train"]
        super().__init__(
            prog="ssc" if command == "train" else f"ssc {command}",
            description=f"{COMMANDS[command][0].upper()}{COMMANDS[command][1:]}.",
            epilog="\n".join(["other commands:", *others]) if command == "train" else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,  # only given flags are in the result
        )
        self.command, self.defaults = command, dict[str, Any]()

    def flag(self, commands: str, name: str, text: str, default: Any = None, **kwargs: Any) -> None:
        """Add a flag if this command has it; default False makes it a switch without a value."""
        if self.command in commands.split():
            kwargs |= {"action": "store_true"} if default is False else {}
            key = name.removeprefix("--").replace("-", "_")
            only = "; only for the reference recipe" if key in [*SETTINGS, "features"] else ""
            self.add_argument(name, help=text + only * (self.command == "train"), **kwargs)
            self.defaults[key] = default

    def number(self, commands: str, name: str, least: float, text: str, default: Any) -> None:
        """Add a numeric flag of least's type. A string default means None and is shown in help."""
        text = f"{text} (default: {default})"
        default = None if isinstance(default, str) else default
        self.flag(commands, name, text, default, metavar="N", type=partial(_number, least))

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and one sentence that suggests the closest flag."""
        words = message.split(": ")[-1].split() if message.startswith("unrecognized") else []
        hint = next((f"; did you mean {meant}?" for meant in map(self._meant, words) if meant), "")
        self.exit(2, f"ssc: {printable(message + hint)} (see {self.prog} --help)\n")

    def _meant(self, word: str) -> str:
        """The closest flag or command; a folder without a flag is taken for --data."""
        known = [flag for action in self._actions for flag in action.option_strings] + [*COMMANDS]
        if "--data" in known and os.path.isdir(word):
            return f"--data {word}"
        return "".join(difflib.get_close_matches(word.split("=")[0], known, n=1))


def parse(arguments: Sequence[str], version: str) -> argparse.Namespace:
    """Parse the options; .command is "train" unless the first word is another command. Exit with
    code 2 and one sentence if the arguments are invalid."""
    command = arguments[0] if arguments and arguments[0] in COMMANDS else "train"
    parser = Parser(command)
    flag, number = parser.flag, parser.number
    flag("predict", "model", "model.npz of a run, or the folder of the run", metavar="MODEL")
    flag("predict", "clips", "a recording or a folder of them", metavar="CLIP", nargs="+")
    flag("explain", "clip", "a recording", metavar="CLIP")
    text = "model.npz or the folder of a run; the page shows its prediction"
    flag("explain", "--model", text, metavar="MODEL")
    flag("scenes", "folder", "folder to write into", metavar="DIR", type=Path)
    text = "one folder of recordings per class (default: synthetic scenes)"
    flag("train check", "--data", text, metavar="DIR")
    text = "all fifty classes of the ESC-50 repository, not only the ten of ESC-10"
    flag("train check", "--all-classes", text, False)
    text = "use every 5 s of a recording as a clip, not only the first"
    flag("train check", "--segments", text, False)
    flag("train", "--skip-bad", "list and skip the recordings that cannot be read", False)
    flag("predict", "--skip-bad", "exit with code 0 although some cannot be read", False)
    text = "store the features in FILE.npy instead of in memory; an existing file is replaced"
    flag("train", "--features", text, metavar="FILE.npy")
    text = "the published network, or the average of up to three small ones (default: reference)"
    flag("train", "--recipe", text, choices=list(RECIPES), default=Reference.name)
    flag("train", "--cv", "cross-validate on held-out clips; no model is saved", False)
    text = "number of stratified folds"
    number("train check", "--folds", MIN_FOLDS, text, "the official folds, else 5")
    number("train", "--repeats", 1, "with --cv: number of seeds per fold, starting at --seed", 5)
    text = "folder for the results (default: a new one: out, out-2, …)"
    flag("train", "--out", text, metavar="DIR", type=Path)
    text = "folder for the picture and the page (default: explained)"
    flag("explain", "--out", text, metavar="DIR", type=Path, default=Path("explained"))
    text = "folder for a picture, a table and an Audacity label track of each recording"
    flag("predict", "--out", text, metavar="DIR", type=Path)
    number("train", "--epochs", 1, "passes over all clips", Reference.epochs)
    number("train", "--batch-size", 1, "clips per batch", Reference.batch_size)
    text = "learning rate of the first update"
    number("train", "--learning-rate", math.ulp(0.0), text, Reference.learning_rate)
    text = "the learning rate of update t is divided by 1 + decay·t"
    number("train", "--decay", 0.0, text, Reference.decay)
    text = "random seed; the same seed reproduces the run on one machine"
    number("train check scenes", "--seed", 0, text, 0)
    number("train explain", "--n-mfcc", 1, "MFCCs per frame", Reference.n_mfcc)
    flag("train", "--deltas", "stack deltas and delta-deltas below the MFCCs", False)
    text = "number of worker processes"
    number("train check", "--jobs", 1, text, "one per core, fewer for few recordings")
    flag("train", "--normalize", "also draw the confusion matrix with normalized rows", False)
    flag("train", "--no-report", "do not write report.html", False)
    text = "number of clips with sound in report.html"
    number("train", "--report-clips", 0, text, "all mistakes, three right ones a class")
    flag("train explain", "--show", "open the figures in windows", False)
    flag("train explain scenes", "--quiet", "print errors only", False)
    flag("check predict", "--json", "print JSON", False)
    flag("predict", "--csv", "print a table with commas, one row per recording", False)
    parser.add_argument("--version", action="version", version=f"ssc {version}")
    if {"", "--data=", "--model=", "--out="} & {*arguments}:
        parser.error("a path is empty")
    given = parser.parse_args(arguments[1:] if arguments[:1] == [command] else arguments)
    _check_combination(parser, vars(given))
    return argparse.Namespace(command=command, **(parser.defaults | vars(given)))


def _check_combination(parser: Parser, given: dict[str, Any]) -> None:
    """Reject flags that have no effect without another one, and two formats of one answer."""
    for one, other in (("csv", "json"), ("features", "cv"), ("no_report", "report_clips")):
        if {one, other} <= given.keys():
            parser.error(f"argument --{one}: not allowed with --{other}".replace("_", "-"))
    if not given.get("features", ".npy").endswith(".npy"):  # protects a recording or a model
        parser.error(f"argument --features: {given['features']!r} must end in .npy")
    has_data = "data" in given or parser.command == "predict"
    has_folds = "cv" in given or parser.command == "check"
    is_reference = given.get("recipe", Reference.name) == Reference.name
    rules = dict.fromkeys(("all_classes", "segments", "skip_bad"), (has_data, "--data"))
    rules |= dict.fromkeys(("folds", "repeats"), (has_folds, "--cv"))
    rules |= dict.fromkeys([*SETTINGS, "features"], (is_reference, "--recipe reference"))
    for name, (has_effect, needed) in rules.items():
        if name in given and not has_effect:
            parser.error(f"argument --{name.replace('_', '-')}: requires {needed}")


def make_recipe(options: argparse.Namespace) -> Recipe:
    """Create the recipe with the requested settings."""
    if options.recipe != Reference.name:
        return RECIPES[options.recipe]()
    return Reference(**{name: getattr(options, name) for name in SETTINGS})


def _number(least: float, text: str) -> float:
    """Parse a finite number of at least `least`, an int if that is one."""
    with suppress(ValueError, OverflowError):
        value = type(least)(text)
        if math.isfinite(value) and value >= least:
            return value
    what = "a whole number" if isinstance(least, int) else "a number"
    bound = "above 0" if 0 < least < 1 else f"of at least {least:g}"
    raise argparse.ArgumentTypeError(f"{text!r} must be {what} {bound}")

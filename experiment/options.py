"""The command line: every command, every flag, its default and its bounds.

Before it: held_out.py. After it: ssc.py, which runs the commands. The defaults are those of
recipes.py. Chapter 13.
"""

from __future__ import annotations

import argparse
import difflib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .folds import LEAST
from .improved import Improved
from .recipes import Features, Reference, Training

DESCRIPTION = """\
Tell environmental sounds apart: MFCCs and a small neural network, written out by hand.
Without --data it trains on embedded synthetic scenes."""
OUT = Path("out")  # beside or among the recordings it is no class
COMMANDS = {
    "check": "check                   what the recordings are like, and which of them are broken",
    "predict": "predict MODEL CLIP...   the three likeliest classes of each recording",
    "explain": "explain CLIP            one recording through every stage of the features, drawn",
    "scenes": "scenes DIR              the embedded scenes as WAV files, to be listened to",
}


def parse(arguments: Sequence[str], version: str) -> argparse.Namespace:
    """What the user asked for; .command is "train" unless the first word is another command.

    Leaves with exit code 2 and one sentence when the arguments make no sense.
    """
    command = arguments[0] if arguments and arguments[0] in COMMANDS else "train"
    parser = {
        "train": _train_parser,
        "check": _check_parser,
        "predict": _predict_parser,
        "explain": _explain_parser,
        "scenes": _scenes_parser,
    }[command]()
    parser.add_argument("--version", action="version", version=f"ssc {version}")
    words = arguments if command == "train" else arguments[1:]
    options = parser.parse_args(words)
    options.command = command
    if command in ("train", "check"):
        _check_together(parser, options, parser.given(words))
    return options


def _check_together(parser: Parser, options: argparse.Namespace, given: set[str]) -> None:
    """Flags that mean nothing beside the others are refused, not passed over."""
    rules: list[tuple[Sequence[str], bool, str]] = [
        (("all-classes", "skip-bad"), options.data is not None, "--data")
    ]
    if options.command == "train":
        rules += [
            (("folds", "repeats"), options.cv, "--cv"),
            (_OF_REFERENCE, options.recipe == Reference.name, "--recipe reference"),
        ]
    for names, possible, needed in rules:
        for name in names:
            if not possible and name.replace("-", "_") in given:
                parser.error(f"argument --{name}: needs {needed}")


class Parser(argparse.ArgumentParser):
    """Flags are never abbreviated, and an error is one sentence with a suggestion."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def given(self, arguments: Sequence[str]) -> set[str]:
        """The names of the options that the arguments set, be it to their default."""
        unset = object()
        blank = argparse.Namespace(**{action.dest: unset for action in self._actions})
        options = vars(self.parse_args(arguments, blank))
        return {name for name, value in options.items() if value is not unset}

    def error(self, message: str) -> NoReturn:
        """Exit with code 2, saying what is wrong."""
        self.exit(2, f"ssc: {message}{self._suggestion(message)} (see {self.prog} --help)\n")

    def _suggestion(self, message: str) -> str:
        flags = [flag for action in self._actions for flag in action.option_strings]
        words = message.split(": ")[-1].split() if message.startswith("unrecognized") else []
        for word in words:
            for close in difflib.get_close_matches(word.split("=")[0], [*flags, *COMMANDS], n=1):
                return f"; did you mean {close}?"
        return ""


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults behind each flag that has one, line breaks of the description kept."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        has_none = action.default is None or action.default is False
        return action.help if has_none else super()._get_help_string(action)


def _train_parser() -> Parser:
    commands = "other commands:\n" + "\n".join(f"  {text}" for text in COMMANDS.values())
    parser = Parser(prog="ssc.py", description=DESCRIPTION, epilog=commands, formatter_class=_Help)
    _add(parser, "data", "all-classes", "skip-bad", "recipe", "cv", "folds", "repeats", "out")
    _add(parser, *_OF_REFERENCE[:4], "seed", *_OF_REFERENCE[4:], "jobs")
    _add(parser, "normalize", "show", "quiet")
    return parser


def _check_parser() -> Parser:
    parser = Parser(
        prog="ssc.py check",
        description="What the recordings are like, which are alike, and which are broken; nothing "
        "is trained.\nExit code 2 where one cannot be read.",
        formatter_class=_Help,
    )
    _add(parser, "data", "all-classes", "folds", "seed", "jobs", "json")
    return parser


def _predict_parser() -> Parser:
    parser = Parser(
        prog="ssc.py predict", description="The three likeliest classes of each recording."
    )
    parser.add_argument("model", metavar="MODEL", help="a model.npz that training has written")
    parser.add_argument("clips", metavar="CLIP", nargs="+", help="a recording")
    _add(parser, "skip-bad")
    return parser


def _explain_parser() -> Parser:
    parser = Parser(
        prog="ssc.py explain",
        description="One recording through every stage of the features, as explain.png.",
        formatter_class=_Help,
    )
    parser.add_argument("clip", metavar="CLIP", help="a recording")
    _add(parser, "out", "n-mfcc", "show", "quiet")
    return parser


def _scenes_parser() -> Parser:
    parser = Parser(
        prog="ssc.py scenes",
        description="The embedded synthetic scenes as WAV files, one folder a class.",
        formatter_class=_Help,
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder to write into")
    _add(parser, "seed", "quiet")
    return parser


def _number(kind: type, least: float, exclusive: bool = False) -> Callable[[str], Any]:
    """What argparse calls on the text of a flag: an int or float at least, or above, a bound."""

    def parse_number(text: str) -> Any:
        try:
            value = kind(text)
            possible = math.isfinite(value) and value >= least
        except (ValueError, OverflowError):
            possible = False
        if not possible or (exclusive and value == least):
            what = "a whole number" if kind is int else "a number"
            bound = f"{'above' if exclusive else 'of at least'} {least:g}"
            raise argparse.ArgumentTypeError(f"{text!r} must be {what} {bound}")
        return value

    return parse_number


# The settings of the reference recipe; the improved one is fixed.
_OF_REFERENCE = ("epochs", "batch-size", "learning-rate", "decay", "n-mfcc", "deltas")
# Each flag is written once; several commands share some.
_FLAGS: dict[str, dict[str, Any]] = {
    "data": {
        "metavar": "DIR",
        "help": "recordings, one folder a class (default: the embedded synthetic scenes)",
    },
    "skip-bad": {
        "action": "store_true",
        "help": "go on without the recordings that cannot be read, and say which",
    },
    "jobs": {
        "metavar": "N",
        "type": _number(int, 1),
        "help": "processes that read and listen (default: one a core, where clips are many)",
    },
    "json": {"action": "store_true", "help": "print JSON, for programs"},
    "all-classes": {
        "action": "store_true",
        "help": "of the ESC-50 repository all fifty classes, not the ten of ESC-10",
    },
    "recipe": {
        "choices": [Reference.name, Improved.name],
        "default": Reference.name,
        "help": "the published network, or the two small ones that answer together",
    },
    "cv": {
        "action": "store_true",
        "help": "cross-validate: measure on clips that training has not seen; no model is kept",
    },
    "folds": {
        "metavar": "K",
        "type": _number(int, LEAST),
        "help": "K folds of our own to cross-validate on (default: the official ones, else 5)",
    },
    "repeats": {
        "metavar": "N",
        "type": _number(int, 1),
        "default": 5,
        "help": "with --cv: seeds, counting from --seed",
    },
    "out": {
        "metavar": "DIR",
        "type": Path,
        "default": OUT,
        "help": "folder for the results",
    },
    "epochs": {
        "metavar": "N",
        "type": _number(int, 1),
        "default": Training.epochs,
        "help": "passes over all clips",
    },
    "batch-size": {
        "metavar": "N",
        "type": _number(int, 1),
        "default": Training.batch_size,
        "help": "clips in one update",
    },
    "learning-rate": {
        "metavar": "LR",
        "type": _number(float, 0, exclusive=True),
        "default": Training.learning_rate,
        "help": "rate of the first update",
    },
    "decay": {
        "metavar": "D",
        "type": _number(float, 0),
        "default": Training.decay,
        "help": "update t has the rate LR / (1 + D t)",
    },
    "seed": {
        "metavar": "N",
        "type": _number(int, 0),
        "default": Training.seed,
        "help": "of all that is random: the same seed gives the same result",
    },
    "n-mfcc": {
        "metavar": "N",
        "type": _number(int, 1),
        "default": Features.n_mfcc,
        "help": "MFCCs in each frame",
    },
    "deltas": {
        "action": "store_true",
        "help": "stack deltas and delta-deltas under the MFCCs: three times the rows",
    },
    "normalize": {
        "action": "store_true",
        "help": "also draw the confusion matrix as shares of each row",
    },
    "show": {"action": "store_true", "help": "open the pictures in windows"},
    "quiet": {"action": "store_true", "help": "say nothing but errors"},
}


def _add(parser: Parser, *names: str) -> None:
    for name in names:
        parser.add_argument(f"--{name}", **_FLAGS[name])

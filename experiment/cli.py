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

DESCRIPTION = """\
Classify environmental sounds with MFCCs and a small neural network, written out by hand.
Without --data it trains on embedded synthetic scenes."""
COMMANDS = """\
other commands:
  check                   describe the recordings and find broken ones
  predict MODEL CLIP...   print the three most probable classes of each recording
  explain CLIP            draw one recording through every stage of the features
  scenes DIR              write the embedded scenes as WAV files"""
OUT = Path("out")


class Parser(argparse.ArgumentParser):
    """Flags are never abbreviated; an error is one sentence with a suggestion."""

    def __init__(self, prog: str, description: str, epilog: str | None = None) -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(
            prog, None, description, epilog, formatter_class=formatter, allow_abbrev=False
        )

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and a sentence."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        words = message.split(": ")[-1].split() if message.startswith("unrecognized") else []
        close = [difflib.get_close_matches(w.split("=")[0], [*flags, *PARSERS], n=1) for w in words]
        hint = next((f"; did you mean {found[0]}?" for found in close if found), "")
        self.exit(2, f"ssc: {message}{hint} (see {self.prog} --help)\n")


def parse(arguments: Sequence[str], version: str) -> argparse.Namespace:
    """The options; .command is "train" unless the first word is another command.

    Exits with code 2 and one sentence if the arguments make no sense.
    """
    command = arguments[0] if arguments and arguments[0] in PARSERS else "train"
    parser = PARSERS[command]()
    parser.add_argument("--version", action="version", version=f"ssc {version}")
    words = arguments[1:] if arguments[:1] == [command] else arguments
    options = parser.parse_args(words, argparse.Namespace(command=command))
    _check_combinations(parser, vars(options))
    return options


def _check_combinations(parser: Parser, options: dict[str, Any]) -> None:
    """Refuse flags that have no effect together with the others."""
    is_reference = options.get("recipe") == Reference.name
    rules: list[tuple[Sequence[str], bool, str]] = [
        (("all_classes", "skip_bad"), options.get("data", True) is not None, "--data"),
        (("folds", "repeats"), options.get("cv", True), "--cv"),
        ([f.name for f in fields(Reference)], is_reference, "--recipe reference"),
    ]
    for names, possible, needed in rules if options["command"] in ("train", "check") else ():
        for name in names:
            if not possible and options.get(name) not in (None, False):
                parser.error(f"argument --{name.replace('_', '-')}: needs {needed}")


def make_recipe(options: argparse.Namespace) -> Recipe:
    """The recipe with the requested settings."""
    if options.recipe != Reference.name:
        return RECIPES[options.recipe]()
    values = {field.name: getattr(options, field.name) for field in fields(Reference)}
    return Reference(**{name: value for name, value in values.items() if value is not None})


def _train_parser() -> Parser:
    parser = Parser("ssc.py", DESCRIPTION, COMMANDS)
    add = parser.add_argument
    _add_data(parser)
    _add_skip_bad(parser)
    add(
        *("--recipe",),
        choices=list(RECIPES),
        default=Reference.name,
        help="the published network, or two small ones that are averaged (default: reference)",
    )
    add("--cv", action="store_true", help="cross-validate on held-out clips; no model is kept")
    _add_folds(parser)
    repeats = "with --cv: number of seeds, counting from --seed (default: 5)"
    add("--repeats", metavar="N", type=_number(int, 1), help=repeats)
    _add_out(parser)
    _add_seed(parser)
    d, whole = Reference(), _number(int, 1)
    add("--epochs", metavar="N", type=whole, help=f"passes over all clips (default: {d.epochs})")
    add("--batch-size", metavar="N", type=whole, help=f"clips a batch (default: {d.batch_size})")
    rate = f"learning rate of the first update (default: {d.learning_rate})"
    add("--learning-rate", metavar="LR", type=_number(float, 0, exclusive=True), help=rate)
    decay = f"update t has the learning rate LR / (1 + D t) (default: {d.decay})"
    add("--decay", metavar="D", type=_number(float, 0), help=decay)
    add("--n-mfcc", metavar="N", type=whole, help=f"MFCCs in each frame (default: {d.n_mfcc})")
    deltas = "stack deltas and delta-deltas below the MFCCs: three times the rows"
    add("--deltas", action="store_true", help=deltas)
    _add_jobs(parser)
    normalize = "also draw the confusion matrix with each row divided by its sum"
    add("--normalize", action="store_true", help=normalize)
    _add_show(parser)
    _add_quiet(parser)
    return parser


def _check_parser() -> Parser:
    description = "Describe the recordings, find duplicates and broken ones; nothing is trained.\n"
    parser = Parser("ssc.py check", description + "Exit code 2 if one cannot be read.")
    _add_data(parser)
    _add_folds(parser)
    _add_seed(parser)
    _add_jobs(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser


def _predict_parser() -> Parser:
    parser = Parser("ssc.py predict", "Print the three most probable classes of each recording.")
    parser.add_argument("model", metavar="MODEL", help="a model.npz written by training")
    parser.add_argument("clips", metavar="CLIP", nargs="+", help="a recording")
    _add_skip_bad(parser)
    return parser


def _explain_parser() -> Parser:
    parser = Parser("ssc.py explain", "Draw one recording through every stage, as explain.png.")
    parser.add_argument("clip", metavar="CLIP", help="a recording")
    _add_out(parser)
    n_mfcc = f"MFCCs in each frame (default: {Reference.n_mfcc})"
    parser.add_argument(
        "--n-mfcc", metavar="N", type=_number(int, 1), default=Reference.n_mfcc, help=n_mfcc
    )
    _add_show(parser)
    _add_quiet(parser)
    return parser


def _scenes_parser() -> Parser:
    parser = Parser("ssc.py scenes", "Write the embedded scenes as WAV files, one folder a class.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder to write into")
    _add_seed(parser)
    _add_quiet(parser)
    return parser


PARSERS: dict[str, Callable[[], Parser]] = {
    "train": _train_parser,
    "check": _check_parser,
    "predict": _predict_parser,
    "explain": _explain_parser,
    "scenes": _scenes_parser,
}


def _add_data(parser: Parser) -> None:
    data = "recordings, one folder a class (default: the embedded synthetic scenes)"
    parser.add_argument("--data", metavar="DIR", help=data)
    all_classes = "all fifty classes of the ESC-50 repository, not only the ten of ESC-10"
    parser.add_argument("--all-classes", action="store_true", help=all_classes)


def _add_skip_bad(parser: Parser) -> None:
    text = "continue without the recordings that cannot be read, and list them"
    parser.add_argument("--skip-bad", action="store_true", help=text)


def _add_folds(parser: Parser) -> None:
    text = "number of stratified folds (default: the official folds if there are any, else 5)"
    parser.add_argument("--folds", metavar="K", type=_number(int, MIN_FOLDS), help=text)


def _add_out(parser: Parser) -> None:
    text = f"folder for the results (default: {OUT})"
    parser.add_argument("--out", metavar="DIR", type=Path, default=OUT, help=text)


def _add_seed(parser: Parser) -> None:
    text = "random seed; the same seed reproduces the run (default: 0)"
    parser.add_argument("--seed", metavar="N", type=_number(int, 0), default=0, help=text)


def _add_jobs(parser: Parser) -> None:
    text = "processes that read recordings (default: one a core if there are many recordings)"
    parser.add_argument("--jobs", metavar="N", type=_number(int, 1), help=text)


def _add_show(parser: Parser) -> None:
    parser.add_argument("--show", action="store_true", help="open the figures in windows")


def _add_quiet(parser: Parser) -> None:
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def _number(kind: type, least: float, exclusive: bool = False) -> Callable[[str], Any]:
    """A type for argparse: an int or float of at least, or above, a bound."""

    def parse_number(text: str) -> Any:
        try:
            value = kind(text)
            valid = math.isfinite(value) and value >= least and not (exclusive and value == least)
        except (ValueError, OverflowError):
            valid = False
        if not valid:
            what = "a whole number" if kind is int else "a number"
            bound = f"{'above' if exclusive else 'of at least'} {least:g}"
            raise argparse.ArgumentTypeError(f"{text!r} must be {what} {bound}")
        return value

    return parse_number

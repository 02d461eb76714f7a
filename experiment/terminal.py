"""What the program prints: names that are safe on any terminal, tables, errors, progress bars.
Chapter 13."""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from io import StringIO, TextIOWrapper
from typing import Any, TextIO
from unicodedata import category, east_asian_width

from tqdm import tqdm

WIDTH = 80  # columns of a table
UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories: control, format, surrogate, line breaks
JOINERS = "\u200c\u200d"  # invisible, but part of words and of emoji


def printable(text: str) -> str:
    """Make text printable on one line: characters that control, format or break lines, and bytes
    that are not UTF-8, become escapes, for example \\n."""
    if text.isprintable():
        return text
    unsafe = {c for c in text if category(c) in UNSAFE and c not in JOINERS}
    return text.translate({ord(c): c.encode("unicode_escape").decode() for c in unsafe})


def printable_name(name: str) -> str:
    """As printable; different names stay different, since a backslash is doubled."""
    return printable(name.replace("\\", "\\\\"))


def say(text: str, stream: TextIO | None = None, end: str = "\n") -> None:
    """Print lines of text, by default on stdout. If they cannot be written, nothing is printed
    there any more; OSError if that is stdout and its reader has not ended: the disk is full."""
    stream = stream or sys.stdout
    try:
        tqdm.write("\n".join(map(printable, text.split("\n"))), stream, end)  # above a bar
        stream.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            error.filename = "standard output"
            raise


def prepare_streams() -> None:
    """Print characters that the encoding of the output lacks as escapes, such as \\u96e8; print
    nothing if the program was started without an output."""
    sys.stdout, sys.stderr = (each or StringIO() for each in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def reason(error: Exception) -> str:
    """Format an error on one line; an OSError as the file and the system's message."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return printable(f"{where}{error.strerror}")
    return printable(str(error))


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV. Text is printable, and does not begin like a formula of a spreadsheet."""
    text = StringIO(newline="")
    safe = ([_cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(safe)
    return text.getvalue()


def _cell(text: str) -> str:
    return f"'{printable(text)}" if text.startswith(("=", "+", "-", "@")) else printable(text)


def text_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Format rows under column names, the first column left-aligned, the others right; columns
    beyond WIDTH follow below, each time after the first column."""
    cells = [[printable(str(cell)) for cell in row] for row in (columns, *rows)]
    first, *others = zip(*cells, strict=True)
    start = _padded(first, at_end=True)
    parts = [start]  # of the table, as lines
    for column in map(_padded, others):
        if parts[-1] is not start and _width(parts[-1][0]) + 2 + _width(column[0]) > WIDTH:
            parts.append(start)
        parts[-1] = [f"{line}  {cell}" for line, cell in zip(parts[-1], column, strict=True)]
    return "\n\n".join("\n".join([p[0], "-" * _width(p[0]), *p[1:]]) for p in parts)


def _padded(column: Sequence[str], at_end: bool = False) -> list[str]:
    """The cells with spaces before them, or after them, all as wide as the widest."""
    widest = max(map(_width, column))
    pads = [" " * (widest - _width(cell)) for cell in column]
    return [cell + pad if at_end else pad + cell for cell, pad in zip(column, pads, strict=True)]


def _width(text: str) -> int:
    """The columns of a terminal that a text takes: Hangul and Han characters take two."""
    return len(text) + sum(east_asian_width(c) in "WF" for c in text)


def progress_bar(description: str, quiet: bool, unit: str = "clip") -> Callable[..., Iterable[Any]]:
    """A function that wraps an iterable in a progress bar, unless quiet or not on a terminal."""
    return partial(tqdm, desc=description, unit=unit, mininterval=0.5, disable=quiet or None)

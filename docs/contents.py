"""The line counts in the book's table of contents; `python -m docs` updates them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent / "README.md"


def text() -> str:
    """docs/README.md with current line counts: each row of a chapter ends with the number of lines
    of its modules and of its tests."""
    return "".join(_counted(line) for line in PAGE.read_text("utf-8").splitlines(keepends=True))


def write() -> None:
    """Update docs/README.md."""
    PAGE.write_text(text(), "utf-8")


def _counted(line: str) -> str:
    """One line of the page; in the row of a chapter the last cell is recomputed."""
    cells = line.split("|")
    if len(cells) != 6 or ".py)" not in line:
        return line
    modules, tests = (_n_lines(cell) for cell in cells[2:4])
    return "|".join([*cells[:4], f" {modules} + {tests} ", cells[5]])


def _n_lines(cell: str) -> int:
    """The total number of lines of the files linked in a table cell."""
    links = re.findall(r"\]\(([^)#]+)\)", cell)
    return sum(len((PAGE.parent / link).read_text("utf-8").splitlines()) for link in links)

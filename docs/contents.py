"""The line counts in the book's table of contents, kept true: `python -m docs` writes them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent / "README.md"


def text() -> str:
    """docs/README.md as it should be: each row of chapters ends with the lines that its modules
    and its tests have now."""
    return "".join(_counted(line) for line in PAGE.read_text("utf-8").splitlines(keepends=True))


def write() -> None:
    """Bring docs/README.md up to date."""
    PAGE.write_text(text(), "utf-8")


def _counted(line: str) -> str:
    """One line of the page; in a row of chapters the last cell is counted anew."""
    cells = line.split("|")
    if len(cells) != 6 or ".py)" not in line:
        return line
    modules, tests = (_n_lines(cell) for cell in cells[2:4])
    return "|".join([*cells[:4], f" {modules} + {tests} ", cells[5]])


def _n_lines(cell: str) -> int:
    """The lines of all files that a cell of the table links."""
    links = re.findall(r"\]\(([^)#]+)\)", cell)
    return sum(len((PAGE.parent / link).read_text("utf-8").splitlines()) for link in links)

"""The chapters, in the order of the contents in docs/README.md, and the links that join them.

The table of contents is the only list of chapters: add, rename or move a chapter there. Then
`python -m docs nav` writes the titles into the table, and the last line of each chapter.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
CONTENTS = FOLDER / "README.md"
ENTRY = re.compile(r"^\| \[[^\]]*\]\((\d\d-[\w-]+\.md)\)", re.MULTILINE)
LINKS = re.compile(
    r"\n\n(?:.+\n)*.*\[Contents\]\(README\.md\).*\n(?:.+\n)*\Z"
)  # the last paragraph


def chapters() -> list[Path]:
    """The files of all chapters, in reading order."""
    return [FOLDER / name for name in ENTRY.findall(CONTENTS.read_text("utf-8"))]


def link(page: Path) -> str:
    """[title](file name), with the title of the page."""
    title = page.read_text("utf-8").partition("\n")[0].removeprefix("# ")
    return f"[{title}]({page.name})"


def pages() -> dict[Path, str]:
    """The text of the contents and of every chapter, with titles and links as they must be."""
    order = chapters()
    contents = CONTENTS.read_text("utf-8")
    found = {CONTENTS: ENTRY.sub(lambda entry: f"| {link(FOLDER / entry[1])}", contents)}
    for before, page, after in zip([None, *order], order, [*order[1:], None], strict=False):
        links = [f"← {link(before)}"] if before else []
        links += ["[Contents](README.md)"]
        links += [f"{link(after)} →"] if after else []
        text = LINKS.sub("", page.read_text("utf-8")).rstrip("\n")
        found[page] = f"{text}\n\n{' · '.join(links)}\n"
    return found


def write() -> None:
    """Write titles and links into docs/README.md and the chapters."""
    if unlisted := {*chapters()} ^ {*FOLDER.glob("[0-9][0-9]-*.md")}:
        names = ", ".join(sorted(page.name for page in unlisted))
        sys.exit(f"docs/README.md and the chapter files do not match: {names}")
    for page, text in pages().items():
        page.write_text(text, "utf-8", newline="\n")

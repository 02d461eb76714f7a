"""Draw the figures of the book, synthesize its sounds, link its chapters.

python -m docs              all figures
python -m docs NAME...      the figures whose names start with one of these
python -m docs sounds       the sounds
python -m docs site         the book as a site, in build/book/html/
python -m docs nav          the previous and next lines of the chapters
"""

from __future__ import annotations

import importlib
import sys

from docs import navigation, site, sounds
from docs.figures import style

COMMANDS = {"nav": navigation.write, "sounds": sounds.write, "site": site.build}


def main(arguments: list[str]) -> None:
    """Run the command; without one draw the figures."""
    if arguments[:1] and arguments[0] in COMMANDS:
        COMMANDS[arguments[0]]()
    else:
        draw(tuple(arguments))


def draw(prefixes: tuple[str, ...]) -> None:
    """Write each figure next to its script."""
    for name in style.names():
        if not prefixes or name.startswith(prefixes):
            module = importlib.import_module(f"docs.figures.{name}")
            (style.FOLDER / f"{name}.png").write_bytes(style.png(module.draw))
            print(f"docs/figures/{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])

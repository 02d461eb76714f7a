"""Draw the figures of the book, synthesize its sounds, link its chapters.

python -m docs              all figures; files that show the same already stay as they are
python -m docs NAME...      the figures whose names start with one of these
python -m docs sounds       the sounds; files with the same samples stay as they are
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
    names = [name for name in style.names() if not arguments or name.startswith((*arguments,))]
    if arguments[:1] and arguments[0] in COMMANDS:
        COMMANDS[arguments[0]]()
    elif names:
        draw(names)
    elif {"-h", "--help"} & {*arguments}:
        print(__doc__)
    else:
        sys.exit(__doc__)


def draw(names: list[str]) -> None:
    """Write each figure next to its script, unless the file there shows the same."""
    for name in names:
        path, module = style.FOLDER / f"{name}.png", importlib.import_module(f"docs.figures.{name}")
        drawn = style.png(module.draw)
        if not path.exists() or not style.same(path.read_bytes(), drawn):
            path.write_bytes(drawn)
            print(f"docs/figures/{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])

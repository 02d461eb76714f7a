"""Draw the figures of the book.

python -m docs              all figures
python -m docs NAME...      the figures whose names start with one of these
"""

from __future__ import annotations

import importlib
import sys

from docs.figures import style


def main(prefixes: list[str]) -> None:
    """Write each figure next to its script."""
    for name in style.names():
        if not prefixes or name.startswith(tuple(prefixes)):
            module = importlib.import_module(f"docs.figures.{name}")
            (style.FOLDER / f"{name}.png").write_bytes(style.png(module.draw))
            print(f"docs/figures/{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])

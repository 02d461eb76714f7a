"""Everything in docs/ that is computed: `python -m docs` writes the figures and the contents.

`python -m docs NAME...` writes only the figures whose names begin so, and the contents.
"""

from __future__ import annotations

import importlib
import sys

from docs import contents
from docs.figures import style


def main(beginnings: list[str]) -> None:
    """Draw each figure beside its script; bring the table of contents up to date."""
    for name in style.names():
        if not beginnings or name.startswith(tuple(beginnings)):
            module = importlib.import_module(f"docs.figures.{name}")
            (style.FOLDER / f"{name}.png").write_bytes(style.png(module.draw))
            print(f"docs/figures/{name}.png")
    contents.write()


if __name__ == "__main__":
    main(sys.argv[1:])

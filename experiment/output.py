"""The output of a run: its folder, its log, its files. Chapter 13."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from mininet.storage import write_atomically

from .terminal import csv_text, say


class Output:
    """Output folder and console log of a run. Each file is written completely or not at all.

    show keeps figures open; quiet suppresses the log.
    """

    def __init__(self, folder: Path, show: bool = False, quiet: bool = False) -> None:
        self.folder, self.show, self.quiet = folder, show, quiet

    def log(self, *words: object) -> None:
        """Print, unless the run is quiet."""
        if not self.quiet:
            say(" ".join(map(str, words)))

    def save(self, content: bytes, name: str) -> None:
        """Write a file into the folder and log its path."""
        write_atomically(self.folder / name, content)
        self.log("wrote", self.folder / name)

    def save_figure(self, figure: Any, name: str) -> None:
        """Save a Matplotlib figure as PNG; close it unless it will be shown."""
        import matplotlib.pyplot as plt

        content = BytesIO()
        # stronger compression takes longer than drawing and saves a tenth of the bytes
        figure.savefig(content, format="png", pil_kwargs={"compress_level": 1})
        self.save(content.getvalue(), name)
        if not self.show:
            plt.close(figure)

    def save_table(self, columns: Iterable[str], rows: Iterable[Iterable[Any]], name: str) -> None:
        """Save rows under column names as CSV."""
        self.save(csv_text([columns, *rows]).encode(), name)

    def save_json(self, content: dict[str, Any], name: str) -> None:
        """Save as indented JSON, with null for NaN and infinity."""
        finite = json.loads(json.dumps(content), parse_constant=lambda _: None)
        text = json.dumps(finite, indent=2, ensure_ascii=False, allow_nan=False)
        self.save(text.encode("utf-8", "backslashreplace") + b"\n", name)


@contextmanager
def open_output(path: Path, show: bool = False, quiet: bool = False) -> Iterator[Output]:
    """Create the output folder and check that it is writable before any work is done. If show is
    set, display the figures on exit and wait until they are closed. ValueError: not writable."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ValueError(f"cannot write to the folder {path}: {error.strerror}") from None
    yield Output(path, show, quiet)
    if show:
        import matplotlib.pyplot as plt

        plt.show()

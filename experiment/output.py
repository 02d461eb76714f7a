"""The output of a run: its folder, its log, its files. Chapter 13."""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

from mininet.storage import write_atomically

from .terminal import csv_text, say

LOG = "log.txt"
RESULTS = (  # of a run; a file of another name is never moved
    *("metrics.json", "model.npz", "report.html", LOG, "mfcc.png", "features.png", "mistakes.csv"),
    *("reliability.png", "network*.png", "curves*.png", "confusion*.png", "history*.csv"),
)


class Output:
    """Output folder and log of a run. Each file is written completely or not at all.

    show keeps figures open; quiet prints nothing; with is_run the log is also in the folder.
    """

    is_run = False

    def __init__(self, folder: Path, show: bool = False, quiet: bool = False) -> None:
        self.folder, self.show, self.quiet = folder, show, quiet

    def log(self, text: str, passing: bool = False) -> None:
        """Print, unless the run is quiet; on a terminal the next line replaces a passing one."""
        if self.is_run:
            with suppress(OSError), open(self.folder / LOG, "ab") as file:
                file.write(f"{text}\n".encode("utf-8", "backslashreplace"))
        if not self.quiet:
            rewritten = passing and sys.stdout.isatty()
            with suppress(OSError):  # a run goes on without a reader
                say(text.ljust(79) if rewritten else text, end="\r" if rewritten else "\n")

    def save(self, content: bytes, name: str) -> None:
        """Write a file into the folder and log its path."""
        write_atomically(self.folder / name, content)
        self.log(f"wrote {self.folder / name}")

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
    if show:
        import matplotlib.pyplot as plt

        if plt.get_backend().lower() == "agg":
            say("ssc: there is no display: figures are saved, not shown", sys.stderr)
    yield Output(path, show, quiet)
    if show:
        plt.show()


@contextmanager
def open_run(path: Path | None, show: bool = False, quiet: bool = False) -> Iterator[Output]:
    """As open_output, for a run: without a path in a new folder, out, out-2, …; in a folder with
    the files of an earlier run after these were moved to its folder previous/, where they replace
    those of the run before; without a model they go to previous-2/ rather than replace one.
    ValueError: another run is writing there."""
    folder = path or next(p for n in count(1) if _is_new(p := Path(f"out-{n}" if n > 1 else "out")))
    with open_output(folder, show, quiet) as output, _lock(folder):
        output.is_run, previous = True, folder / "previous"
        if (previous / "model.npz").exists() and not (folder / "model.npz").exists():
            previous = folder / "previous-2"  # a run without a model replaces none
        moved = _set_aside(folder, previous)
        output.log(f"writing into the folder {folder}")
        if moved:
            output.log(f"the files of the earlier run there are now in {previous}")
        yield output


def _set_aside(folder: Path, previous: Path) -> bool:
    """Move the files of a run from folder to previous, where they replace another's; delete them if
    the run ended before it had a model or results. Return whether they were moved."""
    files, older = ([p for each in RESULTS for p in f.glob(each)] for f in (folder, previous))
    is_useful = any(path.name in ("model.npz", "metrics.json") for path in files)
    for path in older if is_useful else files:
        path.unlink()
    if is_useful:
        previous.mkdir(exist_ok=True)
        for path in files:
            path.replace(previous / path.name)
    return is_useful


def _is_new(folder: Path) -> bool:
    """Create the folder; False if it exists. ValueError: it cannot be created."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise ValueError(f"cannot create {folder}: {error.strerror}; use --out") from None
    return True


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Refuse a second run in the folder. The lock is that of a database file: it works on every
    platform, and the system releases it if the process ends in any way."""
    path = folder / ".lock"
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise ValueError(f"another run is writing into the folder {folder}") from None
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps a file that is open
                path.unlink()

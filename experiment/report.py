"""The report: what a run says on the terminal, and what it keeps in files.

Before it: models.py. After it: held_out.py. Chapter 13.

Every file is written under a temporary name and then renamed, so that a name always holds a whole
file.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import re
import stat
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from mininet import Ensemble, History, Sequential, precision_recall_f1

from .dataset import Dataset
from .interruption import postponed, undisturbed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABANDONED = 3600  # s; to write a file takes seconds
# The names of files half written: of replacing, and of mininet's models.
TEMPORARY = re.compile(r"\.ssc-.+\.(csv|json|npz|png)\.[a-z0-9_]{8}|\.mininet-[0-9a-f]{16}")


def class_table(dataset: Dataset) -> str:
    """The classes and how many clips each has, and what was passed over."""
    counts = np.bincount(dataset.labels)
    width = max(len("class"), *(len(name) for name in dataset.classes))
    rows = [f"{'class':<{width}}  clips", f"{'-' * width}  -----"]
    rows += [f"{name:<{width}}  {n:5d}" for name, n in zip(dataset.classes, counts, strict=True)]
    rows.append(f"{len(dataset.classes)} classes, {len(dataset)} clips")
    passed = [f"{len(names)} {kind}" for kind, names in sorted(dataset.passed_over.items())]
    return "\n".join([*rows, *([f"files passed over: {', '.join(passed)}"] if passed else [])])


def treatment_lines(treated: Counter[str], n_clips: int) -> list[str]:
    """One line each for how many clips were resampled, cut and padded."""
    what = {"resampled": "to 44.1 kHz", "cut": "to 5 s", "padded": "with zeros at the end, to 5 s"}
    return [f"{treated[kind]} of {n_clips} clips {kind} {how}" for kind, how in what.items()]


def epoch_line(history: History, epochs: int, seconds: float) -> str:
    """The last epoch of the history: loss, accuracy, learning rate, and the time left."""
    epoch = len(history.loss)
    left = round(seconds / epoch * (epochs - epoch))
    return (
        f"epoch {epoch:{len(str(epochs))}d}/{epochs}  loss {history.loss[-1]:.4f}"
        f"  accuracy {history.accuracy[-1]:.4f}  learning rate {history.learning_rate[-1]:.2e}"
        f"  {left // 60}:{left % 60:02d} left"
    )


def confusion_table(matrix: np.ndarray, classes: list[str]) -> str:
    """The confusion matrix: rows true, columns predicted, under the number of their class."""
    corner = "true \\ predicted"
    width = max(len(corner), *(len(name) + 4 for name in classes))
    cell = max(len(str(matrix.max())), len(str(len(classes)))) + 2
    head = "".join(f"{column:>{cell}}" for column in range(len(classes)))
    rows = [f"{corner:<{width}}" + head]
    for i, name in enumerate(classes):
        label = f"{i:>2}  {name}"
        rows.append(f"{label:<{width}}" + "".join(f"{count:>{cell}}" for count in matrix[i]))
    return "\n".join(rows)


def score_table(matrix: np.ndarray, classes: list[str]) -> str:
    """Precision, recall and F1 of each class, and how many clips it has."""
    width = max(len("class"), *(len(name) for name in classes))
    rows = [f"{'class':<{width}}  precision  recall      F1  clips"]
    scores = precision_recall_f1(matrix)
    for name, (precision, recall, f1), row in zip(classes, scores, matrix, strict=True):
        rows.append(f"{name:<{width}}  {precision:9.3f}  {recall:6.3f}  {f1:6.3f}  {row.sum():5d}")
    return "\n".join(rows)


def versions() -> dict[str, str]:
    """Python and the packages whose version can change a number."""
    packages = ("numpy", "scipy", "soundfile", "matplotlib")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def preload_matplotlib() -> None:
    """Load what draws the pictures, in a thread: while other processes read the clips there is
    time. What goes wrong goes wrong again, and is told, with the first picture."""

    def load() -> None:
        with suppress(Exception):
            import_module("matplotlib.pyplot")

    Thread(target=load).start()


class Output:
    """The folder that a run writes its results to, and its voice on the terminal.

    With show, pictures stay open for show(); quiet silences say.
    """

    def __init__(self, folder: Path, *, show: bool = False, quiet: bool = False) -> None:
        self.folder, self.quiet, self._show = folder, quiet, show

    def say(self, *words: object) -> None:
        """Print, unless the run is quiet."""
        if not self.quiet:
            print(*words, flush=True)

    def picture(self, figure: Figure, name: str) -> None:
        """Keep the figure as a PNG file."""
        import matplotlib.pyplot as plt

        drawn = io.BytesIO()  # this takes its time, and writing should not
        # to compress it well would take longer than to draw it, and save a tenth of the bytes
        figure.savefig(drawn, format="png", pil_kwargs={"compress_level": 1})
        with self._file(name) as temporary:
            temporary.write_bytes(drawn.getvalue())
        if not self._show:
            plt.close(figure)

    def table(self, rows: Sequence[dict[str, Any]], name: str) -> None:
        """Keep rows of the same keys as CSV; nothing where there are none."""
        if rows:
            with self._text(name) as file:
                table = csv.DictWriter(file, list(rows[0]))
                table.writeheader()
                table.writerows(rows)

    def history(self, history: History, name: str) -> None:
        """Keep the history as CSV: a row an epoch, columns epoch, loss, accuracy, learning_rate."""
        columns = history.history
        with self._text(name) as file:
            table = csv.writer(file)
            table.writerow(["epoch", *columns])
            rows = zip(*columns.values(), strict=True)
            table.writerows([epoch, *row] for epoch, row in enumerate(rows, 1))

    def model(self, network: Sequential | Ensemble, name: str) -> None:
        """Keep the network."""
        with self._file(name) as temporary:
            network.save(temporary)

    def json(self, content: dict[str, Any], name: str) -> None:
        """Keep content as indented JSON."""
        with self._file(name) as temporary:
            text = json.dumps(_without_nan(content), indent=2, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text + "\n", "utf-8")

    def show(self) -> None:
        """Where the run was asked to: a window for each picture, until all are closed."""
        if self._show:
            import matplotlib.pyplot as plt

            plt.show()

    @contextmanager
    def _text(self, name: str) -> Iterator[TextIO]:
        with self._file(name) as temporary, open(temporary, "w", newline="", encoding="utf-8") as f:
            yield f

    @contextmanager
    def _file(self, name: str) -> Iterator[Path]:
        with replacing(self.folder / name) as temporary:
            yield temporary
        self.say("wrote", self.folder / name)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside path to write to; it takes the place of path when all went well. A
    Ctrl-C waits until then.

    OSError: it cannot be written, as when the disk is full; it names path.
    """
    try:
        with postponed(), _temporary(path) as temporary:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".ssc-{path.name}.")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def output_folder(path: Path) -> Iterator[Path]:
    """The folder for the results, proved writable before any work is done; when the work fails
    before it wrote anything, the folders that were made for it go again. What a run that was killed
    left half written goes as well."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
        _tidy(path)
    except OSError as error:
        raise ValueError(f"cannot write to the folder {path}: {error.strerror}") from None
    try:
        yield path
    except BaseException:
        with undisturbed():
            for folder in made:
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()
        raise


def _tidy(folder: Path) -> None:
    """Remove temporary files that nobody can still be writing to; nothing that others named."""
    for path in folder.iterdir():
        if TEMPORARY.fullmatch(path.name):
            with suppress(FileNotFoundError):  # of another run, which has just finished it
                found = path.lstat()
                if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > ABANDONED:
                    path.unlink()


def _without_nan(content: Any) -> Any:
    """content with null for each number that JSON has no word for."""
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not np.isfinite(content) else content


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""The output of a run: its folder, its log, tables as text, files. Chapter 13."""

import csv
import json
import platform
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mininet import History, precision_recall_f1
from mininet.storage import write_atomically

from .data import Dataset
from .evaluate import CrossValidation, Trial
from .recipes import Recipe

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Output:
    """Output folder and console log of a run. Each file is written completely or not at all.

    show keeps figures open for show(); quiet suppresses the log.
    """

    def __init__(self, folder: Path, *, show: bool = False, quiet: bool = False) -> None:
        self.folder, self.quiet, self._show = folder, quiet, show

    def log(self, *words: object) -> None:
        """Print, unless the run is quiet."""
        if not self.quiet:
            print(*words, flush=True)

    def save(self, content: bytes, name: str) -> None:
        """Write a file into the folder and log its path."""
        write_atomically(self.folder / name, content)
        self.log("wrote", self.folder / name)

    def save_figure(self, figure: "Figure", name: str) -> None:
        """Save as PNG; close the figure unless it will be shown."""
        import matplotlib.pyplot as plt

        content = BytesIO()
        # stronger compression takes longer than drawing and saves a tenth of the bytes
        figure.savefig(content, format="png", pil_kwargs={"compress_level": 1})
        self.save(content.getvalue(), name)
        if not self._show:
            plt.close(figure)

    def save_table(self, rows: Sequence[dict[str, Any]], name: str) -> None:
        """Save rows with the same keys as CSV; nothing if there are no rows."""
        if rows:
            text = StringIO(newline="")
            table = csv.DictWriter(text, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
            self.save(text.getvalue().encode(), name)

    def save_history(self, history: History, name: str) -> None:
        """Save as CSV: epoch, loss, accuracy, learning_rate."""
        columns = history.history
        epochs = zip(*columns.values(), strict=True)
        rows = [dict(zip(columns, values, strict=True)) for values in epochs]
        self.save_table([{"epoch": i, **row} for i, row in enumerate(rows, 1)], name)

    def save_json(self, content: dict[str, Any], name: str) -> None:
        """Save as indented JSON, with null for NaN and infinity."""
        text = json.dumps(_without_nan(content), indent=2, ensure_ascii=False, allow_nan=False)
        self.save(text.encode("utf-8", "backslashreplace") + b"\n", name)

    def show(self) -> None:
        """Open all figures in windows and wait until they are closed, if requested."""
        if self._show:
            import matplotlib.pyplot as plt

            plt.show()


def _without_nan(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not np.isfinite(content) else content


@contextmanager
def output_folder(path: Path) -> Iterator[Path]:
    """Create the output folder and check that it is writable before any work is done; if the block
    fails before writing anything, remove the created folders. ValueError: not writable."""
    created = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ValueError(f"cannot write to the folder {path}: {error.strerror}") from None
    try:
        yield path
    except BaseException:
        for folder in created:
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        raise


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that affect the results."""
    packages = ("numpy", "scipy", "soundfile", "matplotlib")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def text_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Format rows under column names, the first column left-aligned, the others right."""
    cells = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([first.ljust(widths[0]), *map(str.rjust, others, widths[1:])])
        for first, *others in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def class_table(dataset: Dataset) -> str:
    """The classes with their numbers of clips, and the number of skipped files by kind."""
    counts = np.bincount(dataset.labels)
    lines = [text_table(["class", "clips"], zip(dataset.classes, counts, strict=True))]
    lines.append(f"{len(dataset.classes)} classes, {len(dataset)} clips")
    skipped = [f"{len(names)} {kind}" for kind, names in sorted(dataset.skipped_files.items())]
    return "\n".join([*lines, *([f"skipped files: {', '.join(skipped)}"] if skipped else [])])


def treatment_lines(treated: Counter[str], n_clips: int) -> list[str]:
    """One line per treatment, with the number of clips resampled, cut or padded."""
    kinds = {"resampled": "to 44.1 kHz", "cut": "to 5 s", "padded": "with zeros at the end, to 5 s"}
    return [f"{treated[kind]} of {n_clips} clips {kind} {how}" for kind, how in kinds.items()]


def epoch_line(history: History, epochs: int, seconds: float) -> str:
    """Loss, accuracy and learning rate of the last epoch, and the estimated time left."""
    epoch = len(history.loss)
    left = round(seconds / epoch * (epochs - epoch))
    return (
        f"epoch {epoch:{len(str(epochs))}d}/{epochs}  loss {history.loss[-1]:.4f}"
        f"  accuracy {history.accuracy[-1]:.4f}  learning rate {history.learning_rate[-1]:.2e}"
        f"  {left // 60}:{left % 60:02d} left"
    )


def confusion_table(matrix: np.ndarray, classes: list[str]) -> str:
    """The confusion matrix as text: rows true, columns predicted, by number of the class."""
    rows = [[f"{i:>2}  {name}", *matrix[i]] for i, name in enumerate(classes)]
    return text_table(["true \\ predicted", *map(str, range(len(classes)))], rows)


def score_table(matrix: np.ndarray, classes: list[str]) -> str:
    """Precision, recall, F1 and number of clips of each class."""
    scores = zip(classes, precision_recall_f1(matrix), matrix.sum(axis=1), strict=True)
    rows = [[name, *(f"{value:.3f}" for value in values), n] for name, values, n in scores]
    return text_table(["class", "precision", "recall", "F1", "clips"], rows)


def fold_line(trials: Sequence[Trial], recipe: Recipe) -> str:
    """One fold over all seeds: number of clips, accuracy, chosen networks."""
    values, first = np.array([trial.test[1] for trial in trials]), trials[0]
    names = " and ".join(recipe.networks[k] for k in first.chosen)
    return (
        f"fold {first.fold}: {len(first.clips)} clips, accuracy {values.mean():.4f}"
        f" ± {values.std():.4f} over {_seeds(len(values))}"
        + (f"; chosen: {names}" if len(recipe.networks) > 1 else "")
    )


def summary_lines(result: CrossValidation) -> list[str]:
    """The held-out accuracy with its spread and interval, and the training accuracy."""
    metrics = result.metrics()
    (low, high), train = metrics["interval_95"], metrics["train"]
    return [
        f"held out: accuracy {metrics['mean']:.4f} ± {metrics['std']:.4f} over"
        f" {len(metrics['folds'])} folds, ± {metrics['seeds_std']:.4f} over"
        f" {_seeds(len(result.seeds))}; loss {metrics['loss']:.4f}",
        f"95 % interval for the accuracy on other recordings: {low:.3f} to {high:.3f}"
        f" ({result.folds.n_recordings} recordings)",
        f"on the training folds: accuracy {train['accuracy']:.4f}, loss {train['loss']:.4f}",
    ]


def mistake_table(rows: Sequence[dict[str, Any]], with_people: bool) -> str:
    """The clips misclassified with more than half of the seeds, most frequent first."""
    often = [row for row in rows if 2 * row["wrong"] > row["seeds"]]
    title = f"{len(often)} clips were misclassified with more than half of the seeds"
    columns = ["clip", "wrong", "predicted", *(["people who recognized it"] if with_people else [])]
    cells = [
        [row["clip"], f"{row['wrong']} of {row['seeds']}", row["predicted"], _people(row)]
        for row in often
    ]
    return f"{title}\n" + text_table(columns, [row[: len(columns)] for row in cells])


def _people(row: dict[str, Any]) -> str:
    return f"{row['people_right']} of {row['people_asked']}" if row["people_asked"] else ""


def _seeds(n: int) -> str:
    return f"{n} seed{'' if n == 1 else 's'}"

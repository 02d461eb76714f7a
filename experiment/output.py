"""The output of a run: its folder, its log, tables as text, files. Chapter 13."""

from __future__ import annotations

import csv
import json
import platform
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mininet import Ensemble, History, precision_recall_f1
from mininet.storage import write_atomically

from .data import Dataset
from .evaluate import CrossValidation, Trial
from .recipes import Recipe

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Output:
    """Output folder and console log of a run. Each file is written whole or not at all.

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

    def save_figure(self, figure: Figure, name: str) -> None:
        """Save as PNG; close the figure unless it will be shown."""
        import matplotlib.pyplot as plt

        content = BytesIO()
        # strong compression would take longer than drawing, for a tenth of the bytes
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

    def save_model(self, ensemble: Ensemble, name: str) -> None:
        """Save the networks and their metadata."""
        ensemble.save(self.folder / name)
        self.log("wrote", self.folder / name)

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
    fails before it wrote anything, remove the folders again. ValueError: not writable."""
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


def drawable(names: Sequence[str]) -> list[str]:
    """names as Matplotlib can draw them: characters that its font lacks are taken from installed
    fonts, which are added to its fallback list; those in no font become escapes such as \\u96e8."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    def lacking(path: str, characters: set[str]) -> set[str]:
        try:
            font = get_font(path)
        except RuntimeError:  # a font that Matplotlib cannot load
            return characters
        return {c for c in characters if not font.get_char_index(ord(c))}

    missing, families = set("".join(names)), list(rcParams["font.family"])
    for family in families:
        missing = lacking(findfont(FontProperties(family=[family])), missing)
    for entry in fontManager.ttflist:
        if missing and (remaining := lacking(entry.fname, missing)) < missing:
            missing = remaining
            families.append(entry.name)
    rcParams["font.family"] = families
    escapes = {ord(c): c.encode("ascii", "backslashreplace").decode() for c in missing}
    return [name.translate(escapes) for name in names]


def versions() -> dict[str, str]:
    """Python and the packages whose version can change a number."""
    packages = ("numpy", "scipy", "soundfile", "matplotlib")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def class_table(dataset: Dataset) -> str:
    """The classes with their numbers of clips, and the number of skipped files by kind."""
    counts = np.bincount(dataset.labels)
    width = max(len("class"), *(len(name) for name in dataset.classes))
    rows = [f"{'class':<{width}}  clips", f"{'-' * width}  -----"]
    rows += [f"{name:<{width}}  {n:5d}" for name, n in zip(dataset.classes, counts, strict=True)]
    rows.append(f"{len(dataset.classes)} classes, {len(dataset)} clips")
    skipped = [f"{len(names)} {kind}" for kind, names in sorted(dataset.skipped_files.items())]
    return "\n".join([*rows, *([f"skipped files: {', '.join(skipped)}"] if skipped else [])])


def treatment_lines(treated: Counter[str], n_clips: int) -> list[str]:
    """A line each for the number of clips that were resampled, cut and padded."""
    what = {"resampled": "to 44.1 kHz", "cut": "to 5 s", "padded": "with zeros at the end, to 5 s"}
    return [f"{treated[kind]} of {n_clips} clips {kind} {how}" for kind, how in what.items()]


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
    """The confusion matrix as text: rows true, columns predicted, under the number of the class."""
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
    """Precision, recall, F1 and number of clips of each class."""
    width = max(len("class"), *(len(name) for name in classes))
    rows = [f"{'class':<{width}}  precision  recall      F1  clips"]
    scores = precision_recall_f1(matrix)
    for name, (precision, recall, f1), row in zip(classes, scores, matrix, strict=True):
        rows.append(f"{name:<{width}}  {precision:9.3f}  {recall:6.3f}  {f1:6.3f}  {row.sum():5d}")
    return "\n".join(rows)


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
    low, high = metrics["interval_95"]
    return [
        f"held out: accuracy {metrics['mean']:.4f} ± {metrics['std']:.4f} over"
        f" {len(metrics['folds'])} folds, ± {metrics['seeds_std']:.4f} over"
        f" {_seeds(len(result.seeds))}; loss {metrics['loss']:.4f}",
        f"95 % interval for the accuracy on other recordings: {low:.3f} to {high:.3f}"
        f" ({result.folds.n_recordings} recordings)",
        f"on the training parts: accuracy {metrics['train']['accuracy']:.4f},"
        f" loss {metrics['train']['loss']:.4f}",
    ]


def mistake_table(rows: Sequence[dict[str, Any]], with_people: bool) -> str:
    """The clips that were wrong with more than half of the seeds, the worst first."""
    often = [row for row in rows if 2 * row["wrong"] > row["seeds"]]
    width = max((len(row["clip"]) for row in often), default=0)
    lines = [f"{len(often)} clips were wrong with more than half of the seeds:"]
    for row in often:
        line = f"  {row['clip']:<{width}}  {row['wrong']} of {row['seeds']}: {row['predicted']}"
        if with_people and row["people_asked"]:
            line += f"; {row['people_right']} of {row['people_asked']} people recognized it"
        lines.append(line)
    return "\n".join(lines)


def _seeds(n: int) -> str:
    return f"{n} seed{'' if n == 1 else 's'}"


def save_cross_validation(
    result: CrossValidation, people: np.ndarray | None, output: Output, normalize: bool
) -> None:
    """Draw and log the results, next to people's confusion matrix if there is one."""
    from mininet.display import confusion, confusions, train_test_curves

    matrix, classes, curves = result.confusion, result.dataset.classes, result.mean_curves()
    names, mistakes = drawable(classes), result.mistakes()
    output.save_table(_curve_rows(curves), "history.csv")
    output.save_table(mistakes, "mistakes.csv")
    if people is not None:  # as proportions: people gave another number of answers
        human = f"people: {people.trace() / people.sum():.1%} of {people.sum()} answers"
        titles = [f"held out: {matrix.trace() / matrix.sum():.1%}", human]
        output.save_figure(confusions([matrix, people], names, titles), "confusion.png")
    else:
        output.save_figure(confusion(matrix, names, title="held out"), "confusion.png")
    if normalize:
        figure = confusion(matrix, names, normalize=True, title="held out")
        output.save_figure(figure, "confusion_normalized.png")
    output.save_figure(train_test_curves(curves), "curves.png")
    output.log(confusion_table(matrix, classes))
    output.log(score_table(matrix, classes))
    output.log(mistake_table(mistakes, people is not None))
    output.log("\n".join(summary_lines(result)))


def _curve_rows(curves: dict[str, tuple[History, History]]) -> list[dict[str, Any]]:
    """A row for each network and epoch."""
    return [
        {
            "network": name,
            "epoch": epoch + 1,
            "train_loss": train.loss[epoch],
            "train_accuracy": train.accuracy[epoch],
            "test_loss": test.loss[epoch],
            "test_accuracy": test.accuracy[epoch],
        }
        for name, (train, test) in curves.items()
        for epoch in range(len(train.loss))
    ]

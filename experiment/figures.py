"""The figures and tables of a run. Chapters 13 and 14.

Matplotlib is imported on first use.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mininet import History

from .data import Dataset
from .evaluate import CrossValidation, Curve, TrainingTask
from .output import Output, confusion_table, mistake_table, score_table, summary_lines
from .recipes import Reference

# Fonts of Windows, macOS and Linux that contain Hangul and Han characters.
FALLBACK_FONTS = (
    *("Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic", "Noto Sans CJK KR", "NanumGothic"),
    *("Noto Sans CJK JP", "WenQuanYi Zen Hei", "Arial Unicode MS"),
)


def drawable(names: Sequence[str]) -> list[str]:
    """Make names drawable by Matplotlib: an installed fallback font supplies characters that its
    default font lacks; characters in no font become escapes, as \\u96e8."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    installed = {font.name: font.fname for font in fontManager.ttflist}
    fallback = [name for name in FALLBACK_FONTS if name in installed]
    rcParams["font.family"] = ["sans-serif", *fallback]
    paths = [findfont(FontProperties(family=["sans-serif"])), *(installed[f] for f in fallback)]
    known = {chr(code) for path in paths for code in get_font(path).get_charmap()}
    missing = set("".join(names)) - known
    escapes = {ord(c): c.encode("ascii", "backslashreplace").decode() for c in missing}
    return [name.translate(escapes) for name in names]


def draw_features(view: np.ndarray, recipe: Reference, dataset: Dataset, output: Output) -> None:
    """Draw three clips per class, as MFCC images and as flattened vectors."""
    from mfcc.display import mfcc_grid, vector_grid

    classes, flat = drawable(dataset.classes), view.reshape(len(view), -1)
    images = view.reshape(len(view), recipe.n_rows, -1)  # (n_clips, n_rows, n_frames)
    output.save_figure(mfcc_grid(images, dataset.labels, classes), "mfcc.png")
    output.save_figure(vector_grid(flat, dataset.labels, classes), "features.png")


def draw_training(
    tasks: Sequence[TrainingTask],
    curves: Sequence[Curve],
    matrix: np.ndarray,
    classes: list[str],
    output: Output,
    normalize: bool,
) -> None:
    """Save diagram, history and learning curves of each network; the confusion matrix."""
    from mininet.display import curves as draw_curves
    from mininet.display import diagram

    for task, curve in zip(tasks, curves, strict=True):
        title, suffix = (task.name, f"_{task.name}") if len(tasks) > 1 else (None, "")
        output.save_history(curve.train, f"history{suffix}.csv")
        output.save_figure(diagram(task.network, title=title), f"network{suffix}.png")
        output.save_figure(draw_curves(curve.train), f"curves{suffix}.png")
    _draw_confusion(matrix, classes, output, normalize)


def _draw_confusion(
    matrix: np.ndarray,
    classes: list[str],
    output: Output,
    normalize: bool,
    title: str | None = None,
    people: np.ndarray | None = None,
) -> None:
    """Draw the confusion matrix, next to the human one if given; log its scores."""
    from mininet.display import confusion, confusions

    names = drawable(classes)
    if people is None:
        figure = confusion(matrix, names, title=title)
    else:  # as proportions: the totals differ
        human = f"people: {people.trace() / people.sum():.1%} of {people.sum()} answers"
        titles = [f"{title}: {matrix.trace() / matrix.sum():.1%}", human]
        figure = confusions([matrix, people], names, titles)
    output.save_figure(figure, "confusion.png")
    if normalize:
        figure = confusion(matrix, names, normalize=True, title=title)
        output.save_figure(figure, "confusion_normalized.png")
    output.log(confusion_table(matrix, classes))
    output.log(score_table(matrix, classes))


def draw_cross_validation(
    result: CrossValidation, people: np.ndarray | None, output: Output, normalize: bool
) -> None:
    """Save curves, confusion matrix and mistakes on the held-out clips; log the summary."""
    from mininet.display import train_test_curves

    curves, mistakes = result.mean_curves(), result.mistakes()
    output.save_table(_curve_rows(curves), "history.csv")
    output.save_table(mistakes, "mistakes.csv")
    output.save_figure(train_test_curves(curves), "curves.png")
    classes = result.dataset.classes
    _draw_confusion(result.confusion, classes, output, normalize, "held out", people)
    output.log(mistake_table(mistakes, people is not None))
    output.log("\n".join(summary_lines(result)))


def _curve_rows(curves: dict[str, tuple[History, History]]) -> list[dict[str, Any]]:
    """One row per network and epoch."""
    keys = ("network", "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
    return [
        dict(zip(keys, (name, epoch, *values), strict=True))
        for name, (train, test) in curves.items()
        for epoch, values in enumerate(
            zip(train.loss, train.accuracy, test.loss, test.accuracy, strict=True), 1
        )
    ]

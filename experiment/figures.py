"""The figures, tables and lines of text that describe a run. Chapters 13 and 14.

Matplotlib is imported on first use.
"""

import shlex
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from mfcc import power_to_db
from mfcc.audio import SAMPLE_RATE
from mininet import History, precision_recall_f1

from .data import CONVERT, Dataset
from .evaluate import Features, Trial, human_confusion
from .output import Output
from .prediction import Prediction, Span, blocks_of, label, stripes
from .recipes import Model, Recipe, Reference
from .terminal import printable, text_table

MAX_DRAWN = 30  # classes in a grid of clips
LISTED = 20  # mistakes in the log
HELD_OUT = "held-out clips"
# Fonts of Windows, macOS and Linux that contain Hangul and Han characters, tried before others.
FALLBACK_FONTS = (
    *("Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic", "Noto Sans CJK KR", "NanumGothic"),
    *("Noto Sans CJK JP", "WenQuanYi Zen Hei", "Arial Unicode MS"),
)
UNUSABLE = ("Emoji", "Last Resort", "LastResort", "Adobe Blank")  # bitmaps, boxes


def drawable(names: Sequence[str]) -> list[str]:
    """Make names drawable by Matplotlib: installed fonts supply the characters that its own font
    lacks; characters in no font become escapes, as \\u96e8."""
    import matplotlib.font_manager as fm
    from matplotlib import rcParams

    names = [printable(name) for name in names]
    wanted = set(map(ord, "".join(names)))
    for family in rcParams["font.family"]:
        font = fm.get_font(fm.findfont(fm.FontProperties(family=[family])))
        wanted.difference_update(font.get_charmap())
    if not wanted:
        return names
    known = {each.fname for each in fm.fontManager.ttflist}
    for path in set(fm.findSystemFonts()) - known:  # installed since Matplotlib was
        with suppress(OSError, RuntimeError):
            fm.fontManager.addfont(path)
    fonts = {each.name: each.fname for each in fm.fontManager.ttflist}
    for name in sorted(fonts, key=lambda name: name not in FALLBACK_FONTS):
        if wanted and not any(word in name for word in UNUSABLE):
            found = wanted.intersection(fm.get_font(fonts[name]).get_charmap())
            rcParams["font.family"] += [name] * bool(found)
            wanted -= found
    escapes = {code: chr(code).encode("ascii", "backslashreplace").decode() for code in wanted}
    return [name.translate(escapes) for name in names]


def class_table(dataset: Dataset) -> str:
    """The classes with clip counts, and the number of skipped files by kind."""
    counts = np.bincount(dataset.labels)
    text = text_table(["class", "clips"], zip(dataset.classes, counts, strict=True))
    text += f"\n{len(dataset.classes)} classes, {len(dataset)} clips"
    return f"{text}\n{skipped_text(dataset.skipped_files)}".rstrip()


def skipped_text(files: dict[str, list[str]]) -> str:
    """The number of skipped files of each kind; nothing if there are none."""
    counts = ", ".join(f"{len(names)} {kind}" for kind, names in sorted(files.items()))
    hint = f"; {CONVERT}" if "unsupported audio" in files else ""
    return f"skipped files: {counts}{hint}" if files else ""


def treatment_text(treated: Counter[str], n_clips: int) -> str:
    """One line per preprocessing step that was needed, with the number of clips resampled, cut or
    padded, and the seconds cut off."""
    cut = f"to 5 s; {treated['unused'] / SAMPLE_RATE:.0f} s are left out; --segments uses them"
    kinds = {"resampled": "to 44.1 kHz", "cut": cut, "padded": "with zeros to 5 s"}
    lines = [f"{treated[k]} of {n_clips} clips {k} {how}" for k, how in kinds.items() if treated[k]]
    return "\n".join(lines)


def first_clips(features: Features) -> Features:
    """The first three clips of each of the first MAX_DRAWN classes."""
    drawn = [np.flatnonzero(features.labels == label)[:3] for label in range(MAX_DRAWN)]
    return features.only(np.concatenate(drawn))


def draw_features(features: Features, recipe: Reference, output: Output) -> None:
    """Draw features of first_clips as MFCC images and as flattened vectors."""
    if (n := len(features.classes)) > MAX_DRAWN:
        output.log(f"mfcc.png and features.png show the first {MAX_DRAWN} of {n} classes")
    from mfcc.display import mfcc_grid, vector_grid

    classes = drawable(features.classes[:MAX_DRAWN])
    (view,) = features.views  # (n_clips, 1, n_features)
    n_rows = 3 * recipe.n_mfcc if recipe.deltas else recipe.n_mfcc
    images = view.reshape(len(view), n_rows, -1)  # (n_clips, n_rows, n_frames)
    names = drawable([name.partition("/")[2] for name in features.names])
    figure = mfcc_grid(images, features.labels, classes, names=names)
    output.save_figure(figure, "mfcc.png")
    figure = vector_grid(view[:, 0], features.labels, classes, n_mfcc=n_rows)
    output.save_figure(figure, "features.png")


def epoch_line(history: History, epochs: int, seconds: float) -> str:
    """Loss, accuracy and learning rate of the last epoch, and the estimated time left."""
    epoch = len(history.loss)
    left = round(seconds / epoch * (epochs - epoch))
    return (
        f"epoch {epoch:{len(str(epochs))}d}/{epochs}  loss {history.loss[-1]:.4f}"
        f"  accuracy {history.accuracy[-1]:.4f}  rate {history.learning_rate[-1]:.2e}"
        f"  {left // 60}:{left % 60:02d} left"
    )


def draw_training(
    model: Model, histories: Sequence[History], matrix: np.ndarray, output: Output, normalize: bool
) -> None:
    """Save diagram, history and learning curves of each network, under its name if they are
    several; the confusion matrix."""
    from mininet.display import curves, diagram

    several = len(model.networks) > 1
    for (k, network), history in zip(model.networks.items(), histories, strict=True):
        name = model.recipe.networks[k]
        suffix, of = (f"_{name}", f" ({name})") if several else ("", "")
        columns = {"epoch": range(1, len(history.loss) + 1), **history.history}
        rows = zip(*columns.values(), strict=True)
        output.save_table(columns, rows, f"history{suffix}.csv")
        title = f"{name}: {network.n_params:,} parameters" if several else None
        output.save_figure(diagram(network, title=title), f"network{suffix}.png")
        output.save_figure(curves(history, title=f"training clips{of}"), f"curves{suffix}.png")
    accuracy = matrix.trace() / matrix.sum()
    _draw_confusion(matrix, model.classes, output, normalize, "training clips", accuracy)


def _draw_confusion(
    matrix: np.ndarray,
    classes: Sequence[str],
    output: Output,
    normalize: bool,
    clips: str,
    accuracy: float,
) -> None:
    """Draw the confusion matrix, next to that of people for held-out clips; log its scores."""
    from mininet.display import MAX_CLASSES, confusion, confusions

    names, people = drawable(classes), human_confusion(classes) if clips == HELD_OUT else None
    title = f"{clips}: accuracy {accuracy:.1%}"
    if people is None:
        figure = confusion(matrix, names, title=title)
    else:  # as proportions: the totals differ
        human = f"people: accuracy {people.trace() / people.sum():.1%}"
        figure = confusions([matrix, people], names, [title, human])
    output.save_figure(figure, "confusion.png")
    if escaped := [drawn for name, drawn in zip(classes, names, strict=True) if name != drawn]:
        text = "characters that no installed font contains are escaped in pictures, as in"
        fonts = "Noto Sans CJK covers Korean, for example, and Noto Emoji covers emoji, in black"
        output.log(f"{text} {escaped[0]}; {fonts}")
    if normalize:
        figure = confusion(matrix, names, normalize=True, title=title)
        output.save_figure(figure, "confusion_normalized.png")
    if len(classes) <= MAX_CLASSES:
        rows = [[f"{i:>2}  {name}", *matrix[i]] for i, name in enumerate(classes)]
        output.log(text_table(["true \\ predicted", *map(str, range(len(classes)))], rows))
    scores = zip(classes, precision_recall_f1(matrix), matrix.sum(axis=1), strict=True)
    rows = [[name, *(f"{value:.3f}" for value in values), n] for name, values, n in scores]
    output.log(text_table(["class", "precision", "recall", "F1", "clips"], rows))


def draw_timeline(path: str, number: int, found: Prediction, model: Model, output: Output) -> None:
    """Save the spans of a recording as a picture above its spectrogram, as a table, and as a label
    track for Audacity: start, end (s) and label, separated by tabs."""
    import matplotlib.pyplot as plt

    *classes, title = drawable([*model.classes, Path(path).name])
    spans, name = found.spans, f"{number:03}-{printable(Path(path).stem)[:100]}"
    output.save_table(Span._fields, spans, f"{name}.csv")
    rows = [f"{s.start:.3f}\t{s.end:.3f}\t{label(s, model)}\n" for s in spans]
    output.save("".join(rows).encode("utf-8", "backslashreplace"), f"{name}.txt")

    height = 0.28 * len(model.classes)  # inches
    fig = plt.figure(figsize=(12, height + 4), layout="constrained")
    above, below = fig.subplots(2, sharex=True, height_ratios=[height, 2.5])
    for row, each in enumerate(model.classes):
        bars = [(s.start, s.end - s.start) for s in spans if s.name == each]
        shades = [str(0.85 - 0.7 * s.probability) for s in spans if s.name == each]
        above.broken_barh(bars, (row - 0.4, 0.8), facecolors=shades)
    above.set_yticks(range(len(classes)), classes, parse_math=False)
    above.set_ylim(len(classes) - 0.5, -0.5)
    above.set_title(title, loc="left", parse_math=False)
    above.set_title("darker: more probable", loc="right")
    power = np.concatenate([stripes(block, 10) for block in blocks_of(path)], axis=1)
    columns = range(0, power.shape[1], -(-power.shape[1] // 2000))  # at most 2000
    image = power_to_db(np.maximum.reduceat(power, columns, axis=1))
    below.imshow(image, origin="lower", aspect="auto", extent=(0, found.seconds, 0, len(image)))
    below.set(xlabel="time (s)", ylabel="mel band")
    output.save_figure(fig, f"{name}.png")


def next_steps(folder: Path, recipe: Recipe, options: Namespace) -> str:
    """What to run after a run, and where its results are."""
    lines = []
    if not options.cv:
        lines.append(f"next: to classify a recording: ssc predict {shlex.quote(str(folder))} CLIP")
        other = " and another --out" if options.out else ""
        lines.append(f"next: to measure held-out accuracy: the same command with --cv{other}")
    if isinstance(recipe, Reference):
        lines.append("next: for more accurate networks: --recipe improved")
    lines.append(f"results: {folder if options.no_report else folder / 'report.html'}")
    return "\n".join(lines)


def fold_line(trials: Sequence[Trial], recipe: Recipe) -> str:
    """One fold over all seeds: number of clips, accuracy, chosen networks."""
    accuracies, first = np.array([trial.test[1] for trial in trials]), trials[0]
    return (
        f"fold {first.fold}: {len(first.clips)} clips, accuracy {accuracies.mean():.4f}"
        + (f" ± {accuracies.std():.4f} over {len(trials)} seeds" if len(trials) > 1 else "")
        + (f"; chosen: {' and '.join(first.curves)}" if len(recipe.networks) > 1 else "")
    )


def draw_cross_validation(
    results: dict[str, Any], curves: dict[str, np.ndarray], output: Output, normalize: bool
) -> None:
    """Save curves, confusion matrix, reliability and mistakes on the held-out clips."""
    from mininet.display import reliability_diagram, train_test_curves

    metrics, classes = results["held_out"], results["classes"]
    columns = "network", "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy"
    rows, histories = [], {}
    for name, curve in curves.items():
        rows += [(name, epoch, *values) for epoch, values in enumerate(curve.T.tolist(), 1)]
        loss, accuracy, *held_out = curve.tolist()
        histories[name] = History(loss, accuracy, [], *held_out)
    output.save_table(columns, rows, "history.csv")
    if mistakes := metrics["mistakes"]:
        output.save_table(mistakes[0], [row.values() for row in mistakes], "mistakes.csv")
    output.save_figure(train_test_curves(histories), "curves.png")
    output.save_figure(reliability_diagram(metrics["reliability"]), "reliability.png")
    matrix, accuracy = np.array(metrics["confusion"]), metrics["mean"]
    _draw_confusion(matrix, classes, output, normalize, HELD_OUT, accuracy)
    output.log(mistake_table(mistakes, human_confusion(classes) is not None))


def mistake_table(mistakes: Sequence[dict[str, Any]], with_people: bool) -> str:
    """The clips misclassified for more than half of the seeds, most frequent first."""
    rows = []
    for row in mistakes:
        if 2 * row["wrong"] > row["seeds"]:
            people = "{people_right} of {people_asked}" if row["people_asked"] else ""
            cells = ["{clip}", "{wrong} of {seeds}", "{predicted}", people]
            rows.append([cell.format(**row) for cell in cells])
    columns = ["clip", "wrong", "predicted", *(["people right"] if with_people else [])]
    shown = [row[: len(columns)] for row in rows[:LISTED]]
    table = f"\n{text_table(columns, shown)}" if rows else ""
    rest = f"\n… and {len(rows) - LISTED} more in mistakes.csv" if len(rows) > LISTED else ""
    return f"clips misclassified for more than half of the seeds: {len(rows)}{table}{rest}"


def summary(metrics: dict[str, Any]) -> str:
    """The held-out accuracy with its spread and interval, how far the probabilities can be trusted,
    and the training accuracy."""
    sure = "the probabilities of this recipe are not calibrated"
    if metrics["sure"] is not None:
        given, right = (100 * metrics["sure"][name] for name in ("proportion", "accuracy"))
        sure = f"not unsure: {given:.1f} % of the clips, of which {right:.1f} % are right"
    (low, high), train, n_seeds = metrics["interval_95"], metrics["train"], len(metrics["seeds"])
    over_seeds = f", ± {metrics['seeds_std']:.4f} over {n_seeds} seeds" if n_seeds > 1 else ""
    return (
        f"held out: accuracy {metrics['mean']:.4f} ± {metrics['std']:.4f} over"
        f" {len(metrics['folds'])} folds{over_seeds}; loss {metrics['loss']:.4f}\n"
        f"95 % confidence interval of the accuracy: {low:.3f} to {high:.3f}, from"
        f" {metrics['recordings']} recordings\n"
        f"expected calibration error {metrics['calibration_error']:.3f}\n{sure}\n"
        f"on the training folds: accuracy {train['accuracy']:.4f}, loss {train['loss']:.4f}"
    )

"""Pictures of learning: the curves of a run, the confusion matrix, the network as a diagram.

Before it: all the others, whose results it draws. Nothing comes after it: only this file imports
Matplotlib, and no other file imports this one. Chapters 13 and 14.

Every function returns a Matplotlib `Figure`; the caller saves it, shows it and closes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from .network import Sequential
from .training import History

BLUE, RED, GREY = "#1f4e79", "#c2410c", "#404040"  # dark enough to be read as text
LEARNS, FIXED = "#d6e6f4", "#f5f5f5"  # boxes of layers with and without parameters


def curves(history: History) -> Figure:
    """Draw loss and accuracy over the epochs and, below them, the learning rate on a log axis.

    history.loss (nats), .accuracy (0 … 1) and .learning_rate hold one value an epoch; epochs count
    from 1. A loss that is not finite leaves a gap, and the legend says how many there are.
    ValueError: no epochs, or lists of different lengths.
    """
    loss, accuracy, rate = history.loss, history.accuracy, history.learning_rate
    lengths = len(loss), len(accuracy), len(rate)
    if len(set(lengths)) > 1 or not loss:
        raise ValueError(f"history has lists of {lengths} epochs; they must be equal, at least 1")
    n_bad = len(loss) - int(np.isfinite(loss).sum())
    gaps = f", not finite in {n_bad} of {len(loss)} epochs" if n_bad else ""

    fig, (left, below) = plt.subplots(
        2, sharex=True, height_ratios=[2, 1], figsize=(8, 6), layout="constrained"
    )
    right = left.twinx()
    _draw_curve(left, loss, "loss (nats)", BLUE, "-", "loss" + gaps)
    _draw_curve(right, accuracy, "accuracy", RED, "--", "accuracy")
    _draw_curve(below, rate, "learning rate", GREY, "-", "learning rate")
    fig.legend(handles=[*left.lines, *right.lines], loc="outside upper center", ncols=2)
    right.set_ylim(-0.03, 1.03)
    below.set_yscale("log")
    below.set(xlabel="epoch", xlim=(0.5, len(loss) + 0.5))
    below.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return fig


def parts(curves: Mapping[str, tuple[History, History]]) -> Figure:
    """Draw loss and accuracy by epoch of a training part and of a test part, a column a network.

    curves: for each name (training, test), two histories as long as each other; their
    learning_rate is not drawn. A loss that is not finite leaves a gap.
    ValueError: no curves, no epochs, or histories of different lengths.
    """
    lengths = {len(values) for pair in curves.values() for h in pair for values in _drawn(h)}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"curves have {sorted(lengths)} epochs; all must have as many, at least 1")
    size = (1 + 4.2 * len(curves), 6)
    fig, axes = plt.subplots(
        2, len(curves), figsize=size, layout="constrained", squeeze=False, sharex=True, sharey="row"
    )
    styles = {"training part": (BLUE, "--"), "test part, held out": (RED, "-")}
    for (above, below), (name, pair) in zip(axes.T, curves.items(), strict=True):
        for (label, (color, style)), history in zip(styles.items(), pair, strict=True):
            for ax, values in zip((above, below), _drawn(history), strict=True):
                _draw_line(ax, values, color, style, label)
        above.set_title(_drawable(name), parse_math=False)
        below.set(xlabel="epoch", ylim=(-0.03, 1.03), xlim=(0.5, max(lengths) + 0.5))
        below.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes[0, 0].set(ylabel="loss (nats)")
    axes[1, 0].set(ylabel="accuracy")
    fig.legend(handles=axes[0, 0].lines, loc="outside upper center", ncols=2)
    return fig


def confusion(
    matrix: ArrayLike, classes: Sequence[str], *, normalize: bool = False, title: str | None = None
) -> Figure:
    """Draw a confusion matrix: a row a true class, a column a predicted one, its count in a cell.

    matrix (n_classes, n_classes): counts. normalize divides each row by its sum, so that a row
    shows which share of a class went where; a row of zeros stays zeros.
    ValueError: a matrix whose shape is not that of the classes, a negative count.
    """
    return confusions([matrix], classes, [title or ""], normalize=normalize)


def confusions(
    matrices: Sequence[ArrayLike],
    classes: Sequence[str],
    titles: Sequence[str],
    *,
    normalize: bool = True,
) -> Figure:
    """Draw confusion matrices side by side on one scale, each as confusion does, under its title.

    With normalize, as by default, matrices of any totals can be compared: all cells are shares.
    ValueError: as confusion, or not a title for each matrix.
    """
    if not matrices or len(matrices) != len(titles):
        raise ValueError(f"{len(matrices)} matrices need as many titles, not {len(titles)}")
    counts = [_counts(matrix, len(classes)) for matrix in matrices]
    tables = [_shares(count) for count in counts] if normalize else counts
    texts = [
        [[f"{value:.2f}" if normalize else f"{value}" for value in row] for row in table]
        for table in tables
    ]
    names = [_drawable(name) for name in classes]
    side, margin = _inches([row for rows in texts for row in rows], names)
    size = (len(tables) * side + margin + 1.5, side + 0.7 * margin + 0.8)
    fig, axes = plt.subplots(
        1, len(tables), figsize=size, layout="compressed", squeeze=False, sharey=True
    )  # compressed: for square cells
    highest = 1 if normalize else max(1, *(table.max() for table in tables))
    slant: dict = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    for ax, table, rows, title in zip(axes[0], tables, texts, titles, strict=True):
        image = ax.imshow(table, "Blues", vmin=0, vmax=highest)
        for (i, j), color in np.ndenumerate(_readable_on(image.to_rgba(table))):
            ax.text(j, i, rows[i][j], color=color, ha="center", va="center")
        ax.set_xticks(range(len(names)), names, parse_math=False, **slant)
        ax.set_xlabel("predicted class")
        ax.set_title(_drawable(title), parse_math=False)
    axes[0, 0].set_yticks(range(len(names)), names, parse_math=False)
    axes[0, 0].set_ylabel("true class")
    label = "share of the true class" if normalize else "number of examples"
    fig.colorbar(image, ax=axes, label=label, aspect=side / 0.2, pad=0.2 / size[0])  # 0.2 inches
    return fig


def diagram(network: Sequential, *, title: str | None = None) -> Figure:
    """Draw the layers from the input down to the softmax, with their shapes and parameters.

    Shapes are (n, features), n the number of examples; None stands for what no Dense layer says.
    The softmax is no layer of the network: the loss contains it. Without a title of its own the
    picture is headed by the number of parameters.
    """
    boxes = list(_boxes(network))
    fig, ax = plt.subplots(figsize=(6, 0.5 + 0.9 * len(boxes)), layout="constrained")
    for y, (name, text, learns) in enumerate(boxes):
        color = LEARNS if learns else FIXED
        ax.add_patch(Rectangle((0.01, y), 0.98, 0.7, facecolor=color, edgecolor=BLUE))
        ax.text(0.5, y + 0.21, name, ha="center", va="center", weight="bold")
        ax.text(0.5, y + 0.49, text, ha="center", va="center")
    for y in range(1, len(boxes)):
        arrow = {"arrowstyle": "-|>", "color": BLUE, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", xy=(0.5, y), xytext=(0.5, y - 0.3), arrowprops=arrow)
    ax.set(xlim=(0, 1), ylim=(len(boxes) - 0.29, -0.01))
    ax.set_axis_off()
    ax.set_title(f"{network.n_params:,} parameters" if title is None else title, parse_math=False)
    return fig


def _draw_curve(
    ax: Axes, values: Sequence[float], name: str, color: str, style: str, label: str
) -> None:
    """values over the epochs 1, 2, ..., in the colour of the axis they belong to."""
    _draw_line(ax, values, color, style, label)
    ax.set_ylabel(name, color=color)
    ax.tick_params(axis="y", which="both", colors=color)


def _draw_line(ax: Axes, values: Sequence[float], color: str, style: str, label: str) -> None:
    """values over the epochs 1, 2, ..."""
    dots = "o" if len(values) < 30 else ""  # a single epoch makes no line
    epochs = range(1, len(values) + 1)
    ax.plot(epochs, values, style, color=color, marker=dots, markersize=4, label=label)


def _drawn(history: History) -> tuple[list[float], list[float]]:
    return history.loss, history.accuracy


def _shares(matrix: np.ndarray) -> np.ndarray:
    """S_ij = M_ij / Σ_j M_ij; 0 where a row is empty."""
    totals = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)


def _counts(matrix: ArrayLike, n: int) -> np.ndarray:
    """matrix as an array (n, n) that can be drawn, or a ValueError that says why not."""
    values = np.asarray(matrix)
    if n < 1 or values.shape != (n, n):
        raise ValueError(f"matrix has shape {values.shape}; it must be ({n}, {n}), a row a class")
    if values.min() < 0:
        raise ValueError(f"matrix holds {values.min()}; counts must not be negative")
    return values


def _inches(texts: list[list[str]], names: list[str]) -> tuple[float, float]:
    """The side of a matrix that gives each cell's text its room, and the length of a name."""
    longest = max(len(text) for row in texts for text in row)
    side = max(2.5, len(names) * max(0.42, 0.1 * longest + 0.1))
    return side, 0.085 * max(map(len, names))  # a character of ten points is about that wide


def _readable_on(rgba: np.ndarray) -> np.ndarray:
    """Black or white, (...), whichever contrasts more with each colour of rgba (..., 4).

    The ratio of lighter to darker luminance plus 0.05 is then never below √21 = 4.58.
    Source: Web Content Accessibility Guidelines 2.2, relative luminance and contrast ratio.
    """
    rgb = rgba[..., :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05, "white", "black")


def _drawable(name: str) -> str:
    """name, with each character that the current font lacks replaced by its code: \\u96e8."""
    families = [FontProperties(family=[family]) for family in FontProperties().get_family()]
    fonts = [get_font(findfont(family)) for family in families]
    known = {c: any(font.get_char_index(ord(c)) for font in fonts) for c in name}
    return "".join(c if known[c] else c.encode("ascii", "backslashreplace").decode() for c in name)


def _boxes(network: Sequential) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, shapes and parameters, whether there are any) for each box of the diagram."""
    shapes = network.shapes()
    yield "input", f"(n, {shapes[0][0]}),  n examples", False
    for layer, (n_in, n_out) in zip(network.layers, shapes, strict=True):
        n_params = sum(param.size for param in layer.params)
        counted = f"{n_params:,} parameters" if n_params else "no parameters"
        yield str(layer), f"(n, {n_in}) → (n, {n_out}),  {counted}", n_params > 0
    n_out = shapes[-1][1]
    yield "softmax", f"(n, {n_out}) → (n, {n_out}),  part of the loss", False

"""Pictures of training: learning curves, confusion matrices, reliability, network diagram. Chapters
13, 14 and 16.

Every function returns a Matplotlib Figure; the caller saves it, shows it and closes it.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ._checks import ArrayLike
from .metrics import calibration_error
from .network import History, Sequential

BLUE, RED, GRAY = "#1f4e79", "#c2410c", "#404040"  # dark enough for text
TRAINABLE, FIXED = "#d6e6f4", "#f5f5f5"  # boxes of layers with and without parameters
MAX_CLASSES = 36  # of a confusion matrix with numbers in its cells, and of full size
DARK = 0.715  # of the scale of "Blues": contrast of black below and white above is at least 4.5


def curves(history: History, *, title: str | None = None) -> Figure:
    """Draw loss (nats) and accuracy over the epochs and, if it changes, the learning rate below, on
    a log axis. Values on validation data, if there are any, are dotted.

    title: the data of the other curves, such as "training clips".
    """
    heights = [4, 2] if np.ptp(history.learning_rate) > 0 else [4]  # inches
    size: dict = {"figsize": (8, sum(heights)), "height_ratios": heights}
    fig, axes = plt.subplots(len(heights), sharex=True, squeeze=False, **size)
    (left, *below), inch = axes[:, 0], 1 / sum(heights)
    # fixed margins: a layout engine takes longer than the drawing
    fig.subplots_adjust(0.15, 0.54 * inch, 0.9, 1 - 0.65 * inch, hspace=0.05)
    right = left.twinx()
    where = f" on the {title}" if title else ""
    for ax, values, name, color, style, label in (
        (left, history.loss, "loss (nats)", BLUE, "-", f"loss{where}"),
        (left, history.val_loss, "loss (nats)", BLUE, ":", "validation loss"),
        (right, history.accuracy, "accuracy", RED, "--", f"accuracy{where}"),
        (right, history.val_accuracy, "accuracy", RED, ":", "validation accuracy"),
        *((ax, history.learning_rate, "learning rate", GRAY, "-", "learning rate") for ax in below),
    ):
        if values:
            _draw_line(ax, values, color, style, label)
            ax.set_ylabel(name, color=color)
            ax.tick_params(axis="y", which="both", colors=color)
    fig.legend(handles=[*left.lines, *right.lines], loc="upper center", ncols=2)
    right.set_ylim(-0.03, 1.03)
    for ax in below:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")  # math text such as 10⁻² takes longer than the rest
    axes[-1, 0].set_xlabel("epoch")
    return fig


def train_test_curves(histories: Mapping[str, History]) -> Figure:
    """Draw loss and accuracy on the training set and on the test set (the validation data), one
    column per network. histories: name of the network -> history."""
    fig = plt.figure(figsize=(1 + 4.2 * len(histories), 6), layout="constrained")
    axes = fig.subplots(2, len(histories), squeeze=False, sharex=True, sharey="row")
    training, test = (BLUE, "--", "training"), (RED, "-", "test (held out)")
    for (above, below), (name, history) in zip(axes.T, histories.items(), strict=True):
        _draw_line(above, history.loss, *training)
        _draw_line(above, history.val_loss, *test)
        _draw_line(below, history.accuracy, *training)
        _draw_line(below, history.val_accuracy, *test)
        above.set_title(name, parse_math=False)
        below.set(xlabel="epoch", ylim=(-0.03, 1.03))
    axes[0, 0].set_ylabel("loss (nats)")
    axes[1, 0].set_ylabel("accuracy")
    fig.legend(handles=axes[0, 0].lines, loc="outside upper center", ncols=2)
    return fig


def confusion(
    matrix: ArrayLike, classes: Sequence[str], *, normalize: bool = False, title: str | None = None
) -> Figure:
    """Draw a confusion matrix: one row per true class, one column per predicted class.

    matrix (n_classes, n_classes): counts. normalize divides each row by its sum; a row of zeros
    stays zero. With more than MAX_CLASSES classes the cells have no numbers. ValueError: a matrix
    whose shape does not match classes.
    """
    return confusions([matrix], classes, [title or ""], normalize=normalize)


def confusions(
    matrices: Sequence[ArrayLike],
    classes: Sequence[str],
    titles: Sequence[str],
    *,
    normalize: bool = True,
) -> Figure:
    """Draw confusion matrices, as in confusion, side by side on one color scale, each under its
    title. Proportions, the default, make matrices with different totals comparable."""
    tables = [_table(matrix, len(classes), normalize) for matrix in matrices]
    proportions, counts = ("{:.2f}", "proportion of the true class"), ("{}", "number of examples")
    form, label = proportions if normalize else counts
    longest = max(len(form.format(value)) for table in tables for value in table.flat)
    has_text = len(classes) <= MAX_CLASSES
    cell = min(1, MAX_CLASSES / len(classes)) * max(0.42, 0.1 * longest + 0.1)  # inches
    side, size = max(2.5, len(classes) * cell), min(10, 55 * cell)  # inches, points
    highest = 1 if normalize else max(1, *(table.max() for table in tables))
    fig, axes = plt.subplots(1, len(tables), squeeze=False, sharey=True)
    slant: dict = {"rotation": 45, "ha": "right", "rotation_mode": "anchor", "size": size}
    for ax, table, title in zip(axes[0], tables, titles, strict=True):
        image = ax.imshow(table, "Blues", vmin=0, vmax=highest)
        for (i, j), value in np.ndenumerate(table if has_text else table[:0]):
            color = "white" if value > DARK * highest else "black"
            ax.text(j, i, form.format(value), color=color, ha="center", va="center")
        ax.set_xticks(range(len(classes)), classes, parse_math=False, **slant)
        ax.set_xlabel("predicted class")
        ax.set_title(title, parse_math=False)
    axes[0, 0].set_yticks(range(len(classes)), classes, parse_math=False, size=size)
    axes[0, 0].set_ylabel("true class")
    names = axes[0, 0].get_yticklabels()
    margin = max(name.get_window_extent().width for name in names) / fig.dpi  # inches
    left, bottom = margin + 0.5, 0.71 * margin + 0.6
    w, h = left + len(tables) * (side + 0.2) + 1, bottom + side + 0.35
    fig.set_size_inches(w, h)
    fig.subplots_adjust(left / w, bottom / h, 1 - 1.2 / w, 1 - 0.35 / h, wspace=0.2 / side)
    bar = fig.add_axes((1 - 1 / w, bottom / h, 0.2 / w, side / h))
    fig.colorbar(image, bar, label=label)
    return fig


def reliability_diagram(table: ArrayLike) -> Figure:
    """Draw the proportion of right answers over their mean probability, a point per bin; below, the
    number of answers per bin. Points below the diagonal: the probabilities are too high.

    table (n_bins, 3): as reliability returns it. ValueError: a table without examples.
    """
    rows = np.asarray(table, dtype=np.float64)
    error, n_bins = calibration_error(rows), len(rows)
    counts, confidence, correct = rows[rows[:, 0] > 0].T
    fig = plt.figure(figsize=(5, 6.2), layout="constrained")
    above, below = fig.subplots(2, sharex=True, height_ratios=[4, 1])
    above.plot([0, 1], [0, 1], "--", color=GRAY, label="calibrated")
    above.plot(confidence, correct, "o-", color=BLUE, label=f"{counts.sum():.0f} answers")
    above.set(ylabel="proportion right", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    above.set_title(f"expected calibration error {error:.3f}")
    above.legend(loc="upper left")
    edges = np.arange(n_bins) / n_bins
    below.bar(edges, rows[:, 0], 1 / n_bins, align="edge", color=BLUE, edgecolor="white")
    below.set(xlabel="mean probability of the answer", ylabel="answers")
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    return fig


def diagram(network: Sequential, *, title: str | None = None) -> Figure:
    """Draw the layers from the input down to the softmax, with their parameters and their shapes
    (n, features) for n examples. title None: the number of parameters."""
    boxes = [("input", f"(n, {network.n_in}),  n examples", FIXED)]
    for layer, (n_in, n_out) in zip(network.layers, network.shapes(), strict=True):
        options = [f"{key}={v}" for key, v in layer.config().items() if isinstance(v, float)]
        name = type(layer).__name__ + (f"({', '.join(options)})" if options else "")
        n_params = sum(param.size for param in layer.params)
        text = f"(n, {n_in}) → (n, {n_out}),  {f'{n_params:,}' if n_params else 'no'} parameters"
        boxes.append((name, text, TRAINABLE if n_params else FIXED))
    text = f"(n, {network.n_out}) → (n, {network.n_out}),  part of the loss"
    boxes.append(("softmax", text, FIXED))

    fig, ax = plt.subplots(figsize=(6, 0.3 + 0.9 * len(boxes)))
    fig.subplots_adjust(0, 0, 1, 1 - 0.3 / fig.get_figheight())
    arrow = {"arrowstyle": "-|>", "color": BLUE, "shrinkA": 0, "shrinkB": 0}
    for y, (name, text, color) in enumerate(boxes):
        ax.add_patch(plt.Rectangle((0.01, y), 0.98, 0.7, facecolor=color, edgecolor=BLUE))
        ax.text(0.5, y + 0.21, name, ha="center", va="center", weight="bold")
        ax.text(0.5, y + 0.49, text, ha="center", va="center")
        if y > 0:
            ax.annotate("", xy=(0.5, y), xytext=(0.5, y - 0.3), arrowprops=arrow)
    ax.set(xlim=(0, 1), ylim=(len(boxes) - 0.2, -0.01))
    ax.set_axis_off()
    title = f"{network.n_params:,} parameters" if title is None else title
    ax.set_title(title, y=1, parse_math=False)  # y=1: fixed, faster
    return fig


def _draw_line(ax: Axes, values: Sequence[float], color: str, style: str, label: str) -> None:
    """Draw values over the epochs 1, 2, …"""
    dots = "o" if len(values) < 30 else ""  # a single epoch has no line
    epochs = range(1, len(values) + 1)
    ax.plot(epochs, values, style, color=color, marker=dots, markersize=4, label=label)
    ax.set_xlim(0.5, len(values) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _table(matrix: ArrayLike, n: int, normalize: bool) -> np.ndarray:
    """M (n, n), or M_ij / Σ_j M_ij, 0 in empty rows. ValueError: another shape."""
    M = np.asarray(matrix)
    if M.shape != (n, n):
        raise ValueError(f"matrix has shape {M.shape}; it must be ({n}, {n}), one row per class")
    totals = M.sum(axis=1, keepdims=True)
    return M / np.where(totals > 0, totals, 1) if normalize else M

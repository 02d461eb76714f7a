"""Properties of mininet/display.py: what each figure shows, and that it can be read."""

import math
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from mininet import (
    Dense,
    Dropout,
    History,
    LeakyReLU,
    Normalization,
    Sequential,
    calibration_error,
    reliability,
)
from mininet.display import (
    confusion,
    confusions,
    curves,
    diagram,
    reliability_diagram,
    train_test_curves,
)
from tests.oracles import refusal
from tests.strategies import few, generators

pytestmark = pytest.mark.usefixtures("closed_figures")
LOSSES = st.floats(0, 1e30) | st.sampled_from([np.nan, np.inf])
EPOCHS = st.lists(st.tuples(LOSSES, st.floats(0, 1), st.floats(1e-8, 10)), min_size=1, max_size=40)
HISTORIES = EPOCHS.map(lambda rows: History(*(list(c) for c in zip(*rows, strict=True))))
SHAPES = st.integers(2, 6).map(lambda n: (n, n))
MATRICES = arrays(np.int64, SHAPES, elements=st.integers(0, 99))


def names(n: int) -> list[str]:
    """Class names, one of which Matplotlib would take for a formula."""
    return [f"$class_{i}" for i in range(n)]


def luminance(color: Any) -> float:
    """Relative luminance of an sRGB color, as WCAG 2.2 defines it."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def assert_inside(fig: Any) -> None:
    """Nothing is cut off (half a pixel is the anti-aliasing's), and drawing warns of nothing."""
    fig.draw_without_rendering()
    box, dpi = fig.get_tightbbox(), fig.dpi
    assert min(box.x0, box.y0) * dpi > -0.5
    assert (box.x1 * dpi, box.y1 * dpi) < (fig.bbox.x1 + 0.5, fig.bbox.y1 + 0.5)


def assert_line(ax: Any, k: int, values: list[float]) -> None:
    """The k-th line of ax has the values over the epochs 1, 2, …, and the ticks are integers."""
    np.testing.assert_array_equal(ax.lines[k].get_ydata(), values)
    np.testing.assert_array_equal(ax.lines[k].get_xdata(), np.arange(len(values)) + 1)
    assert all(tick == round(tick) for tick in ax.get_xticks())


@given(HISTORIES)
@example(History([1e5, 2e5], [0.5, 0.6], [0.00612, 0.00613]))  # the widest ticks
@few(8)
def test_curves_show_the_history(history: History) -> None:
    """Three curves, each on an axis of its color, the rate's logarithmic."""
    rates = [20.0, *history.learning_rate]  # not constant
    history = History([1.0, *history.loss], [0.5, *history.accuracy], rates)
    fig = curves(history)
    left, below, right = axes = fig.axes
    drawn = history.loss, history.learning_rate, history.accuracy
    for ax, values in zip(axes, drawn, strict=True):
        assert_line(ax, 0, values)
        assert ax.yaxis.label.get_color() == ax.lines[0].get_color()
    assert [ax.get_ylabel() for ax in axes] == ["loss (nats)", "learning rate", "accuracy"]
    assert left.lines[0].get_color() != right.lines[0].get_color()
    assert [ax.get_yscale() for ax in axes] == ["linear", "log", "linear"]
    assert below.get_xlabel() == "epoch" and right.get_ylim() == (-0.03, 1.03)
    assert [text.get_text() for text in fig.legends[0].texts] == ["loss", "accuracy"]
    assert_inside(fig)


def validated(history: History) -> History:
    """The history with values on validation data, other ones than on the training data."""
    return replace(history, val_loss=history.loss[::-1], val_accuracy=history.accuracy[::-1])


@pytest.mark.parametrize("rate", [0.1, math.nan])
def test_curves_do_without_a_constant_rate(rate: float) -> None:
    """Nor is the one of an optimizer without a rate drawn, and repr does not mention it."""
    history = History([2.0, 1.0], [0.5, 0.6], [rate, rate])
    fig = curves(history)
    assert_line(fig.axes[0], 0, history.loss)
    assert len(fig.axes) == 2 and fig.axes[0].get_xlabel() == "epoch"
    assert ("learning_rate" in repr(history)) == (rate == 0.1)
    assert_inside(fig)


@given(HISTORIES)
@few(4)
def test_curves_show_validation_data(history: History) -> None:
    """Dotted, in the color of the values on the training data, and named."""
    history = validated(history)
    fig = curves(history, title="training set")
    left, *_, right = fig.axes
    assert_line(left, 1, history.val_loss)
    assert_line(right, 1, history.val_accuracy)
    for ax in (left, right):
        assert [line.get_linestyle() == ":" for line in ax.lines] == [False, True]
        assert ax.lines[0].get_color() == ax.lines[1].get_color()
    shown = [text.get_text() for text in fig.legends[0].texts]
    assert shown[1::2] == ["validation loss", "validation accuracy"]
    assert shown[::2] == ["loss on the training set", "accuracy on the training set"]
    assert_inside(fig)


@given(HISTORIES, st.integers(1, 3))
@few(4)
def test_train_test_curves_show_both_sets_of_each_network(history: History, n: int) -> None:
    """A column per network under its name: above the losses, below the accuracies of both sets."""
    history = validated(history)
    fig = train_test_curves(dict.fromkeys(names(n), history))
    for i, name in enumerate(names(n)):
        above, below = fig.axes[i], fig.axes[n + i]
        assert above.get_title() == name and below.get_xlabel() == "epoch"
        for k, values in enumerate((history.loss, history.val_loss)):
            assert_line(above, k, values)
        for k, values in enumerate((history.accuracy, history.val_accuracy)):
            assert_line(below, k, values)
    assert [text.get_text() for text in fig.legends[0].texts] == ["training", "test (held out)"]
    assert_inside(fig)


@given(MATRICES, MATRICES, st.booleans())
@few(10)
def test_confusions_show_every_cell_legibly_on_one_scale(a: Any, b: Any, normalize: bool) -> None:
    """Cell (i, j) shows M[i, j] or its proportion of row i; contrast >= 4.5 (WCAG 2.2, 1.4.3)."""
    b = b if a.shape == b.shape else a.T.copy()
    fig = confusions([a, b], names(len(a)), ["$a_", "b"], normalize=normalize)
    *axes, bar = fig.axes
    assert [ax.get_title() for ax in axes] == ["$a_", "b"]
    for ax, matrix in zip(axes, (a, b), strict=True):
        values = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1) if normalize else matrix
        shown = {text.get_position()[::-1]: text.get_text() for text in ax.texts}
        form = "{:.2f}" if normalize else "{}"
        assert shown == {cell: form.format(value) for cell, value in np.ndenumerate(values)}
        image: Any = ax.images[0]
        np.testing.assert_array_equal(image.get_array(), values)
        assert ax.yaxis_inverted() and not ax.xaxis_inverted()
        assert image.get_clim() == (0, 1 if normalize else max(1, a.max(), b.max()))
        for text, color in zip(ax.texts, image.to_rgba(values).reshape(-1, 4), strict=True):
            pair = luminance(color), luminance(matplotlib.colors.to_rgb(text.get_color()))
            assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 4.5
    unit = "proportion of the true class" if normalize else "number of examples"
    assert bar.get_ylabel() == unit


@pytest.mark.parametrize("n, largest", [(1, 0), (2, 7), (9, 1234567), (20, 2000)])
def test_a_confusion_matrix_has_room_for_its_texts(n: int, largest: int) -> None:
    """Every count lies inside its square cell, and no class name is cut off or covers another."""
    fig = confusion(np.full((n, n), largest), classes := ["a_rather_long_$name$"] * n, title="$t_")
    assert_inside(fig)
    ax, bar = fig.axes
    (left, top), (right, bottom) = ax.transData.transform([(-0.5, -0.5), (0.5, 0.5)])
    assert right - left == pytest.approx(top - bottom) and ax.get_title() == "$t_"
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(box.width < right - left and box.height < top - bottom for box in boxes)
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert bar.bbox.height == pytest.approx(ax.bbox.height, rel=0.01)
    for axis in (ax.xaxis, ax.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == classes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_a_large_confusion_matrix_has_a_bounded_size_and_no_texts() -> None:
    """It is as large as one of 36 classes, but for the class names, which are small."""
    small, large = (confusion(np.eye(n), names(n)) for n in (36, 150))
    assert len(small.axes[0].texts) == 36**2 and len(large.axes[0].texts) == 0
    for fig in (small, large):
        assert_inside(fig)
    assert large.axes[0].bbox.width == pytest.approx(small.axes[0].bbox.width)
    boxes = [label.get_window_extent() for label in large.axes[0].get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))


@given(generators(), st.integers(1, 40), st.integers(1, 20))
@few(8)
def test_the_reliability_diagram_shows_each_bin(rng: Any, n: int, n_bins: int) -> None:
    """A point (mean probability, proportion right) for each bin that is not empty, beside the
    diagonal; below it a bar (bin, number of answers) for each bin; the error in the title."""
    p = rng.dirichlet(np.ones(3), n)
    table = reliability(p, rng.integers(0, 3, n), n_bins)
    fig: Any = reliability_diagram(table.tolist())
    above, below = fig.axes
    diagonal, points = (line.get_xydata() for line in above.lines)
    np.testing.assert_array_equal(diagonal, [[0, 0], [1, 1]])
    np.testing.assert_array_equal(points, [row[1:] for row in table if row[0]])
    assert above.get_title() == f"expected calibration error {calibration_error(table):.3f}"
    texts = [text.get_text() for text in above.get_legend().get_texts()]
    assert texts == ["calibrated", f"{n} answers"]
    boxes = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in below.patches]
    expected = [(b / n_bins, 1 / n_bins, count) for b, count in enumerate(table[:, 0])]
    np.testing.assert_allclose(boxes, expected, rtol=1e-12)
    assert (above.get_ylabel(), below.get_ylabel()) == ("proportion right", "answers")
    assert below.get_xlabel() == "mean probability of the answer"
    assert_inside(fig)


def test_the_diagram_shows_layers_shapes_and_parameters() -> None:
    """A box for input, layers and softmax, its two texts inside, and an arrow to the next one."""
    rng = np.random.default_rng(0)
    layers = [Normalization([0] * 60, [1] * 60), Dense(60, 50, rng), LeakyReLU(0.1), Dropout(0.5)]
    network = Sequential([*layers, Dense(50, 3, rng)])
    fig = diagram(network)
    assert_inside(fig)
    (ax,) = fig.axes
    texts = [text for text in ax.texts if not isinstance(text, Annotation)]
    assert [text.get_text() for text in texts] == [
        *("input", "(n, 60),  n examples"),
        *("Normalization", "(n, 60) → (n, 60),  no parameters"),
        *("Dense", "(n, 60) → (n, 50),  3,050 parameters"),
        *("LeakyReLU(alpha=0.1)", "(n, 50) → (n, 50),  no parameters"),
        *("Dropout(rate=0.5)", "(n, 50) → (n, 50),  no parameters"),
        *("Dense", "(n, 50) → (n, 3),  153 parameters"),
        *("softmax", "(n, 3) → (n, 3),  part of the loss"),
    ]
    assert ax.get_title() == "3,203 parameters"
    assert diagram(network, title="$t_").axes[0].get_title() == "$t_"
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, Rectangle)]
    for i, text in enumerate(texts):
        inner, outer = text.get_window_extent(), boxes[i // 2]
        assert outer.x0 < inner.x0 < inner.x1 < outer.x1
        assert outer.y0 < inner.y0 < inner.y1 < outer.y1
    arrows = [text for text in ax.texts if isinstance(text, Annotation)]
    for arrow, above, below in zip(arrows, boxes[:-1], boxes[1:], strict=True):
        start, end = ax.transData.transform([arrow.xyann, arrow.xy])
        assert (start[1], end[1]) == pytest.approx((above.y0, below.y1))


def test_arguments_that_do_not_fit_are_rejected() -> None:
    """A ValueError names them, and no figure is opened; other figures stay open for the caller."""
    one, eye = History([1.0], [0.5], [0.1]), np.eye(3)
    rejected: list[Any] = [
        ("matrix has shape (3, 3); it must be (2, 2)", confusion, eye, names(2)),
        ("reliability has no examples", reliability_diagram, np.zeros((3, 3))),
    ]
    for message, call, *args in rejected:
        assert message in refusal(call, *args) and not plt.get_fignums()
    figures = [curves(one), confusion([[1]], ["a"]), diagram(Sequential([LeakyReLU()]))]
    assert [plt.figure(number) for number in plt.get_fignums()] == figures

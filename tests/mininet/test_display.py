"""Theorems about mininet/display.py: what stands in the pictures of learning, and where."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from mininet import Dense, History, LeakyReLU, Sequential, Sigmoid
from mininet.display import confusion, confusions, curves, diagram, parts

matplotlib.use("Agg")
SETTINGS = dict(matplotlib.rcParams)

losses = st.floats(0, 1e30) | st.sampled_from([np.nan, np.inf])
epochs = st.tuples(losses, st.floats(0, 1), st.floats(1e-8, 10))
histories = st.lists(epochs, min_size=1, max_size=40).map(
    lambda rows: History(*(list(column) for column in zip(*rows, strict=True)))
)
matrices = st.integers(2, 6).flatmap(
    lambda n: arrays(np.int64, (n, n), elements=st.integers(0, 99))
)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def names(n: int) -> list[str]:
    return [f"class_{i}" for i in range(n)]


def luminance(color: Any) -> float:
    """Relative luminance of an sRGB colour, as WCAG 2.2 defines it."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def assert_inside(fig: Any) -> None:
    """Drawing warns of nothing and cuts nothing off (half a pixel is the anti-aliasing's)."""
    fig.draw_without_rendering()
    box, dpi = fig.get_tightbbox(), fig.dpi
    assert min(box.x0, box.y0) * dpi > -0.5
    assert (box.x1 * dpi, box.y1 * dpi) < (fig.bbox.x1 + 0.5, fig.bbox.y1 + 0.5)


@given(history=histories)
@settings(max_examples=8, deadline=None)
def test_the_curves_are_the_history(history: History) -> None:
    """Loss, accuracy and learning rate stand over the epochs 1, 2, ...; any history has a picture,
    also of one epoch, of losses that are not finite and of equal rates."""
    fig = curves(history)
    for ax, values in zip(
        (fig.axes[0], fig.axes[2], fig.axes[1]),
        (history.loss, history.accuracy, history.learning_rate),
        strict=True,
    ):
        (line,) = ax.lines
        np.testing.assert_array_equal(line.get_ydata(), values)
        np.testing.assert_array_equal(line.get_xdata(), np.arange(len(values)) + 1)
    assert_inside(fig)
    plt.close(fig)


@pytest.mark.parametrize("n_epochs", [1, 2, 100])
def test_the_axes_of_the_curves_say_what_they_measure(n_epochs: int) -> None:
    """Each axis has its quantity, in the colour of its curve; epochs are integers; the learning
    rate is logarithmic; one legend names the two curves that share a panel."""
    rates = [0.01 / (1 + 9 * i) for i in range(n_epochs)]
    fig = curves(History([2.0] * n_epochs, [1.0] * n_epochs, rates))
    left, below, right = fig.axes
    assert [ax.get_ylabel() for ax in fig.axes] == ["loss (nats)", "learning rate", "accuracy"]
    assert all(ax.yaxis.label.get_color() == ax.lines[0].get_color() for ax in fig.axes)
    assert left.lines[0].get_color() != right.lines[0].get_color()
    assert (left.get_yscale(), right.get_yscale(), below.get_yscale()) == (
        "linear",
        "linear",
        "log",
    )
    assert below.get_xlabel() == "epoch"
    assert all(tick == round(tick) for tick in below.get_xticks())
    assert right.get_ylim()[0] < 0 and right.get_ylim()[1] > 1
    (legend,) = fig.legends
    assert [text.get_text() for text in legend.get_texts()] == ["loss", "accuracy"]
    assert all(ax.get_legend() is None for ax in fig.axes)


def test_losses_that_are_not_finite_are_counted() -> None:
    """A gap in the loss is explained: the legend says how many epochs it hides."""
    fig = curves(History([2.0, np.nan, np.inf, 1.0], [0.5] * 4, [0.1] * 4))
    assert fig.legends[0].get_texts()[0].get_text() == "loss, not finite in 2 of 4 epochs"


@given(matrix=matrices)
@settings(max_examples=20, deadline=None)
def test_every_cell_shows_its_count(matrix: np.ndarray) -> None:
    """The text in row i (downwards), column j is M[i, j], and so is the value behind its colour."""
    fig = confusion(matrix, names(len(matrix)))
    ax = fig.axes[0]
    shown = {(t.get_position()[1], t.get_position()[0]): t.get_text() for t in ax.texts}
    assert shown == {cell: str(count) for cell, count in np.ndenumerate(matrix)}
    np.testing.assert_array_equal(ax.images[0].get_array(), matrix)
    assert ax.yaxis_inverted() and not ax.xaxis_inverted()
    plt.close(fig)


@given(matrix=matrices, normalize=st.booleans())
@settings(max_examples=20, deadline=None)
def test_every_cell_can_be_read(matrix: np.ndarray, normalize: bool) -> None:
    """The contrast of text and cell is at least 4.5 (WCAG 2.2, success criterion 1.4.3)."""
    ax: Any = confusion(matrix, names(len(matrix)), normalize=normalize).axes[0]
    colors = ax.images[0].cmap(ax.images[0].norm(ax.images[0].get_array()))
    for text, color in zip(ax.texts, colors.reshape(-1, 4), strict=True):
        pair = luminance(color), luminance(matplotlib.colors.to_rgb(text.get_color()))
        assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 4.5
    plt.close("all")


@given(matrix=matrices)
@settings(max_examples=20, deadline=None)
def test_normalised_rows_sum_to_one(matrix: np.ndarray) -> None:
    """Shown with two decimals, a row sums to 1 within n/200, or is 0 throughout when empty."""
    fig = confusion(matrix, names(len(matrix)), normalize=True)
    n = len(matrix)
    shown = np.array([float(text.get_text()) for text in fig.axes[0].texts]).reshape(n, n)
    assert all(len(text.get_text()) == 4 for text in fig.axes[0].texts)
    full = matrix.sum(axis=1) > 0
    np.testing.assert_allclose(shown.sum(axis=1)[full], 1, atol=n / 200 + 1e-12)
    assert not shown[~full].any()
    assert fig.axes[0].images[0].get_clim() == (0, 1)
    plt.close(fig)


def test_both_axes_name_the_classes() -> None:
    """Rows are true classes, columns predicted ones, each with its name; the bar has its unit."""
    for normalize, unit in ((False, "number of examples"), (True, "share of the true class")):
        fig = confusion(np.eye(3), ["a", "$b_$", "ñ"], normalize=normalize, title="$c_$")
        assert_inside(fig)  # "$b_$" as a formula would raise an error here
        ax, bar = fig.axes
        for axis in (ax.xaxis, ax.yaxis):
            assert [label.get_text() for label in axis.get_ticklabels()] == ["a", "$b_$", "ñ"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
        assert bar.get_ylabel() == unit


@pytest.mark.parametrize("n, largest", [(1, 0), (2, 7), (9, 1234567), (20, 2000)])
def test_a_confusion_matrix_has_room_for_its_texts(n: int, largest: int) -> None:
    """Every count lies inside its square cell, and no name is cut off or covers its neighbour."""
    fig = confusion(np.full((n, n), largest), ["a_rather_long_name"] * n, title="title")
    assert_inside(fig)
    ax = fig.axes[0]
    (left, top), (right, bottom) = ax.transData.transform([(-0.5, -0.5), (0.5, 0.5)])
    assert right - left == pytest.approx(top - bottom)
    for text in ax.texts:
        box = text.get_window_extent()
        assert box.width < right - left and box.height < top - bottom
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert fig.axes[1].bbox.height == pytest.approx(ax.bbox.height, rel=0.01)


def test_a_character_without_a_glyph_is_written_as_its_code() -> None:
    """Names in any script are drawn without a warning, and stay apart from each other."""
    fig = confusion([[1, 0], [0, 1]], ["\U000f0000 rain", "\U000f0001 rain"])
    labels = [label.get_text() for label in fig.axes[0].get_xticklabels()]
    assert labels == ["\\U000f0000 rain", "\\U000f0001 rain"]
    assert_inside(fig)


def test_the_diagram_tells_layers_shapes_and_parameters() -> None:
    """A box for the input, each layer and the softmax, joined by arrows, from the top down."""
    rng = np.random.default_rng(0)
    layers = [Dense(60, 50, rng), Sigmoid(), Dense(50, 40, rng), LeakyReLU(0.1), Dense(40, 3, rng)]
    fig = diagram(Sequential(layers))
    (ax,) = fig.axes
    texts = [text.get_text() for text in ax.texts if not isinstance(text, Annotation)]
    assert list(zip(texts[::2], texts[1::2], strict=True)) == [
        ("input", "(n, 60),  n examples"),
        ("Dense", "(n, 60) → (n, 50),  3,050 parameters"),
        ("Sigmoid", "(n, 50) → (n, 50),  no parameters"),
        ("Dense", "(n, 50) → (n, 40),  2,040 parameters"),
        ("LeakyReLU(alpha=0.1)", "(n, 40) → (n, 40),  no parameters"),
        ("Dense", "(n, 40) → (n, 3),  123 parameters"),
        ("softmax", "(n, 3) → (n, 3),  part of the loss"),
    ]
    assert ax.get_title() == "5,213 parameters"
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    arrows = [text for text in ax.texts if isinstance(text, Annotation)]
    assert (len(boxes), len(arrows)) == (7, 6)
    assert_inside(fig)


def test_the_texts_of_the_diagram_lie_in_their_boxes() -> None:
    """Two texts a box, inside it; every arrow leads from a box to the next one below."""
    fig = diagram(Sequential([Dense(6513, 500, np.random.default_rng(0)), Sigmoid()]), title="$t_$")
    fig.draw_without_rendering()
    (ax,) = fig.axes
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, Rectangle)]
    texts = [text for text in ax.texts if not isinstance(text, Annotation)]
    arrows = [text for text in ax.texts if isinstance(text, Annotation)]
    for i, text in enumerate(texts):
        inner, outer = text.get_window_extent(), boxes[i // 2]
        assert outer.x0 < inner.x0 and inner.x1 < outer.x1
        assert outer.y0 < inner.y0 and inner.y1 < outer.y1
    for arrow, above, below in zip(arrows, boxes[:-1], boxes[1:], strict=True):
        start, end = ax.transData.transform([arrow.xyann, arrow.xy])
        assert (start[1], end[1]) == pytest.approx((above.y0, below.y1))
    assert ax.get_title() == "$t_$"


def test_a_picture_is_left_to_its_caller() -> None:
    """Each function returns a figure that is open, and changes no setting of Matplotlib."""
    network = Sequential([Sigmoid()])
    figures = [curves(History([1], [1], [1])), confusion([[1]], ["a"]), diagram(network)]
    assert [plt.figure(number) for number in plt.get_fignums()] == figures
    assert dict(matplotlib.rcParams) == SETTINGS


@pytest.mark.parametrize(
    "matrix, classes, message",
    [
        (np.eye(3), names(2), "matrix has shape (3, 3); it must be (2, 2)"),
        (np.ones(2), names(2), "matrix has shape (2,); it must be (2, 2)"),
        ([[0, 1], [-2, 0]], names(2), "matrix holds -2; counts must not be negative"),
        (np.zeros((0, 0)), [], "matrix has shape (0, 0)"),
    ],
)
def test_a_matrix_that_is_none_of_counts_is_rejected(
    matrix: Any, classes: list[str], message: str
) -> None:
    """A ValueError names the argument and its value, and no figure is opened."""
    with pytest.raises(ValueError) as error:
        confusion(matrix, classes)
    assert message in str(error.value)
    assert not plt.get_fignums()


@pytest.mark.parametrize("lists", [([], [], []), ([1.0, 2.0], [1.0], [1.0, 1.0])])
def test_a_history_without_epochs_or_of_unequal_lists_is_rejected(lists: tuple) -> None:
    """A ValueError says how long the lists are, and no figure is opened."""
    with pytest.raises(ValueError, match=r"history has lists of \(\d, \d, \d\) epochs"):
        curves(History(*lists))
    assert not plt.get_fignums()


@given(ours=matrices, theirs=matrices)
@settings(max_examples=4, deadline=None)
def test_matrices_are_drawn_side_by_side_on_one_scale(ours: Any, theirs: Any) -> None:
    """Each matrix under its title, as shares of its rows or as counts, with the same colours for
    the same numbers, and one colour bar; rows are named once."""
    if ours.shape != theirs.shape:
        ours = theirs.T.copy()
    n = len(ours)
    for normalize in (True, False):
        fig = confusions([ours, theirs], names(n), ["ours", "theirs"], normalize=normalize)
        left, right, bar = fig.axes
        assert (left.get_title(), right.get_title()) == ("ours", "theirs")
        assert len({ax.images[0].get_clim() for ax in (left, right)}) == 1
        assert bar.get_ylabel() == (
            "share of the true class" if normalize else "number of examples"
        )
        for ax, matrix in ((left, ours), (right, theirs)):
            totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
            cells = matrix / totals if normalize else matrix
            np.testing.assert_allclose(np.asarray(ax.images[0].get_array()), cells)
            assert ax.texts[1].get_text() == (
                f"{cells[0, 1]:.2f}" if normalize else f"{cells[0, 1]}"
            )
        assert_inside(fig)


def test_matrices_that_do_not_fit_are_refused() -> None:
    """No matrix, a title too few, a matrix of other classes."""
    with pytest.raises(ValueError, match="0 matrices need as many titles, not 0"):
        confusions([], ["a"], [])
    with pytest.raises(ValueError, match="2 matrices need as many titles, not 1"):
        confusions([[[1]], [[1]]], ["a"], ["x"])
    with pytest.raises(ValueError, match="it must be"):
        confusions([[[1]], np.ones((2, 2), int)], ["a"], ["x", "y"])


@given(history=histories, n=st.integers(1, 3))
@settings(max_examples=4, deadline=None)
def test_both_parts_are_drawn_for_each_network(history: History, n: int) -> None:
    """A column a network under its name: above the losses, below the accuracies of both parts, over
    the epochs from 1; one legend tells the parts apart."""
    test = History(history.loss[::-1], history.accuracy[::-1])
    fig = parts({f"network {i}": (history, test) for i in range(n)})
    assert len(fig.axes) == 2 * n
    for i in range(n):
        above, below = fig.axes[i], fig.axes[n + i]
        assert above.get_title() == f"network {i}" and below.get_xlabel() == "epoch"
        for ax, key in ((above, "loss"), (below, "accuracy")):
            for line, part in zip(ax.lines, (history, test), strict=True):
                np.testing.assert_array_equal(line.get_xdata(), range(1, len(history.loss) + 1))
                np.testing.assert_array_equal(line.get_ydata(), getattr(part, key))
    told = [text.get_text() for text in fig.legends[0].texts]
    assert told == ["training part", "test part, held out"]
    assert_inside(fig)


def test_parts_of_different_lengths_are_refused() -> None:
    """No network, no epochs, or a test part that was not watched."""
    one = History([1.0], [0.5], [0.1])
    for bad in ({}, {"a": (History(), History())}, {"a": (one, History())}):
        with pytest.raises(ValueError, match="all must have as many, at least 1"):
            parts(bad)

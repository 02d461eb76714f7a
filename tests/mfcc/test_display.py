"""Properties of mfcc/display.py: the contents of the pictures of sound."""

from itertools import combinations
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from mfcc import dct_matrix, hann, mel_filterbank, mfcc, power_spectrum, power_to_db
from mfcc.display import mfcc_grid, stages, vector_grid
from tests.oracles import refusal
from tests.strategies import few

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*mel filters are empty"),
    pytest.mark.usefixtures("closed_figures"),
]
RATE = 16000  # Hz: frames of 320 samples every 160
CLASSES = ["dog", "rain", "sea_waves"]


def clips(n_clips: int, n_mfcc: int = 13, n_frames: int = 21) -> np.ndarray:
    """Features (n_clips, n_mfcc, n_frames) in which no two clips are equal."""
    return np.random.default_rng(0).normal(0, 200, (n_clips, n_mfcc, n_frames))


def columns(fig: Figure) -> list[Any]:
    """The axes of a grid."""
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


def ticks(ax: Any, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the y ticks and the values at them, each (n_classes, n_ticks)."""
    values = [float(text.get_text().replace("−", "-")) for text in ax.get_yticklabels()]
    return ax.get_yticks().reshape(n_classes, -1), np.reshape(values, (n_classes, -1))


def panel(fig: Figure, title: str) -> Any:
    """The one panel whose title begins so."""
    (found,) = (ax for ax in fig.axes if ax.get_title().startswith(title))
    return found


def tone(frequency: float, loudest: int) -> np.ndarray:
    """Half a second of a sine (Hz), quiet but for the 160 samples around the frame `loudest`."""
    t = np.arange(RATE // 2)
    near = np.abs(t - 160 * loudest) < 80
    return np.sin(2 * np.pi * frequency * t / RATE) * np.where(near, 0.5, 0.01)


def assert_apart(fig: Figure) -> None:
    """With titles and labels, no panel is cut by the figure's edge (to a pixel) or by another."""
    fig.draw_without_rendering()
    boxes: Any = [ax.get_tightbbox() for ax in fig.axes if ax.axison]
    assert min(min(box.p0) for box in boxes) > -1
    assert (np.max([box.p1 for box in boxes], axis=0) < np.add(fig.bbox.p1, 1)).all()
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_the_first_coefficient_and_the_others_have_one_scale_each() -> None:
    """c[0] of every image has the colors of one bar, from vmin to vmax; the others have those of
    the other bar, symmetric about 0, beyond which 5 % of their values lie. Each image has its
    name."""
    features, texts = clips(6), [f"a_file_name_that_is_far_too_long_{i}.wav" for i in range(6)]
    grid: Any = {"names": texts, "n_examples": 2, "vmin": -1900, "vmax": 40}
    fig = mfcc_grid(features, [0, 0, 1, 1, 2, 2], CLASSES, **grid)
    bars = [ax for ax in fig.axes if ax.get_label() == "<colorbar>"]
    labels = [(bar.get_xlabel(), bar.get_xlim()) for bar in bars]
    limit = np.quantile(np.abs(features[:, 1:]), 0.95)
    assert labels == [("c[0] (dB)", (-1900, 40)), ("the others (dB)", (-limit, limit))]
    for first, ax in enumerate(columns(fig)):
        for image, i in zip(ax.images, (0, 2, 4), strict=True):
            colors: Any = image.get_array()
            for row, value in enumerate(features[i + first]):
                name, low, high = ("PuOr", -limit, limit) if row else ("viridis", -1900, 40)
                expected = plt.get_cmap(name)((value - low) / (high - low))
                np.testing.assert_allclose(colors[row], expected)
        names = [text.get_text() for text in ax.texts if text.get_ha() == "right"]
        assert names == [texts[i][-28:] for i in (first, first + 2, first + 4)]
    assert_apart(fig)


@given(n_mfcc=st.integers(1, 39), n_frames=st.integers(1, 600), hop=st.floats(1e-3, 1))
@few(8)
def test_a_pixel_is_centered_on_its_time_and_coefficient(
    n_mfcc: int, n_frames: int, hop: float
) -> None:
    """Column t of an image is centered at t·hop_seconds, row k at k above the tick 0 of its class,
    and k grows upwards. The ticks show k."""
    fig = mfcc_grid(clips(2, n_mfcc, n_frames), [0, 1], "ab", hop_seconds=hop, n_examples=1)
    ax = columns(fig)[0]
    positions, values = ticks(ax, 2)
    np.testing.assert_allclose(positions - positions[:, :1], values, atol=1e-9)
    for image, zero in zip(ax.images, positions[:, 0], strict=True):
        left, right, bottom, top = image.get_extent()  # half a pixel beyond the outer centers
        np.testing.assert_allclose([left, right], [-0.5 * hop, (n_frames - 0.5) * hop])
        np.testing.assert_allclose([bottom - zero, top - zero], [-0.5, n_mfcc - 0.5])
        assert image.origin == "lower"
    assert ax.get_ylim() == (ax.images[1].get_extent()[2], ax.images[0].get_extent()[3])
    plt.close(fig)


@given(labels=st.lists(st.integers(0, 2), min_size=1, max_size=12), n_examples=st.integers(1, 4))
@few(8)
def test_a_row_shows_the_first_clips_of_its_class_in_order(
    labels: list[int], n_examples: int
) -> None:
    """Row c holds the first clips labeled c, under their class; the rows share their axes."""
    features = clips(len(labels))
    fig = mfcc_grid(features, labels, CLASSES, n_examples=n_examples)
    names = columns(fig)[0].texts
    assert [text.get_text() for text in names] == CLASSES
    for column, ax in enumerate(columns(fig)):
        own = [np.flatnonzero(np.equal(labels, label))[column : column + 1] for label in range(3)]
        tops = [names[label].get_position()[1] for label in range(3) if own[label].size]
        for image, clip, top in zip(ax.images, np.concatenate(own), tops, strict=True):
            expected = plt.get_cmap("viridis")((features[clip][0] + 700) / 1000)
            np.testing.assert_allclose(np.asarray(image.get_array())[0], expected)
            assert 0 < top - image.get_extent()[3] < 3
        assert (ax.get_xlabel() == "time (s)") == bool(tops)
        assert (ax.get_ylabel() == "MFCC index") == (ax.get_yticks().size > 0) == (column == 0)
    plt.close(fig)


def test_a_vector_is_drawn_value_by_value_on_a_common_scale() -> None:
    """A line is the feature vector over 0, 1, ... above the zero of its class, where the ticks show
    its values. The rows do not overlap. The grid has a line between two coefficients."""
    features = clips(5).reshape(5, -1)
    axes = columns(vector_grid(features, [1, 0, 1, 0, 0], CLASSES[:2], n_mfcc=13, n_examples=2))
    positions, values = ticks(axes[0], 2)
    zeros = (positions - values)[:, 0]
    np.testing.assert_allclose(positions, zeros[:, np.newaxis] + values)
    for ax, drawn in zip(axes, ((1, 0), (3, 2)), strict=True):
        assert (ax.get_xlabel(), ax.get_xlim()) == ("feature index", (0, 272))
        borders = ax.xaxis.get_minor_locator().tick_values(0, 272)
        np.testing.assert_allclose(borders[borders >= 0][:13], 21 * np.arange(13))
        for line, clip, zero in zip(ax.lines, drawn, zeros, strict=True):
            points = np.column_stack((np.arange(273), zero + features[clip]))
            np.testing.assert_allclose(line.get_xydata(), points)
        low, high = ax.get_ylim()
        assert low <= zeros[1] + features[:4].min() and zeros[0] + features[:4].max() <= high
    assert zeros[1] + features[:4].max() < zeros[0] + features[:4].min()
    assert axes[0].get_ylabel() == "MFCC (dB)"


@pytest.mark.parametrize("n_classes, n_mfcc", [(1, 1), (12, 39)])
def test_nothing_in_a_grid_touches(n_classes: int, n_mfcc: int) -> None:
    """Images, class names, drawn literally, and ticks are apart and inside the figure."""
    labels = np.arange(2 * n_classes) % n_classes
    names = [f"$\\class_with_a_long_name_{i}$" for i in range(n_classes)]
    fig = mfcc_grid(clips(2 * n_classes, n_mfcc), labels, names, n_examples=2)
    assert_apart(fig)
    boxes = [a.get_window_extent() for ax in columns(fig) for a in [*ax.images, *ax.texts]]
    boxes += [text.get_window_extent() for text in columns(fig)[0].get_yticklabels()]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert [text.get_text() for text in columns(fig)[0].texts] == names


def test_the_stages_are_named_with_their_units() -> None:
    """Ten panels: the six stages, numbered once each, and one frame of the last four; each axis
    has its quantity and unit."""
    signal = tone(1000, 20)
    fig = stages(signal, RATE, title="a $5 tone")
    level = mfcc(signal, RATE)[0, 20]
    expected = {
        "1. the clip, with one frame marked": ("time (s)", "amplitude (of 1)"),
        "2. frame 20 times the Hann window": ("time in the frame (ms)", "amplitude (of 1)"),
        "3. power spectrum, in dB": ("time (s)", "frequency (kHz)"),
        "frame 20: power spectrum": ("frequency (kHz)", "power (full scale²)"),
        "4. 128 mel filters, every eighth filled": ("frequency (kHz)", "weight (1/Hz)"),
        "frame 20: power in each band": ("mel band", "mel power (full scale²/Hz)"),
        "5. decibels: the log-mel spectrogram": ("time (s)", "mel band"),
        "frame 20: the same in decibels": ("mel band", "mel power (dB)"),
        "6. MFCC, minus its mean over time": ("time (s)", "MFCC index"),
        f"frame 20: MFCC after c[0] = {level:.0f} dB": ("MFCC index", "MFCC (dB)"),
    }
    titled = [ax for ax in fig.axes if ax.get_title()]
    assert {ax.get_title(): (ax.get_xlabel(), ax.get_ylabel()) for ax in titled} == expected
    bars = [ax.get_ylabel() for ax in fig.axes if ax.get_label() == "<colorbar>"]
    assert bars == ["power (dB)", "mel power (dB)", "MFCC − mean (dB)"]
    assert fig.get_suptitle() == "a $5 tone"
    assert_apart(fig)


@pytest.mark.parametrize("marked", [0, 30, 50])
def test_the_frame_shown_is_the_loudest(marked: int) -> None:
    """The panel of the frame shows its samples, and the clip and the images mark its time."""
    signal = tone(1000, marked)
    fig = stages(signal, RATE)
    samples = np.pad(signal, 160)[160 * marked :][:320]
    curves = [line.get_ydata() for line in panel(fig, "2.").lines]
    expected = [samples, np.abs(samples).max() * hann(320), samples * hann(320)]
    np.testing.assert_allclose(curves, expected)
    np.testing.assert_allclose(panel(fig, "2.").lines[0].get_xdata(), np.arange(320) / 16)  # ms
    for title in ("3.", "5.", "6."):
        (mark,) = panel(fig, title).lines
        np.testing.assert_allclose(mark.get_xdata(), marked * 0.01)
    clip, (line,) = panel(fig, "1."), panel(fig, "1.").lines
    span = clip.patches[0].get_extents().transformed(clip.transData.inverted())
    np.testing.assert_allclose(span.intervalx, [marked * 0.01 - 0.01, marked * 0.01 + 0.01])
    np.testing.assert_array_equal(line.get_xydata(), np.c_[np.arange(8000) / RATE, signal])


def test_each_stage_follows_from_the_one_before() -> None:
    """Images and curves are the stages, also with one coefficient; a tone peaks at its frequency.
    The colors of the MFCCs span the changes of all but c[0]."""
    signal = tone(2000, 30)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(signal, 160), 320)[::160]
    power = power_spectrum(frames * hann(320)).T
    mel = mel_filterbank(RATE, 320) @ power
    log_mel = power_to_db(mel)
    for n_mfcc in (1, 20):
        fig, cepstra = stages(signal, RATE, n_mfcc=n_mfcc), mfcc(signal, RATE, n_mfcc=n_mfcc)
        change = cepstra - cepstra.mean(axis=1, keepdims=True)
        drawn = [panel(fig, f"{i}.").images[0] for i in (3, 5, 6)]
        for image, values in zip(drawn, (power_to_db(power), log_mel, change), strict=True):
            np.testing.assert_allclose(image.get_array(), values, atol=1e-9)
        assert drawn[2].get_clim()[1] == pytest.approx(max(1, np.abs(change[1:]).max(initial=0)))
        panels = [ax for ax in fig.axes if ax.get_title().startswith("frame 30: ")]
        curves: list[Any] = [line for ax in panels for line in ax.lines]
        rebuilt = dct_matrix(n_mfcc, 128).T @ cepstra
        expected = (power, mel, log_mel, rebuilt, cepstra[1:])
        for line, values in zip(curves, expected, strict=True):
            np.testing.assert_allclose(line.get_ydata(), values[:, 30], atol=1e-9)
        np.testing.assert_array_equal(curves[-1].get_xdata(), np.arange(1, n_mfcc))
        assert curves[0].get_xdata()[curves[0].get_ydata().argmax()] == pytest.approx(2)
        _, _, bottom, top = drawn[0].get_extent()
        row = power[:, 30].argmax()
        assert bottom + (row + 0.5) * (top - bottom) / 161 == pytest.approx(2)


def test_the_filters_are_drawn_as_triangles() -> None:
    """Each line is a triangle of area one, on which the weights of its bins lie; every eighth is
    filled. Neighbors share their corners."""
    filters = panel(stages(tone(2000, 30), RATE), "4.")
    hz = 1000 * np.array([line.get_xdata() for line in filters.lines])  # (128, 3)
    heights = np.array([line.get_ydata() for line in filters.lines])
    bank, bins = mel_filterbank(RATE, 320), np.arange(161) * 50
    for row, corners, weights in zip(bank, hz, heights, strict=True):
        np.testing.assert_allclose(np.interp(bins, corners, weights), row, atol=1e-12)
        assert weights[1] * (corners[2] - corners[0]) / 2 == pytest.approx(1)
    np.testing.assert_array_equal(hz[1:, :2], hz[:-1, 1:])
    assert filters.get_xlim() == pytest.approx((0, RATE / 2000)) and len(filters.patches) == 16


def test_figures_stay_open() -> None:
    """Figures are open, also of silence and one sample."""
    figures = [mfcc_grid(clips(1), [0], ["a"]), vector_grid(clips(1)[0], [0] * 13, ["a"])]
    figures += [stages(np.zeros(800), RATE), stages([1.0], RATE, n_mfcc=1)]
    assert [plt.figure(number) for number in plt.get_fignums()] == figures


@pytest.mark.parametrize(
    "change, message",
    [
        ({"n_examples": 0}, "n_examples=0 must be a positive integer"),
        ({"features": np.zeros((2, 3))}, "features has shape (2, 3); it must have 3 axes"),
        ({"labels": [0]}, "labels has shape (1,); it must be (2,)"),
        ({"labels": [0, -1]}, "labels=[-1] must be indices into the 2 classes"),
        ({"signal": np.zeros((2, 80))}, "signal has shape (2, 80); it must be (n_samples,)"),
        ({"signal": []}, "signal has shape (0,)"),
    ],
)
def test_bad_input_is_rejected_by_name(change: dict[str, Any], message: str) -> None:
    """A ValueError names the argument and its value, and no figure is opened."""
    if "signal" in change:
        error = refusal(stages, **change, sample_rate=RATE)
    else:
        grid = {"features": clips(2), "labels": [0, 1], "classes": ["a", "b"]}
        error = refusal(mfcc_grid, **{**grid, **change})
    assert message in error
    assert not plt.get_fignums()

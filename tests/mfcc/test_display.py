"""Theorems about mfcc/display.py: what stands in the pictures of sound, and where."""

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
from matplotlib.figure import Figure

from mfcc import hann, mel_filterbank, mfcc, power_spectrum, power_to_db
from mfcc.display import mfcc_grid, stages, vector_grid

matplotlib.use("Agg")
SETTINGS = dict(matplotlib.rcParams)

RATE = 16000  # Hz: frames of 320 samples every 160
MEL_BANDS_ARE_EMPTY = pytest.mark.filterwarnings("ignore:.*mel filters are empty")
CLASSES = ["dog", "rain", "sea_waves"]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def clips(n_clips: int, n_mfcc: int = 13, n_frames: int = 21) -> np.ndarray:
    """Features (n_clips, n_mfcc, n_frames) in which no two clips are equal."""
    return np.random.default_rng(0).normal(0, 200, (n_clips, n_mfcc, n_frames))


def panels(fig: Figure, n_columns: int) -> np.ndarray:
    """The axes of a grid, (n_classes, n_columns), without the colour bar's."""
    own = [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]
    return np.array(own, dtype=object).reshape(-1, n_columns)


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


@given(ends=st.tuples(st.integers(-2000, 0), st.integers(1, 500)))
@settings(max_examples=5, deadline=None)
def test_all_images_and_the_colour_bar_share_one_scale(ends: tuple[int, int]) -> None:
    """Every image, and the colour bar, maps vmin … vmax to the same colours."""
    fig = mfcc_grid(clips(6), [0, 0, 1, 1, 2, 2], CLASSES, n_examples=2, vmin=ends[0], vmax=ends[1])
    images: Any = [image for ax in fig.axes for image in ax.images]
    (bar,) = (ax for ax in fig.axes if ax.get_label() == "<colorbar>")
    assert len(images) == 6
    assert {(*image.get_clim(), image.get_cmap().name) for image in images} == {(*ends, "viridis")}
    assert bar.get_xlim() == ends
    assert bar.get_xlabel() == "MFCC (dB)"
    plt.close(fig)


@given(
    n_mfcc=st.integers(1, 39), n_frames=st.integers(1, 600), hop=st.floats(1e-3, 1, allow_nan=False)
)
@settings(max_examples=10, deadline=None)
def test_a_pixel_is_centred_on_its_time_and_coefficient(
    n_mfcc: int, n_frames: int, hop: float
) -> None:
    """Column t of an image is centred at t·hop_seconds, row k at k, and k grows upwards."""
    fig = mfcc_grid(clips(1, n_mfcc, n_frames), [0], ["a"], hop_seconds=hop, n_examples=1)
    image, ax = fig.axes[0].images[0], fig.axes[0]
    left, right, bottom, top = image.get_extent()
    columns = left + (np.arange(n_frames) + 0.5) * (right - left) / n_frames
    rows = bottom + (np.arange(n_mfcc) + 0.5) * (top - bottom) / n_mfcc
    np.testing.assert_allclose(columns, np.arange(n_frames) * hop, atol=1e-12 * n_frames)
    np.testing.assert_allclose(rows, np.arange(n_mfcc), atol=1e-12)
    assert image.origin == "lower"
    assert ax.get_ylim() == (bottom, top)
    plt.close(fig)


@given(labels=st.lists(st.integers(0, 2), min_size=1, max_size=12), n_examples=st.integers(1, 4))
@settings(max_examples=8, deadline=None)
def test_a_row_shows_the_first_clips_of_its_class_in_order(
    labels: list[int], n_examples: int
) -> None:
    """Row c holds the first n_examples clips labelled c, under the name of c; the rest is blank."""
    features = clips(len(labels))
    fig = mfcc_grid(features, labels, CLASSES, n_examples=n_examples)
    for label, row in enumerate(panels(fig, n_examples)):
        expected = [clip for clip, own in zip(features, labels, strict=True) if own == label]
        shown = [ax for ax in row if ax.axison]
        assert len(shown) == min(len(expected), n_examples)
        assert {ax.get_title() for ax in shown} <= {CLASSES[label]}
        for ax, clip in zip(row, expected, strict=False):
            np.testing.assert_array_equal(ax.images[0].get_array(), clip)
    plt.close(fig)


def test_a_vector_is_drawn_value_by_value_and_all_share_their_axes() -> None:
    """Line i of a class is its i-th feature vector over 0, 1, ...; the y limits are common."""
    features = clips(5).reshape(5, -1)
    axes = panels(vector_grid(features, [1, 0, 1, 0, 0], CLASSES[:2], n_examples=2), 2)
    for ax, clip in zip(axes.flat, (1, 3, 0, 2), strict=True):
        (line,) = ax.lines
        np.testing.assert_array_equal(line.get_ydata(), features[clip])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(features.shape[1]))
    assert len({ax.get_ylim() for ax in axes.flat}) == 1
    low, high = axes[0, 0].get_ylim()
    assert low < features[:4].min() and features[:4].max() < high


@pytest.mark.parametrize("draw", [mfcc_grid, vector_grid])
def test_only_the_last_panel_of_a_column_has_a_label_below(draw: Any) -> None:
    """The x label and its numbers stand once a column, under the lowest panel that is in use."""
    features = clips(4) if draw is mfcc_grid else clips(4).reshape(4, -1)
    axes = panels(draw(features, [0, 0, 1, 2], CLASSES, n_examples=2), 2)
    labelled = [[bool(ax.get_xlabel()) for ax in row] for row in axes]
    assert labelled == [[False, True], [False, False], [True, False]]
    for ax in (ax for ax in axes.flat if ax.axison):
        numbers = [tick.label1.get_visible() for tick in ax.xaxis.get_major_ticks()]
        assert set(numbers) == {bool(ax.get_xlabel())}
    assert all(ax.get_ylabel() for ax in axes[:, 0])


@pytest.mark.parametrize("n_classes, n_mfcc", [(1, 1), (7, 39)])
def test_no_two_panels_of_a_grid_touch(n_classes: int, n_mfcc: int) -> None:
    """With their titles and labels, the panels lie apart from each other, inside the figure."""
    labels = np.arange(2 * n_classes) % n_classes
    names = [f"class_with_a_long_name_{i}" for i in range(n_classes)]
    assert_apart(mfcc_grid(clips(2 * n_classes, n_mfcc), labels, names, n_examples=2))


def test_fifty_classes_fit_and_a_dollar_is_no_formula() -> None:
    """A grid has a row for each of fifty classes, and a name stands as it is written."""
    names = [f"$\\class_{i}$" for i in range(50)]
    fig = mfcc_grid(clips(50, n_frames=3), np.arange(50), names, n_examples=1)
    assert [ax.get_title() for ax in panels(fig, 1).flat] == names
    assert not any(ax.title.get_parse_math() for ax in fig.axes[:50])


@MEL_BANDS_ARE_EMPTY
def test_the_stages_are_named_with_their_units() -> None:
    """The nine panels come in the order of the stages, and each axis says quantity and unit."""
    fig = stages(tone(1000, 20), RATE, title="a $5 tone")
    expected = {
        "1. the clip, with one frame marked": ("time (s)", "amplitude"),
        "2. frame 20 times the Hann window": ("time in the frame (ms)", "amplitude"),
        "3. power spectrum of every frame": ("time (s)", "frequency (kHz)"),
        "3. power spectrum of frame 20": ("frequency (kHz)", "power (dB)"),
        "4. 128 mel filters, every eighth filled": ("frequency (kHz)", "weight (1/Hz)"),
        "5. mel power of every frame": ("time (s)", "mel band"),
        "5. mel power of frame 20": ("mel band", "power (dB)"),
        "6. MFCC of every frame": ("time (s)", "MFCC index"),
        "6. MFCC of frame 20": ("MFCC index", "MFCC (dB)"),
    }
    titled = [ax for ax in fig.axes if ax.get_title()]
    assert {ax.get_title(): (ax.get_xlabel(), ax.get_ylabel()) for ax in titled} == expected
    bars = [ax.get_ylabel() for ax in fig.axes if ax.get_label() == "<colorbar>"]
    assert bars == ["power (dB)", "power (dB)", "MFCC (dB)"]
    assert fig.get_suptitle() == "a $5 tone"
    assert_apart(fig)


@MEL_BANDS_ARE_EMPTY
@pytest.mark.parametrize("asked, marked", [(None, 30), (0, 0), (12, 12), (50, 50)])
def test_the_frame_shown_is_the_loudest_or_the_one_asked_for(
    asked: int | None, marked: int
) -> None:
    """The panel of the frame shows its samples, and the images mark its time."""
    signal = tone(1000, 30)
    fig = stages(signal, RATE, frame_index=asked)
    samples = np.pad(signal, 160)[160 * marked :][:320]
    frame, window, product = panel(fig, "2.").lines
    np.testing.assert_array_equal(frame.get_ydata(), samples)
    np.testing.assert_allclose(window.get_ydata(), np.abs(samples).max() * hann(320))
    np.testing.assert_allclose(product.get_ydata(), samples * hann(320))
    np.testing.assert_allclose(frame.get_xdata(), np.arange(320) / 16)  # ms
    for title in ("3. power spectrum of every", "5. mel power of every", "6. MFCC of every"):
        (mark,) = panel(fig, title).lines
        np.testing.assert_allclose(mark.get_xdata(), marked * 0.01)
    clip_panel = panel(fig, "1.")
    span = clip_panel.patches[0].get_extents().transformed(clip_panel.transData.inverted())
    np.testing.assert_allclose(span.intervalx, [marked * 0.01 - 0.01, marked * 0.01 + 0.01])
    (clip,) = clip_panel.lines
    np.testing.assert_array_equal(clip.get_ydata(), signal)
    assert clip.get_xdata()[-1] == (len(signal) - 1) / RATE


@MEL_BANDS_ARE_EMPTY
def test_each_stage_follows_from_the_one_before() -> None:
    """The frame's curves are its columns of the images, and of one another by the definitions."""
    signal = tone(2000, 30)
    fig = stages(signal, RATE, n_mfcc=20)
    images = {}
    for name in ("3. power spectrum", "5. mel power", "6. MFCC"):
        images[name] = panel(fig, name + " of every").images[0].get_array()
        (curve,) = panel(fig, name + " of frame").lines
        np.testing.assert_array_equal(curve.get_ydata(), images[name][:, 30])
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(signal, 160), 320)[::160]
    power = power_spectrum(frames * hann(320))
    np.testing.assert_allclose(images["3. power spectrum"], power_to_db(power).T)
    bank, filters = mel_filterbank(RATE, 320), panel(fig, "4.")
    np.testing.assert_array_equal([line.get_ydata() for line in filters.lines], bank)
    assert (filters.get_xlim(), len(filters.collections)) == ((0, RATE / 2000), 16)
    np.testing.assert_allclose(images["5. mel power"], power_to_db(bank @ power.T))
    np.testing.assert_allclose(images["6. MFCC"], mfcc(signal, RATE, n_mfcc=20))


@MEL_BANDS_ARE_EMPTY
@pytest.mark.parametrize("frequency", [500, 2000, 7000])
def test_a_tone_peaks_at_its_frequency_in_khz(frequency: int) -> None:
    """The spectrum of a sine is highest at the sine's frequency, in line and in image."""
    fig = stages(tone(frequency, 30), RATE)
    (curve,) = panel(fig, "3. power spectrum of frame").lines
    assert curve.get_xdata()[curve.get_ydata().argmax()] == pytest.approx(frequency / 1000)
    image = panel(fig, "3. power spectrum of every").images[0]
    _, _, bottom, top = image.get_extent()
    row = image.get_array()[:, 30].argmax()
    assert bottom + (row + 0.5) * (top - bottom) / 161 == pytest.approx(frequency / 1000)


@MEL_BANDS_ARE_EMPTY
@pytest.mark.parametrize("signal", [np.zeros(800), np.arange(1)])
def test_silence_and_short_clips_can_be_drawn(signal: np.ndarray) -> None:
    """A silent clip has a picture, and so has one of a single sample."""
    fig = stages(signal, RATE, n_mfcc=1)
    assert_apart(fig)


@MEL_BANDS_ARE_EMPTY
def test_a_picture_is_left_to_its_caller() -> None:
    """Each function returns a figure that is open, and changes no setting of Matplotlib."""
    figures = [
        mfcc_grid(clips(1), [0], ["a"]),
        vector_grid(clips(1)[0], [0] * 13, ["a"]),
        stages(tone(500, 3), RATE),
    ]
    assert [plt.figure(number) for number in plt.get_fignums()] == figures
    assert dict(matplotlib.rcParams) == SETTINGS


@pytest.mark.parametrize(
    "change, message",
    [
        ({"n_examples": 0}, "n_examples=0 must be a positive integer"),
        ({"n_examples": 1.5}, "n_examples=1.5 must be a positive integer"),
        ({"hop_seconds": 0.0}, "hop_seconds=0.0 must be positive"),
        ({"vmin": 3.0, "vmax": 3.0}, "vmin=3.0 must be below vmax=3.0"),
        ({"features": np.zeros((2, 3))}, "features has shape (2, 3); it must have 3 axes"),
        ({"labels": [0]}, "labels has shape (1,); it must be (2,)"),
        ({"labels": [0, 2]}, "labels=[2] must be indices into the 2 classes"),
        ({"labels": [0, -1]}, "labels=[-1] must be indices into the 2 classes"),
        ({"labels": [], "features": np.zeros((0, 1, 1)), "classes": []}, "the 0 classes"),
    ],
)
def test_a_grid_rejects_what_it_cannot_draw(change: dict, message: str) -> None:
    """Bad input raises a ValueError that names the argument and its value, and opens no figure."""
    arguments = {"features": clips(2), "labels": [0, 1], "classes": ["a", "b"], **change}
    with pytest.raises(ValueError) as error:
        mfcc_grid(**arguments)
    assert message in str(error.value)
    assert not plt.get_fignums()


@MEL_BANDS_ARE_EMPTY
@pytest.mark.parametrize(
    "change, message",
    [
        ({"signal": np.zeros((2, 80))}, "signal has shape (2, 80); it must be (n_samples,)"),
        ({"signal": []}, "signal has shape (0,)"),
        ({"frame_index": 6}, "frame_index=6 must be an integer from 0 to 5"),
        ({"frame_index": -1}, "frame_index=-1 must be an integer from 0 to 5"),
    ],
)
def test_stages_rejects_what_it_cannot_draw(change: dict, message: str) -> None:
    """Bad input raises a ValueError that names the argument and its value, and opens no figure."""
    with pytest.raises(ValueError) as error:
        stages(**{"signal": np.zeros(800), "sample_rate": RATE, **change})
    assert message in str(error.value)
    assert not plt.get_fignums()


def test_a_character_without_a_glyph_is_written_as_its_code() -> None:
    """Names in any script are drawn without a warning, and stay apart from each other."""
    names = ["\U000f0000 rain", "\U000f0001 rain"]
    titles = ["\\U000f0000 rain", "\\U000f0001 rain"]
    clips, labels = np.zeros((2, 3, 4)), [0, 1]
    grids = [
        mfcc_grid(clips, labels, names, n_examples=1),
        vector_grid(clips[:, 0], labels, names, n_examples=1),
    ]
    for fig in grids:
        assert [ax.get_title() for ax in fig.axes[:2]] == titles
        fig.canvas.draw()
    with pytest.warns(UserWarning, match="mel filters are empty"):
        fig = stages(np.ones(RATE), RATE, title=names[0])
    assert fig.get_suptitle() == titles[0]
    fig.canvas.draw()

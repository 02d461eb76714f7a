"""Pictures of sound: many clips side by side, and one clip through every stage of the MFCC.

Before it: all the others, whose results it draws. Nothing comes after it: only this file imports
Matplotlib, and no other file imports this one. Chapter 8.

Every function returns a Matplotlib `Figure`; the caller saves it, shows it and closes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from .arguments import as_float, positive_integer
from .cepstrum import power_to_db
from .features import mel_spectrogram, mfcc
from .fourier import power_spectrum
from .framing import centre, frame, hann
from .mel import mel_filterbank

COLOR_MAP = "viridis"  # even to the eye, safe for the colour-blind: one map for every image
DATA, MARKED, PALE = "#1f4e79", "#c2410c", "#a3a3a3"
# Inches around the panels of a grid: numbers and label on the left, label below, title above each.
LEFT, RIGHT, BOTTOM, TITLE, GAP = 0.85, 0.2, 0.55, 0.35, 0.2


def mfcc_grid(
    features: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    *,
    hop_seconds: float = 0.01,
    n_examples: int = 3,
    vmin: float = -700.0,
    vmax: float = 300.0,
) -> Figure:
    """Draw the first n_examples MFCC images of each class, a class a row, on one colour scale.

    features (n_clips, n_mfcc, n_frames), labels (n_clips,): indices into classes. Column t is
    centred at t·hop_seconds (s). The colours run from vmin to vmax (dB); a value outside takes the
    colour of the nearer end. A class with fewer clips leaves the rest of its row blank.
    ValueError: shapes that do not fit, n_examples < 1, hop_seconds <= 0, vmin >= vmax.
    """
    features, labels = _fitting(features, labels, classes, n_dims=3)
    if not hop_seconds > 0:
        raise ValueError(f"hop_seconds={hop_seconds} must be positive")
    if not vmin < vmax:
        raise ValueError(f"vmin={vmin} must be below vmax={vmax}")
    norm = Normalize(vmin, vmax)
    fig, axes = _class_axes(len(classes), n_examples, head=0.75)
    for ax, clip in _first_clips(axes, labels, classes):
        _draw_image(ax, features[clip], (hop_seconds, 1), norm)
    _label_edges(axes, "time (s)", "MFCC index")
    width, height = fig.get_size_inches()
    box = (LEFT / width, 1 - 0.55 / height, 1 - (LEFT + RIGHT) / width, 0.12 / height)
    colors, bar = ScalarMappable(norm, COLOR_MAP), fig.add_axes(box, label="<colorbar>")
    fig.colorbar(colors, bar, orientation="horizontal", ticklocation="top", extend="both")
    bar.set_xlabel("MFCC (dB)")
    return fig


def vector_grid(
    features: ArrayLike, labels: ArrayLike, classes: Sequence[str], *, n_examples: int = 3
) -> Figure:
    """Draw the first n_examples feature vectors of each class as lines, a class a row.

    features (n_clips, n_values): MFCC images flattened coefficient by coefficient, all frames of
    c0 first, then all of c1, ...; labels (n_clips,): indices into classes. All panels share axes.
    ValueError: shapes that do not fit, n_examples < 1.
    """
    features, labels = _fitting(features, labels, classes, n_dims=2)
    fig, axes = _class_axes(len(classes), n_examples, head=0)
    for ax, clip in _first_clips(axes, labels, classes):
        ax.plot(features[clip], color=DATA, linewidth=0.5, rasterized=True)
        ax.margins(x=0)
    _label_edges(axes, "index in the flattened vector", "MFCC (dB)")
    return fig


def stages(
    signal: ArrayLike,
    sample_rate: int,
    *,
    n_mfcc: int = 13,
    frame_index: int | None = None,
    title: str | None = None,
) -> Figure:
    """Draw a clip through every stage of its MFCC: all frames on the left, one on the right.

    signal (n_samples,) at sample_rate Hz, in frames of 20 ms every 10 ms. The one frame is that of
    most power, unless frame_index (0 … n_frames - 1) names another.
    ValueError: a signal that is not one-dimensional, a frame_index out of range, and whatever the
    stages reject.
    """
    signal = as_float(signal, "signal")
    if signal.ndim != 1:
        raise ValueError(f"signal has shape {signal.shape}; it must be (n_samples,)")
    n_fft, hop = int(0.02 * sample_rate), int(0.01 * sample_rate)  # samples
    frames = frame(centre(signal, n_fft), n_fft, hop)  # (n_frames, n_fft)
    power = power_spectrum(frames * hann(n_fft))  # (n_frames, n_fft // 2 + 1)
    mel = mel_spectrogram(signal, sample_rate, n_fft=n_fft, hop_length=hop)  # (n_mels, n_frames)
    cepstra = mfcc(signal, sample_rate, n_mfcc=n_mfcc, n_fft=n_fft, hop_length=hop)
    i = int(power.sum(axis=1).argmax()) if frame_index is None else frame_index
    if i not in range(len(frames)):
        raise ValueError(f"frame_index={i} must be an integer from 0 to {len(frames) - 1}")

    fig = plt.figure(figsize=(12, 13), layout="constrained")
    fig.suptitle(_drawable(title or ""), parse_math=False)
    grid, khz = fig.add_gridspec(5, 2), sample_rate / n_fft / 1000  # kHz from bin to bin
    clip = fig.add_subplot(grid[0, 0])
    _draw_waveform(clip, signal, sample_rate, i * hop, n_fft)
    _draw_frame(fig.add_subplot(grid[0, 1]), frames[i], sample_rate, i)
    _draw_filters(fig.add_subplot(grid[2, :]), mel_filterbank(sample_rate, n_fft), khz)
    for row, values, step, name, row_label, unit in (
        (1, power_to_db(power).T, khz, "3. power spectrum", "frequency (kHz)", "power (dB)"),
        (3, power_to_db(mel), 1, "5. mel power", "mel band", "power (dB)"),
        (4, cepstra, 1, "6. MFCC", "MFCC index", "MFCC (dB)"),
    ):
        image, line = fig.add_subplot(grid[row, 0], sharex=clip), fig.add_subplot(grid[row, 1])
        _draw_stage(image, line, values, (hop / sample_rate, step), i, unit)
        image.set(title=f"{name} of every frame", xlabel="time (s)", ylabel=row_label)
        line.set(title=f"{name} of frame {i}", xlabel=row_label, ylabel=unit)
    return fig


def _fitting(
    features: ArrayLike, labels: ArrayLike, classes: Sequence[str], n_dims: int
) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels as arrays that fit each other and the classes, or a ValueError."""
    features, labels = as_float(features, "features"), np.asarray(labels)
    if features.ndim != n_dims:
        raise ValueError(f"features has shape {features.shape}; it must have {n_dims} axes")
    if labels.shape != features.shape[:1]:
        raise ValueError(f"labels has shape {labels.shape}; it must be {features.shape[:1]}")
    strange = labels[~np.isin(labels, np.arange(len(classes)))]
    if len(classes) < 1 or strange.size:
        raise ValueError(f"labels={strange} must be indices into the {len(classes)} classes")
    return features, labels


def _class_axes(n_classes: int, n_examples: int, head: float) -> tuple[Figure, np.ndarray]:
    """A figure and its axes (n_classes, n_examples), each of 3.4 by 1.05 inches; head inches above
    them stay free. Set by hand: for Matplotlib to find room for thirty panels takes a second."""
    n_examples = positive_integer(n_examples, "n_examples")
    width = LEFT + 3.4 * n_examples + GAP * (n_examples - 1) + RIGHT
    height = BOTTOM + 1.05 * n_classes + TITLE * n_classes + head
    margins = {
        "left": LEFT / width,
        "right": 1 - RIGHT / width,
        "bottom": BOTTOM / height,
        "top": 1 - (TITLE + head) / height,
        "wspace": GAP / 3.4,
        "hspace": TITLE / 1.05,
    }
    return plt.subplots(
        n_classes,
        n_examples,
        squeeze=False,
        sharex=True,
        sharey=True,
        figsize=(width, height),
        gridspec_kw=margins,
    )


def _first_clips(
    axes: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> Iterator[tuple[Axes, int]]:
    """Yield (axes, index of the clip) for the first clips of each class; blank what is left."""
    for label, (name, row) in enumerate(zip(classes, axes, strict=True)):
        clips = np.flatnonzero(labels == label)[: len(row)]
        for ax, clip in zip(row, clips, strict=False):
            # a given y, or each title would be measured; "$" in a name is no formula
            ax.set_title(_drawable(name), y=1, parse_math=False)
            yield ax, clip
        for ax in row[len(clips) :]:
            ax.set_axis_off()


def _label_edges(axes: np.ndarray, x_label: str, y_label: str) -> None:
    """Label the first column on its left, and every column under its last panel in use; the panels
    between share these ticks and have none of their own."""
    axes[0, 0].yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for ax in axes[:, 0]:
        ax.set_ylabel(y_label)
    for ax in axes[:, 1:].flat:
        ax.yaxis.set_visible(False)
    for column in axes.T:
        *above, last = [ax for ax in column if ax.axison] or [column[0]]
        for ax in above:
            ax.xaxis.set_visible(False)
        last.set_xlabel(x_label)
        last.tick_params(labelbottom=True)


def _draw_image(
    ax: Axes, values: np.ndarray, steps: tuple[float, float], norm: Normalize | None = None
) -> ScalarMappable:
    """values (n_rows, n_frames): column t at t·steps[0] (s), row r at r·steps[1], upwards."""
    n_rows, n_frames = values.shape
    x, y = np.array([-0.5, n_frames - 0.5]), np.array([-0.5, n_rows - 0.5])  # the outer edges
    extent = (*x * steps[0], *y * steps[1])
    return ax.imshow(values, COLOR_MAP, norm, extent=extent, origin="lower", aspect="auto")


def _draw_stage(
    left: Axes, right: Axes, values: np.ndarray, steps: tuple[float, float], index: int, unit: str
) -> None:
    """values (n_rows, n_frames) as an image, and beside it its column `index` as a line."""
    left.figure.colorbar(
        _draw_image(left, values, steps), ax=left, label=unit, pad=0.02, fraction=0.05
    )
    left.axvline(index * steps[0], color=MARKED)
    left.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    dots = "o" if len(values) < 50 else ""  # where they are few enough to be counted
    rows = np.arange(len(values)) * steps[1]
    right.plot(rows, values[:, index], color=DATA, marker=dots, markersize=3)
    right.margins(x=0.02)


def _draw_waveform(ax: Axes, signal: np.ndarray, sample_rate: int, middle: int, n: int) -> None:
    """The signal over time, with the n samples around the middle one marked."""
    ax.plot(np.arange(len(signal)) / sample_rate, signal, color=DATA, linewidth=0.5)
    ends = (middle - n / 2) / sample_rate, (middle + n / 2) / sample_rate
    ax.axvspan(*ends, color=MARKED, alpha=0.6)
    ax.locator_params(axis="x", nbins=6)
    ax.set(title="1. the clip, with one frame marked", xlabel="time (s)", ylabel="amplitude")


def _draw_frame(ax: Axes, samples: np.ndarray, sample_rate: int, index: int) -> None:
    """A frame, the Hann window stretched to the frame's peak, and the two multiplied."""
    window, peak = hann(len(samples)), np.abs(samples).max()
    ms = 1000 * np.arange(len(samples)) / sample_rate
    ax.plot(ms, samples, color=PALE, label="frame")
    ax.plot(ms, window * peak, color=MARKED, linestyle="--", label="window · peak")
    ax.plot(ms, samples * window, color=DATA, label="frame · window")
    ax.margins(x=0, y=0.22)  # room for the legend below the lines
    ax.legend(loc="lower center", ncols=3, frameon=False)
    title = f"2. frame {index} times the Hann window"
    ax.set(title=title, xlabel="time in the frame (ms)", ylabel="amplitude")


def _draw_filters(ax: Axes, filters: np.ndarray, khz_per_bin: float) -> None:
    """The filters (n_mels, n_bins) over frequency, every eighth filled to tell them apart."""
    khz = np.arange(filters.shape[1]) * khz_per_bin
    ax.plot(khz, filters.T, color=PALE, linewidth=0.5)
    for weights in filters[::8]:
        ax.fill_between(khz, weights)
    ax.margins(x=0)
    title = f"4. {len(filters)} mel filters, every eighth filled"
    ax.set(title=title, xlabel="frequency (kHz)", ylabel="weight (1/Hz)")


def _drawable(name: str) -> str:
    """name, with each character that the current font lacks replaced by its code: \\u96e8."""
    families = [FontProperties(family=[family]) for family in FontProperties().get_family()]
    fonts = [get_font(findfont(family)) for family in families]
    known = {c: any(font.get_char_index(ord(c)) for font in fonts) for c in name}
    return "".join(c if known[c] else c.encode("ascii", "backslashreplace").decode() for c in name)

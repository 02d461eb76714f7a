"""Pictures of sound: clips side by side, and one clip through every stage of the MFCC. Chapter 8.

Every function returns a Matplotlib Figure; the caller saves it, shows it and closes it.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator, MultipleLocator

from . import cepstrum, fourier, framing
from ._checks import ArrayLike, as_float, finite_signal, positive_integer
from .mel import hz_to_mel, mel_filterbank, mel_to_hz

COLOR_MAP = "viridis"  # perceptually uniform, also for color-blind readers
SIGNED_COLOR_MAP = "PuOr"  # white at 0, for color-blind readers as well
NAME_LENGTH = 28  # characters of a file name that fit above its image
DATA, MARKED, PALE = "#1f4e79", "#c2410c", "#a3a3a3"


def mfcc_grid(
    features: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    hop_seconds: float = 0.01,
    n_examples: int = 3,
    vmin: float = -700.0,
    vmax: float = 300.0,
) -> Figure:
    """Draw the first n_examples MFCC images of each class, one class per row, with their names.

    features (n_clips, n_mfcc, n_frames), labels (n_clips,): indices into classes. Column t is
    centered at t·hop_seconds (s). c[0] has colors from vmin to vmax (dB), the others colors of
    their own around 0, since c[0] is up to a hundred times as large. Missing clips leave blanks.
    ValueError: shapes that do not match, n_examples < 1.
    """
    features, chosen = _first_clips(features, labels, classes, n_examples, n_dims=3)
    _, n_mfcc, n_frames = features.shape
    fig, panels = _class_rows(chosen, classes, n_examples, -0.5, n_mfcc - 0.5, head=0.75)
    fig.axes[0].set_ylabel("MFCC index")
    others = np.abs(features[np.concatenate(chosen), 1:])
    limit = np.quantile(others, 0.95) if others.size else 1.0  # a few loud frames exceed it
    scales = [plt.cm.ScalarMappable(plt.Normalize(vmin, vmax), COLOR_MAP)]
    scales += [plt.cm.ScalarMappable(plt.Normalize(-limit, limit), SIGNED_COLOR_MAP)]
    for ax, y, i in panels:
        parts = zip(scales, (features[i, :1], features[i, 1:]), strict=True)
        _draw_image(ax, np.concatenate([s.to_rgba(part) for s, part in parts]), hop_seconds, 1, y)
        if names:
            corner = (n_frames - 0.5) * hop_seconds, y + 1.04 * n_mfcc - 0.5
            ax.text(*corner, names[i][-NAME_LENGTH:], ha="right", size="x-small", parse_math=False)
        ax.set_xlabel("time (s)")
    inch = 1 / fig.get_figheight()
    bars = zip((0.1, 0.55), scales, ("c[0] (dB)", "the others (dB)"), strict=True)
    for left, scale, label in bars:
        bar = fig.add_axes((left, 1 - 0.6 * inch, 0.35, 0.12 * inch), label="<colorbar>")
        fig.colorbar(scale, bar, location="top", extend="both", label=label)
    return fig


def vector_grid(
    features: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    *,
    n_mfcc: int | None = None,
    n_examples: int = 3,
) -> Figure:
    """Draw the first n_examples feature vectors of each class as lines, one class per row.

    features (n_clips, n_values): flattened MFCC images, all frames of c0 first, then all of c1, …;
    labels (n_clips,): indices into classes. n_mfcc: the number of coefficients, to be separated by
    gray lines. ValueError: shapes that do not match, n_examples or n_mfcc < 1.
    """
    features, chosen = _first_clips(features, labels, classes, n_examples, n_dims=2)
    values = features[np.concatenate(chosen)]
    low, high = values.min(initial=0), values.max(initial=1)  # dB
    fig, panels = _class_rows(chosen, classes, n_examples, low, high, head=0)
    fig.axes[0].set_ylabel("MFCC (dB)")
    for ax, y, i in panels:
        ax.plot(y + features[i], color=DATA, linewidth=0.5, rasterized=True)
    for ax in fig.axes:
        ax.set(xlabel="feature index", xmargin=0)
        if n_mfcc is not None:
            n_frames = features.shape[1] / positive_integer(n_mfcc, "n_mfcc")
            ax.xaxis.set_minor_locator(MultipleLocator(n_frames))
            ax.tick_params(which="minor", length=0)
            ax.grid(axis="x", which="minor", color=PALE, linewidth=0.3)
    return fig


def stages(
    signal: ArrayLike, sample_rate: int, *, n_mfcc: int = 13, title: str | None = None
) -> Figure:
    """Draw the six stages of a clip's MFCC: all frames on the left, the loudest on the right.

    signal (n_samples,) at sample_rate Hz, in frames of 20 ms every 10 ms.
    ValueError: a signal that is not one-dimensional, invalid arguments of the stages.
    """
    signal = finite_signal(signal)
    if signal.ndim != 1:
        raise ValueError(f"signal has shape {signal.shape}; it must be (n_samples,)")
    n_fft, hop = int(0.02 * sample_rate), int(0.01 * sample_rate)  # samples
    frames = framing.frame(framing.pad_center(signal, n_fft), n_fft, hop)  # (n_frames, n_fft)
    power = fourier.power_spectrum(frames * framing.hann(n_fft)).T  # (n_fft // 2 + 1, n_frames)
    mel_power = mel_filterbank(sample_rate, n_fft) @ power  # (n_mels, n_frames)
    log_mel, basis = cepstrum.power_to_db(mel_power), cepstrum.dct_matrix(n_mfcc, len(mel_power))
    cepstra = basis @ log_mel  # (n_mfcc, n_frames)
    change = cepstra - cepstra.mean(axis=1, keepdims=True)
    i = int(power.sum(axis=0).argmax())

    fig, axes = plt.subplot_mosaic("AB;CD;EF;GH;IJ", figsize=(12, 14))
    fig.set_layout_engine("constrained", wspace=0.04)
    fig.suptitle(title or "", parse_math=False)
    _draw_frame(axes["A"], axes["B"], signal, frames[i], i * hop - n_fft // 2, sample_rate)
    axes["B"].set_title(f"2. frame {i} times the Hann window")
    _draw_filters(axes["E"], sample_rate, len(log_mel))
    khz, hz, bands, index = sample_rate / n_fft / 1000, "frequency (kHz)", "mel band", "MFCC index"
    for ax, values, step, name, label, unit in (
        (axes["C"], cepstrum.power_to_db(power), khz, "3. power spectrum, in dB", hz, "power"),
        (axes["G"], log_mel, 1, "5. decibels: the log-mel spectrogram", bands, "mel power"),
        (axes["I"], change, 1, "6. MFCC, minus its mean over time", index, "MFCC − mean"),
    ):
        ax.sharex(axes["A"])
        ax.set(title=name, xlabel="time (s)", ylabel=label)
        image = _draw_image(ax, values, hop / sample_rate, step)
        fig.colorbar(image, ax=ax, label=f"{unit} (dB)", pad=0.02, fraction=0.05)
        ax.axvline(i * hop / sample_rate, color=MARKED)
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    image.set_clim(np.abs(change[1:]).max(initial=1) * np.array([-1, 1]))  # c[0] may exceed it
    for ax, values, first, step, name, label, unit in (
        (axes["D"], power, 0, khz, "power spectrum", hz, "power (full scale²)"),
        (axes["F"], mel_power, 0, 1, "power in each band", bands, "mel power (full scale²/Hz)"),
        (axes["H"], log_mel, 0, 1, "the same in decibels", bands, "mel power (dB)"),
        (axes["J"], cepstra, 1, 1, f"MFCC after c[0] = {cepstra[0, i]:.0f} dB", index, "MFCC (dB)"),
    ):
        ax.plot(np.arange(first, len(values)) * step, values[first:, i], color=DATA)
        ax.set(title=f"frame {i}: {name}", xlabel=label, ylabel=unit)
    axes["J"].lines[0].set(marker="o", markersize=3)
    axes["H"].plot(basis.T @ cepstra[:, i], "--", color=MARKED, label=f"from {n_mfcc} MFCCs")
    axes["H"].legend(frameon=False)
    return fig


def _first_clips(
    features: ArrayLike, labels: ArrayLike, classes: Sequence[str], n: int, n_dims: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the features as an array, and the indices of the first n clips of each class."""
    features, labels = as_float(features, "features"), np.asarray(labels)
    if features.ndim != n_dims:
        raise ValueError(f"features has shape {features.shape}; it must have {n_dims} axes")
    if labels.shape != features.shape[:1]:
        raise ValueError(f"labels has shape {labels.shape}; it must be {features.shape[:1]}")
    invalid = labels[~np.isin(labels, np.arange(len(classes)))]
    if invalid.size:
        raise ValueError(f"labels={invalid} must be indices into the {len(classes)} classes")
    n = positive_integer(n, "n_examples")
    return features, [np.flatnonzero(labels == label)[:n] for label in range(len(classes))]


def _class_rows(
    chosen: list[np.ndarray], classes: Sequence[str], n: int, low: float, high: float, head: float
) -> tuple[Figure, list[tuple[Axes, float, int]]]:
    """Create n axes below `head` free inches, each with a row from y + low to y + high per class;
    return the figure and (axes, y, i) of each clip i. An axes per clip takes twice as long."""
    width, height = 0.85 + 3.2 * n, 0.6 + 1.15 * len(classes) + head
    zeros = np.arange(len(classes)) * (low - high) * 1.15 / 0.85
    options: dict = {"frameon": False, "yticks": [], "ylim": (zeros[-1] + low, high)}
    fig, (axes,) = plt.subplots(1, n, squeeze=False, sharex=True, subplot_kw=options)
    fig.set_size_inches(width, height)
    margins = 0.85 / width, 0.6 / height, 1 - 0.2 / width, 1 - (0.3 + head) / height
    fig.subplots_adjust(*margins, wspace=0.07)
    ticks = np.array(MaxNLocator(2, integer=True, min_n_ticks=1).tick_values(low, high))
    ticks = ticks[(low <= ticks) & (ticks <= high)]
    texts = [f"{tick:g}".replace("-", "−") for tick in ticks] * len(classes)
    axes[0].set_yticks(np.add.outer(zeros, ticks).ravel(), texts)
    for y, name in zip(zeros + 1.1 * high - 0.1 * low, classes, strict=True):
        axes[0].text(0, y, name, transform=axes[0].get_yaxis_transform(), parse_math=False)
    rows = zip(zeros, chosen, strict=True)
    return fig, [(ax, y, i) for y, row in rows for ax, i in zip(axes, row, strict=False)]


def _draw_image(
    ax: Axes, values: np.ndarray, x_step: float, y_step: float, bottom: float = 0
) -> AxesImage:
    """Draw values (n_rows, n_frames), or their colors (n_rows, n_frames, 4): column t centered at
    t·x_step, row r at bottom + r·y_step."""
    n_rows, n_frames = values.shape[:2]
    x, y = np.array([-0.5, n_frames - 0.5]) * x_step, np.array([-0.5, n_rows - 0.5]) * y_step
    return ax.imshow(values, COLOR_MAP, extent=(*x, *(bottom + y)), origin="lower", aspect="auto")


def _draw_frame(
    left: Axes, right: Axes, signal: np.ndarray, x: np.ndarray, start: int, sample_rate: int
) -> None:
    """Draw the signal with frame x marked; beside it x, the Hann window and their product."""
    left.plot(np.arange(len(signal)) / sample_rate, signal, color=DATA, linewidth=0.5)
    left.axvspan(start / sample_rate, (start + len(x)) / sample_rate, color=MARKED, alpha=0.6)
    left.set(
        title="1. the clip, with one frame marked", xlabel="time (s)", ylabel="amplitude (of 1)"
    )
    ms, window = 1000 * np.arange(len(x)) / sample_rate, framing.hann(len(x))
    right.plot(ms, x, color=PALE, label="frame")
    right.plot(ms, window * np.abs(x).max(), "--", color=MARKED, label="window · peak")
    right.plot(ms, window * x, color=DATA, label="frame · window")
    right.margins(x=0, y=0.22)  # room for the legend below the lines
    right.legend(loc="lower center", ncols=3, frameon=False, columnspacing=1)
    right.set(xlabel="time in the frame (ms)", ylabel="amplitude (of 1)")


def _draw_filters(ax: Axes, sample_rate: int, n_mels: int) -> None:
    """Draw the triangles between n_mels + 2 points spaced evenly in mel, every eighth filled."""
    khz = mel_to_hz(np.linspace(0, hz_to_mel(sample_rate / 2), n_mels + 2)) / 1000
    corners = np.lib.stride_tricks.sliding_window_view(khz, 3)  # (n_mels, 3): left, center, right
    heights = np.outer(2 / (1000 * (khz[2:] - khz[:-2])), [0, 1, 0])  # area one
    ax.plot(corners.T, heights.T, color=PALE, linewidth=0.3)
    for x, weights in zip(corners[::8], heights[::8], strict=True):
        ax.fill(x, weights)
    ax.set(title=f"4. {n_mels} mel filters, every eighth filled", xmargin=0)
    ax.set(xlabel="frequency (kHz)", ylabel="weight (1/Hz)")

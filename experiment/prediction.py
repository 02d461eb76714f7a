"""Predictions for recordings of any length, and their timelines. Chapter 16.

A recording of up to 5 s is one clip. A longer one is divided into overlapping windows, each
processed like a clip, and their probabilities are averaged. It is read in blocks, so that memory
hardly grows with its length.
"""

from collections.abc import Iterator
from itertools import pairwise
from os import PathLike, fspath
from typing import Any, NamedTuple

import numpy as np

import mfcc
from mfcc.audio import DURATION, SAMPLE_RATE, SLACK, fix_length, read_blocks, resample, to_mono

from .data import is_silent, open_complete
from .data_report import remarks, statistics
from .recipes import TINY, Model, read_model
from .terminal import printable

BLOCK = 30  # s read at a time
EDGE = 1  # s of neighboring blocks, so that resampling has no edge effect
SILENCE = 40.0  # dB below the loudest window
PAUSE = 5.0  # s of silence that keep the label before it
BANDS = 64  # rows of a drawn spectrogram


class Span(NamedTuple):
    """A part of a recording."""

    start: float  # s
    end: float  # s
    name: str | None  # of the predicted class; None for silence
    probability: float  # its mean; 0 for silence


class Prediction(NamedTuple):
    """What is predicted for a recording."""

    seconds: float  # s, its length
    probabilities: np.ndarray  # (C,), of each class
    spans: list[Span]  # of its timeline
    remarks: list[str]  # on its quality


class Windows:
    """The predictions of a model for windows of `seconds` s, one every `hop` s, of a signal that is
    added in blocks: the probabilities (n, C) and the power (n,), 0 if silent, of each window."""

    def __init__(self, model: Model, seconds: float, hop: float) -> None:
        self.model, self.hop = model, hop
        self.n, self.step = round(seconds * SAMPLE_RATE), round(hop * SAMPLE_RATE)
        self.rest = np.zeros(0, np.float32)
        self.outputs: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, block: np.ndarray) -> None:
        """Predict each window that ends in the next block (any number of samples)."""
        signal = np.concatenate([self.rest, block])
        starts = range(0, len(signal) - self.n + 1, self.step)
        if starts:
            p = self.model.predict_proba(self.model.recipe.window_views(signal, starts, self.n))
            windows = [signal[start : start + self.n] for start in starts]
            power = [np.mean(np.square(x)) * (not is_silent(x)) for x in windows]
            self.outputs.append((p, np.array(power)))
        self.rest = signal[len(starts) * self.step :]

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """All probabilities (n, C), and which windows are audible (n,), within SILENCE of the
        loudest; the last window is padded with zeros."""
        self.add(np.zeros(self.step - 1, np.float32))
        p, power = map(np.concatenate, zip(*self.outputs, strict=True))
        return p, power >= max(power.max() * 10 ** (-SILENCE / 10), TINY)


def predict_file(model: Model | str | PathLike[str], path: str | PathLike[str]) -> dict[str, float]:
    """The probability of each class in a recording, the most probable first; an empty dictionary if
    it is silent. model: the model.npz of a run, or what experiment.recipes.read_model returns for
    it, to predict many recordings. ValueError, OSError: the model or the recording cannot be read.
    """
    model = read_model(model) if isinstance(model, str | PathLike) else model
    found = predict_recording(model, fspath(path))
    return {} if all_silent(found) else ranked(found, model)


def predict_recording(model: Model, path: str) -> Prediction:
    """Predict the classes of a recording. ValueError, OSError: it cannot be read."""
    whole = Windows(model, DURATION, DURATION / 2)
    timeline, n = Windows(model, *model.recipe.window_hop), 0
    for block in blocks_of(path):
        n += len(block)
        if n > (DURATION + SLACK) * SAMPLE_RATE:
            whole.add(block)
            timeline.add(block)
    seconds, stats = n / SAMPLE_RATE, statistics(path)
    if not whole.outputs:  # no longer than a clip
        views = model.recipe.views(fix_length(block, whole.n))
        p = model.predict_proba([view[None] for view in views])
        spans = join(p, np.array([not is_silent(block)]), 1, seconds, seconds, model)
        return Prediction(seconds, p[0], spans, remarks(stats))
    p, audible = whole.finish()
    spans = join(*timeline.finish(), timeline.n // timeline.step, timeline.hop, seconds, model)
    return Prediction(seconds, p[audible | ~audible.any()].mean(axis=0), spans, remarks(stats))


def blocks_of(path: str) -> Iterator[np.ndarray]:
    """The recording as consecutive blocks at 44.1 kHz, (any,) float32 in [-1, 1]."""
    with open_complete(path) as sound:
        rate, signal, lead = sound.samplerate, np.zeros(0, np.float32), 0
        for block in read_blocks(path, sound, BLOCK * rate):
            signal = np.concatenate([signal, to_mono(block)])
            if len(block) == BLOCK * rate:  # shorter: the last one
                yield resample(signal, rate, SAMPLE_RATE)[lead : -EDGE * SAMPLE_RATE]
                signal, lead = signal[-2 * EDGE * rate :], EDGE * SAMPLE_RATE
        yield resample(signal, rate, SAMPLE_RATE)[lead:]


def join(
    p: np.ndarray, audible: np.ndarray, width: int, hop: float, seconds: float, model: Model
) -> list[Span]:
    """The spans of a timeline: the probabilities of each step of `hop` s are averaged over the
    audible windows that cover it, p (n, C), audible (n,), of `width` steps each; a step without one
    is like the step before, for at most PAUSE s; neighboring equal answers are joined."""
    weighted = np.column_stack([p, np.ones(len(p))]) * audible[:, None]  # (n, C + 1)
    total = np.sum([np.pad(weighted, ((k, width - 1 - k), (0, 0))) for k in range(width)], axis=0)
    mean, count = total[:, :-1] / np.maximum(total[:, -1:], 1), total[:, -1]
    labels = np.where(count > 0, mean.argmax(axis=1), -1)
    last = np.maximum.accumulate(np.where(count > 0, np.arange(len(count)), 0))  # audible step
    near = (np.arange(len(count)) - last) * hop <= PAUSE
    labels = np.where(near, labels[last], -1)
    spans, edges = [], np.flatnonzero(np.diff(labels, prepend=-2, append=-2)).tolist()
    for start, end in pairwise(edges):
        label, part = labels[start], mean[start:end][count[start:end] > 0]
        until = seconds if end == len(labels) else end * hop
        answer = (model.classes[label], float(part[:, label].mean())) if label >= 0 else (None, 0.0)
        spans.append(Span(start * hop, until, *answer))
    return spans


def stripes(signal: np.ndarray, width: int) -> np.ndarray:
    """A coarse spectrogram for a picture: mean power of 64 mel bands in `width` frames of 10 ms, in
    the last column up to twice as many; (n_samples,) -> (64, n_columns)."""
    mel = mfcc.fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=BANDS)
    columns = np.arange(0, max(1, mel.shape[1] - width + 1), width)
    return np.add.reduceat(mel, columns, axis=1) / np.diff(columns, append=mel.shape[1])


def ranked(found: Prediction, model: Model) -> dict[str, float]:
    """The probability of each class, the most probable first."""
    order = np.argsort(-found.probabilities, kind="stable")
    return {model.classes[c]: float(found.probabilities[c]) for c in order}


def all_silent(found: Prediction) -> bool:
    """Whether all parts of the recording are silent."""
    return all(span.name is None for span in found.spans)


def is_unsure(found: Prediction, model: Model) -> bool:
    """Whether no part of the recording reaches the threshold of the model, or all are silent."""
    most = max(span.probability for span in found.spans)
    return all_silent(found) or (model.threshold is not None and most < model.threshold)


def as_json(path: str, found: Prediction, model: Model) -> dict[str, Any]:
    """The answer as JSON; times in seconds; the class of silence is None. A silent recording is
    unknown, and its probabilities mean nothing."""
    keys = "start", "end", "class", "probability"
    return {
        "file": printable(path),
        "seconds": found.seconds,
        "classes": dict(zip(model.classes, found.probabilities.tolist(), strict=True)),
        "unknown": is_unsure(found, model),
        "remarks": found.remarks,
        "windows": [dict(zip(keys, span, strict=True)) for span in found.spans],
    }


def csv_row(answer: dict[str, Any], found: Prediction) -> list[Any]:
    """An answer of as_json as a row: file, seconds, the most probable class (empty if silent),
    unknown, and all probabilities."""
    p = answer["classes"]
    best = "" if all_silent(found) else max(p, key=p.get)
    return [answer["file"], answer["seconds"], best, answer["unknown"], *p.values()]


def as_text(path: str, found: Prediction, model: Model) -> str:
    """One line with the three most probable classes; under it the timeline of a long recording."""
    classes = ", ".join(f"{name} {p:.1%}" for name, p in list(ranked(found, model).items())[:3])
    if all_silent(found):
        classes = "silence"
    elif is_unsure(found, model):
        classes = f"unsure: {classes}"
    notes = f" ({'; '.join(found.remarks)})" if found.remarks else ""
    lines = [f"{printable(path)}: {classes}{notes}"]
    if len(found.spans) > 1 or found.seconds > DURATION + SLACK:
        lines += [f"  {clock(s.start)} - {clock(s.end)}  {label(s, model)}" for s in found.spans]
    return "\n".join(lines)


def label(span: Span, model: Model) -> str:
    """The answer of a span and its probability."""
    if span.name is None:
        return "silence"
    unsure = model.threshold is not None and span.probability < model.threshold
    return f"{'unsure: ' if unsure else ''}{span.name} {span.probability:.0%}"


def clock(seconds: float) -> str:
    """Minutes and seconds, as 1:02.5."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"

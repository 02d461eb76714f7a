"""The page of a run: its result, its confusion matrix, and the clips of each cell, with sound.
Chapter 13."""

from argparse import Namespace
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np

import mfcc
from mfcc.audio import SAMPLE_RATE
from mininet import precision_recall_f1, wilson_interval

from . import page
from .data import Dataset
from .data_report import groups
from .evaluate import Answers, Features, human_answers
from .extract import map_clips, process_clip
from .folds import parse_name
from .output import Output
from .terminal import progress_bar

RIGHT_CLIPS = 3  # of each class, with sound
MAX_MISTAKES = 400  # with sound, unless --report-clips asks for more
COLUMNS = 250  # of a waveform
STRIPE = 2  # frames of 10 ms in a column of a log-mel picture
BANDS = 64  # mel bands in a log-mel picture


def write_report(
    dataset: Dataset,
    features: Features,
    answers: Answers,
    results: dict[str, Any],
    figures: Sequence[str],
    options: Namespace,
    output: Output,
    executor: Executor | None,
) -> None:
    """Write report.html.

    dataset: the clips of features; results: as in metrics.json; figures: the files of the output
    folder to be shown. options.report_clips: how many clips have a sound; None: RIGHT_CLIPS of each
    class and all mistakes, up to MAX_MISTAKES. executor: as in extract_features.
    """
    wrong, first, rest = _in_order(features, answers)
    clips = wrong + first + rest
    n = options.report_clips
    chosen = wrong[:MAX_MISTAKES] + first if n is None else clips[:n]
    task = partial(process_clip, dataset.reader, media)
    sources, progress = [dataset.sources[i] for i in chosen], progress_bar("report", output.quiet)
    made = dict(zip(chosen, map_clips(task, sources, executor, progress), strict=True))
    matrix = np.array(results.get("held_out", results)["confusion"])
    pictures = {name: (output.folder / name).read_bytes() for name in figures}
    content = page.render(
        "report.html",
        title="Sound scene classification: report of a run",
        result=_result(results),
        pictures={name: page.data_uri(png, "image/png") for name, png in pictures.items()},
        classes=features.classes,
        matrix=matrix.tolist(),
        answers=int(matrix.sum()),
        scores=precision_recall_f1(matrix).tolist(),
        clips=[_card(i, features, answers, made.get(i)) for i in clips],
        n_mistakes=len(wrong),
        warnings=_warnings(features, results),
        results=results,
    )
    output.save(content, "report.html")


def media(signal: np.ndarray) -> list[str]:
    """A clip (n_samples,) as a sound, its waveform as an SVG path, and its log-mel picture."""
    edges = np.linspace(0, len(signal), COLUMNS, endpoint=False, dtype=int)
    low, high = (extreme.reduceat(signal, edges) for extreme in (np.minimum, np.maximum))
    lines = enumerate(zip(low, high, strict=True))
    path = "".join(f"M{x} {-top:.3f}V{0.005 - bottom:.3f}" for x, (bottom, top) in lines)
    mel = mfcc.fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=BANDS)  # (BANDS, n_frames)
    power = np.add.reduceat(mel, range(0, mel.shape[1], STRIPE), axis=1)
    return [page.sound(signal), path, page.image(mfcc.power_to_db(power))]


def _in_order(features: Features, answers: Answers) -> tuple[list[int], list[int], list[int]]:
    """The mistakes, the first RIGHT_CLIPS right clips of each class, and the other right ones, each
    in descending order of the largest probability of a wrong, or of the right, class."""
    labels, p = features.labels, answers.probabilities
    own = np.arange(p.shape[1]) == labels[:, None]  # (n, C)
    n_right = answers.counts[own]
    is_wrong = 2 * n_right < answers.counts.sum(axis=1)
    order = np.argsort(-np.where(own != is_wrong[:, None], p, 0).max(axis=1), kind="stable")
    right = [order[~is_wrong[order] & (labels[order] == c)] for c in range(p.shape[1])]
    first = [i for each in right for i in each[:RIGHT_CLIPS].tolist()]
    rest = [i for each in right for i in each[RIGHT_CLIPS:].tolist()]
    return order[is_wrong[order]].tolist(), first, rest


def _card(i: int, features: Features, answers: Answers, made: Any) -> dict[str, Any]:
    """What the page says of clip i; made: what process_clip returned, None for no sound."""
    counts, p = answers.counts[i], answers.probabilities[i]
    label, best = features.labels[i], np.argsort(-p, kind="stable")[:3]
    sound, wave, image = made[0] if made and not isinstance(made, str) else (None, None, None)
    return {
        "name": features.names[i],
        "true": features.classes[label],
        "cells": " ".join(f"{label}-{c}" for c in np.flatnonzero(counts)),
        "best": [(features.classes[c], f"{p[c]:.0%}", c == label) for c in best],
        "wrong": int(counts.sum() - counts[label]),
        "seeds": int(counts.sum()),
        "people": human_answers(features.names[i]),
        "sound": sound,
        "wave": wave,
        "image": image,
    }


def _result(results: dict[str, Any]) -> dict[str, Any]:
    """The accuracy, its 95 % interval, and what it was measured on."""
    if "held_out" in results:
        held_out = results["held_out"]
        low, high = held_out["interval_95"]
        where = f"on clips held out of training, in {len(held_out['folds'])} folds"
        return {"accuracy": held_out["mean"], "low": low, "high": high, "where": where}
    accuracy, n = results["train"]["accuracy"], int(np.sum(results["confusion"]))
    low, high = wilson_interval(accuracy, n)
    where = f"on the {n} clips that the network was trained on; --cv measures it on others"
    return {"accuracy": accuracy, "low": low, "high": high, "where": where}


def _warnings(features: Features, results: dict[str, Any]) -> dict[str, list[str]]:
    """The clips with the same features, silent ones, those cut from one recording, unreadable
    ones: a list by title."""
    digests = dict.fromkeys(features.names, "")
    for view in features.views:
        for name, row in zip(features.names, view, strict=True):
            digests[name] += sha256(row.tobytes()).hexdigest()
    recordings = {name: parse_name(name)[1] for name in features.names}
    return {
        "duplicates (the same features)": [" = ".join(group) for group in groups(digests)],
        "silent (below -60 dB throughout)": results["silent"],
        "cut from one recording": [", ".join(group) for group in groups(recordings)],
        "unreadable, left out": [problem["reason"] for problem in results["skipped"]],
    }

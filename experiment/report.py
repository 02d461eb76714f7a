"""The page of a run: its result, its confusion matrix, and the clips of each cell, with sound.
Chapter 13."""

from argparse import Namespace
from concurrent.futures import Executor
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np

import mfcc
from mfcc.audio import SAMPLE_RATE, resample
from mininet import precision_recall_f1

from . import page
from .data import Dataset
from .data_report import groups
from .evaluate import Answers, Features, human_answers
from .extract import map_clips, process_clip
from .folds import parse_name
from .output import Output
from .terminal import progress_bar

RIGHT_CLIPS = 3  # of each class, with sound
MAX_MISTAKES = 500  # with sound, unless --report-clips asks for more
RATE = SAMPLE_RATE // 2  # Hz, of the sounds: half the bytes, and half the time to encode them
COLUMNS = 250  # of a waveform
STRIPE = 2  # frames of 10 ms in a column of a log-mel picture
BANDS = 64  # mel bands in a log-mel picture
PICTURES = {"curves*.png": "Loss and accuracy over the epochs"}
PICTURES |= {"reliability.png": "Reliability: accuracy over the probability of the prediction"}


def write_report(
    dataset: Dataset,
    features: Features,
    answers: Answers,
    results: dict[str, Any],
    options: Namespace,
    output: Output,
    executor: Executor | None,
) -> None:
    """Write report.html.

    dataset: the clips of features; results: as in metrics.json. options.report_clips: how many
    clips have a sound; None: RIGHT_CLIPS of each class and all mistakes, up to MAX_MISTAKES.
    executor: as in extract_features.
    """
    wrong, first, rest = _in_order(features, answers)
    clips, n = wrong + first + rest, options.report_clips
    chosen = wrong[:MAX_MISTAKES] + first if n is None else clips[:n]
    task = partial(process_clip, dataset.reader, media)
    sources, progress = [dataset.sources[i] for i in chosen], progress_bar("report", output.quiet)
    outcomes = dict(zip(chosen, map_clips(task, sources, executor, progress), strict=True))
    matrix = np.array(results.get("held_out", results)["confusion"])
    accuracy, where = _result(features, results)
    content = page.render(
        "report.html",
        title="Sound scene classification: report of a run",
        accuracy=accuracy,
        where=where,
        pictures=[
            (page.data_uri(path.read_bytes(), "image/png"), f"{text} ({path.name})")
            for pattern, text in PICTURES.items()
            for path in sorted(output.folder.glob(pattern))
        ],
        classes=features.classes,
        matrix=matrix.tolist(),
        n_seeds=int(answers.counts[0].sum()),
        scores=precision_recall_f1(matrix).tolist(),
        clips=[_card(i, features, answers, outcomes.get(i)) for i in clips],
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
    sound = page.sound(resample(signal, SAMPLE_RATE, RATE), RATE)
    return [sound, path, page.image(mfcc.power_to_db(power))]


def _in_order(features: Features, answers: Answers) -> tuple[list[int], list[int], list[int]]:
    """The mistakes (with any seed), the first RIGHT_CLIPS right clips of each class, and the other
    right ones, each in descending order of the probability of the most probable class."""
    labels, p = features.labels, answers.probabilities
    own = np.arange(p.shape[1]) == labels[:, None]  # (n, C)
    is_wrong = answers.counts[own] < answers.counts.sum(axis=1)
    order = np.argsort(-np.where(own & is_wrong[:, None], 0, p).max(axis=1), kind="stable")
    right = [order[~is_wrong[order] & (labels[order] == c)] for c in range(p.shape[1])]
    first = [i for each in right for i in each[:RIGHT_CLIPS].tolist()]
    rest = [i for each in right for i in each[RIGHT_CLIPS:].tolist()]
    return order[is_wrong[order]].tolist(), first, rest


def _card(i: int, features: Features, answers: Answers, outcome: Any) -> dict[str, Any]:
    """The entry of clip i. outcome: that of process_clip, None for a clip without sound."""
    counts, p = answers.counts[i], answers.probabilities[i]
    label, best = features.labels[i], np.argsort(-p, kind="stable")[:3]
    found = outcome[0] if outcome and not isinstance(outcome, str) else (None, None, None)
    return {
        "name": features.names[i],
        "true": features.classes[label],
        "cells": " ".join(f"{label}-{c}" for c in np.flatnonzero(counts)),
        "p": p.round(4).tolist(),
        "best": [(features.classes[c], f"{p[c]:.0%}", c == label) for c in best],
        "wrong": int(counts.sum() - counts[label]),
        "people": human_answers(features.names[i]),
        **dict(zip(("sound", "wave", "image"), found, strict=True)),
    }


def _result(features: Features, results: dict[str, Any]) -> tuple[float, str]:
    """The accuracy and the clips it was measured on."""
    if "held_out" in results:
        held_out = results["held_out"]
        n_folds, n_seeds = len(held_out["folds"]), len(held_out["seeds"])
        where = f"on clips held out of training, the mean of {n_folds} folds and {n_seeds} seeds"
        return held_out["mean"], where
    if results["chosen_accuracy"] is not None:
        where = "on held-out clips (slightly optimistic: the networks were chosen on them)"
        return results["chosen_accuracy"], where
    n = len(features.names)
    where = f"on the {n} clips that the network was trained on; --cv measures it on others"
    return results["train"]["accuracy"], where


def _warnings(features: Features, results: dict[str, Any]) -> dict[str, list[str]]:
    """Lists of clips by title: equal features, silence, one recording, unreadable."""
    rows = zip(*features.views, strict=True)  # of each clip
    digests = [sha256(b"".join(row.tobytes() for row in clip)).hexdigest() for clip in rows]
    recordings = {name: parse_name(name)[1] for name in features.names}
    same = groups(dict(zip(features.names, digests, strict=True)))
    return {
        "duplicates (the same features)": [" = ".join(group) for group in same],
        "silent (below -60 dB throughout)": results["silent"],
        "cut from one recording": [", ".join(group) for group in groups(recordings)],
        "unreadable, left out": [problem["reason"] for problem in results["skipped"]],
    }

"""The page of one clip: every stage of its MFCCs, frame by frame, and a model's answer. Chapter 8.

templates/explain.js draws the arrays that this file computes, and moves the cursor.
"""

from typing import NamedTuple

import numpy as np

import mfcc
from mfcc.audio import DURATION, SAMPLE_RATE

from . import page
from .data import Clip, is_silent
from .prediction import Span, label
from .recipes import HOP, Model, stack_views

N_FFT = SAMPLE_RATE // 50  # samples in a frame of 20 ms
TOP_DB = 80.0  # dB from the maximum of the clip to the floor
OCCLUDED, STEP = 1.0, 0.25  # s of silence, one every STEP s


class Answer(NamedTuple):
    """The prediction of a model for a clip."""

    text: str  # in words
    listed: list[tuple[str, float]]  # the most probable classes and their probabilities
    falls: np.ndarray  # (n,), of the first probability without the second from k·STEP s on
    reason: str  # in words: the second that contributes most


def clip_page(clip: Clip, name: str, n_mfcc: int, model: Model | None = None) -> bytes:
    """The page of a clip, with the answer of a model if there is one. ValueError: n_mfcc > 128."""
    from matplotlib import colormaps

    arrays = stages(clip.signal, n_mfcc)
    found = None if model is None else answer(model, clip.signal)
    settings = {"rate": SAMPLE_RATE, "hop": HOP, "occluded": OCCLUDED, "step": STEP}
    settings |= {"top_db": TOP_DB, "floor": float(arrays["mel"].max()) - TOP_DB}
    settings |= {"loudest": int(arrays["cepstra"][:, 0].argmax())}  # c0: the mean of the decibels
    arrays |= {"palette": colormaps["viridis"](np.arange(256), bytes=True)[:, :3]}  # (256, 3)
    arrays |= {} if found is None else {"falls": found.falls.astype(np.float32)}
    packed = {key: page.binary(array) for key, array in arrays.items()}
    return page.render(
        "explain.html",
        title=name,
        steps=[step for step in ("resampled", "padded", "cut") if step in clip.steps],
        sound=page.sound(clip.signal, SAMPLE_RATE, "flac", "pcm_16"),
        last=len(arrays["cepstra"]) - 1,
        n_mfcc=n_mfcc,
        model=model,
        answer=found,
        data=settings | {"arrays": packed},
    )


def stages(signal: np.ndarray, n_mfcc: int) -> dict[str, np.ndarray]:
    """The stages of the MFCCs of a clip (n_samples,), one row per frame; float16 to be drawn, and
    the MFCCs, whose digits are shown, as float32.

    samples (n_samples,), window (n_fft,), spectrum (n_frames, n_bins) dB, filters (n_mels, n_bins)
    1/Hz, mel (n_frames, n_mels) dB before the floor, cepstra (n_frames, n_mfcc), and the log-mel
    spectrum that the inverse transform computes from them, rebuilt (n_frames, n_mels) dB.
    """
    window = mfcc.hann(N_FFT)
    frames = mfcc.frame(mfcc.pad_center(signal, N_FFT), N_FFT, HOP)  # (n_frames, n_fft)
    power = mfcc.power_spectrum(frames * window)  # (n_frames, n_bins)
    filters = mfcc.mel_filterbank(SAMPLE_RATE, N_FFT)  # (n_mels, n_bins)
    mel = power @ filters.T  # (n_frames, n_mels)
    basis = mfcc.dct_matrix(n_mfcc, len(filters))  # (n_mfcc, n_mels)
    cepstra = mfcc.power_to_db(mel, top_db=TOP_DB) @ basis.T  # (n_frames, n_mfcc)
    drawn = {
        "samples": signal,
        "window": window,
        "spectrum": mfcc.power_to_db(power, top_db=TOP_DB),
        "filters": filters,
        "mel": mfcc.power_to_db(mel, top_db=None),
        "rebuilt": cepstra @ basis,
    }
    halved = {name: array.astype(np.float16) for name, array in drawn.items()}
    return halved | {"cepstra": cepstra.astype(np.float32)}


def answer(model: Model, signal: np.ndarray) -> Answer:
    """The prediction of a model for a clip (n_samples,), and for the clip without one second after
    another. Source: Zeiler and Fergus (2014), Visualizing and understanding convolutional networks,
    §4.2, who occlude squares of a picture."""
    time = np.arange(len(signal)) / SAMPLE_RATE  # s
    starts = np.arange(0, DURATION - OCCLUDED + STEP, STEP)  # s
    kept = [(time < start) | (time >= start + OCCLUDED) for start in starts]
    views = [model.recipe.views(variant) for variant in (signal, *(signal * part for part in kept))]
    p = model.predict_proba(stack_views(views))  # (1 + n, n_classes)
    order = np.argsort(-p[0], kind="stable")
    listed = [(model.classes[c], float(p[0, c])) for c in order[:10]]
    falls, name = p[0, order[0]] - p[1:, order[0]], None if is_silent(signal) else listed[0][0]
    text = label(Span(0, DURATION, name, listed[0][1]), model)
    changes = bool((p[1:].argmax(axis=1) != order[0]).any())
    return Answer(text, listed, falls, reason(falls, changes, *listed[0]))


def reason(falls: np.ndarray, changes: bool, name: str, p: float) -> str:
    """The second that contributes most to a class of probability p, in words; changes: whether the
    prediction is another one without some second."""
    left = f"{p - falls.max():.0%}"
    also = " For some silenced second, another class is more probable." if changes else ""
    if falls.max() < 0.05:
        return f"Whichever second is silenced, {name} keeps at least {left}.{also}"
    start = STEP * float(falls.argmax())
    part = f"the second from {start:.2f} s to {start + OCCLUDED:.2f} s"
    return f"Without {part}, {name} falls most, from {p:.0%} to {left}.{also}"

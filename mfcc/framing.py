"""Framing: a long signal as a matrix of short, overlapping frames, and the window that fades them.

Before it: arguments.py. After it: fourier.py, which transforms each frame. Chapter 2.

Symbols: n samples in the signal, L = frame_length, hop = hop_length, both in samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .arguments import as_float, positive_integer


def centre(signal: ArrayLike, frame_length: int, pad_mode: str = "constant") -> np.ndarray:
    """Pad by ⌊L/2⌋ samples on either side, so that frame i is centred on sample i·hop.

    signal (..., n) -> (..., n + 2⌊L/2⌋). pad_mode is any mode of numpy.pad; "constant" pads zeros.
    ValueError: an empty signal, frame_length < 1, a pad_mode that numpy.pad does not know.
    Source: McFee et al. (2015), librosa: the convention `center=True`.
    Chapter 2.
    """
    signal = as_float(signal, "signal")
    half = positive_integer(frame_length, "frame_length") // 2
    widths = [(0, 0)] * (signal.ndim - 1) + [(half, half)]
    try:
        return np.pad(signal, widths, mode=pad_mode)  # type: ignore[call-overload]
    except ValueError:
        raise ValueError(f"pad_mode={pad_mode!r} must be a mode of numpy.pad") from None


def frame(signal: ArrayLike, frame_length: int, hop_length: int) -> np.ndarray:
    """frames[i, j] = signal[i·hop + j],  n_frames = 1 + ⌊(n - L)/hop⌋.

    signal (..., n) -> (..., n_frames, frame_length): a read-only view, no sample is copied
    (of integers, which become float64 first, one copy). What is left after the last whole frame is
    not in it.
    ValueError: frame_length or hop_length < 1, or a signal shorter than one frame.
    Source: Rabiner and Schafer (2010), Theory and Applications of Digital Speech Processing, §6.2.
    Chapter 2.
    """
    signal = as_float(signal, "signal")
    length = positive_integer(frame_length, "frame_length")
    hop = positive_integer(hop_length, "hop_length")
    if signal.shape[-1] < length:
        raise ValueError(
            f"frame_length={length} must be at most the length of the signal, {signal.shape[-1]}"
        )
    every_shift = np.lib.stride_tricks.sliding_window_view(signal, length, axis=-1)
    return every_shift[..., ::hop, :]


def hann(n: int) -> np.ndarray:
    """w[j] = 1/2 - 1/2 cos(2πj/n),  j = 0 … n-1: the periodic Hann window.

    Returns (n,) float64. Periodic means that the period is n, not n - 1, so that for even n the
    window and its shift by n/2 sum to exactly one: no sample counts more than another.
    ValueError: n < 1.
    Source: Harris (1978), On the use of windows for harmonic analysis with the DFT, eq. 27.
    Chapter 2.
    """
    j = np.arange(positive_integer(n, "n"))
    return 0.5 - 0.5 * np.cos(2 * np.pi * j / n)

"""Framing: short, overlapping frames of a long signal, and the window applied to each. Chapter 2.

Symbols: N samples in the signal x, L = frame_length, H = hop_length, both in samples; t a frame.
"""

import numpy as np

from ._checks import ArrayLike, as_float, positive_integer


def pad_center(signal: ArrayLike, n_fft: int, pad_mode: str = "constant") -> np.ndarray:
    """Pad with ⌊n_fft/2⌋ samples on either side, so that frame t is centered on sample t·H.

    signal (..., N) -> (..., N + 2⌊n_fft/2⌋). pad_mode is a mode of numpy.pad: "constant" pads with
    zeros. ValueError: an empty signal, n_fft < 1, an unknown pad_mode.
    Source: McFee et al. (2015), librosa: the convention `center=True`.
    """
    signal = as_float(signal, "signal")
    half = positive_integer(n_fft, "n_fft") // 2
    widths = [(0, 0)] * (signal.ndim - 1) + [(half, half)]
    return np.pad(signal, widths, mode=pad_mode)  # type: ignore[call-overload]


def frame(signal: ArrayLike, frame_length: int, hop_length: int) -> np.ndarray:
    """frames[t, n] = x[t·H + n],  n_frames = 1 + ⌊(N - L)/H⌋.

    signal (..., N) -> (..., n_frames, frame_length): a read-only view. The last samples, less than
    hop_length, are dropped. ValueError: a length or hop < 1, a signal shorter than one frame.
    Source: Rabiner and Schafer (2010), Theory and Applications of Digital Speech Processing, §6.2.
    """
    signal = as_float(signal, "signal")
    count_frames(signal.shape[-1], frame_length, hop_length)
    windows = np.lib.stride_tricks.sliding_window_view(signal, frame_length, axis=-1)
    return windows[..., ::hop_length, :]


def count_frames(n: int, frame_length: int, hop_length: int) -> int:
    """1 + ⌊(n - L)/H⌋, the number of frames of n samples. ValueError: as for frame."""
    L = positive_integer(frame_length, "frame_length")
    hop = positive_integer(hop_length, "hop_length")
    if n < L:
        raise ValueError(f"frame_length={L} must be at most the length of the signal, {n}")
    return 1 + (n - L) // hop


def hann(n: int) -> np.ndarray:
    """w[j] = 1/2 - 1/2 cos(2πj/n),  j = 0 … n-1: the periodic Hann window, (n,) float64.

    Its period is n, not n - 1: for even n the window and its shift by n/2 sum to exactly one.
    ValueError: n < 1.
    Source: Harris (1978), On the use of windows for harmonic analysis with the DFT, eq. 27.
    """
    j = np.arange(positive_integer(n, "n"))
    return 0.5 - 0.5 * np.cos(2 * np.pi * j / n)

"""Properties of mfcc/framing.py: padding, frames, and the Hann window."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mfcc import frame, hann, pad_center
from tests.oracles import assert_within
from tests.strategies import eps_of, integer_arrays, signals

EPS = eps_of(np.float64)
LENGTHS = st.integers(1, 60)  # of a frame or a hop, in samples
SHORT_SIGNALS = signals(max_size=300)


@given(SHORT_SIGNALS, LENGTHS, LENGTHS, st.integers(1, 3))
def test_frame_i_is_the_signal_from_sample_i_times_hop(
    signal: np.ndarray, length: int, hop: int, step: int
) -> None:
    """frames[i, j] = signal[i·hop + j], as many as fit: a read-only view of the signal."""
    signal = signal[..., ::step]
    n = signal.shape[-1]
    length = min(length, n)
    frames = frame(signal, length, hop)
    n_frames = 1 + (n - length) // hop
    assert frames.shape == (*signal.shape[:-1], n_frames, length)
    assert (n_frames - 1) * hop + length <= n < n_frames * hop + length
    for i in range(n_frames):
        np.testing.assert_array_equal(frames[..., i, :], signal[..., i * hop : i * hop + length])
    assert np.shares_memory(frames, signal)
    assert signal.flags.writeable and not frames.flags.writeable


@given(SHORT_SIGNALS | integer_arrays((20,)), LENGTHS)
def test_the_default_padding_is_half_a_frame_of_zeros(signal: np.ndarray, length: int) -> None:
    """⌊L/2⌋ zeros on either side, in the dtype of the signal, or float64 for integers."""
    zeros = np.zeros((*signal.shape[:-1], length // 2))
    padded = pad_center(signal, length)
    assert padded.dtype == (signal.dtype if signal.dtype.kind == "f" else np.float64)
    np.testing.assert_array_equal(padded, np.concatenate((zeros, signal, zeros), axis=-1))
    assert frame(signal, 1, 1).dtype == padded.dtype


@given(st.integers(1, 2000))
def test_hann_is_a_squared_sine(n: int) -> None:
    """w[j] = sin²(πj/n) in float64, zero at j = 0 only."""
    window, squares = hann(n), np.sin(np.pi * np.arange(n) / n) ** 2
    # half a cosine near 1 has an absolute rounding of one eps, the angle 2πj/n < 2π one of 2π·eps
    assert_within(window, squares, 8 * EPS)
    assert window.dtype == np.float64
    assert window[0] == 0 and np.all(window[1:] > 0)

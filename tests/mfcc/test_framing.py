"""Theorems about mfcc/framing.py: which sample stands where in which frame, and the window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles import refusal
from tests.strategies import eps_of, integer_arrays, signals

from mfcc import centre, fft, frame, hann

LENGTHS = st.integers(1, 60)  # of a frame, of a hop, in samples
SHORT_SIGNALS = signals(max_size=300)


@given(SHORT_SIGNALS, LENGTHS, LENGTHS)
def test_frame_i_is_the_signal_from_sample_i_times_hop(
    signal: np.ndarray, length: int, hop: int
) -> None:
    """frames[i, j] = signal[i·hop + j]."""
    length = min(length, signal.shape[-1])
    frames = frame(signal, length, hop)
    j = np.arange(length)
    for i in range(frames.shape[-2]):
        np.testing.assert_array_equal(frames[..., i, j], signal[..., i * hop + j])


@given(SHORT_SIGNALS, LENGTHS, LENGTHS)
def test_there_are_as_many_frames_as_fit_whole(signal: np.ndarray, length: int, hop: int) -> None:
    """n_frames = 1 + ⌊(n - L)/hop⌋: the last one fits, another one would not."""
    n = signal.shape[-1]
    length = min(length, n)
    frames = frame(signal, length, hop)
    n_frames = frames.shape[-2]
    assert frames.shape == (*signal.shape[:-1], n_frames, length)
    assert n_frames == 1 + (n - length) // hop
    assert (n_frames - 1) * hop + length <= n < n_frames * hop + length


@given(SHORT_SIGNALS, LENGTHS, LENGTHS)
def test_frames_of_a_centred_signal(signal: np.ndarray, length: int, hop: int) -> None:
    """Centred, n_frames = 1 + ⌊n/hop⌋ for even L and 1 + ⌊(n - 1)/hop⌋ for odd L."""
    n = signal.shape[-1]
    frames = frame(centre(signal, length), length, hop)
    assert frames.shape[-2] == 1 + (n if length % 2 == 0 else n - 1) // hop


@given(SHORT_SIGNALS, LENGTHS, LENGTHS)
def test_a_centred_frame_has_its_sample_in_the_middle(
    signal: np.ndarray, length: int, hop: int
) -> None:
    """After centre, frames[i, ⌊L/2⌋] = signal[i·hop]."""
    middles = frame(centre(signal, length), length, hop)[..., length // 2]
    every_hop = signal[..., ::hop]
    np.testing.assert_array_equal(middles[..., : every_hop.shape[-1]], every_hop)


@given(SHORT_SIGNALS, LENGTHS, LENGTHS, st.integers(1, 3))
def test_no_sample_is_copied(signal: np.ndarray, length: int, hop: int, step: int) -> None:
    """Frames are a read-only view of the signal's own memory, even of every second sample."""
    signal = signal[..., ::step]
    frames = frame(signal, min(length, signal.shape[-1]), hop)
    assert np.shares_memory(frames, signal)
    assert not frames.flags.writeable
    assert signal.flags.writeable


@given(integer_arrays((20,)), LENGTHS)
def test_integers_are_framed_as_float64(signal: np.ndarray, hop: int) -> None:
    """Frames of integers are the frames of the same signal in float64."""
    frames = frame(signal, 7, hop)
    assert frames.dtype == np.float64
    np.testing.assert_array_equal(frames, frame(signal.astype(np.float64), 7, hop))


@given(SHORT_SIGNALS, LENGTHS)
def test_centre_adds_half_a_frame_of_zeros_on_either_side(signal: np.ndarray, length: int) -> None:
    """centre: ⌊L/2⌋ zeros, the signal, ⌊L/2⌋ zeros, in the dtype of the signal."""
    zeros = np.zeros((*signal.shape[:-1], length // 2), signal.dtype)
    padded = centre(signal, length)
    assert padded.dtype == signal.dtype
    np.testing.assert_array_equal(padded, np.concatenate((zeros, signal, zeros), axis=-1))


@given(signals(min_size=2, max_size=300), st.integers(1, 60))
def test_the_modes_of_padding(signal: np.ndarray, length: int) -> None:
    """Before sample 0, "reflect" puts samples 1, 2, …, "symmetric" 0, 1, …, "edge" sample 0 again,
    "wrap" the last ones; after the end all four do the same from the other side."""
    n = signal.shape[-1]
    length = min(length, 2 * n - 1)
    half = length // 2
    j = np.arange(1, half + 1)  # distance from the first, or last, sample
    before = {"reflect": j, "symmetric": j - 1, "edge": 0 * j, "wrap": n - j}
    for pad_mode, index in before.items():
        padded = centre(signal, length, pad_mode)
        np.testing.assert_array_equal(padded[..., half : half + n], signal)
        np.testing.assert_array_equal(padded[..., half - j], signal[..., index])
        np.testing.assert_array_equal(padded[..., half + n - 1 + j], signal[..., n - 1 - index])


@given(st.integers(1, 2000))
def test_hann_is_a_squared_sine(n: int) -> None:
    """w[j] = sin²(πj/n): its zero at j = 0 only, symmetric about n/2, one at n/2 for even n."""
    # half a cosine near 1 leaves an absolute rounding of an eps; the angle 2πj/n < 2π of 2π·eps
    np.testing.assert_allclose(
        hann(n), np.sin(np.pi * np.arange(n) / n) ** 2, rtol=0, atol=8 * eps_of(np.float64)
    )
    assert hann(n).dtype == np.float64
    assert hann(n)[0] == 0
    assert np.all(hann(n)[1:] > 0)
    if n % 2 == 0:
        assert hann(n)[n // 2] == 1


@given(st.integers(1, 1000))
def test_hann_and_its_shift_by_half_its_length_sum_to_one(half: int) -> None:
    """w[j] + w[j + n/2] = 1 for even n."""
    window = hann(2 * half)
    # two angles near 2πj/n, each rounded by at most 2π·eps
    np.testing.assert_allclose(
        window[:half] + window[half:], 1, rtol=0, atol=4 * np.pi * eps_of(np.float64)
    )


@given(st.integers(3, 400))
def test_hann_is_three_bins_wide(n: int) -> None:
    """The spectrum of the window is n/2 at k = 0, -n/4 at k = 1 and n - 1, and zero elsewhere."""
    expected = np.zeros(n)
    expected[0] = n / 2
    expected[[1, n - 1]] -= n / 4
    # the sum of n samples, each with the rounding that is allowed above
    np.testing.assert_allclose(fft(hann(n)), expected, rtol=0, atol=8 * n * eps_of(np.float64))


@given(st.integers(2, 2000))
def test_hann_is_scipys_periodic_window(n: int) -> None:
    """The same as scipy.signal.get_window("hann", n), which is periodic unless told otherwise."""
    np.testing.assert_allclose(
        hann(n), scipy.signal.get_window("hann", n), rtol=0, atol=8 * eps_of(np.float64)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: centre([], 4), "signal has shape (0,); its last axis must not be empty"),
        (lambda: centre([1j], 4), "signal is complex; it must be real"),
        (lambda: centre([1.0], 0), "frame_length=0 must be a positive integer"),
        (lambda: centre([1.0], 4, "mirror"), "pad_mode='mirror' must be a mode of numpy.pad"),
        (lambda: frame([], 4, 2), "signal has shape (0,); its last axis must not be empty"),
        (lambda: frame([1j], 1, 1), "signal is complex; it must be real"),
        (lambda: frame([1.0], -1, 2), "frame_length=-1 must be a positive integer"),
        (lambda: frame([1.0], 1, 0), "hop_length=0 must be a positive integer"),
        (lambda: frame([1.0], 1, 0.5), "hop_length=0.5 must be a positive integer"),  # type: ignore[arg-type]
        (
            lambda: frame([1.0, 2.0, 3.0], 4, 1),
            "frame_length=4 must be at most the length of the signal, 3",
        ),
        (lambda: hann(0), "n=0 must be a positive integer"),
    ],
)
def test_bad_input_is_refused_by_name(call: Any, message: str) -> None:
    """A ValueError says which argument is wrong, its value, and what it must be."""
    assert refusal(call) == message

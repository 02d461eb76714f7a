"""Theorems about mfcc/spectrogram.py: another order of the same sums."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.strategies import FLOATS, eps_of, generators, signals

from mfcc import frame, hann, mel_filterbank, mel_spectrogram, power_spectrum, spectrogram
from mfcc.spectrogram import _bins, _inner, _outer, _stretches, _unordered_power

LENGTHS = st.integers(1, 300)  # direct up to 64; split in two; primes


def chain(sound: np.ndarray, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    """The definition in one line, in float64: (..., n_mels, n_frames)."""
    frames = frame(np.asarray(sound, float), n_fft, hop_length)
    power = power_spectrum(frames * hann(n_fft))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # short frames leave filters empty
        return (power @ mel_filterbank(16000, n_fft, n_mels).T).swapaxes(-1, -2)


def fast(sound: np.ndarray, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return mel_spectrogram(
            sound, 16000, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, center=False
        )


def assert_same(fast_one: np.ndarray, slow: np.ndarray, n_fft: int) -> None:
    """Equal but for rounding. Each sum of n_fft products errs by eps·√n_fft of the loudest bin's
    amplitude at most, in float64; a power of p then by twice that times √(p·loudest)."""
    loudest = slow.max(axis=-2, keepdims=True, initial=0)
    eps = np.finfo(float).eps * n_fft
    slack = 2 * eps * np.sqrt(slow * loudest) + eps**2 * loudest
    # and in the signal's own dtype: the power, its weight and a sum of some tens of them
    own = 64 * eps_of(fast_one.dtype) * slow
    assert (np.abs(fast_one - slow) <= slack * 100 + own + np.finfo(fast_one.dtype).tiny).all()


@given(signals(max_size=900, decades=3), LENGTHS, st.integers(1, 400), st.integers(1, 40))
@example(np.ones(882, np.float32), 882, 441, 128)
@example(np.ones((2, 3, 400)), 67, 10, 40)  # a prime beyond DIRECT
@example(np.ones(5), 1, 1, 1)
def test_the_mel_spectrogram_is_filterbank_times_power(
    sound: np.ndarray, n_fft: int, hop_length: int, n_mels: int
) -> None:
    """S = H |FFT(frames · window)|², for every frame length, hop and number of filters."""
    if sound.shape[-1] < n_fft:
        sound = np.concatenate([sound] * (n_fft // sound.shape[-1] + 1), axis=-1)
    slow = chain(sound, n_fft, hop_length, n_mels)
    assert_same(fast(sound, n_fft, hop_length, n_mels), slow, n_fft)


@given(
    generators(),
    st.sampled_from([7, 64, 100, 144, 211, 441]),
    st.sampled_from([1, 2**8, 2**12, 2**15]),
    st.integers(1, 2**12),
    st.integers(1, 20),
)
def test_the_sizes_of_blocks_change_nothing(
    rng: np.random.Generator, n_fft: int, product: int, cache: int, group: int
) -> None:
    """PRODUCT, CACHE and GROUP decide how fast it is, not what comes out, beyond rounding."""
    sound = rng.standard_normal(n_fft * 12)
    slow = chain(sound, n_fft, n_fft // 3 + 1, 20)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spectrogram, "PRODUCT", product)
        patched.setattr(spectrogram, "CACHE", cache)
        patched.setattr(spectrogram, "GROUP", group)
        spectrogram._unordered_filterbank.cache_clear()
        assert_same(fast(sound, n_fft, n_fft // 3 + 1, 20), slow, n_fft)
    spectrogram._unordered_filterbank.cache_clear()


@given(generators(), LENGTHS, st.sampled_from(FLOATS))
def test_every_place_holds_the_bin_that_it_says(
    rng: np.random.Generator, n_fft: int, dtype: type
) -> None:
    """power[k2, t, k1] is that of bin _bins[k2, k1], and every bin has a place."""
    frames: np.ndarray = rng.standard_normal((3, n_fft)).astype(dtype)
    bins = _bins(n_fft)
    slow = power_spectrum(frames.astype(float) * hann(n_fft))[:, bins.ravel()].T  # (places, t)
    places = np.moveaxis(_unordered_power(frames), 1, 2).reshape(bins.size, len(frames))
    assert_same(places, slow, n_fft)
    assert set(bins.ravel()) == set(range(n_fft // 2 + 1))


@given(LENGTHS)
def test_the_tables_are_the_dft_of_windowed_samples(n_fft: int) -> None:
    """outer times inner is w[n] exp(-2πi k n / N), for k = k1 + n1·k2 and n = n2·n1 + n2."""
    inner, outer = _inner(n_fft).view(complex), _outer(n_fft)  # (n2, n1, k1), (k2, n2)
    n2, n1, _ = inner.shape
    n = np.arange(n_fft).reshape(n1, n2).T  # (n2, n1)
    k = np.arange(n1 // 2 + 1) + n1 * np.arange(n2)[:, None]  # (k2, k1)
    whole = outer[:, :, None, None] * inner  # (k2, n2, n1, k1)
    turns = k[:, None, None, :] * n[None, :, :, None] % n_fft
    wanted = hann(n_fft)[n][None, :, :, None] * np.exp(-2j * np.pi * turns / n_fft)
    # three angles of at most 2π, each rounded three times by half an eps: 3·2π·1.5 = 28, and a few
    np.testing.assert_allclose(whole, wanted, rtol=0, atol=32 * np.finfo(float).eps)


@given(st.integers(0, 50), st.integers(1, 20))
def test_stretches_cover_every_frame_once(n_frames: int, step: int) -> None:
    """The stretches follow each other without gap or overlap, none longer than step."""
    frames = list(range(n_frames))
    parts = [frames[stretch] for stretch in _stretches(n_frames, step)]
    assert [t for part in parts for t in part] == frames
    assert all(1 <= len(part) <= step for part in parts)


@given(generators(), st.sampled_from(FLOATS), st.integers(0, 3000), st.integers(0, 3000))
def test_silence_has_no_power_and_hides_nothing(
    rng: np.random.Generator, dtype: type, before: int, after: int
) -> None:
    """Frames of zeros give exactly zero, and a sound between two silences is heard whole, even one
    whose samples in the middle of its frames are zero."""
    sound = rng.standard_normal(300).astype(dtype) * (np.arange(300) % 50 != 25)
    padded = np.concatenate([np.zeros(before, dtype), sound, np.zeros(after, dtype)])
    mel = fast(padded, 50, 50, 5)
    touched = frame(padded, 50, 50).any(axis=-1)
    assert not mel[:, ~touched].any()
    assert_same(mel, chain(padded, 50, 50, 5), 50)

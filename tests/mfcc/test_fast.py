"""Properties of mfcc/fast.py: the values, arguments and errors of mfcc/features.py."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mfcc
from mfcc import fast
from tests.mfcc.test_features import cepstral_options, chains
from tests.oracles import assert_within, refusal, sum_rounding, transform_rounding
from tests.strategies import FLOATS, eps_of, integer_arrays, signals

pytestmark = pytest.mark.filterwarnings("ignore:.*mel filters are empty")
CEPSTRAL: dict[str, Any] = {"n_mfcc": 13, "top_db": 80.0, "lifter": 0}


@st.composite
def recordings(draw: st.DrawFn) -> np.ndarray:
    """Signals (..., n) of many levels, whole or with a silent stretch; integers as well."""
    signal = draw(signals(max_size=900, decades=12) | integer_arrays((100,)))
    start = draw(st.integers(0, signal.shape[-1]))
    signal[..., start : start + draw(st.sampled_from([0, 100, 400]))] = 0
    return signal


def mel_rounding(mel: np.ndarray, signal: np.ndarray, chain: dict[str, Any]) -> np.ndarray:
    """How far two correct mel spectrograms of the signal may be apart.

    In float64 each X[k] is wrong by e = transform_rounding·Σ|x|, twice, so that the power is wrong
    by 2|X|e + e², and its sum over a filter of the weights H by 2e·Σ H|X| + e²·Σ H, where
    Σ H|X| <= √(Σ H · Σ H|X|²). Power, weight and the sum of both round in the signal's dtype.
    """
    rate, n_fft, dtype = chain["sample_rate"], chain["n_fft"], mel.dtype
    pad_mode = chain.get("pad_mode", "constant")
    padded = mfcc.pad_center(signal, n_fft, pad_mode) if chain.get("center", True) else signal
    total = np.abs(mfcc.frame(padded, n_fft, chain["hop_length"])).sum(axis=-1, dtype=np.float64)
    e = 2 * transform_rounding(np.float64, n_fft) * total[..., None, :]  # (..., 1, n_frames)
    bank = {key: chain[key] for key in chain.keys() & {"n_mels", "fmin", "fmax", "htk"}}
    gain = mfcc.mel_filterbank(rate, n_fft, **bank).sum(axis=1)[:, None]  # (n_mels, 1)
    exact = mel.astype(np.float64)
    in_dtype = sum_rounding(n_fft, exact, dtype) + 4 * eps_of(dtype) * exact
    tiny = (1 + gain) * np.finfo(dtype).tiny  # below it the dtype loses its digits
    return np.asarray(2 * e * np.sqrt(gain * exact) + e**2 * gain + in_dtype + tiny)


def assert_same_mel(signal: np.ndarray, chain: dict[str, Any]) -> None:
    """fast.mel_spectrogram has the values of mel_spectrogram, to rounding, or its error."""
    try:
        mel = mfcc.mel_spectrogram(signal, **chain)
    except ValueError as failure:
        assert refusal(fast.mel_spectrogram, signal, **chain) == str(failure)
        return
    result = fast.mel_spectrogram(signal, **chain)
    assert result.dtype == mel.dtype
    assert_within(result, mel, mel_rounding(mel, signal, chain))


def assert_same_mfcc(signal: np.ndarray, chain: dict[str, Any], cepstral: dict[str, Any]) -> None:
    """fast.mfcc has the values of mfcc, to rounding, or its error."""
    try:
        expected = mfcc.mfcc(signal, **chain, **cepstral)
    except ValueError as failure:
        assert refusal(fast.mfcc, signal, **chain, **cepstral) == str(failure)
        return
    result, mel = fast.mfcc(signal, **chain, **cepstral), mfcc.mel_spectrogram(signal, **chain)
    assert result.dtype == expected.dtype
    # decibels and their floor increase with every cell of mel, so that those of mel ± its rounding
    # bound them; up to 400 dB, they round to 4 eps themselves and their argument to 10 eps dB
    error, exact = mel_rounding(mel, signal, chain), mel.astype(np.float64)
    low, high = (
        mfcc.power_to_db(np.maximum(m, 0), top_db=cepstral["top_db"], axis=(-2, -1))
        for m in (exact - error, exact + error)
    )
    cells = high - low + 2 * (4 * 400 + 10) * eps_of(mel.dtype)  # (..., n_mels, n_frames)
    basis = np.abs(mfcc.dct_matrix(cepstral["n_mfcc"], chain["n_mels"]))
    scale = 1 + cepstral["lifter"] / 2
    bound = scale * (basis @ cells) + 4 * eps_of(mel.dtype) * np.abs(expected)
    assert_within(result, expected, bound)


@given(recordings(), chains(), cepstral_options())
def test_the_fast_forms_are_the_plain_ones(signal: Any, chain: Any, cepstral: Any) -> None:
    """fast.mel_spectrogram and fast.mfcc have the values, and the errors, of the plain forms."""
    assert_same_mel(signal, chain)
    assert_same_mfcc(signal, chain, cepstral)


@pytest.mark.parametrize("name", ["mfcc", "mel_spectrogram"])
def test_the_fast_forms_have_the_same_signature(name: str) -> None:
    """Names, order, kinds, defaults and annotations of the arguments."""
    assert inspect.signature(getattr(fast, name)) == inspect.signature(getattr(mfcc, name))


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_fast_forms_agree_at_the_references_settings(dtype: type) -> None:
    """Five seconds of noise between silence, at 44.1 kHz with the defaults."""
    noise: np.ndarray = np.random.default_rng(0).standard_normal(132_300).astype(dtype)
    signal = np.pad(noise, (66_150, 22_050))
    chain: Any = {"sample_rate": 44100, "n_fft": 882, "hop_length": 441, "n_mels": 128}
    assert_same_mel(signal, chain)
    assert_same_mfcc(signal, chain, CEPSTRAL)
    explicit = fast.mfcc(signal, **chain, **CEPSTRAL)
    np.testing.assert_array_equal(fast.mfcc(signal, 44100), explicit)
    message = "n_mels=128.0 must be a positive integer"  # also right after a call with 128
    assert refusal(fast.mfcc, signal, **{**chain, "n_mels": 128.0}) == message
    assert fast.mel_spectrogram(np.ones((2, 0, 882)), 44100).shape == (2, 0, 128, 3)


def test_the_kept_memory_is_not_shared() -> None:
    """Later calls, of other sizes and in other threads, do not change a result."""
    rng = np.random.default_rng(0)
    jobs = [(rng.standard_normal(20_000 + n), 44100, n) for n in (512, 882, 1024, 300) * 4]

    def features_of(signal: np.ndarray, rate: int, n_fft: int) -> np.ndarray:
        return fast.mel_spectrogram(signal, rate, n_fft=n_fft)

    alone = [features_of(*job).copy() for job in jobs]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(features_of, *zip(*jobs, strict=True)))
    for result, expected in zip(together, alone, strict=True):
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("n_fft", [211, 502, 882, 1009])
def test_no_product_is_split_among_threads(n_fft: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has at most PRODUCT multiplications."""
    matmul, found = np.matmul, []

    def counted(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
        found.append((a[0].size if a.ndim > 2 else a.size) * b.shape[-1])
        return matmul(a, b, out=out)

    monkeypatch.setattr(np, "matmul", counted)
    fast.mel_spectrogram(np.ones(60_000), 44100, n_fft=n_fft, hop_length=100, fmax=2000)
    assert fast.PRODUCT / 4 < max(found) <= fast.PRODUCT


@pytest.mark.parametrize("n_fft", [7, 64, 144, 211, 441])
@pytest.mark.parametrize("product", [1, 2**8, 2**12, 2**15])
def test_block_sizes_change_nothing(
    n_fft: int, product: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PRODUCT and GROUP determine the speed; the values change by rounding alone."""
    for name, size in (("PRODUCT", product), ("GROUP", 3)):
        monkeypatch.setattr(fast, name, size)
    fast._unordered_filterbank.cache_clear()
    signal = np.random.default_rng(product + n_fft).standard_normal((2, n_fft * 12))
    signal[:, n_fft : 5 * n_fft] = 0
    chain = {"sample_rate": 16000, "n_fft": n_fft, "hop_length": n_fft // 3 + 1, "n_mels": 20}
    assert_same_mel(signal, chain)
    assert_same_mfcc(signal, chain, CEPSTRAL)
    fast._unordered_filterbank.cache_clear()

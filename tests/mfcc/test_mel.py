"""Properties of mfcc/mel.py: the mel scale, and triangular filters spaced evenly on it."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mfcc
from mfcc import fast, hz_to_mel, mel_filterbank, mel_to_hz
from tests.oracles import assert_within
from tests.strategies import eps_of

# The warning of empty filters has tests of its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*mel filters are empty")
EPS = eps_of(np.float64)


@st.composite
def banks(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of mel_filterbank: any rate from 1 Hz, parts of the band, both scales."""
    sample_rate = draw(st.integers(1, 192_000) | st.floats(1, 192_000))
    high = draw(st.floats(0.02, 1)) * sample_rate / 2
    return {
        "sample_rate": sample_rate,
        "n_fft": draw(st.integers(1, 3000)),
        "n_mels": draw(st.integers(1, 150)),
        "fmin": draw(st.just(0.0) | st.floats(0, 0.9 * high)),
        "fmax": draw(st.sampled_from([None, high])),
        "htk": draw(st.booleans()),
    }


def corners(bank: dict[str, Any]) -> np.ndarray:
    """The n_mels + 2 corners of the triangles in Hz, evenly spaced in mel, each scale by hand:
    filter m has numbers m, m + 1 and m + 2."""
    fmin, fmax = bank["fmin"], bank["fmax"] or bank["sample_rate"] / 2
    step = np.arange(bank["n_mels"] + 2) / (bank["n_mels"] + 1)
    if bank["htk"]:  # 1 + f/700 grows by the same factor from corner to corner
        first, last = 1 + fmin / 700, 1 + fmax / 700
        return 700 * (first * (last / first) ** step - 1)
    first, last = (
        3 * f / 200 if f < 1000 else 15 + 27 * np.log(f / 1000) / np.log(6.4) for f in (fmin, fmax)
    )
    mel = first + (last - first) * step
    return np.where(mel < 15, 200 * mel / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def bins(bank: dict[str, Any]) -> np.ndarray:
    """The frequency of each bin in Hz."""
    return np.arange(bank["n_fft"] // 2 + 1) / bank["n_fft"] * bank["sample_rate"]


def slack(bank: dict[str, Any]) -> float:
    """The rounding error of a weight: a corner is wrong by a few eps of the highest frequency (plus
    700 Hz, the size of HTK's terms), times the exponential's 200/3 mel, and the steepest flank
    has a slope of one over the narrowest distance between two corners."""
    return float(100 * EPS * (bank["sample_rate"] / 2 + 700) / np.diff(corners(bank)).min())


@pytest.mark.parametrize(
    ("htk", "hz", "mel"),
    [
        (False, [0, 200 / 3, 500, 1000, 6400, 6.4 * 6400], [0, 1, 7.5, 15, 42, 69]),
        (True, [0, 6300, 69300, 700 * (10**0.5 - 1)], [0, 2595, 5190, 1297.5]),
    ],
)
def test_the_scales_by_hand(htk: bool, hz: list[float], mel: list[float]) -> None:
    """Slaney: 200/3 Hz a mel, from 1 kHz 27 mel for a factor of 6.4. HTK: 2595 for one of ten."""
    np.testing.assert_allclose(hz_to_mel(hz, htk), mel, rtol=8 * EPS)
    np.testing.assert_allclose(mel_to_hz(mel, htk), hz, rtol=8 * EPS)
    assert hz_to_mel(1000, htk=True) == pytest.approx(1000, rel=2e-5)


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("convert", [hz_to_mel, mel_to_hz])
def test_a_scale_keeps_shape_and_precision(convert: Any, htk: bool) -> None:
    """Scalar for scalar, (2, 3) for (2, 3), float32 for float32; integers become float64."""
    table = np.array([[0, 10, 20], [40, 90, 100]])
    one_by_one = [[convert(int(value), htk) for value in row] for row in table]
    assert isinstance(one_by_one[0][0], float)
    for dtype, expected in ((np.float32, np.float32), (np.float64, np.float64), (int, np.float64)):
        converted = convert(table.astype(dtype), htk)
        assert converted.dtype == expected
        # 100 mel times log(6.4)/27: 7 eps of the result; near zero, HTK's difference from one
        # leaves an eps of 700 Hz, or 2595/log(10) = 1127 mel
        eps = eps_of(expected)
        np.testing.assert_allclose(converted, one_by_one, rtol=16 * eps, atol=4 * 1127 * eps * htk)


@given(banks())
def test_filters_are_triangles(bank: dict[str, Any]) -> None:
    """H[m, k] = max(0, min(rising, falling)); inside they sum to one, outside fmin … fmax to 0."""
    weights, edges, f = mel_filterbank(**bank, norm=None), corners(bank), bins(bank)
    assert weights.dtype == np.float64
    expected = [np.interp(f, edges[m : m + 3], [0, 1, 0]) for m in range(bank["n_mels"])]
    assert_within(weights, expected, slack(bank))
    assert np.all(weights >= 0)
    total = weights.sum(axis=0)
    inside, outside = (f >= edges[1]) & (f <= edges[-2]), (f < edges[0]) | (f > edges[-1])
    np.testing.assert_allclose(total[inside], 1, rtol=0, atol=2 * slack(bank))
    np.testing.assert_allclose(total[outside], 0, rtol=0, atol=slack(bank))


@given(banks())
def test_the_peak_of_a_filter_is_within_one_bin_of_its_center(bank: dict[str, Any]) -> None:
    """The largest weight of filter m is, in Hz, less than one bin away from corner m + 1."""
    width = bank["sample_rate"] / bank["n_fft"]  # Hz
    for weights, center in zip(mel_filterbank(**bank), corners(bank)[1:-1], strict=True):
        if weights.any():
            assert abs(bins(bank)[weights.argmax()] - center) < width * (1 + slack(bank))


@given(banks())
def test_normalized_filters_have_area_one(bank: dict[str, Any]) -> None:
    """norm="slaney", the default, divides each filter by the area (right - left)/2 in Hz."""
    edges = corners(bank)
    area = (edges[2:] - edges[:-2])[:, None] / 2
    weights = mel_filterbank(**bank)
    np.testing.assert_array_equal(weights, mel_filterbank(**bank, norm="slaney"))
    # corners off by slack·(their distance): the area, of two distances, by no larger part
    peaks = mel_filterbank(**bank, norm=None)
    np.testing.assert_allclose(weights * area, peaks, rtol=slack(bank), atol=4 * EPS)


@given(banks(), st.sampled_from([None, "slaney"]))
def test_empty_filters_are_counted_in_a_warning(bank: dict[str, Any], norm: str | None) -> None:
    """One warning says how many filters contain no bin, and the remedy; there is none otherwise."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        weights = mel_filterbank(**bank, norm=norm)
    n_empty = sum(not row.any() for row in weights)
    expected = (
        f"{n_empty} of {bank['n_mels']} mel filters are empty: no bin falls inside them; "
        f"lower n_mels={bank['n_mels']} or raise n_fft={bank['n_fft']}"
    )
    assert [str(warning.message) for warning in caught] == [expected] * (n_empty > 0)


def test_the_warning_points_at_the_caller() -> None:
    """Each call warns at the line that calls the package, the fast form once for its settings."""
    signal = np.zeros(200)
    with pytest.warns(UserWarning, match="2 of 40 mel filters are empty") as caught:
        mel_filterbank(8000, 64, 40)
        for call in (mfcc.mel_spectrogram, mfcc.mfcc, fast.mel_spectrogram, fast.mfcc):
            fast._unordered_filterbank.cache_clear()
            call(signal, 8000, n_fft=64, n_mels=40)
    assert [warning.filename for warning in caught] == [__file__] * 5


def test_the_default_bank() -> None:
    """128 filters, Slaney's scale, area one, whole band; at 44.1 kHz, 882, 29 have one bin."""
    explicit = mel_filterbank(44100, 882, 128, fmin=0, fmax=22050, htk=False, norm="slaney")
    np.testing.assert_array_equal(mel_filterbank(44100, 882), explicit)
    assert np.count_nonzero((explicit > 0).sum(axis=1) == 1) == 29

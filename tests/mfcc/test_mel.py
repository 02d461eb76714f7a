"""Theorems about mfcc/mel.py: the mel scale, and a bank of triangles spaced evenly on it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.oracles import mel_corners, refusal
from tests.strategies import FLOATS, eps_of

from mfcc import hz_to_mel, mel_filterbank, mel_to_hz

BOTH_SCALES = pytest.mark.parametrize("htk", [False, True])
EPS = eps_of(np.float64)
TINY = 1e-300  # below it a float64 begins to lose its digits
HEARING = st.floats(0, 200_000)  # Hz


@st.composite
def banks(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of mel_filterbank: any rate, odd lengths, bands within bands, both scales."""
    sample_rate = draw(st.integers(4000, 192_000) | st.floats(4000, 192_000))
    fmax = draw(st.none() | st.floats(100, sample_rate / 2))
    return {
        "sample_rate": sample_rate,
        "n_fft": draw(st.integers(1, 3000)),
        "n_mels": draw(st.integers(1, 150)),
        "fmin": draw(st.just(0.0) | st.floats(0, (sample_rate / 2 if fmax is None else fmax) - 50)),
        "fmax": fmax,
        "htk": draw(st.booleans()),
    }


def quiet_filterbank(**arguments: Any) -> np.ndarray:
    """mel_filterbank without its warning of empty filters, which has a theorem of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*mel filters are empty")
        return mel_filterbank(**arguments)


def corners(bank: dict[str, Any]) -> np.ndarray:
    """The corners of the triangles in Hz: filter m has numbers m, m + 1 and m + 2."""
    return mel_corners(**{name: value for name, value in bank.items() if name != "n_fft"})


def bins(bank: dict[str, Any]) -> np.ndarray:
    """The frequency of each bin in Hz."""
    return np.arange(bank["n_fft"] // 2 + 1) / bank["n_fft"] * bank["sample_rate"]


def slack(bank: dict[str, Any]) -> float:
    """How far a weight may be off: a corner is wrong by a few eps of the highest frequency (plus
    700 Hz, the size of HTK's terms), times the exponential's 200/3 mel, and the steepest flank
    has a slope of one over the narrowest distance between two corners."""
    return float(100 * EPS * (bank["sample_rate"] / 2 + 700) / np.diff(corners(bank)).min())


@given(HEARING, HEARING)
def test_both_scales_rise_strictly(a: float, b: float) -> None:
    """f < g ⇒ mel(f) < mel(g), and the same from mel to Hz."""
    a, b = min(a, b), max(a, b)
    assume(b - a > 1e-9 * b and b > 1e-9)
    for htk in (False, True):
        assert hz_to_mel(a, htk) < hz_to_mel(b, htk)
        assert mel_to_hz(a / 100, htk) < mel_to_hz(b / 100, htk)  # up to 2000 mel


@given(HEARING)
def test_mel_to_hz_undoes_hz_to_mel(hz: float) -> None:
    """mel_to_hz(hz_to_mel(f)) = f and hz_to_mel(mel_to_hz(m)) = m."""
    mel = hz / 50  # up to 4000 mel
    for htk in (False, True):
        # Slaney: up to 92 mel, each eps of them turns into log(6.4)/27 as much of f: 7 eps, and a
        # few for the logarithm and the exponential. HTK: 4000·eps·log(10)/2595 of f + 700: 4 eps.
        near_zero = 16 * EPS * 700 if htk else TINY
        assert mel_to_hz(hz_to_mel(hz, htk), htk) == pytest.approx(hz, rel=16 * EPS, abs=near_zero)
    # the same in mel: an eps of 1 + f/700 is 2595/log(10) = 1127 eps mel in HTK's scale, one of f
    # is 27/log(6.4) = 14.5 eps mel in Slaney's above 15 mel
    assert hz_to_mel(mel_to_hz(mel, True), True) == pytest.approx(
        mel, rel=16 * EPS, abs=4 * 1127 * EPS
    )
    assert hz_to_mel(mel_to_hz(mel / 40)) == pytest.approx(mel / 40, rel=16 * EPS, abs=TINY)


def test_slaneys_scale_by_hand() -> None:
    """Linear to 1 kHz: 200/3 Hz a mel; then 27 mel for each factor of 6.4."""
    hz = np.array([0, 200 / 3, 500, 1000, 6400, 6.4 * 6400, 1000 * 6.4 ** (1 / 27)])
    mel = np.array([0, 1, 7.5, 15, 42, 69, 16])
    np.testing.assert_allclose(hz_to_mel(hz), mel, rtol=8 * EPS)
    np.testing.assert_allclose(mel_to_hz(mel), hz, rtol=8 * EPS)


def test_htks_scale_by_hand() -> None:
    """2595 mel for each factor of ten in 1 + f/700; 1000 Hz are 1000 mel to two parts in 10⁵."""
    hz = np.array([0.0, 6300, 69300, 700 * (10**0.5 - 1)])
    mel = np.array([0.0, 2595, 5190, 1297.5])
    np.testing.assert_allclose(hz_to_mel(hz, htk=True), mel, rtol=8 * EPS)
    np.testing.assert_allclose(mel_to_hz(mel, htk=True), hz, rtol=8 * EPS)
    assert hz_to_mel(1000, htk=True) == pytest.approx(1000, rel=2e-5)


@given(st.floats(1e-6, 10))
def test_slaneys_scale_is_continuous_at_its_corner(step: float) -> None:
    """On either side of 1 kHz the scale nears 15 mel, by 0.015 mel a Hz below and 3 % less above;
    so does the way back from 15 mel to 1 kHz."""
    below, above = 3 / 200, 27 / np.log(6.4) / 1000  # mel per Hz
    assert hz_to_mel(1000) == pytest.approx(15, rel=2 * EPS)
    assert mel_to_hz(15) == pytest.approx(1000, rel=2 * EPS)
    # log(1 + x) = x - x²/2 + …: with x = step/1000 the slope is met to x/2, besides the rounding
    # of 15 mel, or of 1000 Hz, that the difference shows
    relative = step / 1000 + 100 * EPS * 1000 / step
    assert 15 - hz_to_mel(1000 - step) == pytest.approx(below * step, rel=relative)
    assert hz_to_mel(1000 + step) - 15 == pytest.approx(above * step, rel=relative)
    assert 1000 - mel_to_hz(15 - step * below) == pytest.approx(step, rel=relative)
    assert mel_to_hz(15 + step * above) - 1000 == pytest.approx(step, rel=relative)


@BOTH_SCALES
def test_a_scale_keeps_shape_and_precision(htk: bool) -> None:
    """Scalar for scalar, (2, 3) for (2, 3), float32 for float32; integers become float64."""
    for convert in (hz_to_mel, mel_to_hz):
        assert type(convert(440, htk)) is float
        assert type(convert(np.float32(440), htk)) is float
        table = np.array([[0, 10, 20], [40, 90, 100]])
        for dtype in (*FLOATS, np.int64):
            converted = np.asarray(convert(table.astype(dtype), htk))
            assert converted.dtype == (np.float64 if dtype is np.int64 else dtype)
            one_by_one: Any = [[convert(float(value), htk) for value in row] for row in table]
            # 100 mel times log(6.4)/27: 7 eps of the result; near zero, HTK's difference from one
            # leaves an eps of 700 Hz, or 2595/log(10) = 1127 mel
            eps = eps_of(converted.dtype)
            np.testing.assert_allclose(
                converted, one_by_one, rtol=16 * eps, atol=4 * 1127 * eps * htk
            )


@given(banks())
def test_filters_are_triangles(bank: dict[str, Any]) -> None:
    """H[m, k] = max(0, min(rising flank, falling flank)), between neighbours of the corners."""
    weights = quiet_filterbank(**bank, norm=None)
    edges = corners(bank)
    assert weights.shape == (bank["n_mels"], bank["n_fft"] // 2 + 1)
    assert weights.dtype == np.float64
    for m in range(bank["n_mels"]):
        left, centre, right = edges[m : m + 3]
        expected = np.interp(bins(bank), [left, centre, right], [0, 1, 0])
        np.testing.assert_allclose(weights[m], expected, rtol=0, atol=slack(bank))


@given(banks())
def test_filters_have_one_peak(bank: dict[str, Any]) -> None:
    """Each filter is nowhere negative, rises to one peak and falls after it."""
    for weights in quiet_filterbank(**bank):
        peak = weights.argmax()
        assert np.all(weights >= 0)
        assert np.all(np.diff(weights[: peak + 1]) >= 0)
        assert np.all(np.diff(weights[peak:]) <= 0)


@given(banks())
def test_the_peak_of_a_filter_is_within_one_bin_of_its_centre(bank: dict[str, Any]) -> None:
    """The strongest bin of filter m, in Hz, is less than one bin away from corner m + 1."""
    width = bank["sample_rate"] / bank["n_fft"]  # Hz
    for weights, centre in zip(quiet_filterbank(**bank), corners(bank)[1:-1], strict=True):
        if weights.any():
            peak = bins(bank)[weights.argmax()]
            assert abs(peak - centre) < width * (1 + slack(bank))


@given(banks())
def test_unnormalised_filters_sum_to_one(bank: dict[str, Any]) -> None:
    """Σ_m H[m, k] = 1 for every bin between the first and the last centre; all are zero outside
    fmin … fmax."""
    total = quiet_filterbank(**bank, norm=None).sum(axis=0)
    f, edges = bins(bank), corners(bank)
    inside = (f >= edges[1]) & (f <= edges[-2])
    np.testing.assert_allclose(total[inside], 1, rtol=0, atol=2 * slack(bank))
    outside = (f < edges[0]) | (f > edges[-1])
    np.testing.assert_allclose(total[outside], 0, rtol=0, atol=slack(bank))


@given(banks())
def test_normalised_filters_have_area_one(bank: dict[str, Any]) -> None:
    """norm="slaney", the default, divides each filter by the area (right - left)/2 in Hz."""
    edges = corners(bank)
    area = (edges[2:] - edges[:-2])[:, None] / 2
    weights = quiet_filterbank(**bank)
    np.testing.assert_array_equal(weights, quiet_filterbank(**bank, norm="slaney"))
    # corners off by slack·(their distance): the area, of two distances, by no larger part
    np.testing.assert_allclose(
        weights * area, quiet_filterbank(**bank, norm=None), rtol=slack(bank), atol=4 * EPS
    )


def test_the_area_of_a_finely_sampled_filter_is_one() -> None:
    """Σ_k H[m, k]·(width of a bin in Hz) = 1 where a filter has many bins."""
    weights = mel_filterbank(16000, 2**16, 20)
    # the trapezoid rule errs at the three corners only, by less than (bin/flank)² of the area
    narrowest = 16000 / 2**16 / np.diff(mel_to_hz(np.linspace(0, hz_to_mel(8000), 22))).min()
    np.testing.assert_allclose(weights.sum(axis=1) * 16000 / 2**16, 1, rtol=narrowest**2)


@given(banks(), st.sampled_from([None, "slaney"]))
def test_empty_filters_are_counted_in_a_warning(bank: dict[str, Any], norm: str | None) -> None:
    """A filter in which no bin falls is empty: one warning says how many are, and the remedy. No
    warning otherwise."""
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
    """The line that is warned of is the one that calls mel_filterbank."""
    with pytest.warns(UserWarning, match="40 of 40 mel filters are empty") as caught:
        mel_filterbank(8000, 1, 40)
    assert [warning.filename for warning in caught] == [__file__]


def test_the_default_bank() -> None:
    """Unless told otherwise: 128 filters of Slaney's scale and area one, from 0 Hz to Nyquist's."""
    written_out = mel_filterbank(
        44100, 882, n_mels=128, fmin=0.0, fmax=22050.0, htk=False, norm="slaney"
    )
    np.testing.assert_array_equal(mel_filterbank(44100, 882), written_out)
    assert np.count_nonzero((written_out > 0).sum(axis=1) == 1) == 29  # with a single bin


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hz_to_mel(-1), "hz=-1 must not be negative"),
        (lambda: hz_to_mel([3, -0.5, -2], htk=True), "hz=-2 must not be negative"),
        (lambda: hz_to_mel([]), "hz has shape (0,); its last axis must not be empty"),
        (lambda: hz_to_mel([1j]), "hz is complex; it must be real"),
        (lambda: mel_to_hz(-1), "mel=-1 must not be negative"),
        (lambda: mel_to_hz([-1.5, 1], htk=True), "mel=-1.5 must not be negative"),
        (lambda: mel_to_hz([]), "mel has shape (0,); its last axis must not be empty"),
        (lambda: mel_filterbank(8000, 0), "n_fft=0 must be a positive integer"),
        (lambda: mel_filterbank(8000, 256, 0), "n_mels=0 must be a positive integer"),
        (
            lambda: mel_filterbank(8000, 256, fmin="0"),  # type: ignore[arg-type]
            "fmin='0' must be at least 0 and below fmax = 4000 Hz",
        ),
        (
            lambda: mel_filterbank(8000, 256, fmax=1j),  # type: ignore[arg-type]
            "fmax=1j must be above 0 and at most sample_rate/2 = 4000 Hz",
        ),
        (
            lambda: mel_filterbank("8000", 256),  # type: ignore[arg-type]
            "sample_rate='8000' must be a positive number of Hz",
        ),
        (lambda: mel_filterbank(8000, 256, norm="l1"), "norm='l1' must be 'slaney' or None"),
        (lambda: mel_filterbank(0, 256), "sample_rate=0 must be a positive number of Hz"),
        (lambda: mel_filterbank(-1.5, 256), "sample_rate=-1.5 must be a positive number of Hz"),
        (
            lambda: mel_filterbank(float("inf"), 256),
            "sample_rate=inf must be a positive number of Hz",
        ),
        (
            lambda: mel_filterbank(float("nan"), 256),
            "sample_rate=nan must be a positive number of Hz",
        ),
        (
            lambda: mel_filterbank(8000, 256, fmax=4001),
            "fmax=4001 must be above 0 and at most sample_rate/2 = 4000 Hz",
        ),
        (
            lambda: mel_filterbank(8000, 256, fmax=0),
            "fmax=0 must be above 0 and at most sample_rate/2 = 4000 Hz",
        ),
        (
            lambda: mel_filterbank(8000, 256, fmin=-1),
            "fmin=-1 must be at least 0 and below fmax = 4000 Hz",
        ),
        (
            lambda: mel_filterbank(8000, 256, fmin=300, fmax=300),
            "fmin=300 must be at least 0 and below fmax = 300 Hz",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call: Any, message: str) -> None:
    """A ValueError says which argument is wrong, its value, and what it must be."""
    assert refusal(call) == message


def test_below_1_khz_only_the_ratio_to_the_rate_counts() -> None:
    """Where Slaney's scale is linear, 1 Hz and 1000 Hz have the same unnormalised bank: neither a
    rate nor an fmax is too low."""
    np.testing.assert_allclose(
        mel_filterbank(1, 64, 5, norm=None), mel_filterbank(1000, 64, 5, norm=None), atol=64 * EPS
    )
    np.testing.assert_allclose(
        mel_filterbank(4, 64, 5, fmax=1, norm=None),
        mel_filterbank(400, 64, 5, fmax=100, norm=None),
        atol=64 * EPS,
    )


def test_the_whole_band_is_allowed() -> None:
    """fmin = 0 and fmax = sample_rate/2 are the ends of what is accepted; one filter is enough."""
    np.testing.assert_array_equal(
        mel_filterbank(8000, 256, 1, fmin=0, fmax=4000), mel_filterbank(8000, 256, 1)
    )

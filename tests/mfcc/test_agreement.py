"""Agreement with librosa 0.11, whose values are frozen in tests/data: no peer is needed here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.mfcc import librosa_cases as cases
import numpy as np
import pytest
from tests.mfcc.librosa_cases import Case, key
from tests.oracles import sum_rounding
from tests.strategies import eps_of

from mfcc import (
    dct,
    delta,
    hz_to_mel,
    load,
    mel_filterbank,
    mel_to_hz,
    mfcc,
    power_to_db,
)

DATA = Path(__file__).parent.parent / "data"
EPS = eps_of(np.float64)
# What this project promises of an MFCC, the largest of which is 1131. librosa transforms float32
# frames in float32, which costs it up to the first of these; in float64 both lose a few digits
# in cells 80 dB below the loudest.
PROMISED = {"float32": 1e-3, "float64": 1e-8}

pytestmark = pytest.mark.filterwarnings("ignore:.*mel filters are empty")


@pytest.fixture(scope="module")
def librosa() -> Mapping[str, np.ndarray]:
    """librosa's values, by the name of our function and the arguments of the call."""
    with np.load(DATA / "librosa_values.npz") as values:
        return dict(values)


@pytest.mark.parametrize("htk", [False, True])
def test_the_mel_scales_are_librosas(librosa: Mapping[str, np.ndarray], htk: bool) -> None:
    """hz_to_mel from 0 to 96 kHz and mel_to_hz from 0 to 80 mel, to a few eps."""
    # 80 mel·log(6.4)/27 make an eps of the exponent 5 eps of the result; HTK's takes one from
    # 10^(m/2595), where an eps is 700·eps Hz
    hz, mel = librosa[f"mel_to_hz htk={htk}"], librosa[f"hz_to_mel htk={htk}"]
    np.testing.assert_allclose(hz_to_mel(cases.HZ, htk), mel, rtol=8 * EPS, atol=0)
    np.testing.assert_allclose(mel_to_hz(cases.MEL, htk), hz, rtol=16 * EPS, atol=1400 * EPS * htk)


@pytest.mark.parametrize("case", cases.FILTERBANKS, ids=key)
def test_the_filterbanks_are_librosas(librosa: Mapping[str, np.ndarray], case: Case) -> None:
    """Every weight, and so every edge, whatever the rate, size, band, scale and norm."""
    expected = librosa[f"mel_filterbank {key(case)}"]
    # corners of up to 22 kHz, to 16 eps each, between flanks of 20 Hz and more
    bound = 2 * 16 * EPS * 22050 / 20 * expected.max()
    np.testing.assert_allclose(mel_filterbank(**case), expected, rtol=0, atol=bound)


@pytest.mark.parametrize("case", cases.DECIBELS, ids=key)
def test_the_decibels_are_librosas(librosa: Mapping[str, np.ndarray], case: Case) -> None:
    """From zero power to 10⁷, with every argument."""
    np.testing.assert_allclose(
        power_to_db(cases.POWERS, **case),
        librosa[f"power_to_db {key(case)}"],
        rtol=4 * EPS,
        atol=4 * 100 * EPS,  # differences of up to 100 dB
    )


@pytest.mark.parametrize("case", cases.DELTAS, ids=key)
def test_the_deltas_are_librosas(librosa: Mapping[str, np.ndarray], case: Case) -> None:
    """Width and order, and what stands at the edges."""
    # weights of 2^order <= 8 in all times values up to 600; two sums; librosa solves for weights
    bound = 2 * sum_rounding(21, 8 * 600, np.float64)
    np.testing.assert_allclose(
        delta(cases.features(), **case), librosa[f"delta {key(case)}"], rtol=0, atol=bound
    )


@pytest.mark.parametrize("n_mfcc", cases.DCTS)
def test_the_cosine_transform_is_librosas(librosa: Mapping[str, np.ndarray], n_mfcc: int) -> None:
    """The first coefficients of decibels that are given: the DCT alone."""
    expected = librosa[f"dct {n_mfcc}"].T  # (frames, n_mfcc)
    # two sums of 40 values up to 600, times cosines of at most √(2/40)
    bound = 2 * sum_rounding(40, np.sqrt(2 / 40) * 40 * 600, np.float64)
    np.testing.assert_allclose(dct(cases.features())[:, :n_mfcc], expected, rtol=0, atol=bound)


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("case", cases.SETTINGS + cases.LENGTHS, ids=key)
def test_the_mfccs_are_librosas(librosa: Mapping[str, np.ndarray], case: Case, dtype: str) -> None:
    """Within 1e-3 in float32 and 1e-8 in float64, in every setting and from one sample up."""
    options = dict(case)
    signal = cases.signal(options.pop("n"), case["sample_rate"]).astype(dtype)
    ours, theirs = mfcc(signal, **options), librosa[f"mfcc {dtype} {key(case)}"]
    assert ours.dtype == theirs.dtype == dtype
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=PROMISED[dtype])


@pytest.mark.recordings
@pytest.mark.parametrize("name", cases.RECORDINGS)
def test_the_mfccs_of_recordings_are_librosas(recordings: Path, name: str) -> None:
    """Read, cut or padded to five seconds, and transformed: within 1e-3."""
    with np.load(DATA / "librosa_recordings.npz") as values:
        expected = values[name]
    ours = mfcc(load(recordings / name), 44100)
    assert ours.shape == (13, 501)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=PROMISED["float32"])

"""Agreement with librosa 0.11, whose values are frozen in tests/data: no peer is needed here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mfcc
from tests.mfcc import librosa_cases as cases
from tests.mfcc.librosa_cases import Case, key
from tests.oracles import assert_within, sum_rounding
from tests.strategies import eps_of

DATA = Path(__file__).parent.parent / "data"
EPS = eps_of(np.float64)
# The agreement of MFCCs, the largest of which is 1131. librosa transforms float32 frames in
# float32, which costs it up to the first of these; in float64 both lose a few digits in cells
# 80 dB below the loudest.
PROMISED = {"float32": 1e-3, "float64": 1e-8}

pytestmark = pytest.mark.filterwarnings("ignore:.*mel filters are empty")
BOTH_FORMS = pytest.mark.parametrize("form", [mfcc, mfcc.fast], ids=["plain", "fast"])


@pytest.fixture(scope="module")
def librosa() -> Mapping[str, np.ndarray]:
    """librosa's values, by the name of our function and the arguments of the call."""
    with np.load(DATA / "librosa_values.npz") as values:
        return dict(values)


@pytest.mark.parametrize(
    ("name", "inputs", "case", "bound"),
    [
        # corners of up to 22 kHz, to 16 eps each, between flanks of 20 Hz and more; peaks below 1
        *(("mel_filterbank", (), case, 2 * 16 * EPS * 22050 / 20) for case in cases.FILTERBANKS),
        # differences of up to 100 dB
        *(("power_to_db", (cases.POWERS,), case, 4 * EPS * 200) for case in cases.DECIBELS),
        # weights of 2^order <= 8 in all times values up to 600; librosa solves for the weights
        *(
            ("delta", (cases.features(),), case, 2 * sum_rounding(21, 8 * 600, np.float64))
            for case in cases.DELTAS
        ),
    ],
    ids=lambda value: key(value) if isinstance(value, dict) else None,
)
def test_the_stages_are_librosas(
    librosa: Mapping[str, np.ndarray], name: str, inputs: Any, case: Case, bound: float
) -> None:
    """Filterbanks of any rate, size, band, scale and norm; decibels; deltas, edges included."""
    assert_within(getattr(mfcc, name)(*inputs, **case), librosa[f"{name} {key(case)}"], bound)


@BOTH_FORMS
@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("case", cases.SETTINGS + cases.LENGTHS, ids=key)
def test_the_mfccs_are_librosas(
    librosa: Mapping[str, np.ndarray], case: Case, dtype: str, form: Any
) -> None:
    """Within 1e-3 in float32 and 1e-8 in float64, in every setting and from one sample up."""
    options = dict(case)
    signal = cases.signal(options.pop("n"), case["sample_rate"]).astype(dtype)
    result = form.mfcc(signal, **options)
    assert result.dtype == dtype
    assert_within(result, librosa[f"mfcc {dtype} {key(case)}"], PROMISED[dtype])


@BOTH_FORMS
@pytest.mark.recordings
@pytest.mark.parametrize("name", cases.RECORDINGS)
def test_the_mfccs_of_recordings_are_librosas(recordings: Path, name: str, form: Any) -> None:
    """Read, cut or padded to five seconds, and transformed: (13, 501) within 1e-3."""
    with np.load(DATA / "librosa_recordings.npz") as values:
        expected = values[name]
    result = form.mfcc(mfcc.load(recordings / name), 44100)
    assert_within(result, expected, PROMISED["float32"])

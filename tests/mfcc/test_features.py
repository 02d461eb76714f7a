"""Theorems about mfcc/features.py: the whole chain, from a signal to its coefficients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import mel_corners, refusal
from tests.strategies import FLOATS, eps_of, generators, integer_arrays

from mfcc import lifter, mel_spectrogram, mfcc

# Some settings below have filters without a bin: theorems of test_mel.py.
pytestmark = pytest.mark.filterwarnings("ignore:.*mel filters are empty")

# dB, between two right float64 results. In `sounds` a tone may stand 40 dB above the noise, which
# costs 10² in relative accuracy, and among 10⁶ random bins one is expected to have 10⁻⁶ of the mean
# power, 10⁻³ of its amplitude, which costs 10³. A transform of N <= 600 is wrong by about √N·eps:
# 20/log(10)·√600·eps·10²·10³ = 5e-9. A row of D passes less than twice of that on.
CLOSE = 1e-8

NOISE = st.tuples(generators(), st.integers(1, 3000)).map(lambda d: d[0].standard_normal(d[1]))
# 40 filters that all have a bin, and frames of which several overlap
PLAIN: dict[str, Any] = {"sample_rate": 16000, "n_fft": 512, "hop_length": 160, "n_mels": 40}


@st.composite
def sounds(draw: st.DrawFn, min_size: int = 1, max_size: int = 3000) -> np.ndarray:
    """Noise with a tone of up to a hundred times its level, (n,) float64; some of it may be cut out
    and be silent. From one part in a thousand of full scale to a thousand times it."""
    rng = draw(generators())
    n = draw(st.integers(min_size, max_size))
    tone = 10 ** draw(st.floats(-3, 2)) * np.sin(draw(st.floats(0, np.pi)) * np.arange(n))
    sound = 10.0 ** draw(st.integers(-3, 3)) * (rng.standard_normal(n) + tone)
    start = draw(st.integers(0, n))
    sound[start : start + draw(st.integers(0, 2000))] = 0
    return sound


@st.composite
def chains(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of mel_spectrogram: odd and even frames, both scales, three ways of padding.

    From n_fft = 64 on, a filter whose last bin lies on its right corner has others: that bin's
    weight is zero or an eps, as the rounding falls, and would decide between -100 dB and -150.
    """
    return {
        "sample_rate": draw(st.sampled_from([8000, 11025, 16000, 22050, 44100])),
        "n_fft": draw(st.integers(64, 600)),
        "hop_length": draw(st.integers(5, 700)),
        "n_mels": draw(st.integers(1, 64)),
        "fmin": draw(st.sampled_from([0.0, 20.0, 133.3])),
        "fmax": draw(st.sampled_from([None, 3800.0])),
        "htk": draw(st.booleans()),
        "center": draw(st.booleans()),
        "pad_mode": draw(st.sampled_from(["constant", "reflect", "edge"])),
    }


def mel_by_hand(
    signal: np.ndarray,
    sample_rate: float,
    n_fft: int,
    hop_length: int,
    n_mels: int,
    fmin: float,
    fmax: float | None,
    htk: bool,
    center: bool,
    pad_mode: Any,
) -> np.ndarray:
    """The mel spectrogram (n_mels, n_frames) by NumPy's FFT and a loop over frames and filters."""
    if center:
        signal = np.pad(signal, n_fft // 2, mode=pad_mode)
    window = [math.sin(math.pi * j / n_fft) ** 2 for j in range(n_fft)]
    corners = mel_corners(sample_rate, n_mels, fmin, fmax, htk)
    hz = np.array([k * sample_rate / n_fft for k in range(n_fft // 2 + 1)])
    columns = []
    for start in range(0, len(signal) - n_fft + 1, hop_length):
        power = np.abs(np.fft.rfft(signal[start : start + n_fft] * window)) ** 2
        column = []
        for left, centre, right in zip(corners, corners[1:], corners[2:], strict=False):
            triangle = np.interp(hz, [left, centre, right], [0, 1, 0])
            column.append(2 / (right - left) * (triangle * power).sum())
        columns.append(column)
    return np.array(columns).T


def mfcc_by_hand(
    mel: np.ndarray, n_mfcc: int, top_db: float | None, lifter: float
) -> list[list[float]]:
    """The coefficients of a mel spectrogram, each a sum over the filters as the formula has it."""
    n_mels = len(mel)
    db = 10 * np.log10(np.maximum(mel, 1e-10))
    if top_db is not None:
        db = np.maximum(db, db.max() - top_db)
    rows = []
    for k in range(n_mfcc):
        scale = math.sqrt((1 if k == 0 else 2) / n_mels)
        if lifter:
            scale *= 1 + lifter / 2 * math.sin(math.pi * (k + 1) / lifter)
        cosine = [math.cos(math.pi * k * (2 * m + 1) / (2 * n_mels)) for m in range(n_mels)]
        rows.append(
            [
                scale * math.fsum(c * d for c, d in zip(cosine, column, strict=True))
                for column in db.T
            ]
        )
    return rows


@settings(max_examples=60)
@given(sounds(min_size=600), chains(), st.data())
def test_mfcc_is_its_chain_written_out(
    sound: np.ndarray, chain: dict[str, Any], data: st.DataObject
) -> None:
    """mfcc = padding, frames, window, |DFT|², mel filters, decibels, DCT and lifter, in NumPy."""
    n_mfcc = data.draw(st.integers(1, chain["n_mels"]))
    top_db = data.draw(st.none() | st.sampled_from([0, 30.0, 80.0]))
    q = data.draw(st.sampled_from([0, 3.5, 22]))
    coefficients = mfcc(sound, **chain, n_mfcc=n_mfcc, top_db=top_db, lifter=q)
    by_hand = np.array(mfcc_by_hand(mel_by_hand(sound, **chain), n_mfcc, top_db, q))
    assert coefficients.shape == by_hand.shape
    np.testing.assert_allclose(coefficients, by_hand, rtol=0, atol=CLOSE * (1 + q / 2))


@settings(max_examples=60)
@given(sounds(min_size=600), chains())
def test_the_mel_spectrogram_is_its_chain_written_out(
    sound: np.ndarray, chain: dict[str, Any]
) -> None:
    """S[m, t] = Σ_k H[m, k]·|X_t[k]|², by plain NumPy; zero where a frame is silent."""
    # CLOSE dB are the part log(10)/10·CLOSE of the power
    mel = mel_by_hand(sound, **chain)
    np.testing.assert_allclose(mel_spectrogram(sound, **chain), mel, rtol=CLOSE / 4)


@given(sounds())
def test_the_defaults_are_those_of_the_reference(sound: np.ndarray) -> None:
    """Unless told otherwise: 20 ms and 10 ms, 13 of 128 coefficients, Slaney's scale over the whole
    band, centred, padded with zeros, a range of 80 dB, no lifter."""
    frames: dict[str, Any] = {"n_fft": 441, "hop_length": 220, "center": True}
    bank: dict[str, Any] = {"n_mels": 128, "fmin": 0.0, "fmax": 11025.0, "htk": False}
    chain = {**frames, "pad_mode": "constant", **bank}
    np.testing.assert_array_equal(
        mel_spectrogram(sound, 22050), mel_spectrogram(sound, 22050, **chain)
    )
    np.testing.assert_array_equal(
        mfcc(sound, 22050), mfcc(sound, 22050, n_mfcc=13, top_db=80.0, lifter=0, **chain)
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_silence_is_finite(dtype: type) -> None:
    """Five seconds of zeros at 44.1 kHz: (13, 501), c0 = -100·√128 = -1131.37, all others zero."""
    expected = np.zeros((13, 501))
    expected[0] = -1131.3708498984761
    silence = mfcc(np.zeros(220500, dtype), 44100)
    assert silence.dtype == dtype
    # 128 terms of 100·√(2/128), in float64 before they are rounded to the dtype
    np.testing.assert_allclose(
        silence, expected, rtol=eps_of(dtype), atol=128 * 100 * 8 * eps_of(np.float64)
    )


@given(generators(), st.floats(1, 1000))
def test_a_gain_moves_c0_alone(rng: np.random.Generator, gain: float) -> None:
    """x → g·x adds 20 log10(g)·√n_mels to c0, and nothing to any other coefficient."""
    noise = 1000 * rng.standard_normal(2000)
    before, after = (mfcc(x, **PLAIN, n_mfcc=40, top_db=None) for x in (noise, gain * noise))
    expected = np.zeros((40, 1))
    expected[0] = 20 * math.log10(gain) * math.sqrt(40)
    np.testing.assert_allclose(
        after - before, np.broadcast_to(expected, after.shape), rtol=0, atol=2 * CLOSE
    )


@given(sounds(), st.floats(1e-3, 1e3))
def test_a_gain_squared_multiplies_the_mel_spectrogram(sound: np.ndarray, gain: float) -> None:
    """S(g·x) = g²·S(x), silence included."""
    np.testing.assert_allclose(
        mel_spectrogram(gain * sound, **PLAIN),
        gain**2 * mel_spectrogram(sound, **PLAIN),
        rtol=CLOSE,
    )


@given(sounds())
def test_the_sign_of_a_signal_is_not_heard(sound: np.ndarray) -> None:
    """mfcc(-x) = mfcc(x), digit by digit."""
    np.testing.assert_array_equal(mfcc(-sound, **PLAIN), mfcc(sound, **PLAIN))


@given(NOISE, st.integers(1, 300))
def test_a_shift_by_one_hop_shifts_the_columns(noise: np.ndarray, hop: int) -> None:
    """Without its first hop, or with one more in front, the signal has the same columns, one
    earlier or one later."""
    options = {**PLAIN, "hop_length": hop, "top_db": None, "center": False}
    signal = np.concatenate((noise, np.ones(512 + hop)))
    columns = mfcc(signal, **options)
    np.testing.assert_allclose(mfcc(signal[hop:], **options), columns[:, 1:], rtol=0, atol=CLOSE)
    # centred, zeros in front differ from the padding only in the frames that reach the start
    options["center"] = True
    later = mfcc(np.concatenate((np.zeros(hop), noise)), **options)
    np.testing.assert_allclose(later[:, 1:], mfcc(noise, **options), rtol=0, atol=CLOSE)


@given(generators(), st.data())
def test_a_frame_depends_on_its_own_samples_only(
    rng: np.random.Generator, data: st.DataObject
) -> None:
    """With top_db=None, other samples between a and b change frame t, t·hop - n_fft/2 …
    t·hop + n_fft/2, if and only if the two overlap."""
    n, n_fft, hop = 20000, PLAIN["n_fft"], PLAIN["hop_length"]
    noise = rng.standard_normal(n)
    a = data.draw(st.integers(0, n - 600))
    b = a + data.draw(st.integers(64, 600))
    changed = noise.copy()
    changed[a:b] = rng.standard_normal(b - a)
    difference = np.abs(mfcc(changed, **PLAIN, top_db=None) - mfcc(noise, **PLAIN, top_db=None))
    start = np.arange(difference.shape[1]) * hop - n_fft // 2
    # the window is zero at its first sample, and of the order 10⁻⁴ near it
    overlaps = (a < start + n_fft - 5) & (b > start + 6)
    apart = (a >= start + n_fft) | (b <= start + 1)
    assert np.all(difference.max(axis=0)[overlaps] > CLOSE)
    assert np.all(difference.max(axis=0)[apart] <= CLOSE)


@given(st.integers(0, 100), st.sampled_from([256, 257]))
def test_a_centred_frame_hears_its_own_instant_best(t: int, n_fft: int) -> None:
    """A click at sample t·hop is loudest in column t, for even frames and for odd ones."""
    click = np.zeros(101 * 100)
    click[100 * t] = 1
    power = mel_spectrogram(click, 16000, n_fft=n_fft, hop_length=100, n_mels=20).sum(axis=0)
    assert power.argmax() == t


@given(sounds())
def test_a_range_is_measured_from_the_loudest_cell_of_a_recording(sound: np.ndarray) -> None:
    """All coefficients taken back to decibels lie within top_db of the loudest, and reach it where
    top_db=None goes below."""
    full, bounded = (
        np.einsum("kt,km->mt", mfcc(sound, **PLAIN, n_mfcc=40, top_db=top_db), basis(40))
        for top_db in (None, 30.0)
    )
    np.testing.assert_allclose(bounded, np.maximum(full, full.max() - 30), rtol=0, atol=4 * CLOSE)


def basis(n: int) -> np.ndarray:
    """The orthonormal cosines, by hand: row k is √(2/n)·cos(πk(2m + 1)/(2n)), and flat at k = 0."""
    k, m = np.arange(n)[:, None], np.arange(n)
    return np.where(k == 0, 1, np.sqrt(2) * np.cos(np.pi * k * (2 * m + 1) / (2 * n))) / np.sqrt(n)


@given(sounds(), st.sampled_from([None, 80.0]))
def test_float32_and_float64_agree(sound: np.ndarray, top_db: float | None) -> None:
    """mfcc of a float32 signal is that of the same samples in float64, but for its last digits."""
    single = sound.astype(np.float32)
    coefficients = mfcc(single, **PLAIN, top_db=top_db)
    exact = mfcc(single.astype(np.float64), **PLAIN, top_db=top_db)
    assert coefficients.dtype == np.float32
    assert exact.dtype == np.float64
    # a power rounds to float32 (5 dB·eps), its decibels, up to 200, four times: 405·eps in each of
    # 40 cells, whose sum passes √40 times that on; the result, up to 200·√40, rounds once more
    bound = 700 * math.sqrt(40) * eps_of(np.float32)
    np.testing.assert_allclose(coefficients, exact, rtol=0, atol=bound)


@given(integer_arrays((700,)))
def test_integers_are_a_signal_in_float64(signal: np.ndarray) -> None:
    """mfcc of integers is that of the same samples in float64; no sample is changed."""
    before = signal.copy()
    np.testing.assert_array_equal(mfcc(signal, **PLAIN), mfcc(signal.astype(np.float64), **PLAIN))
    np.testing.assert_array_equal(signal, before)


@settings(max_examples=30)
@given(
    generators(),
    st.sampled_from([(1,), (2,), (2, 2), (3, 1)]),
    st.sampled_from(FLOATS),
    st.sampled_from([None, 20.0, 80.0]),
)
def test_each_row_is_a_recording_of_its_own(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: type, top_db: float | None
) -> None:
    """mfcc(signals)[i, j] = mfcc(signals[i, j]), each with the range of its own loudest cell."""
    level = 10.0 ** rng.integers(-4, 4, (*shape, 1))
    signals: np.ndarray = (level * rng.standard_normal((*shape, 9000))).astype(dtype)
    coefficients = mfcc(signals, **PLAIN, top_db=top_db)
    mel = mel_spectrogram(signals, **PLAIN)
    assert coefficients.shape == (*shape, 13, 57)
    # the same powers up to the order of their sums; in float32 they may round to neighbours
    bound = CLOSE + 700 * math.sqrt(40) * eps_of(dtype)
    for row in np.ndindex(shape):
        alone = mfcc(signals[row], **PLAIN, top_db=top_db)
        np.testing.assert_allclose(coefficients[row], alone, rtol=0, atol=bound)
        np.testing.assert_allclose(
            mel[row], mel_spectrogram(signals[row], **PLAIN), rtol=CLOSE + eps_of(dtype)
        )


@given(sounds(), st.integers(1, 40))
def test_more_coefficients_do_not_change_the_first(sound: np.ndarray, n_mfcc: int) -> None:
    """mfcc(n_mfcc=k) is the first k rows of mfcc(n_mfcc=n_mels), and the lifter acts on them."""
    rows = mfcc(sound, **PLAIN, n_mfcc=40)
    np.testing.assert_allclose(
        mfcc(sound, **PLAIN, n_mfcc=n_mfcc), rows[:n_mfcc], rtol=0, atol=CLOSE
    )
    np.testing.assert_allclose(
        mfcc(sound, **PLAIN, n_mfcc=40, lifter=22), lifter(rows.T, 22).T, rtol=0, atol=12 * CLOSE
    )


@given(st.integers(1, 2000), st.integers(1, 300), st.integers(1, 300))
def test_the_number_of_frames(n: int, half: int, hop: int) -> None:
    """1 + ⌊n/hop⌋ columns if centred, 1 + ⌊(n - n_fft)/hop⌋ if not, of an even frame."""
    options: dict[str, Any] = {"n_fft": 2 * half, "hop_length": hop, "n_mels": 4, "n_mfcc": 4}
    assert mfcc(np.ones(n), 16000, **options).shape == (4, 1 + n // hop)
    longer = np.ones(n + 2 * half)
    assert mfcc(longer, 16000, **options, center=False).shape == (4, 1 + n // hop)


def test_a_clip_of_the_dataset_has_501_frames() -> None:
    """Five seconds at 44.1 kHz are (13, 501), float32 of float32, whatever the level."""
    clip = np.random.default_rng(0).standard_normal(220500).astype(np.float32)
    for level in (1e-12, 1, 1e12):
        coefficients = mfcc(np.float32(level) * clip, 44100)
        assert coefficients.shape == (13, 501)
        assert coefficients.dtype == np.float32
        assert np.all(np.isfinite(coefficients))


def test_many_recordings_with_many_frames_are_each_the_one_alone() -> None:
    """Of more frames than there are mel filters, and than any block has, none is lost or exchanged
    with another recording's."""
    sound = np.random.default_rng(0).standard_normal((2, 3, 24000))
    options: dict[str, Any] = {"n_fft": 64, "hop_length": 32, "n_mels": 5, "n_mfcc": 4}
    whole = mfcc(sound, 8000, **options)
    assert whole.shape == (2, 3, 4, 751)
    for i, j in np.ndindex(2, 3):
        # the same products, in blocks that may be summed in another order
        alone = mfcc(sound[i, j], 8000, **options)
        np.testing.assert_allclose(whole[i, j], alone, rtol=0, atol=1e-10)


@pytest.mark.parametrize("leading", [(0,), (2, 0), (0, 2)])
def test_of_no_recordings_there_is_a_spectrogram_but_no_loudest_cell(
    leading: tuple[int, ...],
) -> None:
    """mel_spectrogram of none is none, of the right shape; top_db asks for the largest of nothing,
    so mfcc says what is wrong."""
    signal = np.ones((*leading, 882))
    assert mel_spectrogram(signal, 44100).shape == (*leading, 128, 3)
    message = "signal holds no recording: none of its axes must be empty"
    assert refusal(mfcc, signal, 44100) == message


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("call", [mfcc, mel_spectrogram])
@pytest.mark.parametrize(
    ("signal", "options", "message"),
    [
        ([], {}, "signal has shape (0,); its last axis must not be empty"),
        (1.0, {}, "signal has shape (); its last axis must not be empty"),
        ([1j], {}, "signal is complex; it must be real"),
        (["a"], {}, "signal has dtype <U1; it must be an array of numbers"),
        ([0, NAN, 1], {}, "signal has 1 samples that are NaN or infinite; all must be finite"),
        (
            [[0, NAN], [INF, -INF]],
            {},
            "signal has 3 samples that are NaN or infinite; all must be finite",
        ),
        ([1.0], {"n_fft": 0}, "n_fft=0 must be a positive integer"),
        ([1.0], {"n_fft": 20.0}, "n_fft=20.0 must be a positive integer"),
        ([1.0], {"hop_length": 0}, "hop_length=0 must be a positive integer"),
        ([1.0], {"sample_rate": 80}, "hop_length=0 must be a positive integer"),
        ([1.0], {"pad_mode": "none"}, "pad_mode='none' must be a mode of numpy.pad"),
        (
            [1.0],
            {"center": False},
            "frame_length=160 must be at most the length of the signal, 1",
        ),
        ([1.0], {"sample_rate": 0}, "sample_rate=0 must be a positive number of Hz"),
        ([1.0], {"sample_rate": -1}, "sample_rate=-1 must be a positive number of Hz"),
        ([1.0], {"sample_rate": math.inf}, "sample_rate=inf must be a positive number of Hz"),
        ([1.0], {"sample_rate": math.nan}, "sample_rate=nan must be a positive number of Hz"),
        ([1.0], {"fmax": 5000}, "fmax=5000 must be above 0 and at most sample_rate/2 = 4000 Hz"),
        ([1.0], {"fmin": -1}, "fmin=-1 must be at least 0 and below fmax = 4000 Hz"),
    ],
)
def test_bad_input_is_refused_by_name(
    call: Any, signal: Any, options: dict[str, Any], message: str
) -> None:
    """A ValueError says which argument is wrong, its value, and what it must be."""
    assert refusal(call, signal, **{"sample_rate": 8000, **options}) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_mfcc": 0}, "n_mfcc=0 must be a positive integer"),
        ({"n_mels": 0}, "n_mels=0 must be a positive integer"),
        ({"n_mfcc": 41, "n_mels": 40}, "n_mfcc=41 must be at most n_mels=40"),
        ({"top_db": -1}, "top_db=-1 must be at least 0 dB, or None"),
        ({"lifter": -1}, "lifter=-1 must be a finite number of at least 0"),
    ],
)
def test_bad_settings_of_the_cepstrum_are_refused(options: dict[str, Any], message: str) -> None:
    """mfcc refuses what the stages after the mel spectrogram refuse."""
    assert refusal(mfcc, [1.0], 8000, **options) == message


def test_a_bank_needs_a_filter() -> None:
    """mel_spectrogram refuses n_mels=0."""
    assert refusal(mel_spectrogram, [1.0], 8000, n_mels=0) == "n_mels=0 must be a positive integer"

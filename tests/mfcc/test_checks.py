"""Every public function of mfcc rejects arguments that do not fit, and names them."""

from collections.abc import Iterator
from functools import partial
from itertools import product
from math import inf, nan
from typing import Any, no_type_check

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import mfcc
from mfcc.audio import fix_length, resample
from tests.oracles import refusal
from tests.strategies import integer_arrays, signals

ONE = np.ones(882)
BAND = "must satisfy 0 <= fmin < fmax <= sample_rate/2, in Hz"


@no_type_check
def cases() -> Iterator[tuple[Any, ...]]:
    """(message, function, arguments) of each call that is rejected."""
    lift, delta, bank, to_db = mfcc.lift, mfcc.delta, mfcc.mel_filterbank, mfcc.power_to_db
    pad, frame = mfcc.pad_center, mfcc.frame

    # arrays
    for name, call, *args in (
        *(("x", call) for call in (mfcc.rfft, mfcc.power_spectrum, mfcc.dct, mfcc.idct)),
        *(("x", call) for call in (mfcc.dft, mfcc.fft, mfcc.ifft)),
        *(("cepstra", lift, 0), ("hz", mfcc.hz_to_mel), ("mel", mfcc.mel_to_hz)),
        *(("features", delta), ("features", mfcc.structure_function)),
        ("features", mfcc.autocorrelation, [1]),
        *(("features", mfcc.modulation_spectrum, [1]), ("signal", pad, 4), ("signal", frame, 1, 1)),
    ):
        for empty in ([], np.ones((2, 0))):
            shape = np.shape(empty)
            yield f"{name} has shape {shape}; its last axis must not be empty", call, empty, *args
        if name not in ("hz", "mel"):
            yield f"{name} has shape (); its last axis must not be empty", call, 3.0, *args
        for x in ([1j], ["a"], [None], np.array(["2000"], "M8[Y]")):
            message = f"{name} has dtype {np.asarray(x).dtype}; it must be an array of real numbers"
            if x != [1j] or call not in (mfcc.dft, mfcc.fft, mfcc.ifft):
                yield message, call, x, *args
    empty = "and power (0, 3) must not be empty"
    yield f"amin=1e-10 must be positive, {empty}", to_db, np.ones((0, 3))

    # sizes
    for value in (0, -1, 2.0, "2", None, [1], np.array(2)):
        message = f"={value!r} must be a positive integer"
        yield "n" + message, mfcc.hann, value
        yield "n_fft" + message, pad, ONE, value
        yield "frame_length" + message, frame, ONE, value, 2
        yield "hop_length" + message, frame, ONE, 2, value
        yield "n_fft" + message, bank, 8000, value
        yield "n_mels" + message, bank, 8000, 256, value
        yield "n_in" + message, mfcc.dct_matrix, 1, value
        yield "n_out" + message, mfcc.dct_matrix, value, 4
        yield "width" + message, delta, ONE, value
        yield "order" + message, delta, ONE, 9, value
        yield "lag" + message, mfcc.structure_function, ONE, [1, value]
        yield "lag" + message, mfcc.autocorrelation, ONE, [1, value]
    yield "frame_length=3 must be at most the length of the signal, 2", frame, [1, 2], 3, 1
    yield "n_out=5 must be at most n_in=4", mfcc.dct_matrix, 5, 4
    for width in (1, 4, 9):
        message = f"width={width} must be odd, at least 3 and at most the 8 frames"
        yield message, delta, np.ones((2, 8)), width
    yield "order=3 must be below width=3", delta, ONE, 3, 3
    for lags in ([], [10], [1, 11]):
        message = f"lags={lags} must not be empty, and each must be below 10"
        yield message, mfcc.structure_function, np.zeros(10), lags
        yield message, mfcc.autocorrelation, np.zeros(10), lags
    for edges in ([], [1], [0, 3], [3, 3], [4, 2], [1, 7], [1, 3, 7]):
        for n in (10, 11):
            message = f"edges={edges} must increase within 1 … 6"
            yield message, mfcc.modulation_spectrum, np.zeros(n), edges

    # other numbers and names
    for amin in (0, -1, nan):
        message = f"amin={amin} must be positive, and power () must not be empty"
        yield message, partial(to_db, amin=amin), 1
    yield "power has dtype <U1; it must be an array of real numbers", to_db, "a"
    for top_db in (-1, nan):
        yield f"top_db={top_db} must be at least 0 dB, or None", partial(to_db, top_db=top_db), 1
    for lifter in (-1, nan, inf):
        yield f"lifter={lifter} must be a finite number of at least 0", lift, [1], lifter
    yield "hz=-1 must not be negative", mfcc.hz_to_mel, -1
    yield "mel=-0.5 must not be negative", mfcc.mel_to_hz, [3, -0.5], True
    yield "norm='l1' must be 'slaney' or None", partial(bank, norm="l1"), 8000, 256
    for rate, low, high in (
        *((0, 0, None), (inf, 0, None), (nan, 0, 1)),
        *((8000, 0, 4001), (8000, -1, 9), (8000, 9, 9)),
    ):
        values = f"fmin={low}, fmax={rate / 2 if high is None else high} and sample_rate={rate}"
        yield f"{values} {BAND}", bank, rate, 256, 9, low, high
    yield "mode 'mirror' is not supported", pad, [1.0], 4, "mirror"

    # the whole chain, plain and fast
    floats = "it must be an array of floats (16-bit integers divided by 2**15)"
    chains = (mfcc.mfcc, mfcc.fast.mfcc, mfcc.mel_spectrogram, mfcc.fast.mel_spectrogram)
    for call, dtype in product((*chains, partial(resample, sample_rate=8), fix_length), "?bBhiq"):
        yield f"signal has dtype {np.dtype(dtype)}; {floats}", call, np.zeros(9, dtype), 8000
    for call in chains:
        yield "signal has shape (0,); its last axis must not be empty", call, [], 8000
        yield f"signal has dtype complex128; {floats}", call, [1j], 8000
        for signal in ([0, nan], [inf, -inf]):
            found = f"signal has {np.sum(~np.isfinite(signal))} samples that are NaN or infinite"
            yield f"{found}; all must be finite", call, signal, 8000
        message = "signal has shape (9, 2); its last axis must be time: are the channels last?"
        yield f"{message} transpose, or take signal.mean(axis=-1)", call, np.ones((9, 2)), 8000
        yield "sample_rate=44.1 must be at least 50 Hz: is it in kHz?", call, ONE, 44.1
        yield "sample_rate=80 must be at least 100 Hz: is it in kHz?", call, ONE, 80
        for rate in (0, inf, nan):
            yield f"sample_rate={rate} must be a positive number of Hz", call, ONE, rate
        for message, signal, options in (
            ("n_fft=0 must be a positive integer", ONE, {"n_fft": 0}),
            ("hop_length=20.0 must be a positive integer", ONE, {"hop_length": 20.0}),
            ("n_mels=128.0 must be a positive integer", ONE, {"n_mels": 128.0}),
            ("mode 'none' is not supported", ONE, {"pad_mode": "none"}),
            (f"fmin=-1, fmax=4000.0 and sample_rate=8000 {BAND}", ONE, {"fmin": -1}),
            (
                "frame_length=160 must be at most the length of the signal, 1",
                [1.0],
                {"center": False},
            ),
        ):
            yield message, partial(call, **options), signal, 8000
    for call in (mfcc.mfcc, mfcc.fast.mfcc):
        for message, options in (
            ("n_mfcc=13.0 must be a positive integer", {"n_mfcc": 13.0}),
            ("n_mfcc=0 must be a positive integer", {"n_mfcc": 0}),
            ("n_mels=0 must be a positive integer", {"n_mels": 0}),
            ("n_mfcc=129 must be at most n_mels=128", {"n_mfcc": 129}),
            ("top_db=-1 must be at least 0 dB, or None", {"top_db": -1}),
            ("lifter=-1 must be a finite number of at least 0", {"lifter": -1}),
        ):
            yield message, partial(call, **options), ONE, 8000
        message = "amin=1e-10 must be positive, and power (0, 128, 12) must not be empty"
        yield message, call, np.ones((0, 882)), 8000


@pytest.mark.filterwarnings("ignore:.*mel filters are empty")
@pytest.mark.parametrize("case", list(cases()))
def test_an_argument_that_does_not_fit_is_rejected(case: tuple[Any, ...]) -> None:
    """The ValueError gives the argument, its value, shape or dtype, and what it must be."""
    message, call, *args = case
    assert refusal(call, *args) == message


@given(x=signals(max_size=50) | integer_arrays(hnp.array_shapes(max_dims=3)))
def test_floats_stay_and_integers_become_float64(x: np.ndarray) -> None:
    """float32 and float64 are not copied, integers become float64 of equal value."""
    converted = mfcc.lift(x, 0)
    assert converted is x if x.dtype.kind == "f" else converted.dtype == np.float64
    np.testing.assert_array_equal(converted, x)


@pytest.mark.parametrize("x", [[1, 2], (0.5, -3), [True, False], range(3)])
@pytest.mark.parametrize("dtype", [None, np.float16, np.longdouble])
def test_all_other_real_numbers_become_float64(x: Any, dtype: Any) -> None:
    """Lists, booleans and the rarer floats become float64 of the same value, or complex128."""
    size: Any = np.uint8(len(x))
    array = x if dtype is None else np.array(x, dtype)
    assert mfcc.lift(array, 0).dtype == np.float64
    assert mfcc.fft(array).dtype == mfcc.fft(np.array(x) * np.clongdouble(1j)).dtype == complex
    np.testing.assert_array_equal(mfcc.lift(array, 0), np.asarray(x))
    assert mfcc.frame(array, size, size).shape == (1, len(x))  # NumPy's integers are integers

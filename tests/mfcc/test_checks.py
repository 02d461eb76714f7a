"""Properties of mfcc/_checks.py: which arguments are accepted, and their types afterwards."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mfcc._checks import as_float, as_float_or_complex, positive_hz, positive_integer
from tests.oracles import refusal
from tests.strategies import integer_arrays, signals

CONVERSIONS = pytest.mark.parametrize("convert", [as_float, as_float_or_complex])


@CONVERSIONS
@given(x=signals(max_size=50) | integer_arrays(hnp.array_shapes(max_dims=3)))
def test_floats_stay_and_integers_become_float64(convert: Any, x: np.ndarray) -> None:
    """float32 and float64 are returned as the same object, integers as float64 of equal value."""
    converted = convert(x)
    assert converted is x if x.dtype.kind == "f" else converted.dtype == np.float64
    np.testing.assert_array_equal(converted, x)


@CONVERSIONS
@pytest.mark.parametrize("x", [[1, 2], (0.5, -3), [True, False], range(3)])
@pytest.mark.parametrize("dtype", [None, np.float16, np.longdouble])
def test_all_other_real_numbers_become_float64(convert: Any, x: Any, dtype: Any) -> None:
    """Lists, booleans and the rarer floats become float64 of the same value."""
    converted = convert(x if dtype is None else np.array(x, dtype))
    assert converted.dtype == np.float64
    np.testing.assert_array_equal(converted, np.asarray(x))


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.clongdouble])
def test_complex_numbers_stay_complex_or_are_rejected(dtype: type) -> None:
    """as_float_or_complex returns complex64 and complex128 as the same object and the long ones as
    complex128; as_float rejects them instead of dropping the imaginary part."""
    x: np.ndarray = np.array([1 + 2j, 3], dtype)
    converted = as_float_or_complex(x)
    assert converted is x if x.dtype.char in "FD" else converted.dtype == np.complex128
    np.testing.assert_array_equal(converted, x)
    assert refusal(as_float, x, "signal") == "signal is complex; it must be real"


@CONVERSIONS
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (["a", "b"], "x has dtype <U1; it must be an array of numbers"),
        ([None], "x has dtype object; it must be an array of numbers"),
        (np.array(["2000"], "M8[Y]"), "x has dtype datetime64[Y]; it must be an array of numbers"),
        (3.0, "x has shape (); its last axis must not be empty"),
        (np.ones((2, 0)), "x has shape (2, 0); its last axis must not be empty"),
    ],
)
def test_everything_but_an_array_of_numbers_is_rejected(convert: Any, x: Any, message: str) -> None:
    """Text, objects, a scalar and an empty last axis are rejected under the argument's name."""
    assert refusal(convert, x) == message
    assert refusal(convert, x, "signal") == "signal" + message[1:]


@given(st.integers(1, 100), st.sampled_from([int, np.int8, np.uint8, np.int64, np.uint64]))
def test_positive_numbers_of_any_type_become_an_int_or_a_float(value: int, kind: Any) -> None:
    """Python's and NumPy's integers become an int of the same value; as a frequency these, and
    floats, become a float."""
    number, hz = positive_integer(kind(value), "n"), positive_hz(kind(value), "rate")
    assert type(number) is int and type(hz) is float and number == hz == value
    assert positive_hz(np.float32(value / 128), "rate") == value / 128


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, -math.inf, "2", None, 1j, [1]])
def test_all_other_values_are_rejected_by_name(value: Any) -> None:
    """Zero, negative numbers, NaN, infinities, text, complex numbers and lists; as an integer also
    a float and an array, as a frequency also an integer above the largest float."""
    for number in (value, np.float64(2), np.array(2)):
        message = f"hop_length={number!r} must be a positive integer"
        assert refusal(positive_integer, number, "hop_length") == message
    for number in (value, 10**400):
        message = f"rate={number!r} must be a positive number of Hz"
        assert refusal(positive_hz, number, "rate") == message

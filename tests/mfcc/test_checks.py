"""Theorems about mfcc/arguments.py: which numbers are accepted, and what becomes of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.oracles import refusal
from tests.strategies import integer_arrays, signals

from mfcc.arguments import as_float, as_float_or_complex, positive_integer, positive_number

CONVERSIONS = [as_float, as_float_or_complex]


@pytest.mark.parametrize("convert", CONVERSIONS)
@given(x=signals(max_size=50))
def test_float32_and_float64_stay_what_they_are(convert: Any, x: np.ndarray) -> None:
    """An array of float32 or float64 is returned as it is: the same object."""
    assert convert(x) is x


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_numbers_stay_where_they_are_allowed(dtype: type) -> None:
    """as_float_or_complex returns an array of complex64 or complex128 as it is."""
    x: np.ndarray = np.array([1 + 2j, 3], dtype)
    assert as_float_or_complex(x) is x


@pytest.mark.parametrize("dtype", [np.clongdouble, np.dtype(np.complex64).newbyteorder()])
def test_any_other_complex_numbers_become_complex128(dtype: Any) -> None:
    """as_float_or_complex makes complex128 of the rarer complex dtypes, of the same value."""
    x = np.array([1 + 2j, 3], dtype)
    converted = as_float_or_complex(x)
    assert converted.dtype == np.complex128
    np.testing.assert_array_equal(converted, x)


@pytest.mark.parametrize("convert", CONVERSIONS)
@given(x=integer_arrays(hnp.array_shapes(max_dims=3)))
def test_integers_become_float64_of_the_same_value(convert: Any, x: np.ndarray) -> None:
    """Integers of any size become float64, in the same shape."""
    converted = convert(x)
    assert converted.dtype == np.float64
    np.testing.assert_array_equal(converted, x)


@pytest.mark.parametrize("convert", CONVERSIONS)
@pytest.mark.parametrize(
    "x",
    [
        [1, 2],
        (0.5, -3),
        [True, False],
        range(3),
        np.array([0.5, 1.5], np.float16),
        np.array([0.5, 1.5], np.longdouble),
        np.array([0.5, 1.5], np.dtype(np.float32).newbyteorder()),
    ],
    ids=["list", "tuple", "bool", "range", "float16", "longdouble", "byte-swapped"],
)
def test_any_other_real_numbers_become_float64(convert: Any, x: Any) -> None:
    """Lists, booleans and the rarer floats become float64 of the same value."""
    converted = convert(x)
    assert converted.dtype == np.float64
    np.testing.assert_array_equal(converted, np.asarray(x))


@pytest.mark.parametrize("convert", CONVERSIONS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (["a", "b"], "x has dtype <U1; it must be an array of numbers"),
        ([None], "x has dtype object; it must be an array of numbers"),
        (np.array(["2000"], "M8[Y]"), "x has dtype datetime64[Y]; it must be an array of numbers"),
        (3.0, "x has shape (); its last axis must not be empty"),
        ([], "x has shape (0,); its last axis must not be empty"),
        (np.ones((2, 0)), "x has shape (2, 0); its last axis must not be empty"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(convert: Any, x: Any, message: str) -> None:
    """Text, objects, a scalar and an empty last axis are refused, under the argument's name."""
    assert refusal(convert, x) == message
    assert refusal(convert, x, "signal") == "signal" + message[1:]


def test_complex_numbers_are_refused_where_real_ones_are_needed() -> None:
    """as_float refuses complex input rather than drop its imaginary part."""
    assert refusal(as_float, [1j]) == "x is complex; it must be real"
    assert refusal(as_float, [1j], "signal") == "signal is complex; it must be real"


@given(
    st.integers(1, 100),
    st.sampled_from([int, np.int8, np.uint8, np.int32, np.int64, np.uint64, np.array]),
)
def test_a_positive_integer_of_any_kind_becomes_an_int(value: int, kind: Any) -> None:
    """positive_integer returns an int of the value, for Python's and NumPy's integers."""
    number = positive_integer(kind(value), "n")
    assert type(number) is int
    assert number == value


@pytest.mark.parametrize("value", [0, -1, np.int64(-3), 2.0, np.float64(2), "2", None, 1j, [1]])
def test_anything_else_is_no_positive_integer(value: Any) -> None:
    """Zero, negative numbers, floats even if whole, and text are refused with name and value."""
    assert refusal(positive_integer, value, "hop_length") == (
        f"hop_length={value!r} must be a positive integer"
    )


@pytest.mark.parametrize("value", [1, 0.5, 44100, np.float32(1e-30), np.int64(3)])
def test_a_positive_number_becomes_a_float(value: Any) -> None:
    """positive_number returns a float of the value, for Python's and NumPy's numbers."""
    number = positive_number(value, "rate", "Hz")
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize(
    "value", [0, -1, -0.0, math.inf, -math.inf, math.nan, 10**400, "2", b"2", None, 2j, [1.0]]
)
def test_anything_else_is_no_positive_number(value: Any) -> None:
    """Zero, negative, infinite, NaN, an integer beyond all floats and what is no number are refused
    by name and unit."""
    message = f"rate={value!r} must be a positive number of Hz"
    assert refusal(positive_number, value, "rate", "Hz") == message

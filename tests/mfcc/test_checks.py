"""Properties of mfcc/_checks.py: which arguments are accepted, and their types afterwards."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mfcc._checks import as_float, positive_integer
from tests.oracles import refusal
from tests.strategies import integer_arrays, signals


@given(x=signals(max_size=50) | integer_arrays(hnp.array_shapes(max_dims=3)))
def test_floats_stay_and_integers_become_float64(x: np.ndarray) -> None:
    """float32 and float64 are returned as the same object, integers as float64 of equal value."""
    converted = as_float(x)
    assert converted is x if x.dtype.kind == "f" else converted.dtype == np.float64
    np.testing.assert_array_equal(converted, x)


@pytest.mark.parametrize("x", [[1, 2], (0.5, -3), [True, False], range(3)])
@pytest.mark.parametrize("dtype", [None, np.float16, np.longdouble])
def test_all_other_real_numbers_become_float64(x: Any, dtype: Any) -> None:
    """Lists, booleans and the rarer floats become float64 of the same value."""
    converted = as_float(x if dtype is None else np.array(x, dtype))
    assert converted.dtype == np.float64
    np.testing.assert_array_equal(converted, np.asarray(x))


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.clongdouble])
def test_complex_numbers_stay_complex_or_are_rejected(dtype: type) -> None:
    """With kinds="biufc", complex64 and complex128 are returned as the same object, the long ones
    as complex128; by default all are rejected instead of dropping the imaginary part."""
    x: np.ndarray = np.array([1 + 2j, 3], dtype)
    converted = as_float(x, kinds="biufc")
    assert converted is x if x.dtype.char in "FD" else converted.dtype == np.complex128
    np.testing.assert_array_equal(converted, x)
    message = f"signal has dtype {x.dtype}; it must be an array of real numbers"
    assert refusal(as_float, x, "signal") == message


@pytest.mark.parametrize(
    ("x", "found"),
    [
        (["a", "b"], "dtype <U1; it must be an array of real numbers"),
        ([None], "dtype object; it must be an array of real numbers"),
        (np.array(["2000"], "M8[Y]"), "dtype datetime64[Y]; it must be an array of real numbers"),
        (3.0, "shape (); its last axis must not be empty"),
        (np.ones((2, 0)), "shape (2, 0); its last axis must not be empty"),
    ],
)
def test_everything_but_an_array_of_numbers_is_rejected(x: Any, found: str) -> None:
    """Text, objects, a scalar unless min_ndim=0, and an empty last axis are rejected by name."""
    assert refusal(as_float, x) == f"x has {found}"
    assert refusal(as_float, x, "signal", kinds="biufc") == f"signal has {found}"
    assert as_float(3, min_ndim=0) == 3


@given(st.integers(1, 100), st.sampled_from([int, np.int8, np.uint8, np.int64, np.uint64]))
def test_positive_integers_of_any_type_become_an_int(value: int, kind: Any) -> None:
    """Python's and NumPy's integers become an int of the same value."""
    number = positive_integer(kind(value), "n")
    assert type(number) is int and number == value


@pytest.mark.parametrize("value", [0, -1, np.inf, "2", None, [1], np.float64(2), np.array(2)])
def test_all_other_values_are_rejected_by_name(value: Any) -> None:
    """Zero, negative numbers, infinity, text, lists, floats and arrays are not sizes."""
    message = f"hop_length={value!r} must be a positive integer"
    assert refusal(positive_integer, value, "hop_length") == message

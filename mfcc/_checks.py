"""Argument validation shared by the package."""

import operator
from collections.abc import Callable
from math import inf, nan
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def as_float(x: ArrayLike, name: str = "x") -> np.ndarray:
    """Convert x to a real array: float32 and float64 are preserved, other dtypes become float64.
    ValueError: complex or non-numeric values, an empty last axis."""
    x = as_float_or_complex(x, name)
    if x.dtype.kind == "c":
        raise ValueError(f"{name} is complex; it must be real")
    return x


def as_float_or_complex(x: ArrayLike, name: str = "x") -> np.ndarray:
    """As as_float, but accept complex numbers, as complex64 or complex128."""
    x = np.asarray(x)
    if x.dtype.kind not in "biufc":
        raise ValueError(f"{name} has dtype {x.dtype}; it must be an array of numbers")
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"{name} has shape {x.shape}; its last axis must not be empty")
    return x if x.dtype.char in "fdFD" else x.astype(complex if x.dtype.kind == "c" else float)


def positive_integer(value: Any, name: str) -> int:
    """Return value as an int >= 1. ValueError: any other value."""
    if not hasattr(value, "__index__") or isinstance(value, np.ndarray) or value < 1:
        raise ValueError(f"{name}={value!r} must be a positive integer")
    return operator.index(value)


def positive_hz(value: Any, name: str) -> float:
    """Return value as a finite frequency > 0 in Hz. ValueError: any other value."""
    return check_number(value, name, "a positive number of Hz", lambda hz: 0 < hz < inf)


def check_number(value: Any, name: str, requirement: str, valid: Callable[[float], bool]) -> float:
    """Return value as a float. ValueError, with the requirement: valid(value) is false."""
    try:
        number = float(value) if isinstance(value, Real) else nan
    except OverflowError:  # an integer above the largest float
        number = inf
    if not valid(number):
        raise ValueError(f"{name}={value!r} must be {requirement}")
    return number

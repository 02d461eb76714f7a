"""Arguments: which numbers the functions of this package accept, and what they make of them.

First in the reading order, before framing.py, which needs it first. Every other file uses it too,
and it knows nothing of sound. Chapter 2.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import inf, nan
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def as_float(x: ArrayLike, name: str = "x") -> np.ndarray:
    """x as real floating-point numbers, of the same shape: float32 and float64 stay, all else
    becomes float64. ValueError when x is complex, is no array of numbers, or has no values."""
    array = _numbers(x, name)
    if array.dtype.kind == "c":
        raise ValueError(f"{name} is complex; it must be real")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def as_float_or_complex(x: ArrayLike, name: str = "x") -> np.ndarray:
    """The same, but complex64 and complex128 stay as well, all else complex becomes complex128."""
    array = _numbers(x, name)
    if array.dtype.kind != "c":
        return as_float(array)
    return array if array.dtype in (np.complex64, np.complex128) else array.astype(np.complex128)


def _numbers(x: ArrayLike, name: str) -> np.ndarray:
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise ValueError(f"{name} has dtype {array.dtype}; it must be an array of numbers")
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} has shape {array.shape}; its last axis must not be empty")
    return array


def positive_integer(value: Any, name: str) -> int:
    """value as an int >= 1. ValueError naming the argument otherwise."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name}={value!r} must be a positive integer")
    return number


def positive_number(value: Any, name: str, unit: str) -> float:
    """value as a finite number > 0. ValueError naming the argument and its unit otherwise."""
    return number(value, name, f"a positive number of {unit}", lambda v: 0 < v < inf)


def number(value: Any, name: str, wanted: str, fits: Callable[[float], bool]) -> float:
    """value as a float for which fits holds. ValueError naming the argument and what is wanted."""
    try:
        found = float(value) if isinstance(value, Real) else nan
    except OverflowError:  # an integer beyond the largest float
        found = inf
    if not fits(found):
        raise ValueError(f"{name}={value!r} must be {wanted}")
    return found

"""Argument validation shared by the package."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def as_float(
    x: ArrayLike, name: str = "x", *, kinds: str = "biuf", min_ndim: int = 1
) -> np.ndarray:
    """Convert x to an array: float32 and float64 are preserved, other real numbers become float64.
    With kinds="biufc" complex numbers are accepted, too: complex64 and complex128 are preserved;
    with kinds="f" only floats: the full scale of integers is unknown, 24 bits may be an int32.

    ValueError: another dtype, fewer than min_ndim axes, an empty last axis."""
    x = np.asarray(x)
    if x.dtype.kind not in kinds:
        wanted = "floats (16-bit integers divided by 2**15)" if kinds == "f" else "real numbers"
        raise ValueError(f"{name} has dtype {x.dtype}; it must be an array of {wanted}")
    if x.ndim < min_ndim or 0 in x.shape[-1:]:
        raise ValueError(f"{name} has shape {x.shape}; its last axis must not be empty")
    return x if x.dtype.char in "fdFD" else x.astype(complex if x.dtype.kind == "c" else float)


def positive_integer(value: Any, name: str) -> int:
    """Return value as an int >= 1. ValueError: any other value."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}={value!r} must be a positive integer")
    return int(value)

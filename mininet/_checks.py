"""Argument validation shared by the package, and blocks of rows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NewType

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike as ArrayLike
else:  # help() would spell NumPy's alias out as a union of ten lines
    ArrayLike = NewType("ArrayLike", object)
    ArrayLike.__module__ = "numpy.typing"


def as_float(x: ArrayLike) -> np.ndarray:
    """Convert x to a real array; the np.memmap of a file stays one. Dtypes other than float32 and
    float64 become float64."""
    x = x if isinstance(x, np.memmap) and x.filename else np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"dtype {x.dtype} must be a real number type")
    return x if x.dtype.char in "fd" else np.asarray(x, float)


def examples(x: ArrayLike, n_features: int | None = None) -> np.ndarray:
    """Convert x (n, n_features) to floats. ValueError: another shape."""
    x = as_float(x)
    if x.ndim != 2:
        expected = f"(n_examples, {n_features or 'n_features'})"
        raise ValueError(f"x has shape {x.shape}; it must be {expected}")
    if n_features not in (None, x.shape[1]):
        raise ValueError(f"x has {x.shape[1]} features; it must have {n_features}")
    return x


def finite_examples(x: ArrayLike) -> np.ndarray:
    """Convert x (n, n_features), n > 0, to finite floats. ValueError: another shape, NaN, inf."""
    x = examples(x)
    if len(x) == 0:
        raise ValueError(f"x has shape {x.shape}; it must contain at least one example")
    if not all_finite([x]):
        raise ValueError(f"x contains {np.sum(~np.isfinite(x))} values that are NaN or infinite")
    return x


def row_blocks(x: np.ndarray) -> Iterator[np.ndarray]:
    """Yield blocks of up to 256 successive rows, at least one block: processing x by blocks needs
    little memory beside x."""
    return (read_rows(x, start, start + 256) for start in range(0, max(1, len(x)), 256))


def read_rows(x: np.ndarray, start: int, stop: int) -> np.ndarray:
    """x[start:stop]. The rows of an np.memmap are read from its file, which must not be replaced:
    some systems read megabytes around each accessed page of a map."""
    rows = x[start:stop]
    if not (isinstance(x, np.memmap) and x.filename and x.mode != "c" and x.flags.c_contiguous):
        return rows
    whole = x.base if isinstance(x.base, np.memmap) else x  # x may be a slice of the map
    offset = whole.offset + rows.ctypes.data - whole.ctypes.data
    return np.fromfile(x.filename, x.dtype, rows.size, offset=offset).reshape(rows.shape)


def all_finite(arrays: Sequence[np.ndarray]) -> bool:
    """Whether all values are finite."""
    blocks = (rows for array in arrays for rows in row_blocks(np.atleast_1d(array)))
    return all(np.isfinite(rows).all() for rows in blocks)


def generator(rng: Any) -> np.random.Generator:
    """Return rng. ValueError: not a generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"{rng=} must be a generator, such as numpy.random.default_rng(0)")
    return rng


def positive_integer(value: Any, name: str) -> int:
    """Return value as an int >= 1. ValueError: any other value."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}={value!r} must be a positive integer")
    return int(value)

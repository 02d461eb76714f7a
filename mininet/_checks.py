"""Argument validation shared by the package, and blocks of rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def as_float(x: ArrayLike) -> np.ndarray:
    """Convert x to a real array, or np.memmap; numbers but float32 and float64 become float64."""
    x = x if isinstance(x, np.memmap) else np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise ValueError(f"dtype {x.dtype} must be a real number type")
    return x if x.dtype.char in "fd" else x.astype(float)


def examples(x: ArrayLike, n_features: int | None = None) -> np.ndarray:
    """Convert x (n, n_features) to floats. ValueError: another shape."""
    x = as_float(x)
    if x.ndim != 2 or n_features not in (None, x.shape[1]):
        expected = f"(n_examples, {n_features or 'n_features'})"
        raise ValueError(f"x has shape {x.shape}; it must be {expected}")
    return x


def finite_examples(x: ArrayLike) -> np.ndarray:
    """Convert x (n, n_features), n > 0, to finite floats. ValueError: another shape, NaN, inf."""
    x = examples(x)
    if len(x) == 0:
        raise ValueError(f"x has shape {x.shape}; it must contain at least one example")
    if not all_finite([x]):
        n_bad = sum(int(np.sum(~np.isfinite(rows))) for rows in row_blocks(x))
        raise ValueError(f"x contains {n_bad} values that are NaN or infinite")
    return x


def row_blocks(x: np.ndarray, size: int = 256) -> Iterator[np.ndarray]:
    """Successive blocks of up to 256 rows, at least one: what is computed by blocks needs little
    memory beside x."""
    return (read_rows(x, start, start + size) for start in range(0, max(1, len(x)), size))


def read_rows(x: np.ndarray, start: int, stop: int) -> np.ndarray:
    """x[start:stop]; of an np.memmap read from the file: for a single page of a map some systems
    read megabytes around it."""
    rows = x[start:stop]
    if not (isinstance(x, np.memmap) and x.filename and x.mode != "c" and x.flags.c_contiguous):
        return rows
    whole = x.base if isinstance(x.base, np.memmap) else x  # x may begin behind its start
    offset = whole.offset + rows.ctypes.data - whole.ctypes.data
    return np.fromfile(x.filename, x.dtype, rows.size, offset=offset).reshape(rows.shape)


def all_finite(arrays: Sequence[np.ndarray]) -> bool:
    """Whether no array contains NaN or infinity, by the sums, in half the time of testing each
    value. A sum that overflows decides nothing."""
    blocks = (rows for array in arrays for rows in row_blocks(np.atleast_1d(array)))
    with np.errstate(over="ignore", invalid="ignore"):
        return all(bool(np.isfinite(rows.sum()) or np.isfinite(rows).all()) for rows in blocks)


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

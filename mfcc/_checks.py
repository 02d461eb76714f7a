"""Argument validation shared by the package."""

import sys
import warnings
from math import inf
from typing import TYPE_CHECKING, Any, NewType

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike as ArrayLike
else:  # help() would spell NumPy's alias out as a union of ten lines
    ArrayLike = NewType("ArrayLike", object)
    ArrayLike.__module__ = "numpy.typing"

MAX_CHANNELS = 8  # an axis this short holds channels, not time


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


def finite_signal(signal: ArrayLike) -> np.ndarray:
    """Check a signal. ValueError: integers, samples not finite, channels on the last axis."""
    signal = as_float(signal, "signal", kinds="f")
    if signal.ndim > 1 and signal.shape[-1] <= MAX_CHANNELS < signal.shape[-2]:
        found = f"signal has shape {signal.shape}; its last axis must be time"
        raise ValueError(f"{found}: are the channels last? transpose, or take signal.mean(axis=-1)")
    if n_bad := np.count_nonzero(~np.isfinite(signal)):
        raise ValueError(f"signal has {n_bad} samples that are NaN or infinite; all must be finite")
    return signal


def samples_or_default(n: int | None, seconds: float, sample_rate: float, name: str) -> int:
    """Return n; if it is None, the number of whole samples in `seconds`."""
    if not 0 < sample_rate < inf:
        raise ValueError(f"{sample_rate=} must be a positive number of Hz")
    if n is None and seconds * sample_rate < 1:
        raise ValueError(f"{sample_rate=} must be at least {1 / seconds:.0f} Hz: is it in kHz?")
    return positive_integer(int(seconds * sample_rate) if n is None else n, name)


def check_n_mfcc(n_mfcc: int, n_mels: int) -> None:
    """Raise ValueError if they are not positive integers or n_mfcc > n_mels."""
    if positive_integer(n_mfcc, "n_mfcc") > positive_integer(n_mels, "n_mels"):
        raise ValueError(f"{n_mfcc=} must be at most {n_mels=}")


def check_decibels(power: np.ndarray, amin: float, top_db: float | None) -> None:
    """Raise ValueError if power is empty, amin <= 0 or top_db < 0."""
    if power.size == 0 or not amin > 0:
        raise ValueError(f"{amin=} must be positive, and power {power.shape} must not be empty")
    if top_db is not None and not top_db >= 0:
        raise ValueError(f"{top_db=} must be at least 0 dB, or None")


def warn(text: str) -> None:
    """Warn at the line that calls the package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__package__") == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)

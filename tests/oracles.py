"""Expected values and error bounds shared by the tests."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.strategies import eps_of

ROUNDING = 8  # λ below: exceeded with a probability of 2·exp(-λ²/2) = 3e-14


def refusal(call: Callable[..., object], *args: Any, **options: Any) -> str:
    """The message of the ValueError that the call raises."""
    with pytest.raises(ValueError) as caught:
        call(*args, **options)
    assert type(caught.value) is ValueError
    return str(caught.value)


def sum_rounding(n: int, total: Any, dtype: np.dtype | type) -> Any:
    """The rounding error of a sum of n terms, Σ|term| = total: λ·√n·u·total.

    u = eps/2 is the rounding of one operation; the errors of n operations behave like a random
    walk (Higham and Mary, 2019, A new approach to probabilistic rounding error analysis).
    """
    return ROUNDING * np.sqrt(n) * eps_of(dtype) / 2 * total


def transform_rounding(dtype: np.dtype | type, n: int) -> float:
    """The rounding error of a bin of one DFT of length n, relative to Σ|x[n]|.

    A bin is a sum of n terms x[n]·W, or of fewer in each of several stages (sum_rounding). A
    table's W is wrong by at most eps, and by as much again once rounded to the dtype. One table is
    used up to n = 64, and for longer n fewer than √n one after the other.
    """
    return float(sum_rounding(n, 1.0, dtype) + 2 * eps_of(dtype) * np.sqrt(n))


def assert_within(actual: Any, expected: Any, bound: Any) -> None:
    """|actual - expected| <= bound for each number, and equal shapes."""
    assert np.shape(actual) == np.shape(expected)
    excess = np.abs(np.subtract(actual, expected)) - bound
    assert np.all(excess <= 0), f"{np.max(excess)} beyond the bound"

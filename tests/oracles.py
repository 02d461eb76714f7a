"""What the tests compare with: a call that must be refused, and how far rounding may carry a sum.

The oracles of one module alone stand in its own test file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from strategies import eps_of

ROUNDING = 8  # λ below: exceeded with a probability of 2·exp(-λ²/2) = 3e-14


def refusal(call: Callable[..., object], *args: Any, **options: Any) -> str:
    """The message of the ValueError that the call raises, which is all that it does."""
    with pytest.raises(ValueError) as caught:
        call(*args, **options)
    assert type(caught.value) is ValueError
    return str(caught.value)


def sum_rounding(n: int, total: Any, dtype: np.dtype | type) -> Any:
    """How far a sum of n terms, Σ|term| = total, may be from the exact one: λ·√n·u·total.

    u = eps/2 is the rounding of one operation; the errors of n operations behave like a random
    walk (Higham and Mary, 2019, A new approach to probabilistic rounding error analysis).
    """
    return ROUNDING * np.sqrt(n) * eps_of(dtype) / 2 * total


def assert_within(actual: Any, expected: Any, bound: Any) -> None:
    """|actual - expected| <= bound for each number, and equal shapes."""
    assert np.shape(actual) == np.shape(expected)
    excess = np.abs(np.subtract(actual, expected, dtype=np.float64)) - bound
    assert np.all(excess <= 0), f"{np.max(excess)} beyond the bound"

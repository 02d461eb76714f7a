"""Properties of mininet/_checks.py: which arguments pass, and as what."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pytest

from mininet._checks import all_finite, as_float, examples, finite_examples
from tests.oracles import refusal


@pytest.mark.parametrize("dtype", ["f", "d", *"?bBhHiIqQeg"])
def test_real_numbers_become_float64_unless_they_are_float32(dtype: str) -> None:
    """A float32 or float64 array comes back as the same object; booleans, integers, half and long
    floats become float64 of the same value."""
    x = np.array([[0, 1]], dtype)
    assert as_float(x).dtype == ("f" if dtype == "f" else "d") and as_float(x).tolist() == [[0, 1]]
    if dtype in "fd":
        assert as_float(x) is examples(x) is examples(x, 2) is finite_examples(x) is x


@pytest.mark.parametrize("x", [[1j], ["a"], [None], np.zeros(1, "datetime64[s]")])
def test_values_that_are_not_real_numbers_are_rejected(x: Any) -> None:
    """Complex numbers, texts, objects and dates are rejected; the message gives the dtype."""
    assert refusal(as_float, x) == f"dtype {np.asarray(x).dtype} must be a real number type"


def test_examples_must_be_finite_rows() -> None:
    """x must be (n, n_features), of the given width; finite_examples needs a row and no NaN."""
    message = "x has shape (3,); it must be (n_examples, n_features)"
    assert refusal(examples, np.ones(3)) == message
    assert examples(np.ones((0, 3))).shape == (0, 3)
    message = "x has shape (0, 3); it must contain at least one example"
    assert refusal(finite_examples, np.ones((0, 3))) == message
    message = "x contains 3 values that are NaN or infinite"
    assert refusal(finite_examples, [[nan, 1], [np.inf, -np.inf]]) == message
    assert all_finite([np.ones(2), np.zeros(0)]) and not all_finite([np.ones(2), np.array([nan])])

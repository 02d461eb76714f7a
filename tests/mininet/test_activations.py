"""Properties of mininet/activations.py: the formula of each function, and its derivative.

Statements about every activation are tested for each class: a new one needs a test of its formula.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.random import Generator

from mininet import LeakyReLU, ReLU, Sigmoid, gradient_check
from mininet.activations import Activation
from tests.mininet.strategies import activations, slopes
from tests.oracles import assert_within
from tests.strategies import FLOATS, generators

SHAPES = hnp.array_shapes(max_dims=3, max_side=3)


def reals(exponent: int = 99) -> st.SearchStrategy[np.ndarray]:
    """float32 and float64 arrays of any shape, of numbers up to 2^exponent."""

    def of(dtype: type) -> st.SearchStrategy[np.ndarray]:
        width: Any = 8 * np.dtype(dtype).itemsize
        elements = st.just(0.0) | st.floats(-(2.0**exponent), 2.0**exponent, width=width)
        return hnp.arrays(dtype, SHAPES, elements=elements)

    return st.sampled_from(FLOATS).flatmap(of)


@given(reals(9))
def test_sigmoid_is_its_definition(x: np.ndarray) -> None:
    """σ(x) = 1/(1 + e⁻ˣ), so that σ(-x) = 1 - σ(x), and σ'(x) = 1/(4 cosh²(x/2)), which is even."""
    numbers, info = x.ravel().tolist(), np.finfo(x.dtype)
    value = np.reshape([1 / (1 + math.exp(-v)) for v in numbers], x.shape)
    slope = np.reshape([0.25 / math.cosh(v / 2) ** 2 for v in numbers], x.shape)
    # exp is accurate to 4 units, a sum and a quotient follow; the derivative has the square of the
    # sum, and cosh of the oracle; below the normal numbers digits are lost
    assert_within(Sigmoid().value(x), value, 8 * info.eps * value + info.smallest_normal)
    assert_within(Sigmoid().derivative(x), slope, 20 * info.eps * slope + info.smallest_normal)
    np.testing.assert_array_equal(Sigmoid().derivative(-x), Sigmoid().derivative(x))


@pytest.mark.parametrize("dtype", FLOATS)
def test_sigmoid_saturates_without_overflow(dtype: type[np.floating]) -> None:
    """σ(±1e4) = σ(±∞) = 1 and 0 with derivatives 0; σ(0) = 1/2 with derivative 1/4; no warning."""
    x, layer = np.array([-np.inf, -1e4, 0, 1e4, np.inf], dtype), Sigmoid()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_array_equal(layer.forward(x), [0, 0, 0.5, 1, 1])
        np.testing.assert_array_equal(layer.backward(np.ones(5, dtype)), [0, 0, 0.25, 0, 0])


@given(reals(), slopes())
def test_relu_and_leaky_relu_are_their_definitions(x: np.ndarray, alpha: float) -> None:
    """ReLU(x) = max(0, x), LeakyReLU(x) = max(0, x) - α max(0, -x); slope 1 above 0, else 0, α."""
    leaky, up, down = LeakyReLU(alpha), np.maximum(x, 0), np.maximum(-x, 0)
    np.testing.assert_array_equal(ReLU().value(x), up)
    np.testing.assert_array_equal(leaky.value(x), up - alpha * down)
    for layer, below in ((ReLU(), 0), (leaky, alpha)):
        expected = np.array([1 if v > 0 else below for v in x.ravel()], x.dtype)
        np.testing.assert_array_equal(layer.derivative(x), expected.reshape(x.shape))


@given(activations(), st.integers(1, 7), st.integers(1, 7), generators())
def test_every_derivative_is_the_measured_one(
    layer: Activation, n: int, width: int, rng: Generator
) -> None:
    """dx passes a directional gradient check away from 0, where a kink may be."""
    x = rng.standard_normal((n, width))
    assume(np.abs(x).min() > 1e-3)
    # truncation h² and rounding eps/h are each eps^(2/3) = 4e-11 of Σ|R·out|, which is at most √49
    # times σ/σ' = 1 + e⁵ < 150 times the norm of the gradient for |x| < 5: 4e-8
    assert gradient_check(layer, x, rng=rng) < 1e-7


@given(activations(), reals(), generators())
def test_backward_multiplies_by_the_derivative_at_the_last_input(
    layer: Activation, x: np.ndarray, rng: Generator
) -> None:
    """dx = dout · f'(x), x the last input, in its shape and dtype; 6e29 raises no warning."""
    dout = rng.standard_normal(x.shape).astype(x.dtype)
    layer.forward(rng.standard_normal((2, 2)))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        out, dx = layer.forward(x), layer.backward(dout)
    assert out.shape == x.shape and dx.dtype == out.dtype == layer.derivative(x).dtype == x.dtype
    np.testing.assert_array_equal(out, layer.value(x))
    np.testing.assert_array_equal(dx, dout * layer.derivative(x))

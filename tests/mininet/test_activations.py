"""Theorems about mininet/activations.py: the shape of each curve, and the slope under it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.oracles import assert_within, refusal
from tests.strategies import FLOATS, activations, eps_of, generators, integer_arrays, slopes

from mininet import LeakyReLU, ReLU, Sigmoid, gradient_check
from mininet.activations import Activation

SHAPES = hnp.array_shapes(max_dims=3, max_side=3)


def reals(limit: float = 1e30, smallest: float = 0.0) -> st.SearchStrategy[np.ndarray]:
    """float32 and float64 arrays of any shape, of 0 and magnitudes from smallest to limit."""
    # Bounds must be numbers of float32 too: the nearest powers of two inside.
    limit = 2.0 ** math.floor(math.log2(limit))
    smallest = 2.0 ** math.ceil(math.log2(smallest)) if smallest else 0.0

    def of(dtype: type) -> st.SearchStrategy[np.ndarray]:
        width = 8 * np.dtype(dtype).itemsize
        numbers = st.floats(-limit, limit, width=width)  # type: ignore[arg-type]
        numbers = numbers.filter(lambda v: v == 0 or abs(v) >= smallest) if smallest else numbers
        return hnp.arrays(dtype, SHAPES, elements=numbers)

    return st.sampled_from(FLOATS).flatmap(of)


@given(reals())
def test_sigmoid_of_minus_x_is_one_minus_sigmoid(x: np.ndarray) -> None:
    """σ(-x) = 1 - σ(x), and 0 <= σ <= 1."""
    layer = Sigmoid()
    out = layer.forward(x)
    assert out.dtype == x.dtype and np.all((out >= 0) & (out <= 1))
    # e⁻|ˣ| is the same on both sides: a quotient, a difference and a sum of numbers up to 1
    assert_within(layer.forward(-x), 1 - out, 2 * eps_of(x.dtype))


@given(reals(500))
def test_sigmoid_is_its_definition(x: np.ndarray) -> None:
    """σ(x) = 1/(1 + e⁻ˣ), also where it is tiny: all digits are right, not only the first."""
    expected = [1 / (1 + math.exp(-value)) for value in x.ravel().tolist()]
    info = np.finfo(x.dtype)
    # exp is right to 4 units, a sum and a quotient follow; below the normal numbers, digits go
    bound = 8 * info.eps * np.reshape(expected, x.shape) + info.smallest_normal
    assert_within(Sigmoid().forward(x), np.reshape(expected, x.shape), bound)


@given(reals(500))
def test_slope_of_sigmoid_keeps_its_digits(x: np.ndarray) -> None:
    """σ'(x) = 1/(4 cosh²(x/2)), to a relative precision also where σ(x) rounds to 1."""
    expected = np.reshape(
        [0.25 / math.cosh(value / 2) ** 2 for value in x.ravel().tolist()], x.shape
    )
    info = np.finfo(x.dtype)
    # two sigmoids of 8 units each, their product, and cosh of the oracle
    bound = 20 * info.eps * expected + info.smallest_normal
    assert_within(Sigmoid().derivative(x), expected, bound)
    np.testing.assert_array_equal(Sigmoid().derivative(-x), Sigmoid().derivative(x))


@pytest.mark.parametrize("dtype", FLOATS)
def test_sigmoid_saturates_without_overflow(dtype: type[np.floating]) -> None:
    """σ(±1e4) = 1 and 0, σ(±∞) = 1 and 0, slopes 0, σ(0) = 1/2 with slope 1/4; nothing warns."""
    x = np.array([-np.inf, -1e4, 0, 1e4, np.inf], dtype)
    layer = Sigmoid()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        np.testing.assert_array_equal(layer.forward(x), [0, 0, 0.5, 1, 1])
        np.testing.assert_array_equal(layer.backward(np.ones(5, dtype)), [0, 0, 0.25, 0, 0])


@given(reals(), slopes())
def test_leaky_relu_is_relu_of_x_minus_alpha_relu_of_minus_x(x: np.ndarray, alpha: float) -> None:
    """f(x) = max(0, x) - α max(0, -x): x where x > 0, αx elsewhere."""
    out = LeakyReLU(alpha).forward(x)
    assert out.dtype == x.dtype
    np.testing.assert_array_equal(out, ReLU().forward(x) - alpha * ReLU().forward(-x))
    np.testing.assert_array_equal(out[x > 0], x[x > 0])


@given(reals(), st.floats(0, 1))
def test_leaky_relu_is_the_larger_of_x_and_alpha_x(x: np.ndarray, alpha: float) -> None:
    """For 0 <= α <= 1: f(x) = max(x, αx)."""
    np.testing.assert_array_equal(LeakyReLU(alpha).forward(x), np.maximum(x, alpha * x))


# 2⁻²⁰ times a slope of 1/8 times 1e-20 is still a normal number of float32
@given(reals(1e20, smallest=1e-20), slopes(), st.integers(-20, 20))
def test_leaky_relu_is_positively_homogeneous(x: np.ndarray, alpha: float, power: int) -> None:
    """f(cx) = c f(x) and f'(cx) = f'(x) for c > 0, here 2ᵏ, which no rounding disturbs."""
    c = x.dtype.type(2.0**power)
    for layer in (LeakyReLU(alpha), ReLU()):
        np.testing.assert_array_equal(layer.forward(c * x), c * layer.forward(x))
        np.testing.assert_array_equal(layer.derivative(c * x), layer.derivative(x))


@given(reals())
def test_alpha_0_is_relu_and_alpha_1_the_identity(x: np.ndarray) -> None:
    """LeakyReLU(0) = ReLU = max(0, ·) and LeakyReLU(1) = the identity, value and slope."""
    for layer, value, slope in (
        (LeakyReLU(0), ReLU().forward(x), ReLU().derivative(x)),
        (LeakyReLU(1), x, np.ones_like(x)),
        (ReLU(), np.where(x > 0, x, 0), np.where(x > 0, 1, 0)),
    ):
        np.testing.assert_array_equal(layer.forward(x), value)
        np.testing.assert_array_equal(layer.derivative(x), slope)


@given(reals(), st.sampled_from([0.0, 0.01, 0.3, 1.0]) | st.floats(0, 4, width=16))
def test_every_activation_is_monotone(x: np.ndarray, alpha: float) -> None:
    """x <= x' implies f(x) <= f(x'), for α >= 0."""
    x = np.sort(x, axis=None)
    for layer in (Sigmoid(), ReLU(), LeakyReLU(alpha)):
        out = layer.forward(x)
        # exp is right to 4 units, not monotone to the last: 8 units as above
        assert np.all(np.diff(out) >= -8 * eps_of(x.dtype) * np.abs(out[1:]) * (out[1:] <= 1))
        assert np.all(layer.derivative(x) >= 0)


@given(reals(), activations(), generators())
def test_backward_uses_the_input(
    x: np.ndarray, layer: Activation, rng: np.random.Generator
) -> None:
    """dx = dout · f'(x), x the input of the last forward and not its output."""
    dout = rng.standard_normal(x.shape).astype(x.dtype)
    layer.forward(rng.standard_normal((2, 2)))
    layer.forward(x)
    dx = layer.backward(dout)
    assert dx.dtype == x.dtype
    np.testing.assert_array_equal(dx, dout * layer.derivative(x))


def test_steps_worked_by_hand() -> None:
    """Value and slope at -2, 0 and 2; at the kink the slope is that of the negative side."""
    # Leaky ReLU with α = -1/2 is the case in which an output has not the sign of its input:
    # f(-2) = 1, so that a backward that looked at the output would take the slope for 1.
    x, dout = np.array([[-2.0, 0, 2]]), np.array([[10.0, 10, 10]])
    for layer, out, dx in (
        (LeakyReLU(-0.5), [[1, 0, 2]], [[-5, -5, 10]]),
        (LeakyReLU(), [[-0.6, 0, 2]], [[3, 3, 10]]),
        (ReLU(), [[0, 0, 2]], [[0, 0, 10]]),
    ):
        np.testing.assert_array_equal(layer.forward(x), out)
        np.testing.assert_array_equal(layer.backward(dout), dx)
    # σ(ln 3) = 1/(1 + 1/3) = 3/4, slope 3/4 · 1/4 = 3/16; exp and log round, hence 8 units
    sigmoid = Sigmoid()
    assert_within(sigmoid.forward([math.log(3)]), [0.75], 8 * eps_of(float))
    assert_within(sigmoid.backward(np.array([16.0])), [3], 48 * eps_of(float))


@given(activations(), st.integers(1, 7), st.integers(1, 7), generators())
def test_every_slope_is_the_measured_one(
    layer: Activation, n: int, width: int, rng: np.random.Generator
) -> None:
    """dx passes a directional gradient check, away from the kink."""
    x = rng.standard_normal((n, width))
    assume(np.abs(x).min() > 1e-3)
    # truncation h² and rounding eps/h are each eps^(2/3) = 4e-11 of Σ|R·out|, which is at most √49
    # times σ/σ' = 1 + e⁵ < 150 the gradient's norm for |x| < 5: 4e-8
    assert gradient_check(layer, x, rng=rng) < 1e-7


@given(integer_arrays(SHAPES), activations())
def test_integers_become_float64(x: np.ndarray, layer: Activation) -> None:
    """Integers give what the same numbers in float64 give, in float64."""
    expected = layer.forward(x.astype(np.float64))
    for same in (x, x.tolist()):
        assert layer.forward(same).dtype == np.float64
        np.testing.assert_array_equal(layer.forward(same), expected)


def test_an_activation_learns_nothing() -> None:
    """No params and no grads; the config, which a model file keeps, has the slope alone."""
    for layer in (Sigmoid(), ReLU(), LeakyReLU(0.25)):
        assert layer.params == layer.grads == []
    assert Sigmoid().config() == ReLU().config() == {}
    assert LeakyReLU(0.25).config() == {"alpha": 0.25} and LeakyReLU().config() == {"alpha": 0.3}
    assert type(LeakyReLU(np.float32(0.5)).config()["alpha"]) is float  # type: ignore[arg-type]


def test_a_bare_activation_has_neither_value_nor_slope() -> None:
    """Activation leaves value and derivative to write."""
    for method in (Activation().value, Activation().derivative):
        with pytest.raises(NotImplementedError):
            method(np.ones(1))


@pytest.mark.parametrize("alpha", [math.nan, math.inf, -math.inf, 10**400, "1", None, [1.0]])
def test_a_slope_that_is_not_finite_is_refused(alpha: Any) -> None:
    """alpha must be a finite number; the message gives its value."""
    assert refusal(LeakyReLU, alpha) == f"alpha={alpha!r} must be a finite slope"


@pytest.mark.parametrize("x", [[1j], ["a"]])
def test_what_is_no_real_number_is_refused(x: Any) -> None:
    """Complex numbers and texts are refused."""
    assert refusal(ReLU().forward, x).endswith(" must be one of real numbers")

"""Theorems about mininet/checking.py: the tester tested. Right gradients pass, wrong ones fail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from tests.oracles import refusal
from tests.strategies import eps_of, generators, tasks

from mininet import Dense, Layer, Sequential, Sigmoid, SoftmaxCrossEntropy, gradient_check, one_hot
from mininet.checking import STEP, directional_error

# h² of truncation and eps/h of rounding are each eps^(2/3) = 4e-11 of a loss of some 1; a task has
# no gradient below 1e-2: some 1e-8. A gradient off by 0.1 % is told from that by four decades.
RIGHT = 1e-7
WRONG = 1e-5  # 0.1 %, times a direction that lies within 1 % of a right angle to the gradient
N_DIRECTIONS = 8  # at most 1 % of directions lie so: all of eight with a probability of 1e-16

Break = Callable[[np.ndarray], np.ndarray]
Task = tuple[Sequential, np.ndarray, np.ndarray]


class Broken(Layer):
    """A layer whose k-th gradient, 0 that of the input, is spoilt."""

    def __init__(self, layer: Layer, k: int, spoil: Break) -> None:
        self.layer, self.k, self.spoil = layer, k, spoil

    @property
    def params(self) -> list[np.ndarray]:
        """The parameters of the layer."""
        return self.layer.params

    @property
    def grads(self) -> list[np.ndarray]:
        """The gradients of the layer, but for one."""
        return [self._seen(k, grad) for k, grad in enumerate(self.layer.grads, start=1)]

    def forward(self, x: ArrayLike) -> np.ndarray:
        """That of the layer."""
        return self.layer.forward(x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """That of the layer, spoilt for k = 0."""
        return self._seen(0, self.layer.backward(dout))

    def _seen(self, k: int, gradient: np.ndarray) -> np.ndarray:
        return self.spoil(gradient) if k == self.k else gradient


class Cube(Layer):
    """out = x³, with a slope that is said to be s x²."""

    def __init__(self, s: float) -> None:
        self.s = s

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x³"""
        self.x = np.asarray(x)
        return self.x**3

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dout · s x²"""
        return dout * self.s * self.x**2


def worst(layer: Layer, task: Task, rng: np.random.Generator) -> float:
    """The largest error that a few directions find."""
    return max(gradient_check(layer, task[1], y=task[2], rng=rng) for _ in range(N_DIRECTIONS))


def gradients_of(task: Task) -> list[np.ndarray]:
    """The gradient of the input and those of the parameters."""
    network, x, y = task
    loss = SoftmaxCrossEntropy()
    loss.forward(network.forward(x), y)
    return [network.backward(loss.backward()), *network.grads]


def test_the_step_balances_truncation_and_rounding() -> None:
    """h = eps^(1/3): where h² of truncation and eps/h of rounding are equal."""
    eps = eps_of(float)
    assert abs(STEP**2 / (eps / STEP) - 1) < 1e-12


@given(tasks(), generators())
def test_right_gradients_pass(task: Task, rng: np.random.Generator) -> None:
    """For any network, input and labels, as integers or one-hot, the error is below 1e-7."""
    network, x, y = task
    assert gradient_check(network, x, y=y, rng=rng) < RIGHT
    n_classes = network.forward(x).shape[1]
    assert gradient_check(network, x, y=one_hot(y, n_classes), rng=rng) < RIGHT


@given(tasks(), st.integers(0, 6), st.sampled_from([1.001, 0.999, -1.0, 0.0]), generators())
def test_a_gradient_off_by_a_factor_fails(
    task: Task, k: int, factor: float, rng: np.random.Generator
) -> None:
    """0.1 % too large, 0.1 % too small, of the wrong sign or missing: each gradient, that of the
    input and that of every parameter, is found out; where it is zero there is nothing to find."""
    gradients = gradients_of(task)
    k %= len(gradients)
    error = worst(Broken(task[0], k, lambda gradient: factor * gradient), task, rng)
    assert error > WRONG if gradients[k].any() else error < RIGHT


@given(st.integers(2, 6), st.integers(1, 6), generators())
def test_a_transposed_gradient_fails(n_units: int, n: int, rng: np.random.Generator) -> None:
    """dWᵀ in the place of dW: of square layers too, where no shape tells."""
    task = Sequential([Dense(n_units, n_units, rng)]), rng.standard_normal((n, n_units)), None
    layer = Broken(task[0], 1, np.transpose)
    assert max(gradient_check(layer, task[1], rng=rng) for _ in range(N_DIRECTIONS)) > WRONG


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), generators())
def test_a_gradient_that_misses_an_example_fails(
    n: int, n_in: int, n_out: int, rng: np.random.Generator
) -> None:
    """dW and db summed over all examples but the last."""

    class Forgetful(Dense):
        def parameter_gradients(self, dout: np.ndarray) -> None:
            self.dW = self.x[:-1].T @ dout[:-1]
            self.db = dout[:-1].sum(axis=0)

    layer, x = Forgetful(n_in, n_out, rng), rng.standard_normal((n, n_in))
    assert max(gradient_check(layer, x, rng=rng) for _ in range(N_DIRECTIONS)) > WRONG


@given(tasks(), st.integers(0, 6), generators())
@settings(max_examples=40)
def test_a_gradient_of_another_shape_is_infinitely_wrong(
    task: Task, k: int, rng: np.random.Generator
) -> None:
    """A gradient that only broadcasts to the shape of its parameter fails."""
    k %= 1 + len(task[0].params)
    layer = Broken(task[0], k, lambda gradient: gradient[None])
    assert gradient_check(layer, task[1], y=task[2], rng=rng) == np.inf


@given(tasks(), st.integers(0, 6), st.sampled_from([np.nan, np.inf]), generators())
@settings(max_examples=40)
def test_a_gradient_that_is_not_finite_is_infinitely_wrong(
    task: Task, k: int, value: float, rng: np.random.Generator
) -> None:
    """NaN or infinity anywhere in any gradient fails, and is not lost among right ones."""
    k %= 1 + len(task[0].params)

    def spoil(gradient: np.ndarray) -> np.ndarray:
        spoilt = gradient.copy()
        spoilt.flat[0] = value
        return spoilt

    assert gradient_check(Broken(task[0], k, spoil), task[1], y=task[2], rng=rng) == np.inf


@pytest.mark.parametrize(
    ("s", "error"), [(3, 0), (3.003, 0.003 / 3.003), (1.5, 0.5), (0, 1), (-3, 2), (-6, 1.5)]
)
def test_the_error_is_relative_to_the_larger_of_measured_and_claimed(
    s: float, error: float
) -> None:
    """Of a single number, where there is but one direction: |measured - claimed| by the larger."""
    # L = R x³ at x = 1: the slope is 3R, sR is claimed; (L(1 + h) - L(1 - h))/2h = R (3 + h²), and
    # rounding is eps/h = h².
    for seed in range(4):
        found = gradient_check(Cube(s), [[1]], rng=np.random.default_rng(seed))
        assert abs(found - error) < 3 * STEP**2


def test_where_nothing_changes_nothing_is_wrong() -> None:
    """Measured 0 and claimed 0: the error is 0 and no division warns."""
    layer = Dense.from_parameters(np.zeros((2, 3)), np.zeros(3))
    assert gradient_check(layer, np.zeros((1, 2)), rng=np.random.default_rng(0)) < RIGHT
    network = Sequential([Dense(3, 1, np.random.default_rng(0))])
    assert gradient_check(network, np.ones((2, 3)), y=[0, 0], rng=np.random.default_rng(0)) == 0


@given(tasks(), st.booleans(), generators())
@settings(max_examples=40)
def test_a_check_leaves_everything_as_it_was(
    task: Task, with_labels: bool, rng: np.random.Generator
) -> None:
    """Parameters, input and labels are bit for bit what they were."""
    network, x, y = task
    before = [array.tobytes() for array in (*network.params, x, y)]
    gradient_check(network, x, rng=rng, y=y if with_labels else None)
    assert [array.tobytes() for array in (*network.params, x, y)] == before


@given(tasks(), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_same_generator_draws_the_same_direction(task: Task, seed: int) -> None:
    """The check draws from rng alone: the same seed finds the same error."""
    network, x, y = task
    for labels in (None, y):
        first, again = (
            gradient_check(network, x, y=labels, rng=np.random.default_rng(seed)) for _ in range(2)
        )
        assert first == again


@given(st.integers(1, 6), st.integers(1, 6), generators())
def test_the_loss_is_measured_on_both_sides_of_the_start(
    n: int, m: int, rng: np.random.Generator
) -> None:
    """L is measured at θ + hv and θ - hv, h = eps^(1/3), with |v| = √(size of θ) and no v twice."""
    theta = rng.standard_normal((n, m))
    start, seen = theta.copy(), []

    def loss() -> float:
        seen.append(theta.copy())
        return 0.0

    for _ in range(2):
        assert directional_error(loss, theta, np.zeros((n, m)), rng) == 0
    above, below, other, _ = seen
    v = (above - below) / (2 * STEP)
    # θ ± hv is rounded to eps/2·|θ|: v to some eps/h
    np.testing.assert_allclose((above + below) / 2, start, rtol=0, atol=1e-14)
    assert abs(np.linalg.norm(v) / np.sqrt(theta.size) - 1) < 10 * eps_of(float) / STEP
    assert theta.size == 1 or not np.any(above == other)


def test_a_layer_is_checked_at_the_numbers_it_is_given() -> None:
    """Integers are checked as the same numbers in float64; without labels L is Σ R·out."""
    rng = np.random.default_rng(0)
    layer = Sequential([Dense(2, 3, rng), Sigmoid()])
    errors = [
        gradient_check(layer, x, rng=np.random.default_rng(1))
        for x in ([[1, -2]], np.array([[1.0, -2.0]]), np.array([[1, -2]], np.float32))
    ]
    assert errors[0] == errors[1] == errors[2] < RIGHT


def test_a_layer_that_forgets_a_gradient_is_refused() -> None:
    """There must be as many gradients as parameters: none is left unchecked."""

    class Forgetful(Dense):
        @property
        def grads(self) -> list[np.ndarray]:
            return [self.dW]

    layer = Forgetful(2, 2, np.random.default_rng(0))
    refusal(gradient_check, layer, np.ones((1, 2)), rng=np.random.default_rng(0))


def test_float32_parameters_are_refused() -> None:
    """In float32 the rounding would hide an error of 0.1 %: the parameters must be float64."""
    layer = Dense(2, 2, np.random.default_rng(0))
    layer.to_dtype(np.dtype(np.float32))
    message = refusal(gradient_check, layer, np.ones((1, 2)), rng=np.random.default_rng(0))
    assert message == "gradient_check needs float64 parameters: float32 hides small errors"

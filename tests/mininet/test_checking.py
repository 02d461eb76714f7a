"""Properties of mininet/checking.py: right gradients pass, wrong ones fail."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from mininet import Dense, Layer, gradient_check, one_hot
from mininet.checking import STEP, directional_error
from tests.mininet.strategies import Task, bits, loss_and_gradients, tasks
from tests.oracles import refusal
from tests.strategies import eps_of, generators

# h² of truncation and eps/h of rounding are each eps^(2/3) = 4e-11 of a loss of about 1; a task has
# no gradient below 1e-2: about 1e-8. A gradient off by 0.1 % is four decades away from that.
RIGHT = 1e-7
WRONG = 1e-5  # 0.1 %, times a direction that lies within 1 % of a right angle to the gradient
N_DIRECTIONS = 8  # at most 1 % of directions lie so: all of eight with a probability of 1e-16

Change = Callable[[np.ndarray], np.ndarray]


def broken(layer: Layer, k: int, change: Change) -> Any:
    """The layer, but with its k-th gradient changed, 0 that of the input."""

    def backward(dout: np.ndarray) -> np.ndarray:
        gradients = [layer.backward(dout), *layer.grads]
        gradients[k] = change(gradients[k])
        dx, *found.grads = gradients
        return dx

    found = SimpleNamespace(params=layer.params, forward=layer.forward, backward=backward)
    return found


def worst(layer: Layer, x: np.ndarray, rng: Generator, y: np.ndarray | None = None) -> float:
    """The largest error in several directions."""
    return max(gradient_check(layer, x, y=y, rng=rng) for _ in range(N_DIRECTIONS))


@given(tasks(), generators())
def test_right_gradients_pass(task: Task, rng: Generator) -> None:
    """For any network, input and labels, as integers or one-hot, the error is below 1e-7."""
    network, x, y = task
    for labels in (y, one_hot(y, network.n_out)):
        assert gradient_check(network, x, y=labels, rng=rng) < RIGHT


@given(tasks(), st.integers(0, 6), st.sampled_from([1.001, 0.999, -1.0, 0.0]), generators())
def test_a_gradient_off_by_a_factor_fails(
    task: Task, k: int, factor: float, rng: Generator
) -> None:
    """Each gradient fails if it is off by 0.1 %, of the wrong sign or missing, unless it is 0."""
    network, x, y = task
    _, gradients = loss_and_gradients(network, x, y)
    k %= len(gradients)
    error = worst(broken(network, k, lambda gradient: factor * gradient), x, rng, y)
    assert error > WRONG if gradients[k].any() else error < RIGHT


@given(tasks(), st.integers(0, 6), st.sampled_from([None, np.nan, np.inf]), generators())
@settings(max_examples=50)
def test_a_gradient_of_another_shape_or_not_finite_has_an_infinite_error(
    task: Task, k: int, value: float | None, rng: Generator
) -> None:
    """A gradient that only broadcasts to its parameter fails; so does one with a NaN."""
    network, x, y = task

    def change(gradient: np.ndarray) -> np.ndarray:
        changed = gradient[None].copy()
        changed.flat[0] = changed.flat[0] if value is None else value
        return changed if value is None else changed[0]

    layer = broken(network, k % (1 + len(network.params)), change)
    assert gradient_check(layer, x, y=y, rng=rng) == np.inf


@pytest.mark.parametrize(
    ("s", "error"), [(3, 0), (3.003, 0.003 / 3.003), (1.5, 0.5), (0, 1), (-3, 2), (-6, 1.5)]
)
def test_the_error_is_relative_to_the_larger_of_measured_and_claimed(
    s: float, error: float
) -> None:
    """For one number, which has one direction: |measured - claimed|, divided by the larger."""
    # L = R x³ at x = 1: the derivative is 3R, sR is claimed; (L(1 + h) - L(1 - h))/2h = R (3 + h²),
    # and rounding is eps/h = h², since h balances the two: h = eps^(1/3)
    assert abs(STEP**3 / eps_of(float) - 1) < 1e-12
    cube: Any = SimpleNamespace(params=[], grads=[], forward=lambda x: x**3)
    cube.backward = lambda dout: s * dout
    for seed in range(4):
        assert abs(gradient_check(cube, [[1]], rng=default_rng(seed)) - error) < 3 * STEP**2


@given(tasks(), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_a_check_depends_on_its_generator_alone_and_changes_nothing(
    task: Task, with_labels: bool, seed: int
) -> None:
    """One seed finds one error, also for x in float32; parameters, x and y keep their bits."""
    network, x, y = task
    x, labels = x.astype(np.float32), y if with_labels else None
    before = [*bits(network), x.tobytes(), y.tobytes()]
    errors = {
        gradient_check(network, inputs, rng=default_rng(seed), y=labels)
        for inputs in (x, x, x.astype(np.float64), x.tolist())
    }
    assert len(errors) == 1 and [*bits(network), x.tobytes(), y.tobytes()] == before


@given(st.integers(1, 6), st.integers(1, 6), generators())
def test_the_loss_is_measured_on_both_sides_of_the_start(n: int, m: int, rng: Generator) -> None:
    """L is measured at θ ± hv, |v| = √(size of θ), v new in each call, and last at θ itself."""
    theta, seen = rng.standard_normal((n, m)), list[np.ndarray]()
    start = theta.copy()

    def loss() -> float:
        seen.append(theta.copy())
        return 0.0

    for _ in range(2):
        assert directional_error(loss, theta, np.zeros((n, m)), rng) == 0
    above, below, restored, other, *_ = seen
    v = (above - below) / (2 * STEP)
    # θ ± hv is rounded to eps/2·|θ|: v to about eps/h
    np.testing.assert_allclose((above + below) / 2, start, rtol=0, atol=1e-14)
    assert abs(np.linalg.norm(v) / np.sqrt(theta.size) - 1) < 10 * eps_of(float) / STEP
    assert np.array_equal(restored, start) and np.array_equal(theta, start)
    assert theta.size == 1 or not np.any(above == other)


def test_layers_that_cannot_be_checked_are_rejected() -> None:
    """There must be a gradient for each parameter."""
    more: Any = SimpleNamespace(params=[np.ones(1)], grads=[], forward=np.array, backward=np.array)
    refusal(gradient_check, more, np.ones((1, 2)), rng=default_rng(0))


@given(st.integers(2, 6), st.integers(1, 6), generators())
def test_a_transposed_gradient_fails(n_units: int, n: int, rng: Generator) -> None:
    """dWᵀ in place of dW fails in square layers too, where both have the same shape."""
    x, dense = rng.standard_normal((n, n_units)), Dense(n_units, n_units, rng)
    assert worst(broken(dense, 1, np.transpose), x, rng) > WRONG

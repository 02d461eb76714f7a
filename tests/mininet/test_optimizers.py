"""Properties of mininet/optimizers.py: each update against its closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator

from mininet import SGD
from tests.oracles import assert_within, refusal
from tests.strategies import FLOATS, eps_of, generators

RATES = st.floats(1e-6, 1)
DECAYS = st.just(0.0) | st.floats(1e-6, 10)
MOMENTA = st.just(0.0) | st.floats(0.01, 0.99)
STEPS = st.integers(1, 12)
SHAPES = st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=3)
Shapes = list[tuple[int, ...]]


@given(RATES, DECAYS, STEPS)
def test_the_rate_decays_with_the_number_of_updates(rate: float, decay: float, n: int) -> None:
    """lr_t = learning_rate/(1 + decay·t), t = 0, 1, … updates, for any number of parameters."""
    optimizer, rates = SGD(rate, decay), []
    for t in range(n):
        assert optimizer.t == t
        rates.append(optimizer.rate)
        optimizer.step([np.ones(2), np.ones((2, 3))], [np.ones(2), np.ones((2, 3))])
    assert_within(rates, [rate / (1 + decay * t) for t in range(n)], 4 * eps_of(float) * rate)
    assert rates[0] == rate


@given(SHAPES, RATES, DECAYS, MOMENTA, STEPS, generators())
def test_updates_have_the_closed_form(
    shapes: Shapes, rate: float, decay: float, momentum: float, n: int, rng: Generator
) -> None:
    """v_k = -Σ_{j<=k} mᵏ⁻ʲ lr_j g_j, and θ after n updates is θ_0 + Σ_k v_k, for any gradients of
    any number of parameters."""
    params = [rng.standard_normal(shape) for shape in shapes]
    start = [param.copy() for param in params]
    grads = [[rng.standard_normal(shape) for shape in shapes] for _ in range(n)]
    optimizer = SGD(rate, decay, momentum)
    for each in grads:
        optimizer.step(params, each)
    # g_j moves θ by lr_j (1 + m + … + mⁿ⁻¹⁻ʲ) in the end
    factors = [rate / (1 + decay * j) * sum(momentum**k for k in range(n - j)) for j in range(n)]
    for i, param in enumerate(params):
        moves = [-factor * grads[j][i] for j, factor in enumerate(factors)]
        # each of n sums of up to n terms rounds each of them about four times
        total = np.abs(start[i]) + sum(np.abs(move) for move in moves)
        assert_within(param, start[i] + sum(moves), 4 * n * eps_of(float) * total)


@given(st.floats(0.01, 100), st.floats(0.01, 3), STEPS)
def test_steps_diverge_beyond_two_over_the_curvature(
    curvature: float, product: float, n: int
) -> None:
    """On L = λθ²/2 each step multiplies θ by 1 - lr·λ: |θ| shrinks for lr·λ < 2 and grows without
    bound for lr·λ > 2."""
    theta, optimizer, sizes = np.ones(1), SGD(product / curvature), [1.0]
    for _ in range(n):
        optimizer.step([theta], [curvature * theta])
        sizes.append(abs(theta[0]))
    # each step rounds the rate, the gradient and the difference: about 4 eps of numbers up to 2¹²
    expected = abs(1 - product) ** np.arange(n + 1)
    np.testing.assert_allclose(sizes, expected, rtol=1e-12, atol=1e-12)
    if abs(product - 2) > 1e-9:
        assert np.all(np.diff(sizes) > 0) == (product > 2)


def test_two_steps_worked_by_hand() -> None:
    """learning_rate 1/2, decay 1, momentum 1/2, gradients 8 and 8, from θ = 10."""
    # t = 0: lr = 1/2,  v = 0/2 - 4 = -4,        θ = 10 - 4 = 6
    # t = 1: lr = 1/4,  v = -4/2 - 2 = -4,       θ = 6 - 4 = 2
    # t = 2: lr = 1/6;  without momentum θ = 10 - 4 = 6, then 6 - 2 = 4
    for momentum, expected in ((0.5, [6, 2]), (0.0, [6, 4])):
        theta, optimizer = np.array([10.0]), SGD(0.5, 1.0, momentum)
        for value in expected:
            optimizer.step([theta], [np.array([8.0])])
            assert theta.tolist() == [value]
        assert optimizer.t == 2 and optimizer.rate == 0.5 / 3
        assert len(optimizer.velocities) == (momentum > 0)


@given(SHAPES, MOMENTA, st.sampled_from(FLOATS), generators())
def test_parameters_change_in_place_and_gradients_not_at_all(
    shapes: Shapes, momentum: float, dtype: type[np.floating], rng: Generator
) -> None:
    """The same arrays of the same dtype hold the new values; the gradients stay as they were."""
    params, grads = ([rng.standard_normal(s).astype(dtype) for s in shapes] for _ in range(2))
    same, before = list(params), [array.copy() for array in params]
    copies, optimizer = [grad.tobytes() for grad in grads], SGD(0.5, momentum=momentum)
    for factor in (0.5, 0.5 + 0.5 * (1 + momentum)):  # the updates are g/2 and (1 + m) g/2
        optimizer.step(params, grads)
        for param, start, grad in zip(params, before, grads, strict=True):
            # a product, with momentum one more, and a sum
            bound = 4 * eps_of(dtype) * (np.abs(start) + 2 * np.abs(grad))
            assert param.dtype == dtype
            assert_within(param, start - factor * grad, bound)
    assert all(a is b for a, b in zip(params, same, strict=True))
    assert [grad.tobytes() for grad in grads] == copies


@pytest.mark.parametrize(
    ("option", "default", "values", "requirement"),
    [
        ("learning_rate", 0.01, (0, -1, math.nan, math.inf, 10**400, "1"), "a positive number"),
        ("decay", 0, (-0.1, math.nan, math.inf, None), "at least 0"),
        ("momentum", 0, (-0.1, 1, 1.5, math.nan, 1j), "at least 0 and below 1"),
    ],
)
def test_an_option_out_of_range_is_rejected(
    option: str, default: float, values: tuple[Any, ...], requirement: str
) -> None:
    """learning_rate > 0, decay >= 0, 0 <= momentum < 1, all finite; the defaults are 0.01, 0, 0."""
    assert getattr(SGD(), option) == default
    for value in values:
        assert refusal(SGD, **{option: value}) == f"{option}={value!r} must be {requirement}"


def test_a_step_needs_a_gradient_and_a_velocity_for_each_parameter() -> None:
    """Another number of gradients than of parameters is rejected; so is an optimizer with momentum
    that has the velocities of another network, of other shapes."""
    one, three, optimizer = [np.ones(1)], [np.ones(3)], SGD(momentum=0.9)
    refusal(SGD().step, one * 2, one)
    optimizer.step(three, three)
    refusal(optimizer.step, [np.ones(2)], [np.ones(2)])

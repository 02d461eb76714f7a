"""Theorems about mininet/optimizers.py: each update against its closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles import assert_within, refusal
from tests.strategies import FLOATS, eps_of, generators

from mininet import SGD

RATES = st.floats(1e-6, 1)
DECAYS = st.just(0.0) | st.floats(1e-6, 10)
MOMENTA = st.just(0.0) | st.floats(0.01, 0.99)
STEPS = st.integers(1, 12)
SHAPES = st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=3)

Arrays = list[np.ndarray]


def run(optimizer: SGD, params: Arrays, grads_of: Any, n_steps: int) -> None:
    """n_steps updates, of step k by the gradients grads_of(k)."""
    for k in range(n_steps):
        optimizer.step(params, grads_of(k))


@given(RATES, DECAYS, STEPS)
def test_the_rate_falls_with_the_updates(rate: float, decay: float, n_steps: int) -> None:
    """lr_t = learning_rate/(1 + decay·t), t = 0, 1, … updates, whatever parameters there are."""
    optimizer = SGD(rate, decay)
    rates = []
    for t in range(n_steps):
        assert optimizer.t == t
        rates.append(optimizer.rate)
        optimizer.step([np.ones(2), np.ones((2, 3))], [np.ones(2), np.ones((2, 3))])
    expected = [rate / (1 + decay * t) for t in range(n_steps)]
    assert_within(rates, expected, 4 * eps_of(float) * rate)
    assert rates[0] == rate


@given(SHAPES, RATES, DECAYS, MOMENTA, STEPS, generators())
def test_updates_are_those_of_the_closed_form(
    shapes: list[tuple[int, ...]],
    rate: float,
    decay: float,
    momentum: float,
    n_steps: int,
    rng: np.random.Generator,
) -> None:
    """v_k = -Σ_{j<=k} mᵏ⁻ʲ lr_j g_j and θ after n updates is θ_0 + Σ_k v_k, for any gradients."""
    params = [rng.standard_normal(shape) for shape in shapes]
    start = [param.copy() for param in params]
    grads = [[rng.standard_normal(shape) for shape in shapes] for _ in range(n_steps)]
    run(SGD(rate, decay, momentum), params, grads.__getitem__, n_steps)
    for i, param in enumerate(params):
        # g_j moves θ by lr_j (1 + m + … + mⁿ⁻¹⁻ʲ) in the end
        weights = [
            rate / (1 + decay * j) * sum(momentum**k for k in range(n_steps - j))
            for j in range(n_steps)
        ]
        moves = [-weight * grads[j][i] for j, weight in enumerate(weights)]
        # each of n sums of up to n terms rounds each of them some four times
        total = np.abs(start[i]) + sum(np.abs(move) for move in moves)
        assert_within(param, start[i] + sum(moves), 4 * n_steps * eps_of(float) * total)


@given(RATES, MOMENTA, STEPS)
def test_momentum_under_a_constant_gradient_is_a_geometric_sum(
    rate: float, momentum: float, n_steps: int
) -> None:
    """g = 1: v_n = -lr (1 - mⁿ)/(1 - m), which tends to -lr/(1 - m)."""
    theta, optimizer = np.zeros(1), SGD(rate, momentum=momentum)
    run(optimizer, [theta], lambda k: [np.ones(1)], n_steps - 1)
    before = theta.copy()
    run(optimizer, [theta], lambda k: [np.ones(1)], 1)
    velocity = -rate * (1 - momentum**n_steps) / (1 - momentum)
    # up to 12 steps, of sums that reach n·lr/(1 - m) and of quotients by 1 - m
    bound = 4 * n_steps**2 * eps_of(float) * rate / (1 - momentum) ** 2
    assert_within(theta - before, [velocity], bound)


@given(RATES, st.floats(0.1, 1.9), STEPS)
def test_on_a_parabola_the_distance_shrinks_by_a_factor(
    rate: float, curvature: float, n_steps: int
) -> None:
    """L = a θ²/2, without decay and momentum: θ_n = (1 - lr a)ⁿ θ_0."""
    theta = np.array([3.0])
    run(SGD(rate), [theta], lambda k: [curvature * theta], n_steps)
    # three roundings a step, of numbers up to 3
    bound = 3 * 3 * n_steps * eps_of(float)
    assert_within(theta, [3 * (1 - rate * curvature) ** n_steps], bound)


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


@given(SHAPES, MOMENTA, st.sampled_from(FLOATS), generators())
def test_parameters_change_in_place_and_gradients_not_at_all(
    shapes: list[tuple[int, ...]],
    momentum: float,
    dtype: type[np.floating],
    rng: np.random.Generator,
) -> None:
    """The same arrays of the same dtype hold the new numbers; the gradients stay as they were."""
    params = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    grads = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    old_params, old_grads = [p.copy() for p in params], [g.copy() for g in grads]
    same = list(params)
    optimizer = SGD(0.5, momentum=momentum)
    for k in range(2):
        optimizer.step(params, grads)
        # the steps are g/2 and (1 + m) g/2: a product, with momentum one more, and a sum
        factor = (0.5, 0.5 + 0.5 * (1 + momentum))[k]
        for param, array, old, grad, old_grad in zip(
            params, same, old_params, grads, old_grads, strict=True
        ):
            assert param is array and param.dtype == dtype
            bound = 4 * eps_of(dtype) * (np.abs(old) + 2 * np.abs(grad))
            assert_within(param, old - factor * grad, bound)
            assert grad.tobytes() == old_grad.tobytes()


@given(SHAPES, STEPS, generators())
def test_parameters_do_not_see_each_other(
    shapes: list[tuple[int, ...]], n_steps: int, rng: np.random.Generator
) -> None:
    """Several parameters in one optimizer move as each does in one of its own."""
    params = [rng.standard_normal(shape) for shape in shapes]
    grads = [rng.standard_normal(shape) for shape in shapes]
    alone = [param.copy() for param in params]
    run(SGD(0.1, 0.9, 0.9), params, lambda k: grads, n_steps)
    for i, param in enumerate(alone):
        run(SGD(0.1, 0.9, 0.9), [param], lambda k, i=i: [grads[i]], n_steps)
        assert param.tobytes() == params[i].tobytes()


def test_the_defaults_are_a_hundredth_and_neither_decay_nor_momentum() -> None:
    """SGD() moves θ by -0.01 g each time; without momentum it keeps no velocity."""
    optimizer, theta = SGD(), np.array([1.0])
    run(optimizer, [theta], lambda k: [np.array([10.0])], 2)
    assert_within(theta, [0.8], 2 * eps_of(float))
    assert (optimizer.learning_rate, optimizer.decay, optimizer.momentum) == (0.01, 0.0, 0.0)
    assert optimizer.velocities == []


@pytest.mark.parametrize(
    ("option", "value", "must"),
    [
        *(("learning_rate", value, "a positive number") for value in (0, -1, math.nan, "1")),
        *(("decay", value, "at least 0") for value in (-0.1, math.inf, None)),
        *(("momentum", value, "at least 0 and below 1") for value in (-0.1, 1, 1.5, 1j)),
        ("learning_rate", math.inf, "a positive number"),
        ("learning_rate", 10**400, "a positive number"),
        ("decay", math.nan, "at least 0"),
        ("momentum", math.nan, "at least 0 and below 1"),
    ],
)
def test_an_option_out_of_range_is_refused(option: str, value: Any, must: str) -> None:
    """learning_rate > 0, decay >= 0, 0 <= momentum < 1, all finite numbers."""
    assert refusal(SGD, **{option: value}) == f"{option}={value!r} must be {must}"


def test_a_gradient_is_needed_for_each_parameter() -> None:
    """As many gradients as parameters, or the step is refused."""
    refusal(SGD().step, [np.ones(1), np.ones(1)], [np.ones(1)])

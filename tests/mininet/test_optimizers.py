"""Properties of mininet/optimizers.py: each update against its closed form."""

from typing import Any

import numpy as np
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


def test_an_optimizer_belongs_to_the_parameters_of_its_first_step() -> None:
    """One gradient for each parameter; other arrays, even of equal shape and value, are refused."""
    one, gradient, optimizer = [np.ones(1)], [np.ones(1)], SGD()
    refusal(SGD().step, [np.ones(1)] * 2, gradient)
    optimizer.step(one, gradient)
    for other in ([np.zeros(1)], one * 2, []):
        message = "the optimizer has updated other parameters: each network needs its own"
        assert refusal(optimizer.step, other, other) == message
    assert one[0] == 0.99 and optimizer.t == 1


@given(SHAPES, RATES, DECAYS, MOMENTA, STEPS, st.sampled_from(FLOATS), generators())
def test_updates_have_the_closed_form(
    shapes: Any, rate: float, decay: float, momentum: float, n: int, dtype: Any, rng: Generator
) -> None:
    """v_k = -Σ_{j<=k} mᵏ⁻ʲ lr_j g_j, lr_j = learning_rate/(1 + decay·j), θ_n = θ_0 + Σ_k v_k."""
    params = [rng.standard_normal(shape).astype(dtype) for shape in shapes]
    same, start = list(params), [param.copy() for param in params]
    grads = [[rng.standard_normal(shape).astype(dtype) for shape in shapes] for _ in range(n)]
    before = [[grad.tobytes() for grad in each] for each in grads]
    optimizer, rates = SGD(rate, decay, momentum), []
    assert repr(optimizer) == f"SGD(learning_rate={rate}, decay={decay}, momentum={momentum})"
    for each in grads:
        rates.append(optimizer.rate)
        optimizer.step(params, each)
    assert_within(rates, [rate / (1 + decay * j) for j in range(n)], 4 * eps_of(float) * rate)
    assert optimizer.t == n and len(optimizer.velocities) == (len(shapes) if momentum else 0)
    assert all(a is b and a.dtype == dtype for a, b in zip(params, same, strict=True))
    assert [[grad.tobytes() for grad in each] for each in grads] == before
    # g_j moves θ by lr_j (1 + m + … + mⁿ⁻¹⁻ʲ) in the end
    factors = [rate / (1 + decay * j) * sum(momentum**k for k in range(n - j)) for j in range(n)]
    for i, param in enumerate(params):
        moves = [-factor * grads[j][i].astype(float) for j, factor in enumerate(factors)]
        # each of n sums of up to n terms rounds each of them about four times
        total = np.abs(start[i]) + sum(np.abs(move) for move in moves)
        assert_within(param, start[i] + sum(moves), 4 * n * eps_of(dtype) * total)

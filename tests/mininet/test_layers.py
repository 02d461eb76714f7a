"""Properties of mininet/layers.py: the affine map, its adjoint, its initial weights, its dtypes."""

import math
from copy import deepcopy as copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

import mininet as mn
from mininet import Dense, Layer
from tests.mininet.strategies import Amplifier, batches, bits
from tests.oracles import assert_within, sum_rounding
from tests.strategies import FLOATS, generators

SIZES = st.integers(1, 9)
Case = tuple[Dense, np.ndarray, np.ndarray]


@st.composite
def dense_layers(draw: st.DrawFn) -> Case:
    """A Dense layer of one dtype, inputs x and gradients dout, each with a level of its own."""
    x, rng, n_out = draw(batches()), draw(generators()), draw(SIZES)
    level_w, level_out = (10.0 ** draw(st.integers(-6, 6)) for _ in range(2))
    W, b = level_w * rng.standard_normal((x.shape[1], n_out)), level_w * rng.standard_normal(n_out)
    layer = Dense.from_parameters(W.astype(x.dtype), b.astype(x.dtype))
    return layer, x, (level_out * rng.standard_normal((len(x), n_out))).astype(x.dtype)


def linear(W: np.ndarray) -> Dense:
    """x -> x W, without a bias."""
    return Dense.from_parameters(W, np.zeros(W.shape[1], W.dtype))


@given(dense_layers())
def test_forward_multiplies_by_the_matrix_and_adds_the_bias(case: Case) -> None:
    """out[i, j] = Σ_k x[i, k] W[k, j] + b[j]."""
    layer, x, _ = case
    out = layer.forward(x)
    assert out.dtype == x.dtype
    for i, row in enumerate(x.tolist()):
        for j, column in enumerate(layer.W.T.tolist()):
            terms = [a * b for a, b in zip(row, column, strict=True)] + [float(layer.b[j])]
            # a product and a sum for each term of the row, and the bias
            bound = sum_rounding(2 * len(terms), math.fsum(map(abs, terms)), x.dtype)
            assert abs(out[i, j] - math.fsum(terms)) <= bound


@given(dense_layers(), generators())
def test_backward_is_the_adjoint_of_forward(case: Case, rng: Generator) -> None:
    """⟨dout, u W⟩ = ⟨dx, u⟩, ⟨dout, x V⟩ = ⟨dW, V⟩, ⟨dout, 1 cᵀ⟩ = ⟨db, c⟩ for all u, V and c."""
    layer, x, dout = case
    before = [*bits(layer), x.tobytes(), dout.tobytes()]
    layer.forward(x)
    dx = layer.backward(dout)
    assert [*bits(layer), x.tobytes(), dout.tobytes()] == before
    u, V, c = (rng.standard_normal(thing.shape).astype(x.dtype) for thing in (x, layer.W, layer.b))
    # each side is a sum over all (i, k, j), of two products a term and at most n·n_in·n_out sums
    n_terms = 3 * len(x) * layer.W.size
    for out, gradient, direction, total in (
        (linear(layer.W).forward(u), dx, u, np.abs(u) @ np.abs(layer.W)),
        (linear(V).forward(x), layer.dW, V, np.abs(x) @ np.abs(V)),
        (np.broadcast_to(c, dout.shape), layer.db, c, np.broadcast_to(np.abs(c), dout.shape)),
    ):
        assert gradient.shape == direction.shape and gradient.dtype == x.dtype
        left = np.sum(dout.astype(np.float64) * out)
        right = np.sum(gradient.astype(np.float64) * direction)
        total = np.sum(np.abs(dout).astype(np.float64) * total)
        assert_within(left, right, 2 * sum_rounding(n_terms, total, x.dtype))


@given(SIZES | st.just(300), SIZES | st.just(200), generators())
def test_glorot_weights_are_uniform_with_variance_2_over_the_units(
    n_in: int, n_out: int, rng: Generator
) -> None:
    """W is uniform in ±√(6/(n_in + n_out)), and b = 0; equal generators give equal weights."""
    again, limit = copy(rng), math.sqrt(6 / (n_in + n_out))
    layer, other = Dense(n_in, n_out, rng), Dense(n_in, n_out, rng)
    assert bits(Dense(n_in, n_out, again)) == bits(layer) and not np.any(other.W == layer.W)
    assert layer.W.shape == (n_in, n_out) and layer.b.shape == (n_out,)
    assert layer.W.dtype == layer.b.dtype == np.float64
    assert not layer.b.any() and np.abs(layer.W).max() <= limit
    # Hoeffding (1963): the mean of N numbers in [0, r] is farther than r·√(ln(2/δ)/2N) from its
    # expectation with a probability below δ, here 1e-12
    width = math.sqrt(math.log(2 / 1e-12) / (2 * layer.W.size))
    assert abs(layer.W.mean()) <= 2 * limit * width
    assert abs(np.mean(layer.W**2) - 2 / (n_in + n_out)) <= limit**2 * width
    counts, _ = np.histogram(layer.W, bins=10, range=(-limit, limit))
    assert np.abs(counts / layer.W.size - 0.1).max() <= width


@given(batches(), st.sampled_from(FLOATS))
def test_astype_rounds_the_parameters_once(W: np.ndarray, dtype: Any) -> None:
    """from_parameters copies its arrays; astype rounds them, or keeps them if they fit."""
    layer = Dense.from_parameters(W, W[0])
    assert not any(np.shares_memory(param, W) for param in layer.params)
    assert (layer.n_in, layer.n_out) == W.shape and bits(layer) == [W.tobytes(), W[0].tobytes()]
    layer.astype(np.dtype(dtype))
    rounded = layer.params
    layer.astype(np.dtype(dtype))
    assert layer.W is rounded[0] and layer.b is rounded[1]
    assert bits(layer) == [W.astype(dtype).tobytes(), W[0].astype(dtype).tobytes()]


@pytest.mark.parametrize("dtype", "fdeg?bBhHiIqQ")
def test_every_layer_computes_in_float32_or_float64(dtype: str) -> None:
    """float32 stays float32 in out and all gradients; other real numbers become float64."""
    x, expected = np.array([[0, 1]], dtype), np.dtype("f" if dtype == "f" else "d")
    dense = [Dense.from_parameters(np.eye(2, dtype=kind), [0, 0]) for kind in FLOATS]
    for layer in (*dense, mn.ReLU(), mn.Normalization([0, 0], [1, 1]), mn.Dropout(0.5)):
        arrays = [layer.forward(x), layer.backward(x.astype(expected)), *layer.grads]
        assert {array.dtype for array in arrays} == {expected}
        assert arrays[0].tolist() == [[0, 1]]
    assert (dense[0].x is x) == (dtype in "fd")


@pytest.mark.parametrize(
    ("layer", "config", "text"),
    [
        (Amplifier(2), {"gain": 2, "name": "x"}, "Amplifier(gain=2, name='x')"),
        (Dense(1, 2, default_rng(0)), {"n_in": 1, "n_out": 2}, "Dense(n_in=1, n_out=2)"),
        (mn.LeakyReLU(), {"alpha": 0.3}, "LeakyReLU(alpha=0.3)"),
        (mn.Dropout(0.25), {"rate": 0.25}, "Dropout(rate=0.25)"),
        (mn.Normalization([1], [4]), {"mean": [1], "variance": [4]}, "Normalization(1 features)"),
    ],
)
def test_a_layer_is_described_by_its_options(layer: Layer, config: Any, text: str) -> None:
    """config gives the constructor's arguments, repr the call, also for a reader's own layer."""
    assert layer.config() == config and repr(layer) == text
    layer.train(default_rng(0))
    layer.eval()
    if type(layer) is not Dense:
        assert layer.params == layer.grads == []
    bare, activation = Layer(), mn.activations.Activation()
    for method in (bare.forward, bare.backward, activation.value, activation.derivative):
        with pytest.raises(NotImplementedError):
            method(np.ones((1, 1)))

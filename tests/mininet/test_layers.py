"""Properties of mininet/layers.py: the affine map, its adjoint, its initial weights, its dtypes."""

import math
from copy import deepcopy as copy
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

import mininet as mn
from mininet import Dense, Layer
from tests.mininet.strategies import Amplifier, batches, bits
from tests.oracles import sum_rounding
from tests.strategies import FLOATS, generators

SIZES = st.integers(1, 9)


@given(batches(), SIZES, st.integers(-6, 6), generators())
def test_forward_multiplies_by_the_matrix_and_adds_the_bias(
    x: np.ndarray, n_out: int, decade: int, rng: Generator
) -> None:
    """out[i, j] = Σ_k x[i, k] W[k, j] + b[j]."""
    numbers = (10.0**decade * rng.standard_normal((x.shape[1] + 1, n_out))).astype(x.dtype)
    layer = Dense.from_parameters(numbers[1:], numbers[0])
    out = layer.forward(x)
    assert out.dtype == x.dtype
    for i, row in enumerate(x.tolist()):
        for j, column in enumerate(layer.W.T.tolist()):
            terms = [a * b for a, b in zip(row, column, strict=True)] + [float(layer.b[j])]
            # a product and a sum for each term of the row, and the bias
            bound = sum_rounding(2 * len(terms), math.fsum(map(abs, terms)), x.dtype)
            assert abs(out[i, j] - math.fsum(terms)) <= bound


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
    dense = Dense(2, 3, default_rng(0))
    layers = [dense, mn.ReLU(), mn.Normalization([0, 0], [1, 1]), mn.Dropout(0.5)]
    for layer, kind in product(layers, FLOATS):
        layer.astype(np.dtype(kind))
        wanted, out = layer.forward(x.astype(float)), layer.forward(x)
        arrays = [out, layer.backward(np.ones_like(out)), *layer.grads]
        assert {array.dtype for array in arrays} == {expected}
        np.testing.assert_allclose(out, wanted, rtol=1e-6)  # a few eps of float32
    dense.forward(x)
    assert (dense.x is x) == (dtype in "fd")


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
    bare, activation = Layer(), mn.activations.Activation()
    assert bare.params == bare.grads == []
    for method in (bare.forward, bare.backward, activation.value, activation.derivative):
        with pytest.raises(NotImplementedError):
            method(np.ones((1, 1)))

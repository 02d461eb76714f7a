"""Properties of mininet/layers.py: the affine map, its adjoint, its initial weights, its dtypes."""

from __future__ import annotations

import math
from copy import deepcopy as copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from mininet import Dense, Layer
from tests.mininet.strategies import batches, bits
from tests.oracles import assert_within, refusal, sum_rounding
from tests.strategies import FLOATS, generators, integer_arrays

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
    """⟨dout, u W⟩ = ⟨dx, u⟩, ⟨dout, x V⟩ = ⟨dW, V⟩ and ⟨dout, 1 cᵀ⟩ = ⟨db, c⟩ for all u, V and c,
    which determines dx, dW and db; x, W, b and dout stay as they are, bit for bit."""
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


@given(dense_layers(), st.integers(0, 9), generators())
def test_a_batch_is_the_sum_of_its_parts_in_any_order(case: Case, cut: int, rng: Generator) -> None:
    """Divide the rows into two parts, in any order: out and dx of the parts are those rows of out
    and dx, and dW and db, sums over the rows, are the sums of those of the parts."""
    layer, x, dout = case
    whole = [layer.forward(x), layer.backward(dout), layer.dW, layer.db]
    order, parts = rng.permutation(len(x)), []
    for rows in (order[:cut], order[cut:]):
        parts.append([layer.forward(x[rows]), layer.backward(dout[rows]), layer.dW, layer.db])
    W, b = np.abs(layer.W), np.abs(layer.b)
    totals = [np.abs(x) @ W + b, np.abs(dout) @ W.T, np.abs(x).T @ np.abs(dout)]
    totals.append(np.abs(dout).sum(axis=0))
    n_terms = 2 * max(*x.shape, *dout.shape) + 2  # products and sums, and the bias
    for k, (first, second) in enumerate(zip(*parts, strict=True)):
        joined = np.concatenate([first, second]) if k < 2 else first + second
        expected, total = (a[order] if k < 2 else a for a in (whole[k], totals[k]))
        assert_within(joined, expected, 2 * sum_rounding(n_terms, total, x.dtype))


def test_a_step_worked_by_hand() -> None:
    """One example through a layer of two inputs and three outputs, and back."""
    # x = (1, 2), W = (1 2 3; 4 5 6), b = (10, 20, 30):
    #   out = (1·1 + 2·4 + 10, 1·2 + 2·5 + 20, 1·3 + 2·6 + 30) = (19, 32, 45)
    # dout = (1, 0, -1):
    #   dx = (1·1 - 1·3, 1·4 - 1·6) = (-2, -2),  dW = xᵀ dout = (1 0 -1; 2 0 -2),  db = dout
    layer = Dense.from_parameters([[1, 2, 3], [4, 5, 6]], [10, 20, 30])
    np.testing.assert_array_equal(layer.forward([[1, 2]]), [[19, 32, 45]])
    np.testing.assert_array_equal(layer.backward(np.array([[1.0, 0, -1]])), [[-2, -2]])
    np.testing.assert_array_equal(layer.dW, [[1, 0, -1], [2, 0, -2]])
    np.testing.assert_array_equal(layer.db, [1, 0, -1])
    assert layer.params[0] is layer.W and layer.params[1] is layer.b
    assert layer.grads[0] is layer.dW and layer.grads[1] is layer.db


@given(SIZES | st.just(300), SIZES | st.just(200), generators())
def test_glorot_weights_are_uniform_with_variance_2_over_the_units(
    n_in: int, n_out: int, rng: Generator
) -> None:
    """|W| <= √(6/(n_in + n_out)), mean 0, variance 2/(n_in + n_out), a tenth in each tenth of the
    range; b = 0; both float64. A generator in the same state gives the same weights."""
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


@given(integer_arrays((2, 3)) | st.just(np.ones((2, 3), bool)), st.sampled_from(FLOATS))
def test_x_determines_the_dtype_of_the_computation(x: np.ndarray, dtype: Any) -> None:
    """float32 in, float32 throughout, whatever the dtype of the weights; integers, booleans and
    half floats give the same as these numbers in float64, in float64; integers in dout too. astype
    rounds W and b once, and keeps the arrays if they have that dtype already."""
    layer = Dense(3, 3, default_rng(0))
    rounded = [param.astype(dtype).tobytes() for param in layer.params]
    layer.astype(np.dtype(dtype))
    (W, b), weights = layer.params, bits(layer)
    layer.astype(np.dtype(dtype))
    assert layer.W is W and layer.b is b and W.dtype == b.dtype == dtype and weights == rounded
    out, dx = layer.forward(x.astype(np.float64)), layer.backward(x.astype(np.float64))
    for same in (x, x.tolist(), x.astype(np.float16)):
        np.testing.assert_array_equal(layer.forward(same), out)
        np.testing.assert_array_equal(layer.backward(x), dx)
        assert layer.forward(same).dtype == layer.backward(x).dtype == np.float64
    single = x.astype(np.float32)
    arrays = [layer.forward(single), layer.backward(single), *layer.grads]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@given(batches())
def test_from_parameters_copies_what_it_is_given(W: np.ndarray) -> None:
    """Dense.from_parameters(W, b) has copies of W and b; n_in, n_out, repr and config give their
    shape."""
    layer, (n_in, n_out) = Dense.from_parameters(W, W[0]), W.shape
    assert bits(layer) == [W.tobytes(), W[0].tobytes()] and (layer.n_in, layer.n_out) == W.shape
    assert not np.shares_memory(layer.W, W) and not np.shares_memory(layer.b, W)
    assert layer.config() == {"n_in": n_in, "n_out": n_out}
    assert repr(layer) == f"Dense(n_in={n_in}, n_out={n_out})"


class Two(Layer):
    """A layer of a reader's own, with two options."""

    def __init__(self, a: int, b: str = "x") -> None:
        self.a, self.b, self.other = a, b, 3


def test_a_layer_needs_only_forward_and_backward() -> None:
    """Layer leaves forward and backward to its subclasses; it has no parameters and takes any dtype
    and mode. config gives the arguments of the constructor; the repr is the call."""
    layer = Two(1)
    layer.astype(np.dtype(np.float32))
    layer.train(default_rng(0))
    layer.eval()
    assert layer.params == layer.grads == [] and layer.n_in is layer.n_out is None
    for method in (layer.forward, layer.backward):
        with pytest.raises(NotImplementedError):
            method(np.ones((1, 1)))
    assert layer.config() == {"a": 1, "b": "x"} and repr(layer) == "Two(a=1, b='x')"


def test_sizes_and_arrays_that_do_not_fit_are_rejected() -> None:
    """n_in and n_out must be positive integers, of Python or NumPy; x must be (n_examples, n_in),
    W (n_in, n_out) and b (n_out,)."""
    rng, sizes = default_rng(0), {"n_in": np.int64(3), "n_out": np.uint8(2)}
    layer = Dense(**sizes, rng=rng)  # type: ignore[arg-type]
    for name in sizes:
        for size in (0, -1, 2.0, "3", None):
            message = f"{name}={size!r} must be a positive integer"
            assert refusal(Dense, **{**sizes, name: size}, rng=rng) == message
    for x in map(np.ones, [(3,), (2, 2), (2, 4), (1, 2, 3), ()]):
        assert refusal(layer.forward, x) == f"x has shape {x.shape}; it must be (n_examples, 3)"
    for shapes in [((2, 3), (2,)), ((2, 3), (1, 3)), ((2, 3), ()), ((3,), ()), ((1, 2, 3), (2, 3))]:
        message = f"W {shapes[0]} and b {shapes[1]} must be (n_in, n_out) and (n_out,)"
        assert refusal(Dense.from_parameters, *map(np.ones, shapes)) == message

"""Theorems about mininet/layers.py: the affine map, its adjoint, its start, and its dtypes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from tests.oracles import assert_within, refusal, sum_rounding
from tests.strategies import FLOATS, batches, generators, integer_arrays

from mininet import Dense, Layer, LeakyReLU, ReLU, gradient_check
from mininet.layers import as_float

SIZES = st.integers(1, 9)


@st.composite
def dense_layers(draw: st.DrawFn) -> tuple[Dense, np.ndarray, np.ndarray]:
    """A Dense layer of one dtype, inputs x and gradients dout, each of a level of its own."""
    x = draw(batches())
    rng, n_out = draw(generators()), draw(SIZES)
    level_w, level_out = (10.0 ** draw(st.integers(-6, 6)) for _ in range(2))
    W = level_w * rng.standard_normal((x.shape[1], n_out))
    layer = Dense.from_parameters(
        W.astype(x.dtype), (level_w * rng.standard_normal(n_out)).astype(x.dtype)
    )
    return layer, x, (level_out * rng.standard_normal((len(x), n_out))).astype(x.dtype)


def linear(W: np.ndarray) -> Dense:
    """x -> x W, without a bias."""
    return Dense.from_parameters(W, np.zeros(W.shape[1], W.dtype))


@given(dense_layers())
def test_forward_multiplies_by_the_matrix(
    drawn: tuple[Dense, np.ndarray, np.ndarray],
) -> None:
    """out[i, j] = Σ_k x[i, k] W[k, j] + b[j]."""
    layer, x, _ = drawn
    out = layer.forward(x)
    assert out.dtype == x.dtype
    for i, row in enumerate(x.tolist()):
        for j, column in enumerate(layer.W.T.tolist()):
            terms = [a * b for a, b in zip(row, column, strict=True)] + [float(layer.b[j])]
            total = math.fsum(map(abs, terms))
            # a product and a sum for each term of the row, and the bias
            bound = sum_rounding(2 * len(terms), total, x.dtype)
            assert abs(out[i, j] - math.fsum(terms)) <= bound


@given(dense_layers(), generators())
def test_backward_is_the_adjoint_of_forward(
    drawn: tuple[Dense, np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    """⟨dout, u W⟩ = ⟨dx, u⟩ for every u, ⟨dout, x V⟩ = ⟨dW, V⟩ for every V, ⟨dout, 1 cᵀ⟩ = ⟨db, c⟩
    for every c: which says of dx, dW and db all there is to say."""
    layer, x, dout = drawn
    layer.forward(x)
    dx = layer.backward(dout)
    u, V, c = (rng.standard_normal(thing.shape).astype(x.dtype) for thing in (x, layer.W, layer.b))
    # Each side is a sum over all (i, k, j), of two products a term and at most n·n_in·n_out sums.
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


@given(dense_layers(), generators())
def test_every_gradient_of_dense_is_the_measured_one(
    drawn: tuple[Dense, np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    """dx, dW and db pass a directional gradient check."""
    _, x, dout = drawn
    # The layer is linear in each of x, W and b: nothing is truncated, and rounding is eps/h =
    # eps^(2/3) = 4e-11 of Σ|terms|. The terms cancel to a c-th of that with a probability of 1/c.
    layer = Dense(x.shape[1], dout.shape[1], rng)
    assert gradient_check(layer, rng.standard_normal(x.shape), rng=rng) < 1e-6


@given(dense_layers(), st.integers(0, 9))
def test_a_concatenated_batch_is_its_parts(
    drawn: tuple[Dense, np.ndarray, np.ndarray], cut: int
) -> None:
    """The rows of a batch do not see each other: out and dx of a batch are those of its parts, one
    after the other; dW and db, sums over the rows, are the sums of those of its parts."""
    layer, x, dout = drawn
    whole = [layer.forward(x), layer.backward(dout), layer.dW, layer.db]
    parts = []
    for rows in (slice(None, cut), slice(cut, None)):
        parts.append([layer.forward(x[rows]), layer.backward(dout[rows]), layer.dW, layer.db])
    W, b = np.abs(layer.W), np.abs(layer.b)
    totals = [np.abs(x) @ W + b, np.abs(dout) @ W.T, np.abs(x).T @ np.abs(dout)]
    totals.append(np.abs(dout).sum(axis=0))
    n_terms = 2 * max(*x.shape, *dout.shape) + 2  # products and sums, and the bias
    for k, (first, second) in enumerate(zip(*parts, strict=True)):
        joined = np.concatenate([first, second]) if k < 2 else first + second
        assert_within(whole[k], joined, 2 * sum_rounding(n_terms, totals[k], x.dtype))


@given(dense_layers(), generators())
def test_permuting_the_examples_permutes_the_rows_and_leaves_the_sums(
    drawn: tuple[Dense, np.ndarray, np.ndarray], rng: np.random.Generator
) -> None:
    """For a permutation P: out(P x) = P out(x), dx(P dout) = P dx, the same dW and db."""
    layer, x, dout = drawn
    order = rng.permutation(len(x))
    out, dx, dW, db = layer.forward(x), layer.backward(dout), layer.dW, layer.db
    W, b = np.abs(layer.W), np.abs(layer.b)
    n_terms = 2 * max(*x.shape, *dout.shape) + 2  # products and sums, and the bias
    for permuted, plain, total in (
        (layer.forward(x[order]), out[order], (np.abs(x) @ W + b)[order]),
        (layer.backward(dout[order]), dx[order], (np.abs(dout) @ W.T)[order]),
        (layer.dW, dW, np.abs(x).T @ np.abs(dout)),
        (layer.db, db, np.abs(dout).sum(axis=0)),
    ):
        assert_within(permuted, plain, 2 * sum_rounding(n_terms, total, x.dtype))


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


@given(dense_layers())
def test_parameter_gradients_are_those_of_backward(
    drawn: tuple[Dense, np.ndarray, np.ndarray],
) -> None:
    """parameter_gradients sets the dW and db of backward, bit for bit, and returns nothing."""
    layer, x, dout = drawn
    layer.forward(x)
    layer.backward(dout)
    full = layer.grads
    assert layer.parameter_gradients(dout) is None  # type: ignore[func-returns-value]
    for gradient, expected in zip(layer.grads, full, strict=True):
        np.testing.assert_array_equal(gradient, expected)


@given(dense_layers())
def test_backward_changes_no_parameter(drawn: tuple[Dense, np.ndarray, np.ndarray]) -> None:
    """backward only computes: x, W, b and dout are bit for bit what they were."""
    layer, x, dout = drawn
    before = [thing.tobytes() for thing in (x, layer.W, layer.b, dout)]
    layer.forward(x)
    layer.backward(dout)
    assert [thing.tobytes() for thing in (x, layer.W, layer.b, dout)] == before


@given(SIZES | st.just(300), SIZES | st.just(200), generators())
def test_glorot_weights_are_uniform_with_variance_2_over_the_units(
    n_in: int, n_out: int, rng: np.random.Generator
) -> None:
    """|W| <= √(6/(n_in + n_out)), mean 0, variance 2/(n_in + n_out); b = 0; both float64."""
    layer = Dense(n_in, n_out, rng)
    limit = math.sqrt(6 / (n_in + n_out))
    assert layer.W.shape == (n_in, n_out) and layer.b.shape == (n_out,)
    assert layer.W.dtype == layer.b.dtype == np.float64
    assert not layer.b.any() and np.abs(layer.W).max() <= limit
    # Hoeffding (1963): the mean of N numbers in [0, r] is farther than r·√(ln(2/δ)/2N) from its
    # expectation with a probability below δ, here 1e-12.
    width = math.sqrt(math.log(2 / 1e-12) / (2 * layer.W.size))
    assert abs(layer.W.mean()) <= 2 * limit * width
    assert abs(np.mean(layer.W**2) - 2 / (n_in + n_out)) <= limit**2 * width


def test_glorot_weights_fill_their_range() -> None:
    """Of 40,000 weights, a tenth lies in each tenth of the range: the distribution is uniform."""
    limit = math.sqrt(6 / 400)
    W = Dense(200, 200, np.random.default_rng(0)).W
    counts, _ = np.histogram(W, bins=10, range=(-limit, limit))
    # a count is binomial: mean 4000, deviation √(40000·0.1·0.9) = 60; five deviations
    assert counts.sum() == 40_000 and np.abs(counts - 4000).max() < 300


@given(st.integers(0, 2**32 - 1))
def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not(seed: int) -> None:
    """Same generator seed: bit-identical W. Another seed: another W."""
    first, again, other = (Dense(3, 2, np.random.default_rng(s)).W for s in (seed, seed, seed + 1))
    assert first.tobytes() == again.tobytes()
    assert not np.any(first == other)


@given(integer_arrays((2, 3)) | st.just(np.ones((2, 3), bool)))
def test_integers_are_computed_as_float64(x: np.ndarray) -> None:
    """Integers, booleans and half floats give what the same numbers in float64 give, in float64;
    integers in dout too."""
    layer = Dense(3, 3, np.random.default_rng(0))
    out, dx = layer.forward(x.astype(np.float64)), layer.backward(x.astype(np.float64))
    for same in (x, x.tolist(), x.astype(np.float16)):
        assert layer.forward(same).dtype == np.float64
        np.testing.assert_array_equal(layer.forward(same), out)
    assert layer.backward(x).dtype == np.float64
    np.testing.assert_array_equal(layer.backward(x), dx)


@pytest.mark.parametrize("dtype", FLOATS)
def test_x_sets_the_dtype_of_all_that_is_computed(dtype: type[np.floating]) -> None:
    """float32 in, float32 all the way, whatever the weights are; float64 likewise."""
    for layer in (Dense(3, 2, np.random.default_rng(0)), linear(np.ones((3, 2), np.float32))):
        x, dout = np.ones((4, 3), dtype), np.ones((4, 2), dtype)
        arrays = [layer.forward(x), layer.backward(dout), layer.dW, layer.db]
        assert [array.dtype for array in arrays] == [dtype] * 4


@pytest.mark.parametrize("dtype", FLOATS)
def test_to_dtype_rounds_the_parameters(dtype: type[np.floating]) -> None:
    """to_dtype keeps W and b as dtype, each rounded once; of that dtype they are left alone, the
    same arrays."""
    layer = Dense(3, 2, np.random.default_rng(0))
    layer.b[:] = np.pi
    W, b = layer.W.astype(dtype), layer.b.astype(dtype)
    layer.to_dtype(np.dtype(dtype))
    assert layer.W.tobytes() == W.tobytes() and layer.b.tobytes() == b.tobytes()
    assert layer.W.dtype == layer.b.dtype == dtype
    W, b = layer.W, layer.b
    layer.to_dtype(np.dtype(dtype))
    assert layer.W is W and layer.b is b


@given(batches())
def test_from_parameters_keeps_what_it_is_given(W: np.ndarray) -> None:
    """Dense.from_parameters(W, b) has copies of W and b, of n_in rows and n_out columns."""
    layer = Dense.from_parameters(W, W[0])
    assert layer.W.tobytes() == W.tobytes() and layer.b.tobytes() == W[0].tobytes()
    assert (layer.n_in, layer.n_out) == W.shape
    assert repr(layer) == f"Dense({W.shape[0]}, {W.shape[1]})" and str(layer) == "Dense"
    assert layer.config() == {}
    assert not np.shares_memory(layer.W, W) and not np.shares_memory(layer.b, W)


def test_sizes_may_be_integers_of_numpy() -> None:
    """n_in and n_out may be any integer type, as array.shape or an integer array gives them."""
    layer = Dense(np.int64(2), np.uint8(3), np.random.default_rng(0))  # type: ignore[arg-type]
    assert layer.W.shape == (2, 3)


class Counting(Layer):
    """A layer that counts the calls of its backward."""

    def __init__(self, params: list[np.ndarray]) -> None:
        self.arrays, self.calls = params, 0

    @property
    def params(self) -> list[np.ndarray]:
        """The given arrays."""
        return self.arrays

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dout, unchanged."""
        self.calls += 1
        return dout


@pytest.mark.parametrize(("params", "calls"), [([], 0), ([np.ones(2)], 1)])
def test_parameter_gradients_of_any_layer_are_backward_if_there_are_any(
    params: list[np.ndarray], calls: int
) -> None:
    """By default parameter_gradients is backward where there are parameters, and nothing else."""
    layer = Counting(params)
    layer.parameter_gradients(np.ones(2))
    assert layer.calls == calls


def test_a_bare_layer_has_no_parameters_and_computes_nothing() -> None:
    """Layer: no params, no grads, an empty config, any dtype; forward and backward are to write."""
    layer = Layer()
    layer.to_dtype(np.dtype(np.float32))
    assert layer.params == layer.grads == [] and layer.config() == {}
    for method in (layer.forward, layer.backward):
        with pytest.raises(NotImplementedError):
            method(np.ones((1, 1)))


def test_a_layer_is_written_with_its_options() -> None:
    """The repr of a layer is the call that builds it."""
    assert repr(ReLU()) == "ReLU" and repr(LeakyReLU(0.25)) == "LeakyReLU(alpha=0.25)"

    class Two(Layer):
        def config(self) -> dict[str, Any]:
            return {"a": 1, "b": "x"}

    assert repr(Two()) == "Two(a=1, b='x')"


@pytest.mark.parametrize("dtype", FLOATS)
def test_as_float_leaves_floats_alone(dtype: type[np.floating]) -> None:
    """A float32 or float64 array comes back as the same object: no copy is made."""
    array = np.ones(3, dtype)
    assert as_float(array) is array


@pytest.mark.parametrize("size", [0, -1, 2.0, "3", None])
@pytest.mark.parametrize("name", ["n_in", "n_out"])
def test_a_size_that_is_no_positive_integer_is_refused(name: str, size: Any) -> None:
    """A size must be a positive integer; the message gives name and value."""
    sizes = {"n_in": 2, "n_out": 2, name: size}
    message = refusal(Dense, **sizes, rng=np.random.default_rng(0))
    assert message == f"{name}={size!r} must be a positive integer"


@pytest.mark.parametrize("shape", [(3,), (2, 2), (2, 4), (1, 2, 3), ()])
def test_an_input_of_another_width_is_refused(shape: tuple[int, ...]) -> None:
    """x must be (n_examples, n_in)."""
    message = refusal(Dense(3, 2, np.random.default_rng(0)).forward, np.ones(shape))
    assert message == f"x has shape {shape}; Dense needs (n_examples, 3)"


@pytest.mark.parametrize(
    ("W", "b"), [((2, 3), (2,)), ((2, 3), (1, 3)), ((2, 3), ()), ((3,), ()), ((1, 2, 3), (2, 3))]
)
def test_parameters_that_do_not_fit_are_refused(W: tuple[int, ...], b: tuple[int, ...]) -> None:
    """W must be (n_in, n_out) and b (n_out,)."""
    message = refusal(Dense.from_parameters, np.ones(W), np.ones(b))
    assert message == f"W {W} and b {b} must be (n_in, n_out), (n_out,)"


@pytest.mark.parametrize("x", [[[1j]], [["a"]], [[None]], np.zeros((1, 1), "datetime64[s]")])
def test_what_is_no_real_number_is_refused(x: ArrayLike) -> None:
    """Complex numbers, texts, objects and dates are no numbers to compute with."""
    message = refusal(Dense(1, 1, np.random.default_rng(0)).forward, x)
    assert message == f"dtype {np.asarray(x).dtype} must be one of real numbers"

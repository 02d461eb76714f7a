"""A gradient kept as a product: the same numbers as the whole, whichever rows are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import assert_within, sum_rounding
from tests.strategies import FLOATS, eps_of, generators
from tests.mininet.test_fast import small_network

from mininet import SGD, Dense, History, ReLU, Sequential, optimizers
from mininet.product import Product


@given(
    rng=generators(),
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9)),
    ends=st.tuples(st.integers(0, 45), st.integers(0, 45)),
    dtype=st.sampled_from(FLOATS),
)
def test_rows_of_a_product_are_rows_of_the_whole(
    rng: np.random.Generator, sizes: tuple[int, int, int], ends: tuple[int, int], dtype: type
) -> None:
    """P[i:j] = (left @ right)[i:j], to the rounding of n terms, for any i and j, none and all; the
    whole is left @ right to the bit, in the dtype that is asked for."""
    d, n, m = sizes
    left: np.ndarray = rng.standard_normal((d, n)).astype(dtype)
    right: np.ndarray = rng.standard_normal((n, m)).astype(dtype)
    product, whole = Product(left, right), left @ right
    bound = sum_rounding(n, np.abs(left) @ np.abs(right), dtype)
    rows = slice(*ends)
    assert product[rows].dtype == dtype
    assert_within(product[rows], whole[rows], bound[rows])
    np.testing.assert_array_equal(product[...], whole)
    np.testing.assert_array_equal(np.asarray(product), whole)
    assert np.asarray(product).dtype == dtype
    assert np.asarray(product, np.float64).dtype == np.float64


@settings(max_examples=30)
@given(
    rng=generators(),
    n=st.integers(1, 20),
    n_features=st.integers(1, 40),
    batch_size=st.integers(1, 8),
    momentum=st.sampled_from([0.0, 0.9]),
    stretch=st.integers(1, 400),
)
def test_training_by_rows_learns_the_same_weights(
    rng: np.random.Generator,
    n: int,
    n_features: int,
    batch_size: int,
    momentum: float,
    stretch: int,
) -> None:
    """Four epochs with dW as a Product, in stretches of any size, and with dW as an array, in one,
    differ by rounding: below 1e-9 for some 1e2 updates of numbers of order one, eps = 2e-16."""

    class Whole(SGD):
        """The same rule, but of another class, which is given arrays."""

    x, y = rng.standard_normal((n, n_features)), rng.integers(0, 3, n)
    seed, trained = int(rng.integers(2**32)), []
    for kind, numbers in ((Whole, 10**9), (SGD, stretch)):
        draws = np.random.default_rng(seed)
        network, optimizer = small_network(n_features, draws), kind(0.05, 0.1, momentum)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(optimizers, "STRETCH", numbers)
            network.fit(x, y, 4, batch_size, optimizer, draws, gram=False)
        trained.append([*network.params, *optimizer.velocities])
    for mine, theirs in zip(*trained, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)


@given(
    rng=generators(),
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple),
    momentum=st.sampled_from([0.0, 0.9]),
    stretch=st.integers(1, 300),
)
def test_an_update_in_stretches_is_the_update(
    rng: np.random.Generator, shape: tuple[int, ...], momentum: float, stretch: int
) -> None:
    """How many rows are moved together changes no bit of three updates by arrays, and each stretch
    has as many rows as it may: at least one, and else no more numbers than STRETCH."""
    params: list[np.ndarray] = []
    taken: list[np.ndarray] = []
    grads = rng.standard_normal((3, *shape))

    class Gradient(np.ndarray):
        """An array that remembers which of its rows were asked for."""

        def __getitem__(self, rows: Any) -> np.ndarray:
            taken.append(np.asarray(self)[rows])
            return taken[-1]

    for numbers in (10**9, stretch):
        param, optimizer = np.ones(shape), SGD(0.1, 0.5, momentum)
        taken.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(optimizers, "STRETCH", numbers)
            for grad in grads:
                optimizer.step([param], [grad.view(Gradient)])
        params.append(param)
    np.testing.assert_array_equal(params[0], params[1])
    size = int(np.prod(shape))
    rows = shape[0] if size <= stretch else max(1, stretch // (size // shape[0]))
    assert len(taken) == 3 * -(-shape[0] // rows) and len(taken[0]) == rows


def test_the_first_dense_layer_multiplies_by_rows_while_it_trains() -> None:
    """With plain SGD its dW is a Product during fit, and an array afterwards: that of the last
    batch, whose rows are those of x here. The other layers, and later backward passes, have arrays
    throughout."""
    rng, seen = np.random.default_rng(0), []
    network = Sequential([Dense(4, 5, rng), ReLU(), Dense(5, 3, rng)])
    first, last = network.layers[0], network.layers[-1]
    assert isinstance(first, Dense) and isinstance(last, Dense)

    def look(history: History) -> None:
        seen.append((type(first.dW), type(last.dW), np.asarray(first.dW)))

    x, y = rng.standard_normal((6, 4)), [0, 1, 2, 0, 1, 2]
    network.fit(x, y, 2, 6, SGD(0.1), rng, look, gram=False)
    assert [kinds[:2] for kinds in seen] == 2 * [(Product, np.ndarray)]
    assert type(first.dW) is np.ndarray
    np.testing.assert_array_equal(first.dW, seen[-1][2])
    network.backward(np.ones((6, 3)))
    assert type(first.dW) is np.ndarray and type(network.grads[0]) is np.ndarray


@pytest.mark.parametrize("epochs", [1, 200])
def test_after_a_run_that_diverges_the_layer_is_as_before(epochs: int) -> None:
    """Also when fit ends by an error, before the first update or after some, dW is no Product."""
    rng = np.random.default_rng(0)
    network = Sequential([Dense(2, 2, rng)])
    first = network.layers[0]
    x = np.eye(2) * (1e300 if epochs == 1 else 1e3)
    with pytest.raises(ValueError, match="not finite"):
        network.fit(x, [0, 1], epochs, 2, SGD(1e307), rng, gram=False)
    network.forward(np.eye(2))
    network.backward(np.ones((2, 2)))
    assert isinstance(first, Dense) and type(first.dW) is np.ndarray


def test_other_rules_and_other_layers_have_arrays() -> None:
    """An optimizer of another class may need more of a gradient than its rows, and a layer of
    another class may know another one: neither is given a Product, and the layer's is used."""
    rng = np.random.default_rng(0)
    kinds: set[type] = set()

    class Sign(SGD):
        """θ ← θ - lr sign(g): nothing that a product could be asked."""

        def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
            kinds.update(type(grad) for grad in grads)
            for param, grad in zip(params, grads, strict=True):
                param -= self.rate * np.sign(grad)
            self.t += 1

    class Frozen(Dense):
        """A dense layer that does not learn."""

        def parameter_gradients(self, dout: np.ndarray) -> None:
            self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)

    x, y = rng.standard_normal((4, 3)), [0, 1, 0, 1]
    Sequential([Dense(3, 2, rng)]).fit(x, y, 2, 2, Sign(0.1), rng)
    assert kinds == {np.ndarray}
    frozen = Frozen(3, 2, rng)
    before = frozen.W.copy()
    Sequential([frozen]).fit(x, y, 2, 2, SGD(0.1), rng)
    np.testing.assert_array_equal(frozen.W, before)


def test_a_gradient_by_rows_is_a_gradient() -> None:
    """Central differences of the reported loss agree with the Product that training uses: with
    h = eps^(1/3) they are off by some h² = 4e-11 of numbers of order one."""
    rng, h = np.random.default_rng(1), eps_of(float) ** (1 / 3)
    network = Sequential([Dense(6, 4, rng), ReLU(), Dense(4, 3, rng)])
    x, y = rng.standard_normal((5, 6)), [0, 1, 2, 0, 1]
    first = network.layers[0]
    assert isinstance(first, Dense)
    begun, direction = first.W.copy(), rng.standard_normal((6, 4))
    network.fit(x, y, 1, 5, SGD(1.0), rng, gram=False)
    slope = np.sum((begun - first.W) * direction)  # lr = 1: the step is the gradient
    losses = []
    for sign in (1, -1):
        rng = np.random.default_rng(1)
        network = Sequential([Dense(6, 4, rng), ReLU(), Dense(4, 3, rng)])
        network.params[0][...] += sign * h * direction
        losses.append(network.evaluate(x, y)[0])
    assert_within(slope, (losses[0] - losses[1]) / (2 * h), 1e-9)

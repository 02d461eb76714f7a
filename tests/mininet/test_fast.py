"""The Gram form: the same training as the plain form, to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import generators

from mininet import SGD, Dense, LeakyReLU, ReLU, Sequential, Sigmoid
from mininet.gram import GramDense


def small_network(n_features: int, rng: np.random.Generator) -> Sequential:
    """The reference network's activations in small."""
    return Sequential(
        [
            Dense(n_features, 7, rng=rng),
            Sigmoid(),
            Dense(7, 6, rng=rng),
            LeakyReLU(),
            Dense(6, 5, rng=rng),
            ReLU(),
            Dense(5, 3, rng=rng),
        ]
    )


@settings(max_examples=30)
@given(
    rng=generators(),
    n=st.integers(1, 30),
    n_features=st.integers(1, 60),
    batch_size=st.integers(1, 12),
    momentum=st.sampled_from([0.0, 0.9]),
    decay=st.sampled_from([0.0, 0.1]),
)
def test_the_gram_form_learns_the_same_weights(
    rng: np.random.Generator,
    n: int,
    n_features: int,
    batch_size: int,
    momentum: float,
    decay: float,
) -> None:
    """Four epochs in either form, on standardised float64 data, differ by rounding: below 1e-9 for
    some 1e2 updates of numbers of order one with eps = 2e-16, whatever n and n_features are."""
    x, y = rng.standard_normal((n, n_features)), rng.integers(0, 3, n)
    seed = int(rng.integers(2**32))
    trained = []
    for gram in (False, True):
        draws = np.random.default_rng(seed)
        network, optimizer = small_network(n_features, draws), SGD(0.05, decay, momentum)
        history = network.fit(x, y, 4, batch_size, optimizer, draws, gram=gram)
        trained.append((history, network, optimizer))
    (plain, network, optimizer), (dual, twin, other) = trained
    np.testing.assert_allclose(dual.loss, plain.loss, rtol=0, atol=1e-9)
    assert dual.accuracy == plain.accuracy and dual.learning_rate == plain.learning_rate
    for mine, theirs in zip(twin.params, network.params, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)
    assert len(optimizer.velocities) == len(other.velocities) == (8 if momentum else 0)
    for mine, theirs in zip(other.velocities, optimizer.velocities, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)


@settings(max_examples=50)
@given(
    rng=generators(), n=st.integers(1, 12), n_features=st.integers(1, 20), n_out=st.integers(1, 6)
)
def test_the_gram_layer_is_the_dense_layer_it_stands_for(
    rng: np.random.Generator, n: int, n_features: int, n_out: int
) -> None:
    """With W⁰ + Xᵀ A in a Dense: the same output for examples by number, and for any other x; the
    gradients it gives mean the Dense's, dW = Xᵀ dA and db."""
    x = rng.standard_normal((n, n_features))
    dense = Dense(n_features, n_out, rng=rng)
    form = GramDense(dense, x)
    form.A[...] = rng.standard_normal(form.A.shape)
    same = Dense.from_parameters(dense.W + form.unfold(form.A), rng.standard_normal(n_out))
    dense.b[...] = same.b
    rows = rng.permutation(n)[: rng.integers(1, n + 1)]
    other, dout = rng.standard_normal((4, n_features)), rng.standard_normal((len(rows), n_out))
    # three products in a row, of at most 20 · 12 terms below 5 · 5: 3 · 240 · 25 eps = 4e-12
    np.testing.assert_allclose(form.forward(other), same.forward(other), rtol=0, atol=1e-11)
    np.testing.assert_allclose(form.forward(rows), same.forward(x[rows]), rtol=0, atol=1e-11)
    form.parameter_gradients(dout)
    same.parameter_gradients(dout)
    np.testing.assert_allclose(form.unfold(form.grads[0]), same.dW, rtol=0, atol=1e-11)
    np.testing.assert_allclose(form.grads[1], same.db, rtol=0, atol=1e-11)


def test_fit_uses_the_gram_form_where_examples_are_fewer_than_features(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gram=None: the Gram form for n < d, the plain one for n = d, and after updates with momentum,
    whose velocity need not be a combination of the new examples."""
    made: list[int] = []
    original = GramDense.__init__

    def counting(self: GramDense, dense: Dense, x: np.ndarray) -> None:
        made.append(len(x))
        original(self, dense, x)

    monkeypatch.setattr(GramDense, "__init__", counting)
    rng = np.random.default_rng(0)
    optimizer = SGD(0.1, momentum=0.5)
    network = Sequential([Dense(5, 2, rng=rng)])
    for n, expected in ((5, []), (4, [4]), (4, [4])):
        fresh = SGD(0.1) if n == 5 else optimizer
        network.fit(rng.standard_normal((n, 5)), np.arange(n) % 2, 1, 2, fresh, rng)
        assert made == expected
    Sequential([Sigmoid(), Dense(5, 2, rng=rng)]).fit(np.ones((3, 5)), [0, 1, 0], 1, 2, SGD(), rng)
    assert made == [4]


def test_what_cannot_be_trained_in_the_gram_form_is_refused() -> None:
    """gram=True with another layer first, or with an optimizer that has velocities, is an error."""
    rng = np.random.default_rng(0)
    x, y = np.ones((3, 5)), [0, 1, 0]
    with pytest.raises(ValueError, match="gram=True needs a Dense first"):
        Sequential([Sigmoid(), Dense(5, 2, rng=rng)]).fit(x, y, 1, 2, SGD(), rng, gram=True)
    network, optimizer = Sequential([Dense(5, 2, rng=rng)]), SGD(momentum=0.9)
    network.fit(x, y, 1, 2, optimizer, rng, gram=True)
    with pytest.raises(ValueError, match="without velocities of an earlier fit"):
        network.fit(x, y, 1, 2, optimizer, rng, gram=True)


def test_the_network_is_whole_during_and_after_training() -> None:
    """on_epoch may ask the network: its answers are those of the weights so far; an interruption
    leaves it with the weights learnt until then, in its own Dense."""
    rng = np.random.default_rng(1)
    x, y, new = rng.standard_normal((6, 9)), np.arange(6) % 2, rng.standard_normal((3, 9))
    network = Sequential([Dense(9, 4, rng=rng), ReLU(), Dense(4, 2, rng=rng)])
    first = network.layers[0]
    answers: list[np.ndarray] = []

    def interrupt_at_the_third(history: object) -> None:
        answers.append(network.predict_proba(new))
        if len(answers) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        network.fit(x, y, 9, 2, SGD(0.5), rng, on_epoch=interrupt_at_the_third, gram=True)
    assert network.layers[0] is first and type(first) is Dense
    # the same sums in another order: a few eps of probabilities below one
    np.testing.assert_allclose(network.predict_proba(new), answers[2], rtol=0, atol=1e-13)
    assert np.abs(answers[2] - answers[0]).max() > 1e-3


def test_another_rule_of_steps_is_not_trained_in_the_gram_form() -> None:
    """Weight decay shrinks the weights that training began with, which no sum of gradients does: an
    optimizer that is not SGD itself is trained plainly, and gram=True refuses it."""

    class Decaying(SGD):
        def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
            decayed = [grad + 0.5 * param for param, grad in zip(params, grads, strict=True)]
            super().step(params, decayed)

    x, y = np.random.default_rng(0).standard_normal((3, 5)), [0, 1, 0]
    rng = np.random.default_rng(1)
    dense = Dense(5, 2, rng=rng)
    W = dense.W.copy()
    network = Sequential([dense])
    network.fit(x, y, 1, 3, Decaying(0.1), rng)
    p = np.exp(x @ W) / np.exp(x @ W).sum(axis=1, keepdims=True)
    expected = W - 0.1 * (x.T @ (p - np.eye(2)[y]) / 3 + 0.5 * W)
    np.testing.assert_allclose(dense.W, expected, rtol=0, atol=1e-14)
    with pytest.raises(ValueError, match="gram=True needs"):
        network.fit(x, y, 1, 3, Decaying(0.1), rng, gram=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_a_that_could_overflow_counts_as_infinite(dtype: type[np.floating]) -> None:
    """n max|X| max|A| must stay below a fourth of the largest number, and A and b be no NaN: then
    W = W⁰ + Xᵀ A is finite."""
    largest = np.finfo(dtype).max
    x = np.array([[0.5, -2.0], [1.0, 0.0]], dtype)  # n max|X| = 4
    dense = Dense(2, 1, np.random.default_rng(0))
    dense.to_dtype(np.dtype(dtype))
    form = GramDense(dense, x)
    for bad, expected in ((1 / 16, False), (1 / 15, False), (-1 / 4, False), (1 / 17, True)):
        form.A[1] = largest * dtype(bad)
        assert form.finite() == expected
        assert np.isfinite(form.unfold(form.A)).all()
    for A, b in ((np.nan, 0), (np.inf, 0), (0, np.nan), (0, np.inf)):
        form.A[0], form.A[1], dense.b[0] = A, 0, b
        assert not form.finite()

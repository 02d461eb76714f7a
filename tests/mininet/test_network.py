"""Theorems about mininet/network.py: the chain rule, and training step by step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from tests.oracles import assert_within, refusal, replayed, sum_rounding
from tests.strategies import FLOATS, eps_of, generators, measurable, networks, tasks

from mininet import (
    SGD,
    Dense,
    History,
    Layer,
    LeakyReLU,
    Normalization,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    accuracy,
    cross_entropy,
    gradient_check,
    one_hot,
    softmax,
)

Task = tuple[Sequential, np.ndarray, np.ndarray]


class Scale(Layer):
    """A layer of a reader's own: out = s x, with a factor s for each feature."""

    def __init__(self, s: np.ndarray) -> None:
        self.s = s

    @property
    def params(self) -> list[np.ndarray]:
        """[s]"""
        return [self.s]

    @property
    def grads(self) -> list[np.ndarray]:
        """[ds]"""
        return [self.ds]

    def forward(self, x: ArrayLike) -> np.ndarray:
        """s x"""
        self.x = np.asarray(x)
        return self.s * self.x

    def backward(self, dout: np.ndarray) -> np.ndarray:
        """dx = s dout, ds = Σ x dout"""
        self.ds = np.sum(self.x * dout, axis=0)
        return self.s * dout


class Tap(Layer):
    """A first layer that changes nothing and remembers each batch that is trained on."""

    def __init__(self) -> None:
        self.batches: list[np.ndarray] = []

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x"""
        self.x = np.asarray(x)
        return self.x

    def parameter_gradients(self, dout: np.ndarray) -> None:
        """Called once an update."""
        self.batches.append(self.x)


def reference(sizes: tuple[int, ...], rng: np.random.Generator) -> Sequential:
    """The reference network's layers with other sizes."""
    a, b, c, d, e = sizes
    first, second = Dense(a, b, rng), Dense(b, c, rng)
    third, last = Dense(c, d, rng), Dense(d, e, rng)
    return Sequential([first, Sigmoid(), second, LeakyReLU(0.3), third, ReLU(), last])


def gradients(network: Sequential, x: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """The loss, and its gradients: ∂L/∂x and then one for each parameter."""
    loss = SoftmaxCrossEntropy()
    value = loss.forward(network.forward(x), y)
    return value, [network.backward(loss.backward()), *network.grads]


def trained(
    seed: int, order_seed: int, epochs: tuple[int, ...] = (2,)
) -> tuple[Sequential, list[History]]:
    """A small network after one fit or more: weights from seed, orders from order_seed."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((12, 3)), rng.integers(0, 3, 12)
    network = reference((3, 4, 4, 4, 3), np.random.default_rng(seed))
    optimizer, order = SGD(0.5, 0.1, 0.5), np.random.default_rng(order_seed)
    return network, [network.fit(x, y, n, 5, optimizer, order) for n in epochs]


def bits(network: Sequential) -> list[bytes]:
    """The parameters, to be compared bit for bit."""
    return [param.tobytes() for param in network.params]


# The chain of layers -----------------------------------------------------------------------------


@given(st.tuples(*[st.integers(1, 6)] * 5), st.integers(1, 7), generators())
def test_forward_is_the_composition_of_the_layers(
    sizes: tuple[int, ...], n: int, rng: np.random.Generator
) -> None:
    """The reference network's logits are its formula, written out."""
    network = reference(sizes, rng)
    for param in network.params:
        param[...] = rng.standard_normal(param.shape)
    x = rng.standard_normal((n, sizes[0]))
    W1, b1, W2, b2, W3, b3, W4, b4 = network.params
    a = 1 / (1 + np.exp(-(x @ W1 + b1)))
    a = a @ W2 + b2
    a = np.maximum(a, 0) + 0.3 * np.minimum(a, 0)
    a = np.maximum(a @ W3 + b3, 0)
    expected = a @ W4 + b4
    # each layer adds some 8 roundings of the sum of magnitudes, and later layers magnify them
    scale = ((1 + np.abs(W2).sum(axis=0) + np.abs(b2)) @ np.abs(W3) + np.abs(b3)) @ np.abs(W4)
    bound = 8 * 4 * 8 * eps_of(float) * (scale + np.abs(b4))
    assert_within(network.forward(x), expected, np.broadcast_to(bound, expected.shape))


@given(tasks(), generators())
def test_every_gradient_of_a_network_is_the_measured_one(
    task: Task, rng: np.random.Generator
) -> None:
    """∂L/∂x and ∂L/∂θ of every parameter pass a directional gradient check of the reported loss;
    there is a gradient for each parameter, of its shape."""
    network, x, y = task
    # h² of truncation and eps/h of rounding are 4e-11 of a loss of some 1, gradients above 1e-2
    assert gradient_check(network, x, y=y, rng=rng) < 1e-7
    shapes = [param.shape for param in network.params]
    assert [grad.shape for grad in network.grads] == shapes
    assert network.n_params == sum(math.prod(shape) for shape in shapes)


@given(tasks(), st.integers(1, 6))
@settings(max_examples=50)
def test_the_gradient_of_a_concatenated_batch_is_the_mean_of_its_parts(
    task: Task, cut: int
) -> None:
    """n ∂L/∂θ = n₁ ∂L₁/∂θ + n₂ ∂L₂/∂θ for parts of n₁ and n₂ rows; the same for L itself; ∂L/∂x
    of the parts stand one above the other."""
    network, x, y = task
    x, y = np.concatenate([x, -x]), np.tile(y, 2)
    cut = min(cut, len(x) - 1)
    sizes = (cut, len(x) - cut)
    loss, whole = gradients(network, x, y)
    losses, parts = zip(
        *(gradients(network, x[rows], y[rows]) for rows in (slice(cut), slice(cut, None))),
        strict=True,
    )
    # sums over up to 14 rows and 6 units, in another order, of numbers that three layers magnify
    # to at most some 1e2
    bound = sum_rounding(3 * 14 * 6, 100, np.float64)
    assert abs(len(x) * loss - np.dot(sizes, losses)) <= bound
    for k, (a, b) in enumerate(zip(*parts, strict=True)):
        a, b = sizes[0] * a, sizes[1] * b
        assert_within(len(x) * whole[k], np.concatenate([a, b]) if k == 0 else a + b, bound)


@given(tasks(), generators())
@settings(max_examples=50)
def test_permuting_the_examples_changes_nothing(task: Task, rng: np.random.Generator) -> None:
    """The loss and every ∂L/∂θ are the same for the same examples in another order; the rows of
    the logits and of ∂L/∂x are permuted alike."""
    network, x, y = task
    order = rng.permutation(len(x))
    logits = network.forward(x)
    loss, plain = gradients(network, x, y)
    plain[0] = plain[0][order]
    permuted_loss, permuted = gradients(network, x[order], y[order])
    bound = sum_rounding(3 * 7 * 6, 100, np.float64)  # as above
    assert_within(network.forward(x[order]), logits[order], bound)
    assert abs(permuted_loss - loss) <= bound
    for a, b in zip(permuted, plain, strict=True):
        assert_within(a, b, bound)


@given(networks(), st.integers(1, 5), generators())
@settings(max_examples=50)
def test_probabilities_classes_and_evaluation_say_the_same(
    network: Sequential, n: int, rng: np.random.Generator
) -> None:
    """predict_proba = softmax(forward), predict its argmax, evaluate the cross-entropy of the one
    and the accuracy of the other, with labels as integers or one-hot; no parameter changes."""
    x, before = rng.standard_normal((n, len(network.params[0]))), bits(network)
    p, answers = network.predict_proba(x), network.predict(x)
    np.testing.assert_array_equal(p, softmax(network.forward(x)))
    np.testing.assert_array_equal(answers, network.forward(x).argmax(axis=1))
    y = rng.integers(0, p.shape[1], n)
    loss, share = network.evaluate(x, y)
    assert (loss, share) == network.evaluate(x, one_hot(y, p.shape[1]))
    assert share == accuracy(y, answers)
    # p is right to eps times the range of the logits and some 10, which is absolute in its log
    bound = 4 * eps_of(float) * (np.ptp(network.forward(x)) + p.shape[1] + 10)
    assert abs(loss - cross_entropy(p, y)) <= bound
    assert bits(network) == before


def test_an_untrained_network_loses_the_log_of_the_number_of_classes() -> None:
    """With Glorot weights, zero biases and standardised inputs the loss starts near ln 10; with a
    last layer of zeros it is ln 10."""
    # The logits of ten Glorot layers have deviations of at most about 1; a deviation s adds s²/2
    # (the mean of log-sum-exp) and, over 200 random labels, s/√200 either way.
    for seed in range(5):
        rng = np.random.default_rng(seed)
        network = reference((200, 100, 100, 100, 10), rng)
        x, y = rng.standard_normal((200, 200)), rng.integers(0, 10, 200)
        s = float(network.forward(x).std())
        assert 0 < s < 1
        assert abs(network.evaluate(x, y)[0] - math.log(10)) < s**2 / 2 + 4 * s / math.sqrt(200)
        network.params[-2][:] = 0
        assert_within(network.evaluate(x, y)[0], math.log(10), 16 * eps_of(float))


@pytest.mark.parametrize("dtype", FLOATS)
def test_logits_of_1e4_are_no_trouble(dtype: type[np.floating]) -> None:
    """A network that is far too sure has a finite loss, finite gradients, and can be trained."""
    W, b = np.array([[1e4, -1e4]], dtype), np.zeros(2, dtype)
    network = Sequential([Dense.from_parameters(W, b)])
    x, y = np.array([[1], [1], [-1]], dtype), np.array([0, 1, 1])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        # rows 0 and 2 are right, loss 0; row 1 is wrong by 2e4
        loss, share = network.evaluate(x, y)
        assert_within(loss, 2e4 / 3, 2e4 * eps_of(dtype))
        assert share == 2 / 3
        history = network.fit(x, y, 1, 3, SGD(1.0), np.random.default_rng(0))
    assert_within(history.loss, [2e4 / 3], 2e4 * eps_of(dtype))
    # p = (1, 0) in row 1, so that dz = (1, -1)/3 there, dW = (1, -1)/3 and db = (1, -1)/3
    assert_within(network.params[1], [-1 / 3, 1 / 3], eps_of(dtype))
    assert_within(network.params[0], [[1e4 - 1 / 3, 1 / 3 - 1e4]], 1e4 * eps_of(dtype))


# Training ----------------------------------------------------------------------------------------


def test_an_update_worked_by_hand() -> None:
    """One example, two classes, weights of zero: loss, accuracy and the new weights."""
    # x = 2, W = (0, 0), b = (0, 0): z = (0, 0), p = (1/2, 1/2), L = ln 2, the answer is class 0.
    # y = 0: dz = (-1/2, 1/2), dW = x dz = (-1, 1), db = dz.  lr = 1/4: W = (1/4, -1/4), b = -dz/4
    # The second update has lr = 1/4/(1 + 1) = 1/8; z = (2/4 + 1/8)(1, -1) = (5/8, -5/8), so that
    # p_1 = σ(-5/4) = q, dz = (-q, q), L = -ln σ(5/4), and W moves by 2q/8, b by q/8.
    network = Sequential([Dense.from_parameters(np.zeros((1, 2)), np.zeros(2))])
    optimizer, q = SGD(0.25, decay=1.0), 1 / (1 + math.exp(1.25))
    seen = []

    def look(history: History) -> None:
        seen.append([*network.params[0][0], *network.params[1]])

    history = network.fit([[2]], [0], 2, 1, optimizer, np.random.default_rng(0), look)
    first = [0.25, -0.25, 0.125, -0.125]
    second = [0.25 + q / 4, -0.25 - q / 4, 0.125 + q / 8, -0.125 - q / 8]
    assert_within(seen, [first, second], 8 * eps_of(float))
    assert_within(history.loss, [math.log(2), -math.log(1 - q)], 8 * eps_of(float))
    assert history.accuracy == [1, 1] and history.learning_rate == [0.25, 0.125]


@given(
    st.integers(1, 20),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 25),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.0, 0.9]),
    generators(),
)
def test_training_is_gradient_descent_on_the_batches_it_draws(
    n: int,
    n_features: int,
    n_classes: int,
    batch_size: int,
    epochs: int,
    decay: float,
    momentum: float,
    rng: np.random.Generator,
) -> None:
    """Each epoch visits each row once, in batches of batch_size of which the last may be smaller.
    The weights are those of a softmax regression that is written out here and follows the same
    batches; loss and accuracy are the means over an epoch's examples, each seen with the weights
    of its own update; learning_rate is the rate of the epoch's first update."""
    x, y = rng.standard_normal((n, n_features)), rng.integers(0, n_classes, n)
    x[:, 0] = np.arange(n) / n  # which tells the rows apart
    tap, dense = Tap(), Dense(n_features, n_classes, rng)
    W, b = dense.W.copy(), dense.b.copy()
    history = Sequential([tap, dense]).fit(
        x, y, epochs, batch_size, SGD(0.1, decay, momentum), np.random.default_rng(0)
    )
    batches = [np.rint(n * batch[:, 0]).astype(int) for batch in tap.batches]
    per_epoch = math.ceil(n / batch_size)
    assert len(batches) == epochs * per_epoch
    moves, t = [np.zeros_like(W), np.zeros_like(b)], 0
    for epoch in range(epochs):
        rate, losses, right = 0.1 / (1 + decay * t), [], []
        for k in range(per_epoch):
            rows = batches[epoch * per_epoch + k]
            left = n - k * batch_size
            assert len(rows) == min(batch_size, left)
            e = np.exp(x[rows] @ W + b)
            p = e / e.sum(axis=1, keepdims=True)
            losses += [-math.log(p[i, y[row]]) for i, row in enumerate(rows)]
            right += [int(p[i].argmax() == y[row]) for i, row in enumerate(rows)]
            dz = (p - np.eye(n_classes)[y[rows]]) / len(rows)
            for theta, move, gradient in zip(
                (W, b), moves, (x[rows].T @ dz, dz.sum(0)), strict=True
            ):
                move[...] = momentum * move - 0.1 / (1 + decay * t) * gradient
                theta += move
            t += 1
        visited = np.concatenate(batches[epoch * per_epoch : (epoch + 1) * per_epoch])
        assert sorted(visited.tolist()) == list(range(n))
        # at most 60 updates, each of which rounds sums of at most 25 numbers of some 10; as the
        # loss is convex and the steps are short, an update does not magnify the error before it
        assert abs(history.loss[epoch] - np.mean(losses)) < 1e-11
        assert abs(history.accuracy[epoch] - np.mean(right)) < 1e-11
        assert abs(history.learning_rate[epoch] - rate) < 1e-15
    assert_within(dense.W, W, 1e-11)
    assert_within(dense.b, b, 1e-11)
    assert len(history.loss) == len(history.accuracy) == len(history.learning_rate) == epochs


@given(generators())
@settings(max_examples=20)
def test_the_members_of_the_batches_change_between_the_epochs(rng: np.random.Generator) -> None:
    """It is the rows that are shuffled, not the batches: in each epoch others meet."""
    tap = Tap()
    x = np.arange(40.0)[:, None] / 40
    Sequential([tap, Dense(1, 2, rng)]).fit(x, np.arange(40) % 2, 3, 10, SGD(), rng)
    epochs = [
        {frozenset(batch[:, 0].tolist()) for batch in tap.batches[k : k + 4]} for k in (0, 4, 8)
    ]
    # one batch again: 4·4/C(40, 10) = 2e-8
    assert not (epochs[0] & epochs[1] or epochs[1] & epochs[2] or epochs[0] & epochs[2])


@given(networks(), st.integers(1, 6), generators())
@settings(max_examples=50)
def test_the_gradient_of_training_is_that_of_backward(
    network: Sequential, n: int, rng: np.random.Generator
) -> None:
    """A step of fit with a rate of 1 subtracts, bit for bit, what backward gives as gradients,
    though fit leaves ∂L/∂x of the first layer out."""
    x = rng.standard_normal((n, len(network.params[0])))
    y = rng.integers(0, network.forward(x).shape[1], n)
    _, (_, *grads) = gradients(network, x, y)
    expected = [param - grad for param, grad in zip(network.params, grads, strict=True)]
    network.fit(x, y, 1, n, SGD(1.0), replayed([np.arange(n)]), gram=False)
    assert bits(network) == [param.tobytes() for param in expected]


@given(st.integers(0, 2**32 - 2), st.integers(0, 2**32 - 2))
@settings(max_examples=25)
def test_the_same_seeds_train_to_the_same_bits_and_others_do_not(seed: int, order: int) -> None:
    """Weights and history are a function of the two generators, bit for bit; another seed of
    either gives other weights."""
    network, history = trained(seed, order)
    again, same_history = trained(seed, order)
    assert bits(again) == bits(network) and same_history == history
    for other, _ in (trained(seed + 1, order), trained(seed, order + 1)):
        assert bits(other) != bits(network)


def test_training_can_be_continued() -> None:
    """Two fits of two epochs with one optimizer and one generator are one fit of four."""
    network, (history,) = trained(7, 8, (4,))
    again, (first, second) = trained(7, 8, (2, 2))
    assert bits(again) == bits(network)
    for name, values in history.history.items():
        assert first.history[name] + second.history[name] == values


@given(st.integers(1, 5))
@settings(max_examples=5)
def test_on_epoch_is_called_once_an_epoch_with_the_history_so_far(epochs: int) -> None:
    """on_epoch sees the history of 1, 2, … epochs: the object that fit returns in the end."""
    network, seen = Sequential([Dense(1, 2, np.random.default_rng(0))]), []

    def look(history: History) -> None:
        seen.append((history, len(history.loss), len(history.accuracy), len(history.learning_rate)))

    history = network.fit([[1], [2]], [0, 1], epochs, 1, SGD(), np.random.default_rng(0), look)
    assert all(entry[0] is history for entry in seen)
    assert [entry[1:] for entry in seen] == [(k, k, k) for k in range(1, epochs + 1)]


def test_a_history_reads_like_that_of_keras() -> None:
    """history.history["loss"] is history.loss, and likewise the accuracy and the learning rate."""
    assert History().history == {"loss": [], "accuracy": [], "learning_rate": []}
    _, (history,) = trained(0, 0)
    assert history.history == {
        "loss": history.loss,
        "accuracy": history.accuracy,
        "learning_rate": history.learning_rate,
    }
    assert {type(value) for values in history.history.values() for value in values} == {float}


@pytest.mark.parametrize("gram", [False, True])
def test_eight_examples_are_learnt_by_heart(gram: bool) -> None:
    """The reference network in small brings the loss of eight random examples below 1e-2."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x, y = rng.standard_normal((8, 20)), np.arange(8) % 4
        network = reference((20, 32, 32, 32, 4), rng)
        network.fit(x, y, 300, 8, SGD(0.2, momentum=0.9), rng, gram=gram)
        loss, share = network.evaluate(x, y)
        assert loss < 1e-2 and share == 1


@pytest.mark.parametrize("gram", [False, True])
@pytest.mark.parametrize(
    ("given_dtype", "dtype"), [(np.float32, np.float32), (np.int32, np.float64)]
)
def test_the_dtype_of_x_is_that_of_the_training(
    given_dtype: type[np.number], dtype: type[np.floating], gram: bool
) -> None:
    """float32 stays float32 through forward, backward and fit; integers are computed in float64."""
    rng = np.random.default_rng(0)
    network = reference((3, 4, 4, 4, 2), rng)
    x, y = rng.integers(-3, 4, (6, 3)).astype(given_dtype), np.arange(6) % 2
    network.fit(x, y, 2, 4, SGD(0.1, 0.5, 0.9), rng, gram=gram)
    arrays = [grad for layer in network.layers[1:] for grad in layer.grads]  # those of training
    _, found = gradients(network, x, y)
    arrays += [*network.params, *found, network.forward(x), network.predict_proba(x)]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    np.testing.assert_array_equal(network.forward(x.tolist()), network.forward(x.astype(float)))


@given(tasks())
@settings(max_examples=20)
def test_one_hot_labels_train_like_integers(task: Task) -> None:
    """y as integers and y one-hot lead to the same bits."""
    network, x, y = task
    start = [param.copy() for param in network.params]
    ends = []
    for labels in (y, one_hot(y, network.forward(x).shape[1]).astype(int)):
        for param, value in zip(network.params, start, strict=True):
            param[...] = value
        history = network.fit(x, labels, 2, 2, SGD(), np.random.default_rng(0), gram=False)
        ends.append((bits(network), history))
    assert ends[0] == ends[1]


# A layer of the reader's own ---------------------------------------------------------------------


@given(st.integers(1, 5), st.integers(1, 5), generators())
def test_a_layer_of_ones_own_is_a_layer_like_any_other(
    n: int, n_units: int, rng: np.random.Generator
) -> None:
    """It passes the gradient check, alone and in a network, and fit trains its parameter."""
    scale, last = Scale(rng.uniform(0.5, 2, n_units)), Scale(np.array([1.0, 2.0]))
    network = Sequential(
        [scale, Dense(n_units, n_units, rng), Sigmoid(), Dense(n_units, 2, rng), last]
    )
    x, y = rng.standard_normal((n, n_units)), rng.integers(0, 2, n)
    assume(measurable(network, x, y))
    assert gradient_check(network, x, y=y, rng=rng) < 1e-7  # as for every network above
    # alone it is linear, and no term of its gradients cancels another but over the examples
    assert gradient_check(scale, x, rng=rng) < 1e-6
    _, (_, ds, *_) = gradients(network, x, y)
    expected = scale.s - ds
    network.fit(x, y, 1, n, SGD(1.0), replayed([np.arange(n)]))
    np.testing.assert_array_equal(scale.s, expected)
    assert network.n_params == n_units + n_units * (n_units + 1) + 2 * (n_units + 1) + 2


@given(tasks(), st.integers(0, 3), st.sampled_from(FLOATS))
@settings(max_examples=50)
def test_a_network_is_a_layer_of_another_network(
    task: Task, cut: int, dtype: type[np.floating]
) -> None:
    """Layers computed, checked and trained in a network of their own, within another, give the
    bits that they give side by side; in float32 too."""
    network, x, y = task
    x, layers = x.astype(dtype), network.layers
    cut = min(cut, len(layers) - 1)
    nested = Sequential([*layers[:cut], Sequential(layers[cut:])])
    start = [param.copy() for param in network.params]
    ends = []
    for each in (network, nested):
        for layer in layers:
            layer.to_dtype(np.dtype(np.float64))
        for param, value in zip(each.params, start, strict=True):
            param[...] = value
        each.to_dtype(np.dtype(dtype))
        loss, found = gradients(each, x, y)
        each.fit(x, y, 1, 2, SGD(), np.random.default_rng(0), gram=False)
        ends.append((loss, [gradient.tobytes() for gradient in found], bits(each)))
    assert ends[0] == ends[1] and nested.n_params == network.n_params
    assert {param.dtype for param in nested.params} == {np.dtype(dtype)}


def test_a_dense_layer_of_ones_own_is_trained_as_what_it_is() -> None:
    """What derives from Dense may compute something else: no Gram form takes its place, though the
    examples are fewer than the features."""

    class Doubled(Dense):
        def forward(self, x: ArrayLike) -> np.ndarray:
            return 2 * super().forward(x)

        def parameter_gradients(self, dout: np.ndarray) -> None:
            super().parameter_gradients(2 * dout)

    ends = []
    for gram in (None, False):
        network = Sequential([Doubled(5, 2, np.random.default_rng(0))])
        network.fit(np.eye(5)[:3], [0, 1, 0], 2, 2, SGD(), np.random.default_rng(1), gram=gram)
        ends.append(bits(network))
    assert ends[0] == ends[1]


# What a network tells of itself ------------------------------------------------------------------

SUMMARY = """\
_________________________________________________________________
Layer (type)                 Output shape              Parameters
=================================================================
dense_1 (Dense)              (None, 500)                3,257,000
sigmoid_1 (Sigmoid)          (None, 500)                        0
dense_2 (Dense)              (None, 500)                  250,500
leakyrelu_1 (LeakyReLU)      (None, 500)                        0
dense_3 (Dense)              (None, 500)                  250,500
relu_1 (ReLU)                (None, 500)                        0
dense_4 (Dense)              (None, 10)                     5,010
=================================================================
Total parameters: 3,763,010
_________________________________________________________________"""


def test_the_summary_of_the_reference_network() -> None:
    """6513-500-500-500-10 has 3257000 + 250500 + 250500 + 5010 = 3,763,010 parameters."""
    network = reference((6513, 500, 500, 500, 10), np.random.default_rng(0))
    assert network.summary() == SUMMARY
    assert network.n_params == 3_763_010
    assert network.shapes() == [
        (6513, 500), (500, 500), (500, 500), (500, 500), (500, 500), (500, 500), (500, 10)
    ]  # fmt: skip


def test_a_layer_that_says_nothing_has_the_width_around_it() -> None:
    """An activation has the width of the Dense before it, the first ones that of the Dense after
    them; where there is no Dense, None stands."""
    rng = np.random.default_rng(0)
    assert Sequential([ReLU(), Sigmoid()]).shapes() == [(None, None), (None, None)]
    network = Sequential([ReLU(), Dense(3, 2, rng), Scale(np.ones(2)), Scale(np.ones(2))])
    assert network.shapes() == [(3, 3), (3, 2), (2, 2), (2, 2)]
    lines = [line.split() for line in network.summary().splitlines()]
    assert lines[3:7] == [
        ["relu_1", "(ReLU)", "(None,", "3)", "0"],
        ["dense_1", "(Dense)", "(None,", "2)", "8"],
        ["scale_1", "(Scale)", "(None,", "2)", "2"],
        ["scale_2", "(Scale)", "(None,", "2)", "2"],
    ]
    assert "(None, None)" in Sequential([ReLU()]).summary()


# Refusals ----------------------------------------------------------------------------------------


def small() -> Sequential:
    """Two inputs, three classes."""
    return Sequential([Dense(2, 3, np.random.default_rng(0))])


def fit(x: Any, y: Any, epochs: Any = 1, batch_size: Any = 1) -> History:
    """fit of a small network."""
    return small().fit(x, y, epochs, batch_size, SGD(), np.random.default_rng(0))


def evaluate(x: Any, y: Any) -> tuple[float, float]:
    """evaluate of a small network."""
    return small().evaluate(x, y)


def test_a_network_needs_a_layer() -> None:
    """layers must not be empty."""
    assert refusal(Sequential, []) == "layers=[] must hold at least one layer"


def test_a_layer_that_does_not_fit_those_before_it_is_refused() -> None:
    """Whatever activations stand between, a layer that says what it takes must be given that; a
    network in a network says it too."""
    rng = np.random.default_rng(0)
    fits, last = Sequential([ReLU(), Dense(2, 3, rng)]), Dense(4, 5, rng)
    assert (fits.n_in, fits.n_out) == (2, 3) and Sequential([ReLU()]).n_out is None
    for layers in (
        [Dense(2, 3, rng), Sigmoid(), ReLU(), last],
        [Normalization(np.zeros(3), np.ones(3)), ReLU(), last],
        [fits, last],
    ):
        message = "Dense(4, 5) must take the 3 outputs of the layers before it"
        assert refusal(Sequential, layers) == message
    layers = [fits, Sequential([Sigmoid(), last])]
    assert refusal(Sequential, layers).startswith("Sequential must take the 3 outputs")


@pytest.mark.parametrize("call", [fit, evaluate])
@pytest.mark.parametrize("shape", [(2,), (), (1, 1, 2), (0, 2)])
def test_examples_that_are_no_rows_are_refused(call: Any, shape: tuple[int, ...]) -> None:
    """x must be (n_examples, n_features), with at least one example."""
    message = refusal(call, np.ones(shape), [0])
    assert message == f"x has shape {shape}; it must be (n_examples, n_features)"


@pytest.mark.parametrize("call", [fit, evaluate])
def test_examples_that_are_not_finite_are_refused(call: Any) -> None:
    """No NaN, no infinity: the message counts them."""
    message = refusal(call, [[0, math.nan], [math.inf, -math.inf]], [0, 0])
    assert message == "x holds 3 values that are NaN or infinite"


@pytest.mark.parametrize("call", [fit, evaluate])
def test_labels_that_do_not_fit_are_refused(call: Any) -> None:
    """y must be one label a row, of the classes that the network has."""
    x = np.ones((2, 2))
    assert refusal(call, x, [0]) == "y has shape (1,); it must be (2,) or (2, 3)"
    assert refusal(call, x, np.eye(2)) == "y has shape (2, 2); it must be (2,) or (2, 3)"
    assert refusal(call, x, [0, 3]) == "labels from 0 to 3 must lie in 0 … 2"


@pytest.mark.parametrize("call", [fit, evaluate])
def test_examples_of_another_width_are_refused(call: Any) -> None:
    """x must have the width of the first layer."""
    message = refusal(call, np.ones((1, 3)), [0])
    assert message == "x has shape (1, 3); Dense needs (n_examples, 2)"


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 1.0, "1", None])
def test_a_count_that_is_no_positive_integer_is_refused(name: str, value: Any) -> None:
    """epochs and batch_size must be positive integers; the message gives name and value."""
    message = refusal(fit, np.ones((1, 2)), [0], **{name: value})
    assert message == f"{name}={value!r} must be a positive integer"


def test_counts_may_be_integers_of_numpy() -> None:
    """epochs and batch_size may be any integer type."""
    assert len(fit(np.ones((2, 2)), [0, 1], np.int64(2), np.uint8(2)).loss) == 2

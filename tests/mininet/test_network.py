"""Properties of mininet/network.py: the chain rule, training step by step, and divergence."""

import math
import pickle
import tracemalloc
from contextlib import nullcontext, redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

import mininet as mn
from mininet import SGD, Dense, DivergenceError, Dropout, History, Layer, LeakyReLU, Sequential
from mininet.fast import gram_form
from mininet.network import BLAS
from tests.mininet import strategies
from tests.mininet.strategies import Replayed, Task, bits, loss_and_gradients, networks, tasks
from tests.oracles import assert_within, refusal
from tests.strategies import FLOATS, eps_of, generators


class Tap(Layer):
    """A layer that changes nothing and records its inputs."""

    def __init__(self) -> None:
        self.inputs: list[np.ndarray] = []

    def forward(self, x: ArrayLike) -> np.ndarray:
        self.inputs.append(np.asarray(x))
        return self.inputs[-1]

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return dout


@given(networks(), st.integers(1, 5), generators())
@settings(max_examples=50)
def test_predictions_and_evaluation_follow_from_the_logits(
    network: Sequential, n: int, rng: Generator
) -> None:
    """forward composes the layers; proba, predict and evaluate follow from it."""
    x, before = rng.standard_normal((n, network.n_in or 1)), bits(network)
    p, predicted, logits = network.predict_proba(x), network.predict(x), x
    for layer in network.layers:
        logits = layer.forward(logits)
    np.testing.assert_array_equal(network.forward(x), logits)
    np.testing.assert_array_equal(p, mn.softmax(logits))
    np.testing.assert_array_equal(predicted, logits.argmax(axis=1))
    y = rng.integers(0, p.shape[1], n)
    loss, proportion = network.evaluate(x, y)
    assert (loss, proportion) == network.evaluate(x, mn.one_hot(y, p.shape[1]))
    assert proportion == mn.accuracy(y, predicted) and bits(network) == before
    # p is accurate to eps times the range of the logits and about 10, which is absolute in its log
    bound = 4 * eps_of(float) * (np.ptp(logits) + p.shape[1] + 10)
    assert abs(loss - mn.cross_entropy(p, y)) <= bound


@given(
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 5), st.integers(1, 4)),
    batch_size=st.integers(1, 25),
    epochs=st.integers(1, 3),
    decay=st.sampled_from([0.0, 0.5]),
    rng=generators(),
)
def test_training_is_gradient_descent_on_minibatches(
    sizes: tuple[int, int, int], batch_size: int, epochs: int, decay: float, rng: Generator
) -> None:
    """Weights, loss, accuracy and rates are those of the softmax regression written out here."""
    n, n_features, n_classes = sizes
    x, y = rng.standard_normal((n, n_features)), rng.integers(0, n_classes, n)
    x[:, 0] = np.arange(n) / n  # which identifies the rows
    tap, dense = Tap(), Dense(n_features, n_classes, rng)
    theta = [dense.W.copy(), dense.b.copy()]
    history = Sequential([tap, dense]).fit(x, y, epochs, batch_size, SGD(0.1, decay))
    batches = [np.rint(n * batch[:, 0]).astype(int) for batch in tap.inputs[1:]]
    per_epoch, t = math.ceil(n / batch_size), 0
    assert len(batches) == epochs * per_epoch
    for epoch in range(epochs):
        losses, right, rate = [], [], 0.1 / (1 + decay * t)
        for k in range(per_epoch):
            rows = batches[t]
            assert len(rows) == min(batch_size, n - k * batch_size)
            e = np.exp(x[rows] @ theta[0] + theta[1])
            p = e / e.sum(axis=1, keepdims=True)
            losses += [-math.log(p[i, y[row]]) for i, row in enumerate(rows)]
            right += [p[i].argmax() == y[row] for i, row in enumerate(rows)]
            dz = (p - np.eye(n_classes)[y[rows]]) / len(rows)
            for i, gradient in enumerate((x[rows].T @ dz, dz.sum(0))):
                theta[i] = theta[i] - 0.1 / (1 + decay * t) * gradient
            t += 1
        visited = np.concatenate(batches[t - per_epoch : t])
        assert sorted(visited.tolist()) == list(range(n))
        # at most 60 updates, each of which rounds sums of at most 25 numbers of about 10; as the
        # loss is convex and the steps are short, an update does not magnify the error before it
        found = history.loss[epoch], history.accuracy[epoch], history.learning_rate[epoch]
        assert_within(found, [np.mean(losses), np.mean(right), rate], [1e-11, 1e-11, 1e-15])
    for param, expected in zip(dense.params, theta, strict=True):
        assert_within(param, expected, 1e-11)
    assert {len(values) for values in history.history.values()} == {epochs}


@given(generators())
@settings(max_examples=20)
def test_the_members_of_the_batches_change_between_epochs(rng: Generator) -> None:
    """The rows are shuffled, not the batches."""
    tap, x = Tap(), np.arange(40.0)[:, None] / 40
    Sequential([tap, Dense(1, 2, rng)]).fit(x, np.arange(40) % 2, 3, 10, rng=rng)
    first, second, third = (
        {frozenset(batch[:, 0].tolist()) for batch in tap.inputs[k : k + 4]} for k in (1, 5, 9)
    )
    # the same batch again: 4·4/C(40, 10) = 2e-8
    assert not (first & second or second & third or first & third)


def test_many_rows_need_little_memory_beside_their_own() -> None:
    """Training and predictions allocate less than a tenth of x; the predictions, in blocks of rows,
    are those of all rows at once, to rounding."""
    x, y = default_rng(0).standard_normal((4000, 500)), np.arange(4000) % 3
    network = strategies.reference((500, 40, 40, 40, 3), default_rng(1))
    tracemalloc.start()
    network.fit(x, y, 1)
    (loss, proportion), predicted = network.evaluate(x, y), network.predict(x)
    both = network.predict_proba(x), mn.window_proba(network, x[:, None])
    assert tracemalloc.get_traced_memory()[1] < 0.1 * x.nbytes
    tracemalloc.stop()
    logits = network.forward(x)
    for p in both:
        assert_within(p, mn.softmax(logits), 100 * eps_of(float))
    np.testing.assert_array_equal(predicted, logits.argmax(axis=1))
    assert proportion == mn.accuracy(y, predicted)
    assert_within(loss, mn.SoftmaxCrossEntropy().forward(logits, y), 100 * eps_of(float))


@given(
    rng=generators(),
    sizes=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    scale=st.sampled_from([1.0, 100.0, 1000.0]),
    options=st.tuples(st.sampled_from([0.01, 1.0]), st.just(0.1), st.sampled_from([0.0, 0.9])),
    dropout=st.sampled_from([0.0, 0.3]),
    dtype=st.sampled_from(FLOATS),
)
def test_after_divergence_the_network_is_as_the_epoch_began(
    rng: Generator, sizes: Any, scale: float, options: Any, dropout: float, dtype: Any
) -> None:
    """Weights are restored bit for bit, in their arrays; the error says where and what to do."""
    x, y = (scale * rng.standard_normal((sizes[0], 7))).astype(dtype), rng.integers(0, 3, sizes[0])
    drop, tap, dense = Dropout(dropout), Tap(), Dense(8, 8, rng)
    layers = [Dense(7, 8, rng), LeakyReLU(), dense, LeakyReLU(), drop, Dense(8, 3, rng), tap]
    network, optimizer = Sequential(layers), SGD(*options)
    network.astype(np.dtype(dtype))
    starts, rates, calls, arrays = [bits(network)], [optimizer.rate], [1], network.params

    def on_epoch(history: History) -> None:
        starts.append(bits(network))
        rates.append(optimizer.rate)
        calls.append(len(tap.inputs))
        assert np.isfinite(history.loss).all()

    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):  # no error of its own
            network.fit(x, y, 8, sizes[1], optimizer, rng, on_epoch)
    except DivergenceError as error:
        assert isinstance(error, ValueError) and str(error) == (
            f"the loss or a weight is NaN or infinite in epoch {len(starts)}, batch"
            f" {len(tap.inputs) - calls[-1]}: the inputs are too large, or the learning rate"
            f" {rates[-1]:g} is too high for them. Standardize x or lower the learning rate"
        )
    else:
        assert len(starts) == 9
    assert bits(network) == starts[-1] and np.isfinite(np.concatenate(arrays, None)).all()
    assert all(a is b for a, b in zip(network.params, arrays, strict=True)) and drop.rng is None


@given(networks(), generators())
@settings(max_examples=20)
def test_a_pickled_network_contains_no_examples(network: Sequential, rng: Generator) -> None:
    """pickle writes the weights, not the inputs of fit or predict, and the network still trains."""
    network = Sequential([*network.layers, Dropout(0.5)])
    x, y = 9 + rng.random((3, network.n_in or 1)), rng.integers(0, network.n_out or 1, 3)
    network.fit(x, y, 1, 3, SGD(1e-3), Replayed([np.arange(3)]))
    network.predict(x)
    content = pickle.dumps(network)
    assert not any(row.tobytes() in content for row in x)
    again = pickle.loads(content)
    assert again.predict_proba(x).tobytes() == network.predict_proba(x).tobytes()
    again.fit(x, y, 1, 3, SGD(1e-3))


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


@given(networks(), st.integers(1, 6), generators())
@settings(max_examples=50)
def test_a_step_of_training_subtracts_the_gradients_of_backward(
    network: Sequential, n: int, rng: Generator
) -> None:
    """θ ← θ - 1·grads, bit for bit, also in a layer of a reader's own."""
    network = Sequential([*network.layers, strategies.Slopes(network.n_out or 1)])
    x, y = rng.standard_normal((n, network.n_in or 1)), rng.integers(0, network.n_out or 1, n)
    _, (_, *grads) = loss_and_gradients(network, x, y)
    expected = [(param - grad).tobytes() for param, grad in zip(network.params, grads, strict=True)]
    network.fit(x, y, 1, n, SGD(1.0), Replayed([np.arange(n)]))
    assert bits(network) == expected


@given(st.integers(0, 2**32 - 2), st.integers(0, 2**32 - 2))
@settings(max_examples=25)
def test_the_seeds_determine_the_training(seed: int, order: int) -> None:
    """Weights and losses depend on the two seeds alone; two fits of two epochs are one of four."""
    x, y = default_rng(0).standard_normal((12, 3)), np.arange(12) % 3

    def trained(seed: int, order: int, *epochs: int) -> tuple[list[bytes], list[float]]:
        rng, optimizer = default_rng(order), SGD(0.5, 0.1, 0.5)
        network = strategies.reference((3, 4, 4, 4, 3), default_rng(seed))
        losses = [network.fit(x, y, n, 5, optimizer, rng).loss for n in epochs]
        return bits(network), np.concatenate(losses).tolist()

    weights, losses = trained(seed, order, 4)
    assert (weights, losses) == trained(seed, order, 4) == trained(seed, order, 2, 2)
    assert weights not in (trained(seed + 1, order, 4)[0], trained(seed, order + 1, 4)[0])


def test_the_defaults_of_fit() -> None:
    """100 epochs in batches of 40, SGD() with a constant rate of 0.01, no momentum, and seed 0."""
    x, y, ends = default_rng(0).standard_normal((50, 2)), np.arange(50) % 2, []
    counts: Any = np.int64(100), np.uint8(40)
    options: Any
    for options in ((), (*counts, None, 0), (100, 40, SGD(0.01, 0.0, 0.0), default_rng(0))):
        network = Sequential([Dense(2, 2, default_rng(0))])
        ends.append((network.fit(x, y, *options), bits(network)))
    assert ends[0] == ends[1] == ends[2] and ends[0][0].learning_rate == [0.01] * 100
    assert network.metadata == {}


@given(tasks(), st.integers(0, 3), st.sampled_from(FLOATS))
@settings(max_examples=50)
def test_nested_networks_and_one_hot_labels_change_nothing(
    task: Task, cut: int, dtype: type[np.floating]
) -> None:
    """Nesting and one-hot labels change no bit; all arrays have the dtype of x."""
    network, x, y = task
    x, layers, cut = x.astype(dtype), network.layers, min(cut, len(network.layers) - 1)
    nested = Sequential([*layers[:cut], Sequential(layers[cut:])])
    start, ends = [param.copy() for param in network.params], []
    for each, labels in ((network, y), (nested, mn.one_hot(y, network.n_out).astype(int))):
        network.astype(np.dtype(np.float64))
        for param, value in zip(each.params, start, strict=True):
            param[...] = value
        history = each.fit(x, labels, 1, 2, SGD(0.1, 0.5, 0.9))
        assert all(grad.dtype == dtype for grad in each.grads)
        loss, gradients = loss_and_gradients(each, x, labels)
        arrays = [*gradients, *each.params, each.predict_proba(x)]
        assert {array.dtype for array in arrays} == {np.dtype(dtype)}
        ends.append((loss, [array.tobytes() for array in arrays], history))
    assert ends[0] == ends[1] and nested.n_params == network.n_params
    assert repr(Sequential(layers[:1])) == f"Sequential(layers=[{layers[0]!r}], metadata={{}})"


@pytest.mark.parametrize("epochs", [1, 3])
def test_weights_that_diverge_behind_a_finite_loss_are_noticed(epochs: int) -> None:
    """A sigmoid hides infinite weights from the loss: training still ends with an error."""
    # x = 1e18 and float32: W moves by 1e25·1e18·(0.1 or so), beyond 3.4e38
    x, dense = np.full((1, 2), 1e18, np.float32), Dense.from_parameters(np.zeros((2, 3)), [0] * 3)
    network = Sequential([dense, mn.Sigmoid(), Dense(3, 2, default_rng(0))])
    with pytest.raises(DivergenceError, match="NaN or infinite in epoch 1, batch 1: "):
        network.fit(x, [0], epochs, 1, SGD(1e25))
    assert not dense.W.any()
    # already the first logits overflow: no warning, and the same error
    dense = Dense.from_parameters(np.ones((2, 2)), [0, 0])
    network = Sequential([dense, Dense.from_parameters([[1], [-1]], [0])])
    with np.errstate(over="raise", invalid="raise"), pytest.raises(DivergenceError):
        network.fit(np.full((3, 2), 1e308), [0, 0, 0], epochs)


def test_the_summary_of_the_reference_network() -> None:
    """6513-500-500-500-10 has 3257000 + 250500 + 250500 + 5010 = 3,763,010 parameters."""
    network = strategies.reference((6513, 500, 500, 500, 10), default_rng(0))
    assert network.summary() == SUMMARY and network.n_params == 3_763_010
    assert network.shapes() == [(6513, 500), *[(500, 500)] * 5, (500, 10)]
    assert (network.n_in, network.n_out) == (6513, 10)


def test_a_layer_without_a_width_has_the_width_of_its_neighbor() -> None:
    """That of the Dense before it, or after it, or None; a long name widens the column."""
    assert Sequential([mn.ReLU(), mn.Sigmoid()]).shapes() == [(None, None), (None, None)]
    assert "(None, None)" in Sequential([mn.ReLU()]).summary()
    layers = [mn.ReLU(), mn.Normalization([0] * 3, [1] * 3), Dense(3, 2, default_rng(0))]
    network = Sequential([*layers, mn.ReLU()])
    assert network.shapes() == [(3, 3), (3, 3), (3, 2), (2, 2)]
    lines = network.summary().splitlines()
    assert lines[4] == f"normalization_1 (Normalization) {'(None, 3)':<26}{0:>10}"
    assert lines[6] == f"relu_2 (ReLU) {'(None, 2)':>27}{0:>27}"
    assert {len(line) for line in lines[:8]} == {68}


class Threads(strategies.Slopes):
    """A layer that records how many threads NumPy's matrix products may use."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.found = {pool["num_threads"] for pool in BLAS.info()}
        return super().forward(x)


@pytest.mark.parametrize("gram", [False, True])
def test_training_runs_on_one_thread(gram: bool) -> None:
    """The products of a batch are too small for more. Afterwards the setting is as before."""
    layer, x = Threads(2), np.eye(4)
    network = Sequential([Dense(4, 2, rng=default_rng(0)), layer])
    with threadpool_limits(2, "blas"):
        with gram_form(network, x) if gram else nullcontext() as form:
            (form or network).fit(form.rows if form else x, [0, 1, 0, 1], 1)
            assert layer.found == {1}
            network.forward(x)
            assert layer.found == {1 if gram else 2}
        network.forward(x)
        assert layer.found == {2}


def test_on_epoch_sees_the_history_so_far() -> None:
    """on_epoch gets the object that fit returns, as in Keras a dictionary of lists of floats."""
    x, seen = default_rng(1).standard_normal((5, 9)), list[Any]()
    network = Sequential([Dense(9, 2, default_rng(0))])
    history = network.fit(
        x, np.arange(5) % 2, 3, 2, on_epoch=lambda h: seen.append((h, *map(len, vars(h).values())))
    )
    assert seen == [(history, k, k, k, 0, 0) for k in (1, 2, 3)]
    assert all(first is history for first, *_ in seen)
    assert vars(history) == history.history | {"val_loss": [], "val_accuracy": []}
    assert list(history.history) == ["loss", "accuracy", "learning_rate"]
    assert {type(value) for values in vars(history).values() for value in values} == {float}


@pytest.mark.parametrize("gram", [False, True])
@given(networks(), st.sampled_from(FLOATS), generators())
@settings(max_examples=20)
def test_validation_data_and_verbose_change_no_weight(
    gram: bool, network: Sequential, dtype: Any, rng: Generator
) -> None:
    """After each epoch the history has their loss and accuracy, and its last values are printed."""
    network = Sequential([*network.layers, Dropout(0.5)])
    x, y = rng.standard_normal((5, network.n_in or 1)).astype(dtype), np.zeros(5, int)
    other, ends = Sequential(pickle.loads(pickle.dumps(network.layers))), list[Any]()
    plain = network.fit(x, y, 2, 2, SGD(0.01))
    with gram_form(other, x, x + 1) if gram else nullcontext() as form:
        rows, held_out = (form.rows, form.held_out_rows) if form else (x, x + 1)
        trained = form or other

        def on_epoch(history: History) -> None:
            ends.append(trained.evaluate(held_out, y))
            last = [f"{name} {values[-1]:.4g}" for name, values in vars(history).items()]
            lines.append(f"epoch {len(history.loss)}, {', '.join(last)}")
            assert repr(history) == lines[-1] and repr(History()) == "epoch 0"

        lines, data = list[str](), (held_out, y)
        with redirect_stdout(StringIO()) as printed:
            history = trained.fit(
                rows, y, 2, 2, SGD(0.01), 0, on_epoch, validation_data=data, verbose=True
            )
    assert ends == list(zip(history.val_loss, history.val_accuracy, strict=True))
    assert printed.getvalue().splitlines() == lines
    assert list(history.history.values())[3:] == [history.val_loss, history.val_accuracy]
    if not gram:
        assert bits(other) == bits(network) and history.loss == plain.loss


class Signs(NamedTuple):
    """An optimizer of a reader's own: steps of constant size, and nothing else."""

    size: float

    def step(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        for param, grad in zip(params, grads, strict=True):
            param -= self.size * np.sign(grad)


def test_any_object_with_a_step_is_an_optimizer() -> None:
    """Without a rate, NaN is recorded, and an error does not mention one."""
    x, dense = np.array([[1.0, -1.0]]), Dense.from_parameters(np.zeros((2, 2)), [0, 0])
    network = Sequential([dense])
    history = network.fit(x, [1], 1, optimizer=Signs(0.5))
    np.testing.assert_array_equal(dense.W, [[-0.5, 0.5], [0.5, -0.5]])
    assert np.isnan(history.learning_rate).tolist() == [True]
    with pytest.raises(DivergenceError, match="or the learning rate is too high for them"):
        network.fit(x, [1], 1, optimizer=Signs(math.inf))
    for data in (5, (x, [1], [1.0])):
        error = refusal(network.fit, x, [1], validation_data=data)
        assert error.startswith("validation_data must be a pair (x, y), not ")

"""Theorems about mininet/training.py: where training explodes, what is said of it and what is kept.

What an epoch computes is proved in test_network.py and test_gram.py.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from tests.oracles import refusal
from tests.strategies import FLOATS, generators

from experiment.scenes import CLASSES, scene
from mfcc import mfcc
from mininet import (
    SGD,
    Dense,
    DivergenceError,
    Dropout,
    History,
    Layer,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    one_hot,
)

Outcome = tuple[list[bytes], int, list[bytes]]


class Interrupt(Layer):
    """A last layer that changes nothing and is interrupted, as by Ctrl-C, at its forward after
    n_updates updates; fit itself makes one before."""

    def __init__(self, n_updates: int) -> None:
        self.left = n_updates + 1

    def forward(self, x: ArrayLike) -> np.ndarray:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return np.asarray(x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return dout


def unbounded(n_features: int, rng: np.random.Generator, rate: float = 0.0) -> Sequential:
    """A network that nothing holds back: leaky ReLUs neither saturate nor die. With Dropout."""
    first, second, last = Dense(n_features, 8, rng), Dense(8, 8, rng), Dense(8, 3, rng)
    return Sequential([first, LeakyReLU(), Dropout(rate), second, LeakyReLU(), last])


def outcome(network: Sequential, optimizer: SGD) -> Outcome:
    """The parameters, t and the velocities, to be compared bit for bit."""
    velocities = [velocity.tobytes() for velocity in optimizer.velocities]
    return [param.tobytes() for param in network.params], optimizer.t, velocities


def copying_each_update(
    network: Sequential,
    x: np.ndarray,
    y: np.ndarray,
    epochs: int,
    batch_size: int,
    optimizer: SGD,
    rng: np.random.Generator,
) -> tuple[int | None, Outcome]:
    """Training as one would write it down: everything is kept before each update. -> after which
    update the loss was not finite, or None, and what was kept before that."""
    network.to_dtype(x.dtype)
    loss, y = SoftmaxCrossEntropy(), one_hot(y, 3).astype(x.dtype)
    kept, t = outcome(network, optimizer), 0
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            order = rng.permutation(len(x))
            network.lend(rng)
            for start in range(0, len(x), batch_size):
                rows = order[start : start + batch_size]
                params = network.params
                finite = all(np.isfinite(param).all() for param in params)
                if not (np.isfinite(loss.forward(network.forward(x[rows]), y[rows])) and finite):
                    return t, kept
                kept, t = outcome(network, optimizer), t + 1
                network.backward(loss.backward())
                optimizer.step(params, network.grads)
            network.lend(None)
        if not all(np.isfinite(param).all() for param in network.params):
            return t, kept
    return None, outcome(network, optimizer)


@example(np.random.default_rng(0), 9, 5, 1, 1000.0, 0.01, 0.9, 0.3, np.float64, True)
@example(np.random.default_rng(0), 9, 5, 1, 1000.0, 0.01, 0.9, 0.3, np.float32, False)
@given(
    rng=generators(),
    n=st.integers(1, 12),
    n_features=st.integers(1, 20),
    batch_size=st.integers(1, 12),
    scale=st.sampled_from([1.0, 100.0, 1000.0]),
    rate=st.sampled_from([0.01, 1.0]),
    momentum=st.sampled_from([0.0, 0.9]),
    dropout=st.sampled_from([0.0, 0.3]),
    dtype=st.sampled_from(FLOATS),
    gram=st.booleans(),
)
def test_after_a_divergence_all_is_as_before_it(
    rng: np.random.Generator,
    n: int,
    n_features: int,
    batch_size: int,
    scale: float,
    rate: float,
    momentum: float,
    dropout: float,
    dtype: type[np.floating],
    gram: bool,
) -> None:
    """The error says after which update t the loss is not finite, as one finds it who keeps all at
    each update; parameters, velocities and the count of updates are bit for bit those after t - 1
    updates, of a run in the same form that is interrupted there. All are finite."""
    x, y = (scale * rng.standard_normal((n, n_features))).astype(dtype), rng.integers(0, 3, n)
    seed = int(rng.integers(2**32))

    def begin() -> tuple[np.random.Generator, Sequential, SGD]:
        draws = np.random.default_rng(seed)
        return draws, unbounded(n_features, draws, dropout), SGD(rate, 0.1, momentum)

    draws, network, optimizer = begin()
    first = network.layers[0]
    try:
        network.fit(x, y, 8, batch_size, optimizer, draws, gram=gram)
        update = None
    except DivergenceError as error:
        update = error.update
        per_epoch = -(-n // batch_size)
        assert f"after update {update} (of epoch {-(-update // per_epoch)}): " in str(error)
        assert len(error.history.loss) == len(error.history.learning_rate) <= update // per_epoch
        assert np.isfinite(error.history.loss).all()
    assert network.layers[0] is first
    assert all(np.isfinite(param).all() for param in network.params)
    if update is not None:
        draws, twin, other = begin()
        twin.layers.append(Interrupt(update - 1))
        with pytest.raises(KeyboardInterrupt), np.errstate(all="ignore"):
            twin.fit(x, y, 8, batch_size, other, draws, gram=gram)
        assert outcome(network, optimizer) == outcome(twin, other)
    if not gram:
        draws, naive, plain = begin()
        found = copying_each_update(naive, x, y, 8, batch_size, plain, draws)
        assert found == (update, outcome(network, optimizer))


@pytest.fixture(scope="module")
def scenes() -> tuple[np.ndarray, np.ndarray]:
    """The raw MFCCs of two takes of each embedded scene, (20, 13·101), and their labels."""
    clips = [scene(name, take, duration=1.0) for name in CLASSES for take in range(2)]
    return mfcc(np.stack(clips), 44100).reshape(len(clips), -1), np.repeat(np.arange(10), 2)


@pytest.mark.parametrize("gram", [False, True])
@pytest.mark.parametrize("dtype", FLOATS)
def test_relu_on_raw_mfccs_diverges_at_the_published_rate(
    scenes: tuple[np.ndarray, np.ndarray], dtype: type[np.floating], gram: bool
) -> None:
    """The published network with ReLU everywhere at 0.01 with decay 0.9, clip by clip, ends within
    the first epoch, with one sentence that names the update, both reasons and both remedies; its
    answers to the clips stay finite. Standardised, the same clips train."""
    x, y = scenes[0].astype(dtype), scenes[1]
    rng = np.random.default_rng(0)

    def network() -> Sequential:
        layers: list[Layer] = []
        for n_in, n_out in ((x.shape[1], 500), (500, 500), (500, 500)):
            layers += [Dense(n_in, n_out, rng), ReLU()]
        return Sequential([*layers, Dense(500, 10, rng)])

    raw = network()
    with pytest.raises(DivergenceError) as caught:
        raw.fit(x, y, 2, 1, SGD(0.01, 0.9), rng, gram=gram)
    error = caught.value
    assert isinstance(error, ValueError) and 1 <= error.update <= 20
    assert str(error) == (
        f"the loss is not finite after update {error.update} (of epoch 1): x holds values up to "
        f"{np.abs(x).max():.4g} and the learning rate is 0.01; "
        "standardise x or lower the learning rate"
    )
    assert np.isfinite(raw.predict_proba(x)).all()
    z = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-3)
    assert len(network().fit(z, y, 2, 1, SGD(0.01, 0.9), rng, gram=gram).loss) == 2


@given(st.floats(0.01, 100), st.floats(0.01, 3), st.integers(1, 30))
def test_steps_explode_beyond_two_over_the_curvature(
    curvature: float, product: float, n_steps: int
) -> None:
    """On L = λθ²/2, gradient λθ, a step multiplies θ by 1 - lr·λ: for lr·λ < 2 it comes no farther
    from the minimum, for lr·λ > 2 always farther."""
    theta, optimizer = np.ones(1), SGD(product / curvature)
    seen = [1.0]
    for _ in range(n_steps):
        optimizer.step([theta], [curvature * theta])
        seen.append(abs(theta[0]))
    # each step rounds the rate, the gradient and the difference: some 4 eps of each factor
    np.testing.assert_allclose(
        seen, abs(1 - product) ** np.arange(n_steps + 1), rtol=1e-12, atol=1e-12
    )
    if abs(product - 2) > 1e-9:
        assert np.all(np.diff(seen) > 0) == (product > 2)


@pytest.mark.parametrize("gram", [False, True])
@pytest.mark.parametrize("epochs", [1, 3])
def test_weights_that_explode_behind_a_finite_loss_are_found(gram: bool, epochs: int) -> None:
    """A sigmoid makes a finite number of an infinite one, so the loss stays finite: also then, and
    also in the last update of the last epoch, training ends with an error and finite weights."""
    # x = 1e18 and float32: W moves by 1e25·1e18·(0.1 or so), beyond 3.4e38; its product too
    x, y = np.full((1, 2), 1e18, np.float32), [0]
    rng = np.random.default_rng(0)
    W, last = np.zeros((2, 3)), Dense(3, 2, rng)
    network = Sequential([Dense.from_parameters(W, np.zeros(3)), Sigmoid(), last])
    optimizer = SGD(1e25)
    with pytest.raises(DivergenceError) as caught:
        network.fit(x, y, epochs, 1, optimizer, rng, gram=gram)
    assert caught.value.update == 1 and caught.value.history == History()
    assert str(caught.value).startswith("a weight is not finite after update 1 (of epoch 1): ")
    assert optimizer.t == 0
    np.testing.assert_array_equal(network.params[0], W)


def test_a_loss_that_never_was_finite_is_told_so() -> None:
    """Inputs whose very first loss overflows: update 0, nothing changed, and no word of the rate,
    which has done nothing yet."""
    x = np.full((3, 2), 1e308)
    network = Sequential([Dense.from_parameters(np.ones((2, 2)), np.zeros(2))])
    optimizer = SGD()
    before = outcome(network, optimizer)
    with pytest.raises(DivergenceError) as caught:
        network.fit(x, [0, 1, 0], 2, 2, optimizer, np.random.default_rng(0))
    assert caught.value.update == 0 and outcome(network, optimizer) == before
    assert str(caught.value) == (
        "the loss is not finite before the first update: x holds values up to 1e+308; standardise x"
    )


def test_weights_that_are_not_finite_are_not_trained() -> None:
    """A network with a NaN or an infinite weight is refused before it does anything."""
    for bad in (np.nan, np.inf):
        network = Sequential([Dense.from_parameters([[bad, 1.0]], [0.0, 0.0])])
        message = refusal(network.fit, [[1.0]], [0], 1, 1, SGD(), np.random.default_rng(0))
        assert message == "the network begins with weights that are NaN or infinite"


@pytest.mark.parametrize("gram", [False, True])
def test_what_on_epoch_changes_belongs_to_the_way_back(gram: bool) -> None:
    """on_epoch raises the rate after the third epoch, of one batch each: the fourth update is one
    too far, and kept is what three updates at the rate before have made. That shows in the loss of
    the fifth epoch; history has the four that were completed."""
    ends = []
    x, y = np.random.default_rng(0).standard_normal((4, 6)), [0, 1, 2, 0]
    for epochs in (3, 9):
        rng, optimizer = np.random.default_rng(1), SGD(0.1)
        network = unbounded(6, rng)

        def faster(history: History, optimizer: SGD = optimizer) -> None:
            if len(history.loss) == 3:
                optimizer.learning_rate = 1e300

        try:
            history = network.fit(x, y, epochs, 4, optimizer, rng, faster, gram)
        except DivergenceError as error:
            assert error.update == 4
            history = error.history
            assert history.learning_rate.pop() == 1e300 and len(history.accuracy) == 4
        ends.append((outcome(network, optimizer), history.loss[:3], history.learning_rate))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("gram", [False, True])
def test_overflow_is_no_error_of_its_own(gram: bool) -> None:
    """Whoever has told NumPy to raise where numbers overflow gets the divergence all the same."""
    rng = np.random.default_rng(0)
    x = 1e4 * rng.standard_normal((4, 5))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for network in (unbounded(5, rng), unbounded(5, rng)):
            with pytest.raises(DivergenceError):
                network.fit(x, [0, 1, 2, 0], 50, 1, SGD(10.0), rng, gram=gram)


def test_a_divergence_can_be_sent_to_another_process() -> None:
    """pickle keeps the message, update and history."""
    error = DivergenceError("too long", 3, History([1.0], [0.5], [0.1]))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.update, again.history) == ("too long", 3, error.history)
    assert again.args == error.args == ("too long", 3, error.history)


@pytest.mark.parametrize("gram", [False, True])
def test_an_interruption_within_an_epoch_keeps_what_is_learnt(gram: bool, tmp_path: Path) -> None:
    """Ctrl-C in the second batch of the second epoch: the Dense is in its place again, with the
    weights of the updates until then, no mask is drawn any more, and the network can be saved."""
    x, y = np.random.default_rng(0).standard_normal((6, 9)), np.arange(6) % 3
    ends = []
    for form in (gram, False):
        rng = np.random.default_rng(1)
        network = unbounded(9, rng, 0.5)
        first, start = network.layers[0], network.params[0].copy()
        network.layers.append(Interrupt(4))
        with pytest.raises(KeyboardInterrupt):
            network.fit(x, y, 9, 2, SGD(0.5), rng, gram=form)
        network.layers.pop()
        assert network.layers[0] is first and np.abs(network.params[0] - start).max() > 1e-3
        network.save(tmp_path / "model")
        again = Sequential.load(tmp_path / "model")
        np.testing.assert_array_equal(again.predict_proba(x), network.predict_proba(x))
        ends.append(network.params)
    for mine, theirs in zip(*ends, strict=True):  # four updates in either form
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)

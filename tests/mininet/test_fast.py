"""Properties of mininet/fast.py: the Gram form trains as the plain form does, to rounding."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from mininet import SGD, Dense, DivergenceError, Dropout, History, Layer, Sequential
from mininet.fast import GramForm, gram_form
from tests.mininet.strategies import bits, reference
from tests.oracles import assert_within, refusal, sum_rounding
from tests.strategies import FLOATS, eps_of, generators


def network_for(n_features: int, rng: Generator, rate: float = 0.3) -> Sequential:
    """A small reference network with Dropout."""
    layers = reference((n_features, 7, 6, 5, 3), rng).layers
    return Sequential([*layers[:4], Dropout(rate), *layers[4:]])


def test_the_gram_matrix_has_the_products_of_all_pairs() -> None:
    """K = X Xᵀ, and below it the held-out rows, also of more rows than one block has."""
    x, held_out = default_rng(0).standard_normal((600, 2)), default_rng(1).standard_normal((300, 2))
    form = GramForm(network_for(2, default_rng(2)), x, held_out)
    assert_within(form.gram.K, np.einsum("ij,kj->ik", [*x, *held_out], x), 50 * eps_of(x.dtype))


@settings(max_examples=60)
@given(
    rng=generators(),
    sizes=st.tuples(st.integers(1, 30), st.integers(1, 60), st.integers(1, 12)),
    epochs=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    options=st.tuples(st.sampled_from([0.0, 0.1]), st.sampled_from([0.0, 0.5, 0.9])),
    dtype=st.sampled_from(FLOATS),
)
def test_training_in_the_gram_form_is_training(
    rng: Generator, sizes: Any, epochs: list[int], options: tuple[float, ...], dtype: Any
) -> None:
    """Losses, accuracies, rates, weights, velocities and held-out logits are the plain form's."""
    n, n_features, batch_size = sizes
    x = rng.standard_normal((n, n_features)).astype(dtype)
    held_out = rng.standard_normal((4, n_features))
    y, seed, ends = rng.integers(0, 3, n), int(rng.integers(2**32)), []
    for gram in (False, True):
        draws, optimizer = default_rng(seed), SGD(0.03, *options)
        network = network_for(n_features, draws)
        form = GramForm(network, x, held_out)
        plain = network, x, held_out
        trained, rows, others = (form, form.rows, form.held_out_rows) if gram else plain
        histories = [trained.fit(rows, y, k, batch_size, optimizer, draws) for k in epochs]
        loss, proportion = trained.evaluate(others, [0, 1, 2, 0])
        if gram:
            form.write_back()
        assert {param.dtype for param in network.params} == {np.dtype(dtype)}
        numbers = [loss, trained.forward(others), *network.params]
        numbers += [history.loss for history in histories]
        numbers += list(optimizer.velocities.values())[1:]
        right = np.concatenate([[proportion], *(history.accuracy for history in histories)])
        ends.append((numbers, right, [history.learning_rate for history in histories]))
    (theirs, right, rates), (mine, same_right, same_rates) = ends
    assert same_rates == rates
    # up to 9·30 updates, each of which rounds sums of up to 60 numbers of order one
    for each, expected in zip(mine, theirs, strict=True):
        assert_within(each, expected, sum_rounding(9 * 30 * 60, 1, dtype))
    # an example whose two largest logits agree to rounding may count either way
    assert_within(same_right, right, 1e-12 if dtype is np.float64 else 1.01 / min(n, 4))


class Clip(Layer):
    """A layer of a reader's own, whose backward is not linear."""

    def forward(self, x: Any) -> np.ndarray:
        return np.asarray(x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        return np.clip(dout, -0.01, 0.01)


@pytest.mark.parametrize("inner", [[Clip()], []], ids=["clip", "none"])
def test_any_second_layer_trains_as_in_the_plain_form(inner: list[Layer]) -> None:
    """Also one that clips gradients, which the rate may not multiply before, or another Dense."""
    x, y, ends = default_rng(0).standard_normal((9, 20)), np.arange(9) % 3, []
    for gram in (False, True):
        rng = default_rng(1)
        network = Sequential([Dense(20, 4, rng=rng), *inner, Dense(4, 3, rng=rng)])
        with gram_form(network, x) if gram else nullcontext() as form:
            (form or network).fit(form.rows if form else x, y, 3, 4, SGD(0.5), rng)
        ends.append(network.params)
    for mine, theirs in zip(*ends, strict=True):
        assert_within(mine, theirs, 1e3 * eps_of(np.float64))


@given(generators(), st.integers(1, 9), st.sampled_from(FLOATS))
@settings(max_examples=20)
def test_write_back_gives_the_network_the_weights_at_any_time(
    tmp_path_factory: pytest.TempPathFactory, rng: Generator, n: int, dtype: Any
) -> None:
    """After write_back the network has the form's logits, for all examples, and can be saved."""
    x, new = rng.standard_normal((n, 5)).astype(dtype), rng.standard_normal((3, 5))
    network = network_for(5, rng)
    form, start = GramForm(network, x, new), [param.astype(dtype) for param in network.params[:2]]
    layers, summary = list(network.layers), network.summary()
    path = tmp_path_factory.getbasetemp() / "model"
    form.write_back()
    assert [param.tobytes() for param in start] == bits(network)[:2]

    def on_epoch(history: History) -> None:
        form.write_back()
        written = bits(network)
        form.write_back()
        network.save(path)
        assert bits(Sequential.load(path)) == bits(network) == written
        assert network.layers == layers and network.summary() == summary
        for rows, examples in ((form.rows, x), (form.held_out_rows, new)):
            # the same sums in another order, of numbers up to about 10
            assert_within(network.forward(examples), form.forward(rows), 1e3 * eps_of(dtype))

    form.fit(form.rows, rng.integers(0, 3, n), 3, 2, SGD(0.5), rng, on_epoch)
    assert [grad.shape for grad in form.grads] == [param.shape for param in form.params]
    dx = form.backward(form.forward(form.rows))
    assert dx.tolist() == [[0]] * n and dx.dtype == form.forward(form.held_out_rows).dtype == dtype
    assert form.layers[1:] == layers[1:] and form.metadata is network.metadata
    assert not np.shares_memory(network.params[1], form.params[1]) and summary.count("Dense") == 4
    assert "a model file cannot contain the layer GramDense(): " in refusal(form.save, path)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, DivergenceError])
def test_a_with_block_writes_back_however_it_ends(error: type[BaseException] | None) -> None:
    """After the block, however it ended, the network has the weights of the last good update."""
    rng = default_rng(0)
    x, y, network = rng.standard_normal((4, 9)), [0, 1, 2, 0], network_for(9, rng, 0.0)
    start, logits = bits(network), list[np.ndarray]()

    def on_epoch(history: History) -> None:
        logits.append(form.forward(form.rows))
        if error is KeyboardInterrupt:
            raise KeyboardInterrupt
        optimizer.learning_rate = 1e200 if error is DivergenceError else 0.5

    optimizer = SGD(0.5)
    try:
        with gram_form(network, x) as form:
            form.fit(form.rows, y, 2, 2, optimizer, rng, on_epoch)
    except (KeyboardInterrupt, DivergenceError) as caught:
        assert type(caught) is error
    else:
        assert error is None and len(logits) == 2
    assert len(form.held_out_rows) == 0 and bits(network)[0] != start[0]
    assert_within(network.forward(x), logits[-1], 1e-12)  # about 1e3 eps of logits of order one

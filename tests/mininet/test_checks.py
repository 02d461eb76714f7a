"""Every public function of mininet rejects arguments that do not fit, and names them."""

from collections.abc import Iterator
from functools import partial
from math import inf, nan
from typing import Any, no_type_check

import numpy as np
import pytest
from numpy import eye, ones, zeros
from numpy.random import default_rng

import mininet as mn
from mininet import Dense, Normalization, Sequential, cross_entropy, one_hot
from mininet.fast import GramForm
from tests.oracles import refusal


@no_type_check
def cases() -> Iterator[tuple[Any, ...]]:
    """(message, function, arguments) of each call that is rejected."""
    x, rng, relu = ones((2, 2)), default_rng(0), mn.ReLU()
    five_two, four_five, two_three = (Dense(*sizes, rng) for sizes in ((5, 2), (4, 5), (2, 3)))
    network = Sequential([two_three])
    for value in (0, -1, 2.0, "3"):
        message = f"={value!r} must be a positive integer"
        yield "n_in" + message, Dense, value, 2, rng
        yield "n_out" + message, Dense, 2, value, rng
        yield "n_classes" + message, one_hot, [0, 1], value
        yield "n_classes" + message, mn.confusion_matrix, [0, 1], [0, 1], value
        yield "n" + message, mn.wilson_interval, 0.5, value
        yield "n_bins" + message, mn.reliability, eye(2), [0, 1], value
        yield "epochs" + message, network.fit, x, [0, 1], value
        yield "batch_size" + message, network.fit, x, [0, 1], 1, value
    for name, requirement, values, call, *args in (
        ("alpha", "a finite slope", (inf, -inf, nan), mn.LeakyReLU),
        ("rate", "at least 0 and below 1", (-0.1, 1, 2, nan), mn.Dropout),
        ("learning_rate", "positive and finite", (0, -1, inf, nan), mn.SGD),
        ("decay", "at least 0 and finite", (-0.1, inf, nan), mn.SGD, 1),
        ("momentum", "at least 0 and below 1", (-0.1, 1, 2, nan), mn.SGD, 1, 0),
        ("exponent", "above 0", (0, -1, nan), mn.sharpen, eye(2)),
        ("z", "positive and finite", (-1.96, 0, inf, nan), mn.wilson_interval, 0.5, 9),
    ):
        for number in values:
            yield f"{name}={number!r} must be {requirement}", call, *args, number
    for bad in (7, None, np.random.RandomState(0)):
        message = f"rng={bad!r} must be a generator, such as numpy.random.default_rng(0)"
        yield message, Dense, 3, 2, bad
        yield message, partial(mn.gradient_check, relu, x, rng=bad)
        if bad != 7:
            yield message, partial(network.fit, x, [0, 1], rng=bad)
    for bad in ("sgd", mn.SGD, 0.01):
        message = f"optimizer={bad!r} must have a method step(params, grads), as SGD() has"
        yield message, partial(network.fit, x, [0, 1], optimizer=bad)
    message = "validation_data: "
    for data, reason in (
        ((ones((1, 3)), [0]), "x has 3 features; it must have 2"),
        ((x, [0, 3]), "labels from 0 to 3 must lie in 0 … 2"),
    ):
        yield message + reason, partial(network.fit, x, [0, 1], validation_data=data)
    for p in (-0.1, 1.1, nan):
        yield f"proportion={p!r} must be at least 0 and at most 1", mn.wilson_interval, p, 9

    # arrays of examples
    for call in (five_two.forward, relu.forward, mn.softmax, Normalization.adapt):
        for array in ([[1j]], [["a"]], [[None]], zeros((1, 1), "datetime64[s]")):
            yield f"dtype {np.asarray(array).dtype} must be a real number type", call, array
    for call in (five_two.forward, Normalization([0] * 5, [1] * 5).forward):
        for array in map(ones, [(5,), (1, 2, 5), ()]):
            yield f"x has shape {array.shape}; it must be (n_examples, 5)", call, array
        for n in (4, 6):
            yield f"x has {n} features; it must have 5", call, ones((2, n))
    for message, array in (
        ("x has shape (2,); it must be (n_examples, n_features)", ones(2)),
        ("x has shape (0, 2); it must contain at least one example", ones((0, 2))),
        ("x contains 2 values that are NaN or infinite", [[nan, 0], [-inf, 0], [0, 0]]),
        ("x contains 3 values that are NaN or infinite", [[0, inf], *[[1, 0]] * 999, [nan, nan]]),
    ):
        for call in (network.fit, network.evaluate):
            yield message, call, array, [0]
        for call in (network.predict, network.predict_proba, Normalization.adapt):
            yield message, call, array
        yield message, GramForm, network, array
        yield message, GramForm, network, x, array

    # labels
    for y in ([], zeros(0, int), [0.0, 1.0], [[0, 1]], [True], 3):
        found = f"{np.asarray(y).dtype}{np.shape(y)}"
        yield f"labels {found} must be integers (n,), n > 0", one_hot, y
    for message, *args in (
        ("labels from 0 to 3 must lie in 0 … 2", [0, 3], 3),
        ("labels from -1 to 1 must lie in 0 … 2", [-1, 1], 3),
        ("labels from -1 to 1 must lie in 0 … 1", [-1, 1]),
    ):
        yield message, one_hot, *args
        yield message, mn.confusion_matrix, [0, 1], *args
        yield message, mn.confusion_matrix, args[0], [0, 1], *args[1:]
    for call in (cross_entropy, mn.SoftmaxCrossEntropy().forward):
        for y, shape in (
            *((ones(shape[:1], int), shape) for shape in ((3,), (), (2, 2, 3))),
            *((y, (2, 3)) for y in ([0, 1, 2], eye(3), eye(2), 0)),
            *((ones(shape), shape) for shape in ((3,), (1, 1, 1))),
        ):
            message = f"y {np.shape(y)} must be (n,) or (n, n_classes) for predictions {shape}"
            yield message, call, ones(shape), y
        yield "labels from 0 to 3 must lie in 0 … 1", call, x, [0, 3]
        for row in ([2, -1], [0, 0], [1, 1], [0.5, 0.4], [nan, 1], [-1, -1]):
            yield "each row of y must be one-hot: not negative, with sum 1", call, x, [[0, 1], row]
    for call in (network.fit, network.evaluate):
        for y in ([0], eye(2)):
            message = f"y {np.shape(y)} must be (n,) or (n, n_classes) for predictions (2, 3)"
            yield message, call, x, y
        yield "labels from 0 to 3 must lie in 0 … 2", call, x, [0, 3]
        yield "x has 3 features; it must have 2", call, ones((1, 3)), [0]
    pairs = [([0], [0, 1]), ([], []), ([[0]], [[0]]), (0, 0), ([0, 1], [[0, 1]]), ([0.0], [0])]
    for pair in [*pairs, (zeros(0, int), zeros(0, int)), ([0], [0.5]), ([True], [0])]:
        found = " and ".join(f"{np.asarray(y).dtype}{np.shape(y)}" for y in pair)
        message = f"y_true and y_pred, {found}, must both be integers (n,), n > 0"
        for metric in (mn.accuracy, mn.confusion_matrix):
            yield message, metric, *pair

    message = "y_true and y_pred, float64(2,) and int64(2,), must both be integers (n,), n > 0"
    yield message, mn.reliability, eye(2), [0.0, 1.0]
    yield "reliability has no examples", mn.calibration_error, zeros((15, 3))

    # parameters, statistics and counts
    for W, b in [((2, 3), (2,)), ((2, 3), (1, 3)), ((2, 3), ()), ((3,), ()), ((1, 2, 3), (2, 3))]:
        message = f"W {W} and b {b} must be (n_in, n_out) and (n_out,)"
        yield message, Dense.from_parameters, ones(W), ones(b)
    for mean, variance in (([0.0], [1.0, 1.0]), ([[0.0]], [[1.0]])):
        shapes = f"mean {np.shape(mean)} and variance {np.shape(variance)}"
        yield f"{shapes} must both be (n_features,)", Normalization, mean, variance
    message = "mean and variance must be finite, and variance not negative"
    for mean, variance in (([nan], [1.0]), ([0.0], [inf]), ([0.0], [-1.0])):
        yield message, Normalization, mean, variance
    yield message, Normalization.adapt, [[1e200], [-1e200]]  # σ² = 1e400
    for shape in ((2, 3), (3,), (2, 2, 2), ()):
        message = f"confusion has shape {shape}; it must be square"
        yield message, mn.precision_recall_f1, ones(shape)
    for bad in (nan, -1):
        message = "confusion must have no cells that are NaN or negative"
        yield message, mn.precision_recall_f1, [[bad, 1], [1, 1]]
    for bad in (nan, inf):
        broken = Sequential([Dense.from_parameters([[1, 2], [bad, 4]], [0, 0])])
        yield "the network has weights that are NaN or infinite", broken.fit, x, [0, 1]
    single = Dense.from_parameters(ones((2, 3), np.float32), ones(3))
    message = "gradient_check needs float64 parameters: float32 hides small errors"
    yield message, lambda: mn.gradient_check(single, x, rng=rng)

    # layers, networks and views
    yield "layers=[] must contain at least one layer", Sequential, []
    for layer in (mn.ReLU, "relu"):
        yield f"{layer!r} must be a layer, such as ReLU()", Sequential, [five_two, layer]
    twice = mn.ReLU()
    for layers in ([twice, mn.Sigmoid(), twice], [twice, Sequential([mn.Sigmoid(), twice])]):
        message = "a layer occurs twice; it stores one input: create another layer"
        yield message, Sequential, layers
    message = " must accept the 3 outputs of the previous layer"
    three, nested = Normalization([0] * 3, [1] * 3), Sequential([mn.Sigmoid(), four_five])
    for layers in ([network, four_five], [three, relu, four_five], [network, nested]):
        yield repr(layers[-1]) + message, Sequential, layers
    rows, doubled = ones((3, 5)), type("Doubled", (Dense,), {})(5, 2, rng)
    for layer, held_out in ((relu, ()), (doubled, ()), (five_two, (ones((1, 4)),))):
        found = f"x (3, 5) and held_out {held_out[0].shape if held_out else (0, 5)}"
        message = f"the first layer {layer!r} must be Dense and accept {found}"
        yield message, GramForm, Sequential([layer]), rows, *held_out
    form = GramForm(Sequential([five_two]), rows)  # takes row numbers, not examples
    yield "x has 5 features; it must have 1", form.fit, rows, [0, 1, 0]
    view = np.array([[[1, 2]], [[nan, 2]]])
    yield "networks=[] must contain at least one network", mn.Ensemble, []
    message = "views has 2 entries; it must have 1"
    yield message, mn.Ensemble([network]).predict_proba, [view, view]
    message = "a view has shape (2, 2); it must be (n, n_windows, n_features)"
    yield message, mn.window_proba, network, x
    yield "an example has no window without NaN", mn.valid_windows, view


@pytest.mark.parametrize("case", list(cases()))
def test_an_argument_that_does_not_fit_is_rejected(case: tuple[Any, ...]) -> None:
    """The ValueError gives the argument, its value, shape or dtype, and what it must be."""
    message, call, *args = case
    assert refusal(call, *args) == message

"""Hypothesis strategies for layers, networks and their examples, and what several files share."""

from collections.abc import Iterable
from inspect import signature
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from mininet import Dense, Layer, LeakyReLU, ReLU, Sequential, Sigmoid, SoftmaxCrossEntropy
from mininet.activations import Activation
from tests.strategies import FLOATS, generators

Task = tuple[Sequential, np.ndarray, np.ndarray]


def slopes() -> st.SearchStrategy[float]:
    """Slopes α, negative ones too: 0, or not so small that a gradient vanishes in rounding."""
    others = st.floats(1 / 8, 2, width=16)
    return st.sampled_from([0.0, 0.3, 1.0]) | others | others.map(lambda alpha: -alpha)


def activations() -> st.SearchStrategy[Activation]:
    """One of the activations of activations.py, with a random alpha if it takes one."""
    found, kinds = [], Activation.__subclasses__()
    for kind in (kind for kind in kinds if kind.__module__ == "mininet.activations"):
        takes_alpha = "alpha" in signature(kind).parameters
        found.append(st.builds(kind, alpha=slopes()) if takes_alpha else st.builds(kind))
    return st.one_of(found)


@st.composite
def batches(
    draw: st.DrawFn,
    n_features: int | None = None,
    max_rows: int = 9,
    dtypes: tuple[type, ...] = FLOATS,
    decades: int = 6,
) -> np.ndarray:
    """Examples (n, n_features): noise, from 10^-decades to 10^decades in level."""
    n_features = draw(st.integers(1, 9)) if n_features is None else n_features
    level = 10.0 ** draw(st.integers(-decades, decades))
    noise = draw(generators()).standard_normal((draw(st.integers(1, max_rows)), n_features))
    return (level * noise).astype(draw(st.sampled_from(dtypes)))


@st.composite
def labels(draw: st.DrawFn, n: int, n_classes: int) -> np.ndarray:
    """Labels (n,) of an integer dtype, each in 0 … n_classes - 1."""
    drawn = draw(generators()).integers(0, n_classes, n)
    return drawn.astype(draw(st.sampled_from([np.int64, np.int32, np.uint8])))


@st.composite
def networks(draw: st.DrawFn) -> Sequential:
    """One to three Dense layers of one to six units, each followed by an activation or by none."""
    rng = draw(generators())
    layers: list[Layer] = []
    for n_in, n_out in pairwise(draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))):
        dense = Dense(n_in, n_out, rng)
        dense.b[:] = rng.standard_normal(n_out)
        layers += [dense, *draw(st.lists(activations(), max_size=1))]
    return Sequential(layers)


def measurable(network: Sequential, x: np.ndarray, y: np.ndarray) -> bool:
    """Whether a gradient check of the network can tell a right gradient from a wrong one.

    No input of an activation, which the check moves by about 1e-5, is within 1e-3 of a kink at 0.
    No gradient except zero is below 1e-2: two losses of about 1, rounded to eps, divided by
    2h = 1e-5, give a slope to about 1e-10 only."""
    _, gradients = loss_and_gradients(network, x, y)
    inputs = [layer.x for layer in network.layers if isinstance(layer, Activation)]
    norms = [float(np.linalg.norm(gradient)) for gradient in gradients]
    return all(np.abs(x).min() > 1e-3 for x in inputs) and not any(0 < n < 1e-2 for n in norms)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """A network, inputs (n, n_in) and labels (n,), fit for a gradient check."""
    network = draw(networks())
    x = draw(generators()).standard_normal((draw(st.integers(1, 7)), network.n_in or 1))
    y = draw(labels(len(x), network.forward(x).shape[1]))
    assume(measurable(network, x, y))
    return network, x, y


def loss_and_gradients(
    network: Layer, x: np.ndarray, y: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """The loss, and its gradients: ∂L/∂x and then one for each parameter."""
    loss = SoftmaxCrossEntropy()
    value = loss.forward(network.forward(x), y)
    return value, [network.backward(loss.backward()), *network.grads]


def reference(sizes: tuple[int, ...], rng: np.random.Generator) -> Sequential:
    """The layers of the reference network in other sizes."""
    first, second, third, last = (Dense(a, b, rng) for a, b in pairwise(sizes))
    return Sequential([first, Sigmoid(), second, LeakyReLU(0.3), third, ReLU(), last])


def bits(layer: Layer) -> list[bytes]:
    """The parameters, for comparison bit by bit."""
    return [param.tobytes() for param in layer.params]


class Amplifier(Layer):
    """A layer of a reader's own, without parameters, with two options: out = gain · x."""

    def __init__(self, gain: float, name: str = "x") -> None:
        self.gain, self.name, self.other = gain, name, 3

    def forward(self, x: ArrayLike) -> np.ndarray:
        return self.gain * np.asarray(x)


class Slopes(Layer):
    """A layer of a reader's own, with parameters: out = x where x > 0, slope · x elsewhere."""

    def __init__(self, n_units: int) -> None:
        self.n_units, self.slopes = n_units, np.linspace(0, 1, n_units)

    @property
    def params(self) -> list[np.ndarray]:
        return [self.slopes]

    @property
    def grads(self) -> list[np.ndarray]:
        return [self.dslopes]

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return np.where(x > 0, x, self.slopes * x)

    def backward(self, dout: np.ndarray) -> np.ndarray:
        self.dslopes = np.sum(dout * np.minimum(self.x, 0), axis=0)
        return dout * np.where(self.x > 0, 1, self.slopes)

    def astype(self, dtype: np.dtype) -> None:
        self.slopes = np.asarray(self.slopes, dtype)


class Replayed(np.random.Generator):
    """A generator whose permutations are the given ones, one after the other."""

    def __init__(self, orders: Iterable[np.ndarray]) -> None:
        super().__init__(np.random.PCG64(0))
        self.rest = iter(orders)

    def permutation(self, x: Any, axis: int = 0) -> Any:
        return next(self.rest)

"""What hypothesis draws: arrays over the whole range of numbers, sizes, shapes that we promise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mininet import Dense, Layer, LeakyReLU, ReLU, Sequential, Sigmoid, SoftmaxCrossEntropy

FLOATS = (np.float32, np.float64)


def generators() -> st.SearchStrategy[np.random.Generator]:
    """A seeded NumPy generator: the arrays that are too large to draw number by number."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def numbers(bound: float) -> st.SearchStrategy[float]:
    """Real numbers from -bound to bound; those so small that their squares underflow are zero."""
    return st.floats(-bound, bound).map(lambda value: value if abs(value) > 1e-150 else 0.0)


def eps_of(dtype: np.dtype | type) -> float:
    """The distance from 1 to the next number of the dtype, or of its real part."""
    return float(np.finfo(dtype).eps)


@st.composite
def signals(
    draw: st.DrawFn,
    min_size: int = 1,
    max_size: int = 2000,
    dtypes: tuple[type, ...] = FLOATS,
    leading: bool = True,
    decades: int = 6,
) -> np.ndarray:
    """Signals (..., n): noise, tones, impulses, ramps and silence, from 10^-decades to 10^decades
    in level."""
    n = draw(st.integers(min_size, max_size))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)) if leading else ()
    rng = draw(generators())
    level = 10.0 ** draw(st.integers(-decades, decades))
    kind = draw(st.sampled_from(("noise", "tone", "impulse", "ramp", "silence")))
    t = np.arange(n)
    wave = {
        "noise": lambda: rng.standard_normal((*shape, n)),
        "tone": lambda: np.cos(2 * np.pi * rng.uniform(0, 0.5, (*shape, 1)) * t),
        "impulse": lambda: (t == rng.integers(0, n, (*shape, 1))).astype(float),
        "ramp": lambda: np.broadcast_to(t / n, (*shape, n)) - 0.5,
        "silence": lambda: np.zeros((*shape, n)),
    }[kind]()
    return (level * wave).astype(draw(st.sampled_from(dtypes)))


def integer_arrays(
    shape: st.SearchStrategy[tuple[int, ...]] | tuple[int, ...],
) -> st.SearchStrategy[np.ndarray]:
    """Arrays of every integer dtype, small enough in value that sums are exact in float64."""
    return hnp.arrays(
        st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.int64]),
        shape,
        elements=st.integers(0, 100),
    )


@st.composite
def batches(
    draw: st.DrawFn,
    n_features: int | None = None,
    max_rows: int = 9,
    dtypes: tuple[type, ...] = FLOATS,
    decades: int = 6,
) -> np.ndarray:
    """Examples (n, n_features), a row each: noise, from 10^-decades to 10^decades in level."""
    n_features = draw(st.integers(1, 9)) if n_features is None else n_features
    level = 10.0 ** draw(st.integers(-decades, decades))
    noise = draw(generators()).standard_normal((draw(st.integers(1, max_rows)), n_features))
    return (level * noise).astype(draw(st.sampled_from(dtypes)))


@st.composite
def labels(draw: st.DrawFn, n: int, n_classes: int) -> np.ndarray:
    """Labels (n,) of an integer dtype, each in 0 … n_classes - 1."""
    drawn = draw(generators()).integers(0, n_classes, n)
    return drawn.astype(draw(st.sampled_from([np.int64, np.int32, np.uint8])))


def slopes() -> st.SearchStrategy[float]:
    """Slopes α of a leaky ReLU, negative ones too; 0, or not so small that no gradient is left."""
    others = st.floats(1 / 8, 2, width=16)
    return st.sampled_from([0.0, 0.3, 1.0]) | others | others.map(lambda alpha: -alpha)


def activations() -> st.SearchStrategy[Layer]:
    """One of the three activations."""
    return st.one_of(st.builds(Sigmoid), st.builds(ReLU), st.builds(LeakyReLU, slopes()))


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
    """Whether a gradient check of the network can tell right from wrong.

    No number is within 1e-3 of a kink: a check moves the numbers by some 1e-5, and none may cross.
    No gradient is below 1e-2 but for those that are zero: of two losses of some 1, which rounding
    moves by eps, their difference over 2h = 1e-5 tells a slope to some 1e-10 only.
    """
    loss = SoftmaxCrossEntropy()
    loss.forward(network.forward(x), y)
    gradients = [network.backward(loss.backward()), *network.grads]
    kinked = [layer for layer in network.layers if isinstance(layer, ReLU | LeakyReLU)]
    return all(np.abs(layer.x).min() > 1e-3 for layer in kinked) and not any(
        0 < np.linalg.norm(gradient) < 1e-2 for gradient in gradients
    )


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Sequential, np.ndarray, np.ndarray]:
    """A network, inputs (n, n_in) and labels (n,), fit for a gradient check."""
    network = draw(networks())
    n, n_in = draw(st.integers(1, 7)), len(network.params[0])
    x = draw(generators()).standard_normal((n, n_in))
    y = draw(labels(n, network.forward(x).shape[1]))
    assume(measurable(network, x, y))
    return network, x, y

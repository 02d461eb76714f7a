"""Hypothesis strategies shared by the tests: arrays of every level, length, shape and dtype."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOATS = (np.float32, np.float64)


def few(n: int) -> settings:
    """Of a slow property n examples in the profile ci, in the other profiles in proportion."""
    return settings(max_examples=max(1, n * settings().max_examples // 100))


def generators() -> st.SearchStrategy[np.random.Generator]:
    """A seeded NumPy generator, for arrays too large to draw number by number."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def eps_of(dtype: np.dtype | type) -> float:
    """The distance from 1 to the next number of the dtype, or of its real part."""
    return float(np.finfo(dtype).eps)


@st.composite
def signals(
    draw: st.DrawFn, min_size: int = 1, max_size: int = 2000, leading: bool = True, decades: int = 6
) -> np.ndarray:
    """Signals (..., n) of five kinds, from 10^-decades to 10^decades in level."""
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
    return (level * wave).astype(draw(st.sampled_from(FLOATS)))


def integer_arrays(shape: Any) -> st.SearchStrategy[np.ndarray]:
    """Arrays of every integer dtype, small enough in value that sums are exact in float64."""
    dtypes = st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.int64])
    return hnp.arrays(dtypes, shape, elements=st.integers(0, 100))

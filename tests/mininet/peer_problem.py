"""The problem that Keras and PyTorch are given: data, order of the batches and initial weights.

Small, but with the reference network's activations, and standardized inputs: on raw MFCCs the
sigmoids are saturated and rounding errors grow, so that no two programs agree for long.
"""

from itertools import pairwise

import numpy as np

SIZES = (20, 16, 12, 8, 4)
N_EXAMPLES, N_EPOCHS, BATCH_SIZE = 40, 12, 16  # 16, 16 and 8: three updates an epoch, 36 in all
# learning rate, decay an update, momentum
RUNS = {"plain": (0.01, 0.9, 0.0), "momentum": (0.1, 0.9, 0.9), "constant": (0.1, 0.0, 0.9)}


def problem() -> dict[str, np.ndarray]:
    """x (40, 20) standardized, y (40,), orders (12, 40) one an epoch, start: all parameters."""
    rng = np.random.default_rng(0)
    y = np.arange(N_EXAMPLES) % SIZES[-1]
    x = rng.standard_normal((N_EXAMPLES, SIZES[0])) + rng.standard_normal((SIZES[-1], SIZES[0]))[y]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    start = []
    for n_in, n_out in pairwise(SIZES):
        limit = np.sqrt(6 / (n_in + n_out))
        start += [rng.uniform(-limit, limit, (n_in, n_out)), 0.1 * rng.standard_normal(n_out)]
    return {
        "x": x.astype(np.float32),
        "y": y,
        "orders": np.stack([rng.permutation(N_EXAMPLES) for _ in range(N_EPOCHS)]),
        "start": flat(start).astype(np.float32),
    }


def flat(params: list[np.ndarray]) -> np.ndarray:
    """W₁, b₁, W₂, … one after the other, each row by row: the 680 parameters."""
    return np.concatenate([param.ravel() for param in params])


def unflat(numbers: np.ndarray) -> list[np.ndarray]:
    """The inverse of flat: [W₁ (20, 16), b₁ (16,), …]."""
    shapes = [shape for sizes in pairwise(SIZES) for shape in (sizes, sizes[1:])]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(numbers, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

"""Minibatches: the examples in random order, a few at a time. Chapter 12."""

from collections.abc import Iterator

import numpy as np

from ._checks import read_rows

NEIGHBORS, BLOCKS = 32, 64  # rows of a file that are read together; such blocks in memory at a time


def minibatches(
    x: np.ndarray, y: np.ndarray, size: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield `size` rows of x and y at a time, in random order, each once; the last minibatch may be
    smaller.

    x and y have the same number of rows. An np.memmap may be larger than the memory: its rows are
    shuffled in parts, see parts_of_file.
    """
    if isinstance(x, np.memmap):
        for rows in parts_of_file(len(x), size, rng):
            runs = np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1)
            yield from minibatches(  # unnamed, so that a part is freed before the next is read
                np.concatenate([read_rows(x, r[0], r[-1] + 1) for r in runs]), y[rows], size, rng
            )
        return
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        rows = order[start : start + size]
        yield x[rows], y[rows]


def parts_of_file(n: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the row numbers 0 … n - 1 in parts of whole minibatches, each of about BLOCKS blocks of
    neighboring rows, or of one minibatch if that is larger: reading single rows in random order
    takes ten times as long. The blocks of a part are spread evenly over the file, which may be
    sorted by class."""
    n_parts = -(-n // (BLOCKS * NEIGHBORS))
    blocks = np.arange(n_parts * -(-n // (n_parts * NEIGHBORS))).reshape(-1, n_parts)
    columns = rng.permuted(blocks, axis=1).T  # a part reads a column: one block of each row
    order = np.add.outer(NEIGHBORS * columns.ravel(), np.arange(NEIGHBORS)).ravel()
    order = order[order < n]
    step = size * max(1, n // n_parts // size)  # rows of a part
    return (order[start : start + step] for start in range(0, n, step))

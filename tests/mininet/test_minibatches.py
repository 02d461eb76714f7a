"""Properties of mininet/minibatches.py: each row once, in random order, also of a file."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator, default_rng

from mininet import SGD
from mininet.minibatches import minibatches
from tests.mininet import strategies
from tests.mininet.strategies import Replayed, bits
from tests.strategies import generators


@given(st.integers(1, 20000), st.integers(1, 5000), st.booleans(), generators())
@settings(max_examples=30)
def test_the_rows_of_a_file_are_shuffled_by_blocks(
    n: int, size: int, shifted: bool, rng: Generator
) -> None:
    """Each row of a memory map, or of a slice of one, is in one minibatch. Up to 2048 successive
    rows are of about 64 blocks of 32 neighbors, evenly spread over the file, others in the next
    epoch, and in random order."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file, low = Path(folder, "x.npy"), 100 * shifted
        np.save(file, np.arange(low + n, dtype=np.float32)[:, None])
        x = np.load(file, mmap_mode="r")[low:]
        pairs = [list(minibatches(x, np.arange(n), size, rng)) for _ in range(2)]
        del x
    assert [len(rows) for _, rows in pairs[0][:-1]] == [size] * ((n - 1) // size)
    for values, rows in pairs[0]:
        np.testing.assert_array_equal(values[:, 0], low + rows)
    first, later = (np.concatenate([rows for _, rows in each]) for each in pairs)
    assert sorted(first) == sorted(later) == list(range(n))
    step = size * max(1, n // -(-n // 2048) // size)
    for start in range(0, n - step + 1 if n > 2048 else 0, step):
        one, other = (rows[start : start + step] for rows in (first, later))
        assert len(set(one // 32)) <= step // 32 + 3
        assert n < 2 * step or set(one // 32) != set(other // 32)
        in_quarters = np.bincount(4 * one // n, minlength=4)
        assert np.all(np.abs(in_quarters - step / 4) <= size + 64)
        # two rows of a block follow one another with p = 31/step, ± 6 standard errors
        assert abs(np.mean(np.diff(one // 32) == 0) - 31 / step) < 6 * math.sqrt(32) / step


@pytest.mark.parametrize("mode", ["r", "c"])
def test_training_from_a_file_is_training_on_its_minibatches(tmp_path: Path, mode: Any) -> None:
    """A memory map gives the weights of its rows in memory in the same order; also one with changes
    that are not in the file (c), or of every other column."""
    np.save(tmp_path / "x.npy", default_rng(0).standard_normal((1000, 6)))
    x, y, ends = np.load(tmp_path / "x.npy", mmap_mode=mode), np.arange(1000) // 400, list[Any]()
    if mode == "c":
        x[:500] += 1
    for part in (x, x[:, ::2]):
        pairs = minibatches(part, np.arange(1000), 1000, default_rng(1))
        order = np.concatenate([rows for _, rows in pairs])
        for rows, rng in ((part, default_rng(1)), (np.array(part), Replayed([order]))):
            network = strategies.reference((part.shape[1], 4, 4, 4, 3), default_rng(2))
            history = network.fit(rows, y, 1, 40, SGD(0.1), rng)
            ends.append((history, bits(network), network.evaluate(rows, y)))
    assert ends[0] == ends[1] and ends[2] == ends[3]

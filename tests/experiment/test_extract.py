"""Properties of experiment/extract.py: the same features from any executor, and no clip is lost."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from experiment.data import Clip, Dataset, scan
from experiment.extract import WORKER_ENVIRONMENT, default_n_jobs, extract_features, workers
from experiment.recipes import Improved, Reference
from experiment.terminal import reason
from tests import sounds
from tests.experiment.program import process, wait_until


def numbered(source: int) -> Clip:
    """A reader: the source itself as a signal; every fifth cannot be read."""
    if source % 5 == 4:
        raise ValueError(f"{source}.wav holds no samples")
    time.sleep(0.1 / (1 + source))  # later clips take less time
    return Clip(np.full(3, float(source)), ["padded", *(["cut"] if source > 12 else [])])


def two_views(signal: np.ndarray) -> list[np.ndarray]:
    """The signal, and its square as float32 of another shape."""
    return [signal, np.square(signal, dtype=np.float32).reshape(1, 3)]


def dataset_of(n: int, reader: Callable[[Any], Clip] = numbered) -> Dataset:
    """n clips, named by their number."""
    return Dataset(["a"], [f"a/{i}.wav" for i in range(n)], np.zeros(n, int), range(n), reader)


@pytest.mark.parametrize("pool", [nullcontext, partial(ThreadPoolExecutor, 4)])
def test_every_clip_is_kept_or_listed_as_a_problem(pool: Any) -> None:
    """Row k of each view belongs to clip kept[k], though later clips end sooner; the other clips
    are problems with name and reason; steps of the readable clips are counted, silent ones listed;
    progress wraps all clips."""
    progress = Mock(side_effect=iter)
    with pool() as executor:
        result = extract_features(dataset_of(17), two_views, executor, progress)
    progress.assert_called_once_with(range(17))
    assert result.kept == [i for i in range(17) if i % 5 != 4]
    expected = np.repeat(np.array(result.kept, float)[:, None], 3, axis=1)
    np.testing.assert_array_equal(result.views[0], expected)
    np.testing.assert_array_equal(result.views[1][:, 0], expected**2)
    assert result.views[1].dtype == np.float32
    assert result.problems == [
        {"clip": f"a/{i}.wav", "reason": f"{i}.wav holds no samples"} for i in (4, 9, 14)
    ]
    assert result.treated == {"cut": 3, "padded": 14, "silent": 1}
    assert result.silent == ["a/0.wav"]
    nothing = extract_features(dataset_of(3, lambda i: numbered(4)), two_views)
    assert nothing.views == [] and nothing.kept == [] and len(nothing.problems) == 3


def test_features_in_a_file_are_those_in_memory(tmp_path: Path) -> None:
    """The view is a memory map of the file, which has the rows of the readable clips alone."""
    file, reader = str(tmp_path / "x.npy"), Mock(side_effect=numbered)
    alone, mapped = (
        extract_features(dataset_of(7), lambda signal: two_views(signal)[1:], file=name)
        for name in (None, file)
    )
    assert isinstance(mapped.views[0], np.memmap) and mapped[1:] == alone[1:]
    for view in (mapped.views[0], np.load(file)):
        np.testing.assert_array_equal(view, alone.views[0], strict=True)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        extract_features(dataset_of(7, reader), lambda signal: [signal], file="nowhere/x.npy")
    assert reader.call_count == 0  # before the work


def test_reasons_are_sentences_on_one_line() -> None:
    """Of an OSError the file and the system's message, else the message; line breaks escaped."""
    assert reason(FileNotFoundError(2, "No such file", "a\nb.wav")) == "a\\nb.wav: No such file"
    assert reason(OSError(28, "No space left on device")) == "No space left on device"
    assert reason(OSError("words alone")) == "words alone"
    assert reason(ValueError("a\nb.wav holds no samples")) == "a\\nb.wav holds no samples"


# Executors


@contextmanager
def dask() -> Iterator[Executor]:
    distributed = pytest.importorskip("distributed")
    options = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=2, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


@pytest.mark.parametrize("pool", [partial(workers, 2), pytest.param(dask, marks=pytest.mark.peers)])
def test_features_do_not_depend_on_the_executor(pool: Any, tmp_path: Path) -> None:
    """Both recipes give the same bytes, also of augmented copies, and the same problems in this
    process, with many BLAS threads, in two worker processes, with one BLAS thread each, and on
    Dask; and in another order."""
    folder = sounds.category(tmp_path, n_clips=4)
    (folder / "low" / "1-3-B.wav").write_text("no sound")
    dataset = scan(folder)
    with workers(1) as no_executor:
        assert no_executor is None
    with pool() as executor:
        for recipe in (Reference(), replace(Improved(), copies=1)):
            alone = extract_features(dataset, recipe.examples)
            assert len(alone.kept) == 11 and len(alone.problems) == 1
            other = extract_features(dataset, recipe.examples, executor)
            assert other[1:] == alone[1:]
            for a, b in zip(other.views, alone.views, strict=True):
                assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
            some = extract_features(dataset.only(alone.kept[::-4]), recipe.examples)
            for a, b in zip(some.views, alone.views, strict=True):
                np.testing.assert_array_equal(a, b[::-4])


# Worker processes


def test_files_of_the_working_directory_are_not_executed(tmp_path: Path) -> None:
    """Worker processes import no module that lies there under the name of a standard one."""
    data = sounds.category(tmp_path / "data")
    for name in ("signal.py", "random.py", "socket.py"):
        (tmp_path / name).write_text("open('executed', 'w').close()")
    finished = process("check", "--data", data, "--jobs", 2, cwd=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert not (tmp_path / "executed").exists()


def environment_of(source: int) -> Clip:
    """A reader that checks the environment of its process."""
    assert all(os.environ[name] == value for name, value in WORKER_ENVIRONMENT.items())
    assert os.environ["MPLBACKEND"] == "Agg"
    return Clip(np.zeros(3))


def test_the_environment_of_the_workers_is_theirs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """WORKER_ENVIRONMENT is set in the workers, and here it is as before, also with pools in two
    threads. They draw without a window, which this process may open, and print what is not in the
    encoding of the output. There are no more of them than chunks of clips."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("MPLBACKEND", "svg")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before, others = dict(os.environ), len(active_children())

    def run(_: int) -> None:
        with workers(60) as pool:
            assert len(extract_features(dataset_of(2, environment_of), two_views, pool).kept) == 2
            assert pool is not None and len(active_children()) <= others + 4
            pool.submit(print, "雨").result()
            assert dict(os.environ) == before

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, range(2)))


def assert_ended(before: set[BaseProcess], *futures: Future[Any]) -> None:
    """No worker is left and no future is pending, as soon as a thread of the pool notes it."""
    wait_until(lambda: set(active_children()) <= before and all(f.done() for f in futures))


def unlucky(source: int) -> Clip:
    """A reader with a mistake at 11; at 60 its process dies, as when a decoder crashes."""
    if source == 11:
        raise KeyError("eleven")
    if source == 60:
        os._exit(1)
    return Clip(np.zeros(3))


def test_errors_of_workers_are_raised_here() -> None:
    """The error of a task is raised, and the workers remain usable; a worker that dies is a
    BrokenExecutor, no hang. No worker is left."""
    before = set(active_children())
    with pytest.raises(BrokenExecutor), workers(2) as pool:
        with pytest.raises(KeyError, match="eleven"):
            extract_features(dataset_of(40, unlucky), two_views, pool)
        assert len(extract_features(dataset_of(10, unlucky), two_views, pool).kept) == 10
        extract_features(dataset_of(80, unlucky).only(range(50, 80)), two_views, pool)
    assert_ended(before)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_an_exception_ends_the_workers_and_their_tasks() -> None:
    """After an exception in the block no worker is left, even if its task would take an hour, and
    no future is pending: what had not begun is canceled, or its pool is broken, whichever a thread
    of the pool notes first."""
    before = set(active_children())
    with pytest.raises(KeyboardInterrupt), workers(2) as pool:
        assert pool is not None
        pending = [pool.submit(nap, seconds) for seconds in (0.1, 3600.0, *[0.1] * 100)]
        pending[0].result()
        raise KeyboardInterrupt
    assert_ended(before, *pending)
    with pytest.raises((CancelledError, BrokenExecutor)):
        pending[-1].result()


def test_few_clips_are_read_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process for each fifty clips, at most one a core, also where the affinity is unknown."""
    assert [default_n_jobs(n) for n in (0, 1, 99)] == [1, 1, 1]
    n_cores = default_n_jobs(10**9)
    assert 1 <= n_cores <= (os.cpu_count() or 1) and default_n_jobs(100) == min(2, n_cores)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert default_n_jobs(10**9) == (os.cpu_count() or 1)

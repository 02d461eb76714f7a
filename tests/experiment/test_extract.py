"""Properties of experiment/extract.py: the same features from any executor, and no clip is lost."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiment.data import Clip, Dataset, scan
from experiment.extract import (
    WORKER_ENVIRONMENT,
    ExtractionResult,
    default_n_jobs,
    extract_features,
    reason,
    workers,
)
from experiment.recipes import Improved, Recipe, Reference
from tests import sounds
from tests.experiment.program import ROOT

RECIPES: list[Recipe] = [Reference(), Improved()]


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


def assert_same(one: ExtractionResult, two: ExtractionResult) -> None:
    """Equal to the bit."""
    assert (one.kept, one.treated, one.problems) == (two.kept, two.treated, two.problems)
    for a, b in zip(one.views, two.views, strict=True):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


@pytest.mark.parametrize("pool", [nullcontext(), ThreadPoolExecutor(4)])
def test_every_clip_is_kept_or_listed_as_a_problem(pool: Any) -> None:
    """Row k of each view belongs to clip kept[k], though later clips end sooner; the other clips
    are problems with name and reason; steps of the readable clips are counted; progress wraps all
    clips."""
    wrapped: list[list[int]] = []

    def progress(clips: Iterable[int]) -> Iterable[int]:
        wrapped.append(list(clips))
        return wrapped[0]

    with pool as executor:
        result = extract_features(dataset_of(17), two_views, executor, progress)
    assert result.kept == [i for i in range(17) if i % 5 != 4] and wrapped == [list(range(17))]
    expected = np.repeat(np.array(result.kept, float)[:, None], 3, axis=1)
    np.testing.assert_array_equal(result.views[0], expected)
    np.testing.assert_array_equal(result.views[1][:, 0], expected**2)
    assert result.views[1].dtype == np.float32
    assert [vars(problem) for problem in result.problems] == [
        {"clip": f"a/{i}.wav", "reason": f"{i}.wav holds no samples"} for i in (4, 9, 14)
    ]
    assert result.treated == {"cut": 3, "padded": 14}
    nothing = extract_features(dataset_of(3, lambda i: numbered(4)), two_views)
    assert nothing.views == [] and nothing.kept == [] and len(nothing.problems) == 3


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


EXECUTORS: dict[str, Any] = {
    "threads": partial(ThreadPoolExecutor, 3),
    "2 processes": partial(workers, 2),
    "dask": dask,
}


@pytest.mark.parametrize(
    "kind", ["threads", "2 processes", pytest.param("dask", marks=pytest.mark.peers)]
)
def test_features_do_not_depend_on_the_executor(kind: str, tmp_path: Path) -> None:
    """Both recipes give the same bytes and the same problems in this process, in threads, in two
    worker processes and on Dask."""
    folder = sounds.category(tmp_path, n_clips=7)
    (folder / "low" / "1-3-B.wav").write_text("no sound")
    dataset = scan(folder)
    with workers(1) as no_executor:
        assert no_executor is None
    with EXECUTORS[kind]() as executor:
        for recipe in RECIPES:
            alone = extract_features(dataset, recipe.views)
            assert len(alone.kept) == 20 and len(alone.problems) == 1
            assert_same(extract_features(dataset, recipe.views, executor), alone)


def test_features_do_not_depend_on_the_threads_of_blas(category: Path) -> None:
    """One BLAS thread, as in a worker, and four give the same bytes."""
    code = (
        "import sys, hashlib; from experiment.data import scan; "
        "from experiment.extract import extract_features; "
        "from experiment.recipes import Improved, Reference\n"
        "for recipe in (Reference(), Improved()):\n"
        "    for view in extract_features(scan(sys.argv[1]), recipe.views).views:\n"
        "        print(hashlib.sha256(view.tobytes()).hexdigest())"
    )
    printed = []
    for n in ("1", "4"):
        names = [name for name in WORKER_ENVIRONMENT if name.endswith("_THREADS")]
        environment = os.environ | dict.fromkeys(names, n)
        command = [sys.executable, "-c", code, str(category)]
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        printed.append(run.stdout)
    assert printed[0] == printed[1] and len(printed[0].split()) == 3


# Worker processes


def environment_of(source: int) -> Clip:
    """A reader that checks the environment of its process."""
    assert all(os.environ[name] == value for name, value in WORKER_ENVIRONMENT.items())
    return Clip(np.zeros(3))


def test_the_environment_of_the_workers_is_theirs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """WORKER_ENVIRONMENT is set in the workers, and afterwards here as it was before."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with workers(2) as pool:
        assert len(extract_features(dataset_of(2, environment_of), two_views, pool).kept) == 2
    assert dict(os.environ) == before


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
    assert set(active_children()) <= before


def nap(item: int) -> int:
    time.sleep(0.1)
    return item


def test_an_exception_ends_the_workers_and_their_tasks() -> None:
    """After an exception in the block no worker is left and no future is pending."""
    before = set(active_children())
    with pytest.raises(KeyboardInterrupt), workers(2) as pool:
        assert pool is not None
        pending = [pool.submit(nap, i) for i in range(100)]
        pending[0].result()
        raise KeyboardInterrupt
    assert set(active_children()) <= before
    assert all(future.done() for future in pending) and pending[-1].cancelled()


def test_few_clips_are_read_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One process for each fifty clips, at most one a core, also where the affinity is unknown."""
    assert [default_n_jobs(n) for n in (0, 1, 99)] == [1, 1, 1]
    n_cores = default_n_jobs(10**9)
    assert 1 <= n_cores <= (os.cpu_count() or 1) and default_n_jobs(100) == min(2, n_cores)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert default_n_jobs(10**9) == (os.cpu_count() or 1)

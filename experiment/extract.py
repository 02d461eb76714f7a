"""Feature extraction: reads and processes every clip, in parallel. Chapter 13.

The work runs in this process, in worker processes (see workers), or on any concurrent.futures
Executor, such as Dask's; the features are bit-identical. Each process holds one recording at
a time: paths are sent to it, and features are returned.
"""

import os
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from .data import Clip, Dataset, printable

CHUNK = 2  # clips per task: fits into a pipe, so that a killed worker leaves no partial result
MAX_PENDING = 256  # submitted tasks; limits the results in memory
MAX_JOBS = 61  # the maximum on Windows
CLIPS_PER_JOB = 50  # with fewer, a process takes longer to start than it saves
THREAD_SETTINGS = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
# glibc, bytes: keep freed memory instead of returning it after each clip, which would take a third
# of the time of an MFCC.
MALLOC_SETTINGS = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(2**25))
WORKER_ENVIRONMENT = THREAD_SETTINGS | MALLOC_SETTINGS | {"PYTHONSAFEPATH": "1"}

FeatureFn = Callable[[np.ndarray], Sequence[np.ndarray]]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Problem:
    """A clip, "class/file", that cannot be read, and the reason: a sentence that names the file."""

    clip: str
    reason: str


@dataclass(frozen=True)
class ExtractionResult:
    """views[v][k] is view v of clip kept[k]; treated counts the clips resampled, cut and padded;
    problems lists the unreadable ones."""

    views: list[np.ndarray]
    kept: list[int]
    treated: Counter[str]
    problems: list[Problem]


def extract_features(
    dataset: Dataset,
    feature_fn: FeatureFn,
    executor: Executor | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> ExtractionResult:
    """Compute feature_fn(signal) of every clip: one array per view, of equal shapes for all clips.

    progress wraps the iterable of clips, as tqdm does. With an executor, feature_fn, reader and
    sources must be picklable.
    """
    views: list[np.ndarray] = []
    result = ExtractionResult(views, [], Counter(), [])
    outcomes = map_in_order(
        partial(process_clip, dataset.reader, feature_fn), dataset.sources, executor
    )
    for i, outcome in zip(progress(range(len(dataset))), outcomes, strict=True):
        if isinstance(outcome, str):
            result.problems.append(Problem(dataset.names[i], outcome))
            continue
        rows, treatment = outcome
        if not views:  # preallocated: stacking a list needs twice the memory
            views += [np.empty((len(dataset), *row.shape), row.dtype) for row in rows]
        for view, row in zip(views, rows, strict=True):
            view[len(result.kept)] = row
        result.treated.update(treatment)
        result.kept.append(i)
    views[:] = [view[: len(result.kept)] for view in views]
    return result


def process_clip(
    reader: Callable[[Any], Clip], feature_fn: FeatureFn, source: Any
) -> tuple[Sequence[np.ndarray], dict[str, bool]] | str:
    """The features of one clip and its treatment; the reason if it is unreadable."""
    try:
        clip = reader(source)
    except (OSError, ValueError) as error:
        return reason(error)
    treatment = {"resampled": clip.resampled, "cut": clip.cut, "padded": clip.padded}
    return feature_fn(clip.signal), treatment


def report_unreadable(problems: Sequence[Problem], n_clips: int, skip: bool) -> None:
    """List all unreadable recordings, even in a quiet run; if skip is not set, as a ValueError."""
    if not problems:
        return
    listed = "\n".join(f"  {problem.reason}" for problem in problems)
    text = f"{len(problems)} of {n_clips} recordings cannot be read:\n{listed}\n"
    if not skip:
        raise ValueError(f"{text}--skip-bad continues without them")
    print(f"ssc: {text}continuing without them", file=sys.stderr)


def progress_bar(items: Sequence[Any], *, description: str, quiet: bool) -> Iterable[Any]:
    """Wrap items in a progress bar if the output is a terminal."""
    disable = True if quiet else None  # None: if not a terminal
    return tqdm(items, desc=description, unit="clip", mininterval=0.5, disable=disable)


def map_in_order(
    task: Callable[[Item], Result], items: Sequence[Item], executor: Executor | None = None
) -> Iterator[Result]:
    """Yield task(item) for each item, in order. Raises exceptions of task, BrokenExecutor."""
    if executor is None:
        yield from map(task, items)
        return
    chunks = (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
    pending: deque[Future[list[Result]]] = deque()
    try:
        for chunk in chunks:
            pending.append(executor.submit(_run_chunk, task, chunk))
            if len(pending) == MAX_PENDING:
                yield from _result(pending.popleft())
        while pending:
            yield from _result(pending.popleft())
    finally:
        for future in pending:
            future.cancel()


def _run_chunk(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [task(item) for item in items]


def _result(future: Future[Result]) -> Result:
    while not future.done():  # on Windows, Ctrl-C does not interrupt a wait without timeout
        wait([future], timeout=0.2)
    return future.result()


def reason(error: Exception) -> str:
    """Format an error on one line; an OSError as the file and the system's message."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return printable(f"{where}{error.strerror}")
    return printable(str(error))


def default_n_jobs(n_clips: int) -> int:
    """One process per available core, with at least CLIPS_PER_JOB clips per process."""
    affinity = getattr(os, "sched_getaffinity", None)  # on Linux
    n_cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(n_cores, n_clips // CLIPS_PER_JOB))


@contextmanager
def workers(jobs: int) -> Iterator[Executor | None]:
    """A pool of worker processes, each with one BLAS thread; None for one job.

    They are spawned on every platform: a script that uses them needs `if __name__ == "__main__":`.
    After an exception such as Ctrl-C they finish the started tasks.
    """
    if jobs == 1:
        yield None
        return
    before = {name: os.environ.get(name) for name in WORKER_ENVIRONMENT}
    os.environ.update(WORKER_ENVIRONMENT)
    pool = ProcessPoolExecutor(
        min(jobs, MAX_JOBS), get_context("spawn"), initializer=_initialize_worker
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _initialize_worker() -> None:
    """Leave Ctrl-C to the parent process, and exit when that process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

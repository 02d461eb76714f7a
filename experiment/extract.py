"""Feature extraction: reads and processes every clip, in parallel. Chapter 13.

The work runs in this process, in worker processes (see workers), or on any concurrent.futures
Executor, such as Dask's; the features are bit-identical. Each process holds one recording at
a time: paths are sent to it, and features are returned.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from functools import partial
from multiprocessing import active_children, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock, Thread
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from .data import Clip, Dataset, is_silent, problem_of
from .terminal import prepare_streams, say

CLIPS_PER_JOB = 50  # with fewer, a process takes longer to start than it saves
CHUNK = 8  # clips sent to a worker at once
WORKER_ENVIRONMENT = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "VECLIB_MAXIMUM_THREADS": "1",
    # glibc, bytes: keep freed memory between clips; returning it would take a third of the time of
    # an MFCC
    **dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(2**25)),
    "PYTHONSAFEPATH": "1",  # import nothing from the working directory
}
_environment_lock = Lock()

Progress = Callable[[Iterable[int]], Iterable[int]]


class ExtractionResult(NamedTuple):
    """The features of the readable clips, and what else was found."""

    views: list[np.ndarray]  # views[v][k] is view v of clip kept[k]
    kept: list[int]
    treated: Counter[str]  # how many clips were resampled, cut and padded
    silent: list[str]  # names
    problems: list[dict[str, str]]  # {"clip": "class/file", "reason": message}, of unreadable clips


def extract_features(
    dataset: Dataset,
    feature_fn: Callable[[np.ndarray], Sequence[np.ndarray]],
    executor: Executor | None = None,
    progress: Progress = iter,
    file: str | None = None,
) -> ExtractionResult:
    """Compute feature_fn(signal) of every clip: one array per view, of equal shapes for all clips.

    progress wraps the iterable of clips, as tqdm does. With an executor, feature_fn, reader and
    sources must be picklable, and functions in a module, not in a notebook. With file, the name of
    an .npy file, the only view is a memory map of it. OSError: the file cannot be written.
    """
    views: list[np.ndarray] = []
    kept, treated, silent = list[int](), Counter[str](), list[str]()
    problems = list[dict[str, str]]()
    task = partial(process_clip, dataset.reader, feature_fn)
    with nullcontext() if file is None else open(file, "wb") as stream:
        for i, outcome in enumerate(map_clips(task, dataset.sources, executor, progress)):
            if isinstance(outcome, str):
                problems.append({"clip": dataset.names[i], "reason": outcome})
                continue
            rows, steps = outcome
            if stream:
                (row,) = rows
                if not kept:
                    write_header(stream, len(dataset), row)
                stream.write(row.tobytes())
            else:  # preallocated: stacking a list needs twice the memory
                views = views or [np.empty((len(dataset), *row.shape), row.dtype) for row in rows]
                for view, row in zip(views, rows, strict=True):
                    view[len(kept)] = row
            treated.update(steps)
            silent += [dataset.names[i]] * ("silent" in steps)
            kept.append(i)
        if stream and kept:
            write_header(stream, len(kept), row)
    views = [np.load(file, mmap_mode="r")] if file and kept else [v[: len(kept)] for v in views]
    return ExtractionResult(views, kept, treated, silent, problems)


def write_header(stream: BinaryIO, n: int, row: np.ndarray) -> None:
    """Write the header of an .npy file of n rows; it has the same length for any n."""
    stream.seek(0)
    descr = np.lib.format.dtype_to_descr(row.dtype)
    header = {"descr": descr, "fortran_order": False, "shape": (n, *row.shape)}
    np.lib.format.write_array_header_1_0(stream, header)


def map_clips(
    task: Callable[[Any], Any],
    sources: Sequence[Any],
    executor: Executor | None,
    progress: Progress,
) -> Iterator[Any]:
    """Yield task(source) for each source, in order; the others as in extract_features."""
    chunk = max(1, min(CHUNK, len(sources) // CLIPS_PER_JOB))  # every worker gets some
    in_turn = map if executor is None else partial(executor.map, chunksize=chunk)
    outcomes = in_turn(task, sources)
    for _, outcome in zip(progress(range(len(sources))), outcomes, strict=True):
        yield outcome


def process_clip(
    reader: Callable[[Any], Clip], feature_fn: Callable[[np.ndarray], Any], source: Any
) -> tuple[Any, Collection[str]] | str:
    """The features of one clip and the steps applied to it; the reason if it is unreadable."""
    try:
        clip = reader(source)
    except (OSError, ValueError) as error:
        return problem_of(error)
    silent = Counter(silent=int(is_silent(clip.signal)))
    return feature_fn(clip.signal), Counter(clip.steps) + silent  # without what is not positive


def report_unreadable(problems: Sequence[dict[str, str]], n_clips: int, skip: bool) -> None:
    """Raise ValueError listing unreadable recordings; if skip is set, print the list to stderr."""
    if not problems:
        return
    listed = "\n".join(f"  {problem['reason']}" for problem in problems)
    text = f"{len(problems)} of {n_clips} recordings cannot be read:\n{listed}"
    if not skip:
        raise ValueError(f"{text}\nuse --skip-bad to continue without them")
    say(f"ssc: {text}", sys.stderr)


def default_n_jobs(n_clips: int) -> int:
    """One process per available core, with at least CLIPS_PER_JOB clips per process."""
    n_cores = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # on Linux
        n_cores = len(os.sched_getaffinity(0))
    return max(1, min(n_cores, 61, n_clips // CLIPS_PER_JOB))  # at most 61 on Windows


@contextmanager
def workers(jobs: int) -> Iterator[Executor | None]:
    """A pool of worker processes, each with one BLAS thread; None for one job.

    They are spawned on every platform: a script that uses them needs `if __name__ == "__main__":`.
    After an exception such as Ctrl-C they are terminated: training a fold takes minutes. None, too,
    if they would import a file of the working directory for a standard module: in Python 3.10.
    """
    found = {name.split(".")[0] for name in os.listdir()} if sys.version_info < (3, 11) else set()
    if jobs == 1 or found & sys.stdlib_module_names:
        yield None
        return
    others = active_children()
    with _worker_environment():  # for multiprocessing's resource tracker
        pool = ProcessPoolExecutor(jobs, _Context(), initializer=_initialize_worker)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()).difference(others):
            worker.terminate()
            worker.join()
        raise
    finally:
        pool.shutdown()


@contextmanager
def _worker_environment() -> Iterator[None]:
    """Set WORKER_ENVIRONMENT while a process is started: it inherits it before importing NumPy."""
    with _environment_lock:
        before = {name: os.environ[name] for name in WORKER_ENVIRONMENT if name in os.environ}
        os.environ.update(WORKER_ENVIRONMENT)
        try:
            yield
        finally:
            for name in WORKER_ENVIRONMENT:
                del os.environ[name]
            os.environ.update(before)


class _Context(SpawnContext):
    """Starts processes that inherit WORKER_ENVIRONMENT."""

    class Process(SpawnProcess):
        def start(self) -> None:
            with _worker_environment():
                super().start()


@contextmanager
def in_background(executor: Executor | None) -> Iterator[Callable[..., None]]:
    """Yield a function that calls its first argument with the others, in a worker process if there
    is one. When the block ends, wait for the calls and raise the first of their exceptions."""
    calls = list[Future[None]]()

    def call(function: Callable[..., None], *arguments: Any) -> None:
        if executor is None:
            function(*arguments)
        else:
            calls.append(executor.submit(function, *arguments))

    try:
        yield call
    except Exception:
        wait(calls)
        raise
    for each in calls:
        each.result()


def _initialize_worker() -> None:
    """Leave Ctrl-C to the parent process, exit when that process ends, draw without a window, and
    print any character."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["MPLBACKEND"] = "Agg"
    prepare_streams()
    parent: Any = parent_process()
    Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()

"""Extraction: every clip read and heard, by as many processes as there are, one clip at a time.

Before it: interruption.py. After it: folds.py. Chapter 13.

Who does the work is an executor as concurrent.futures has it: none, and this process does it; the
processes of this computer, see workers; or a cluster's, such as that of Dask or MPI. What comes out
is the same to the bit. No waveform leaves the process that reads it: what travels is the path, and
what is made of the clip.
"""

from __future__ import annotations

import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import numpy as np

from .dataset import Clip, Dataset, printable
from .interruption import postponed, undisturbed

CHUNK = 8  # clips in a task: few, so that Ctrl-C need not wait; several, so that sending one pays
AHEAD = 64  # tasks handed out at a time: what they bring back may have to wait its turn in memory
CLIPS_A_JOB = 50  # in less time than it takes to hear these a process is not even started
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # each, in a worker
# To glibc: keep the few megabytes that are freed after each clip, in bytes. Given back and asked
# for again they would cost a third of the time of an MFCC.
KEEP_FREED = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")
IN_WORKERS = dict.fromkeys(ONE_THREAD, "1") | dict.fromkeys(KEEP_FREED, str(2**25))
Listen = Callable[[np.ndarray], Sequence[np.ndarray]]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Problem:
    """A clip, "class/file", that cannot be read, and why: a sentence that names the file."""

    clip: str
    reason: str


@dataclass(frozen=True)
class Heard:
    """views[v][k] is view v of clip kept[k]; how many clips were resampled, cut and padded; the
    clips that could not be read."""

    views: list[np.ndarray]
    kept: list[int]
    treated: Counter[str]
    problems: list[Problem]


def extract(
    dataset: Dataset,
    listen: Listen,
    executor: Executor | None = None,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Heard:
    """Read every clip, and what listen makes of its signal: an array for each view, of the same
    shapes for each clip. A clip that cannot be read is noted, and the next one is read.

    progress wraps the iterable of clips, as tqdm does. With an executor, listen and the dataset's
    reader and sources must be such as pickle can send.
    """
    views: list[np.ndarray] = []
    heard = Heard(views, [], Counter(), [])
    outcomes = in_order(partial(hear, dataset.reader, listen), dataset.sources, executor)
    for i, outcome in zip(progress(range(len(dataset))), outcomes, strict=True):
        if isinstance(outcome, str):
            heard.problems.append(Problem(dataset.names[i], outcome))
            continue
        rows, treatment = outcome
        if not views:  # filled row by row: a list of rows, stacked, would be there twice
            views += [np.empty((len(dataset), *row.shape), row.dtype) for row in rows]
        for view, row in zip(views, rows, strict=True):
            view[len(heard.kept)] = row
        heard.treated.update(treatment)
        heard.kept.append(i)
    views[:] = [view[: len(heard.kept)] for view in views]
    return heard


def hear(
    reader: Callable[[Any], Clip], listen: Listen, source: Any
) -> tuple[Sequence[np.ndarray], dict[str, bool]] | str:
    """What listen makes of one clip, and what was done to it; a sentence if it cannot be read."""
    try:
        clip = reader(source)
    except (OSError, ValueError) as error:
        return reason(error)
    treatment = {"resampled": clip.resampled, "cut": clip.cut, "padded": clip.padded}
    return listen(clip.signal), treatment


def in_order(
    task: Callable[[Item], Result], items: Sequence[Item], executor: Executor | None = None
) -> Iterator[Result]:
    """task(item) for each of the items, in their order, whoever computes it and when.

    Raises what task raises; of an executor whose worker died, its BrokenExecutor.
    """
    if executor is None:
        yield from map(task, items)
        return
    chunks = (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
    waiting: deque[Future[list[Result]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(executor.submit(_each, task, chunk))
            if len(waiting) == AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _each(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [task(item) for item in items]


def reason(error: Exception) -> str:
    """An error as a sentence on one line; of an OSError the file and the system's words."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return printable(f"{where}{error.strerror}")
    return printable(str(error))


def fitting_jobs(n_clips: int) -> int:
    """As many processes as this one may use cores, but none that has too little to do."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    n_cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(n_cores, n_clips // CLIPS_A_JOB))


@contextmanager
def workers(jobs: int) -> Iterator[Executor | None]:
    """jobs processes of this computer as an executor; None for one job: no process is started.

    An error within the block ends them at once, in the middle of what they do. When this process is
    killed, each ends after its task.
    """
    if jobs == 1:
        yield None
        return
    resource_tracker.ensure_running()  # which unblocks interrupts when it starts
    pool = LocalExecutor(jobs)
    try:
        with _as_workers_need_it(), _deaf_to_interrupts():
            pool.start()
        yield pool
    except BaseException:
        with undisturbed():
            pool.kill()
            pool.shutdown(cancel_futures=True)
        raise
    with postponed():
        pool.shutdown(cancel_futures=True)


class LocalExecutor(Executor):
    """Processes of this computer, each with a pipe and, while it works, a thread that waits at it.

    concurrent.futures has a pool of processes as well; but there all answer through one pipe, and
    when one dies in the middle of an answer the pool waits for the rest for ever. Here the pipe
    ends with its process, and the task with BrokenExecutor.
    They are spawned: a forked process would share this one's locks and threads in whatever state
    they are, and spawning takes a tenth of a second.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs, self.threads = jobs, ThreadPoolExecutor(jobs)
        self.idle, self.pipes = SimpleQueue[Connection](), list[Connection]()
        self.processes: list[SpawnProcess] = []

    def start(self) -> None:
        """Start the processes: a step of its own, so that kill ends them if it is interrupted."""
        context = get_context("spawn")
        for _ in range(self.jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self.processes.append(process)
            self.pipes.append(ours)
            self.idle.put(ours)

    def submit(self, task: Callable[..., Result], /, *args: Any, **options: Any) -> Future[Result]:
        """The result of task(*args, **options), or its error, when a process has computed it."""
        return self.threads.submit(self._ask, task, args, options)

    def _ask(self, *task: Any) -> Any:
        pipe = self.idle.get()
        try:
            pipe.send(task)
            done, result = pipe.recv()
        except (EOFError, OSError):
            raise BrokenExecutor("a process died in the middle of its task") from None
        finally:
            self.idle.put(pipe)
        if not done:
            raise result
        return result

    def kill(self) -> None:
        """End all processes at once; their tasks end with BrokenExecutor."""
        for process in self.processes:
            process.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes when they have done what they were given; wait: until they have.
        Once more is no harm."""
        self.threads.shutdown(wait=False, cancel_futures=cancel_futures)
        if wait:
            self._end()
        else:
            Thread(target=self._end).start()

    def _end(self) -> None:
        self.threads.shutdown()
        pipes, self.pipes = self.pipes, []
        for pipe in pipes:
            pipe.close()
        for process in self.processes:
            process.join()


def _serve(pipe: Connection) -> None:
    """What a process does: task by task, until the pipe is closed at its other end."""
    try:
        while True:
            task, args, options = pipe.recv()
            try:
                answer = True, task(*args, **options)
            except Exception as error:
                answer = False, error
            try:
                pipe.send(answer)
            except Exception as error:  # it cannot be pickled: not a byte of it was sent
                pipe.send((False, TypeError(str(error))))
    except (EOFError, OSError):
        return


@contextmanager
def _as_workers_need_it() -> Iterator[None]:
    """Processes that are started in the block compute with one thread, as there are enough of them,
    and keep the memory that they have freed."""
    before = {name: os.environ.get(name) for name in IN_WORKERS}
    os.environ.update(IN_WORKERS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that are started in the block never hear of Ctrl-C, which the terminal sends to all
    of them; this one hears of it after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

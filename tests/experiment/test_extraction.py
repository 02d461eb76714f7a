"""Extraction: the same features whoever computes them, nothing lost, and no worker left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import sounds

from experiment import extraction
from experiment.dataset import Clip, Dataset, scan
from experiment.extraction import (
    AHEAD,
    CHUNK,
    ONE_THREAD,
    Heard,
    LocalExecutor,
    extract,
    fitting_jobs,
    hear,
    in_order,
    reason,
    workers,
)
from experiment.improved import Improved
from experiment.recipes import Features

ROOT = Path(extraction.__file__).parent.parent


def numbered(source: int) -> Clip:
    """A reader: the source itself as a signal; every fifth cannot be read."""
    if source % 5 == 4:
        raise ValueError(f"{source}.wav holds no samples")
    return Clip(np.full(3, float(source)), resampled=source > 10, cut=source > 12, padded=True)


def two_views(signal: np.ndarray) -> list[np.ndarray]:
    """The signal, and its square as float32 in another shape."""
    return [signal, np.square(signal, dtype=np.float32).reshape(1, 3)]


def dataset_of(n: int, reader: Callable[[Any], Clip] = numbered) -> Dataset:
    """n clips, named by their number."""
    return Dataset(["a"], [f"a/{i}.wav" for i in range(n)], np.zeros(n, int), range(n), reader)


def assert_same(one: Heard, two: Heard) -> None:
    """To the bit."""
    assert (one.kept, one.treated, one.problems) == (two.kept, two.treated, two.problems)
    for a, b in zip(one.views, two.views, strict=True):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def test_every_clip_is_heard_or_named() -> None:
    """Row k of each view is that of clip kept[k]; the others are problems with name and reason, all
    of them; what was done to the clips that were read is counted."""
    heard = extract(dataset_of(17), two_views)
    assert heard.kept == [i for i in range(17) if i % 5 != 4]
    expected = np.repeat(np.array(heard.kept, float)[:, None], 3, axis=1)
    np.testing.assert_array_equal(heard.views[0], expected)
    np.testing.assert_array_equal(heard.views[1][:, 0], expected**2)
    assert heard.views[1].dtype == np.float32
    assert [vars(problem) for problem in heard.problems] == [
        {"clip": f"a/{i}.wav", "reason": f"{i}.wav holds no samples"} for i in (4, 9, 14)
    ]
    assert heard.treated == {"resampled": 5, "cut": 3, "padded": 14}


def test_progress_sees_every_clip() -> None:
    """progress wraps the clips, as tqdm does, whether they can be read or not."""
    wrapped: list[list[int]] = []

    def progress(clips: Iterable[int]) -> Iterable[int]:
        wrapped.append(list(clips))
        return wrapped[0]

    extract(dataset_of(6), two_views, progress=progress)
    assert wrapped == [list(range(6))]


def test_nothing_to_hear() -> None:
    """No clip that can be read: no views, all problems."""
    broken = dataset_of(3, partial(hear_nothing, words="no sound"))
    heard = extract(broken, two_views)
    assert heard.views == [] and heard.kept == [] and len(heard.problems) == 3


def hear_nothing(source: int, words: str) -> Clip:
    raise OSError(5, words, f"{source}.wav")


def test_an_error_of_listening_is_no_broken_clip() -> None:
    """What listen raises is raised: a bad setting is not the clips' fault."""
    with pytest.raises(ValueError, match="n_mfcc=129 must be at most n_mels=128"):
        extract(dataset_of(2, lambda i: Clip(np.ones(44100))), Features(n_mfcc=129).views)


def test_reasons_are_sentences_on_one_line() -> None:
    """The system's words with the file; ours as they are; line breaks in names are escaped."""
    assert reason(FileNotFoundError(2, "No such file", "a\nb.wav")) == "a\\nb.wav: No such file"
    assert reason(OSError(28, "No space left on device")) == "No space left on device"
    assert reason(OSError("words alone")) == "words alone"
    assert reason(ValueError("a\nb.wav holds no samples")) == "a\\nb.wav holds no samples"
    assert reason(OSError(2, "Gone", b"\xff.wav")) == "\\udcff.wav: Gone"


# Executors


class Late(Executor):
    """Runs each task only when its result is asked for; counts those handed out at a time."""

    def __init__(self) -> None:
        self.out, self.most = 0, 0

    def submit(self, task: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        self.out += 1
        self.most = max(self.most, self.out)
        late = self

        class Lazy(Future):
            def result(self, timeout: float | None = None) -> Any:
                late.out -= 1
                return task(*args, **options)

        return Lazy()


@pytest.mark.parametrize("n", [0, 1, CHUNK, CHUNK * AHEAD + 5, 3 * CHUNK * AHEAD])
def test_the_order_is_that_of_the_items_and_few_tasks_are_out(n: int) -> None:
    """in_order gives task(item) for each item in turn; never are more than AHEAD tasks handed out,
    so that a slow one cannot make the results of all others pile up."""
    late = Late()
    assert list(in_order(abs, range(n), late)) == list(range(n))
    assert late.out == 0 and late.most == min(AHEAD, -(-n // CHUNK))


def sleepy(item: int) -> int:
    time.sleep(0.02 / (1 + item))
    return item


def test_a_pool_of_threads_is_an_executor_too() -> None:
    """Later tasks end sooner, and yet come in their turn."""
    with ThreadPoolExecutor(4) as pool:
        assert list(in_order(sleepy, range(40), pool)) == list(range(40))
        assert_same(extract(dataset_of(50), two_views, pool), extract(dataset_of(50), two_views))


@pytest.fixture(scope="module")
def category(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of seven short recordings, one of them broken."""
    folder = sounds.category(tmp_path_factory.mktemp("data"), n_clips=7)
    (folder / "low" / "1-3-B.wav").write_text("no sound")
    return folder


@pytest.mark.parametrize("recipe", [Features(), Improved()])
def test_features_do_not_depend_on_the_number_of_workers(
    recipe: Features | Improved, category: Path
) -> None:
    """None, one, two or three processes: the same bytes, the same problems."""
    dataset = scan(category)
    alone = extract(dataset, recipe.views)
    assert len(alone.kept) == 20 and len(alone.problems) == 1
    with workers(1) as nobody:
        assert nobody is None
    for jobs in (2, 3) if isinstance(recipe, Features) else (2,):
        with workers(jobs) as pool:
            assert_same(extract(dataset, recipe.views, pool), alone)


def test_features_do_not_depend_on_the_threads_of_blas(category: Path) -> None:
    """A worker computes with one thread, this process with as many as it likes: the same bytes."""
    code = (
        "import sys, hashlib; from experiment.dataset import scan; "
        "from experiment.extraction import extract; from experiment.improved import Improved; "
        "from experiment.recipes import Features\n"
        "for recipe in (Features(), Improved()):\n"
        "    for view in extract(scan(sys.argv[1]), recipe.views).views:\n"
        "        print(hashlib.sha256(view.tobytes()).hexdigest())"
    )
    printed = []
    for threads in ("1", "4"):
        environment = os.environ | dict.fromkeys(ONE_THREAD, threads)
        command = [sys.executable, "-c", code, str(category)]
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        printed.append(run.stdout)
    assert printed[0] == printed[1] and len(printed[0].split()) == 3


# Workers


def threads_of(source: int) -> list[str | None]:
    return [os.environ.get(name) for name in ONE_THREAD]


def test_a_worker_computes_with_one_thread_and_we_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment that says so is theirs alone."""
    monkeypatch.setenv(ONE_THREAD[0], "7")
    monkeypatch.delenv(ONE_THREAD[1], raising=False)
    before = threads_of(0)
    with workers(2) as pool:
        assert list(in_order(threads_of, range(2), pool)) == [["1"] * len(ONE_THREAD)] * 2
    assert threads_of(0) == before


def killed(source: int, number: int) -> Clip:
    """A reader under which its process dies, as of a crash in a decoder or a lack of memory."""
    if source == 20:
        if number:
            os.kill(os.getpid(), number)
        os._exit(0)
    return Clip(np.zeros(3))


@pytest.mark.parametrize("number", [0, signal.SIGKILL, signal.SIGSEGV])
def test_a_dead_worker_is_an_error_and_no_hang(number: int) -> None:
    """Whether it leaves by itself, is killed or crashes: BrokenExecutor, and soon."""
    started = time.monotonic()
    with pytest.raises(BrokenExecutor), workers(2) as pool:
        extract(dataset_of(40, partial(killed, number=number)), two_views, pool)
    assert time.monotonic() - started < 10


def half_an_answer(source: int) -> list[int]:
    """The process dies when half of its answer is on its way."""

    def send_half(pipe: Connection, content: bytes) -> None:
        os.write(pipe.fileno(), bytes(content)[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    Connection._send = send_half  # type: ignore[attr-defined]
    return [source] * 1000


def test_a_worker_that_dies_while_it_answers_is_no_hang() -> None:
    """Half an answer is no answer: BrokenExecutor."""
    started = time.monotonic()
    with pytest.raises(BrokenExecutor), workers(2) as pool:
        list(in_order(half_an_answer, range(40), pool))
    assert time.monotonic() - started < 10


def unlucky(source: int) -> int:
    if source == 11:
        raise FileNotFoundError(2, "No such file", "11.wav")
    return source


def test_the_error_of_a_task_is_raised_here_and_the_workers_go_on() -> None:
    """As it was raised there, with all that it holds."""
    with workers(2) as pool:
        assert pool is not None
        with pytest.raises(FileNotFoundError) as caught:
            list(in_order(unlucky, range(40), pool))
        assert caught.value.filename == "11.wav"
        assert list(in_order(unlucky, range(10), pool)) == list(range(10))


def unsendable(source: int) -> Callable[[], int]:
    if source % 2:
        raise ValueError(lambda: source)
    return lambda: source


def test_what_cannot_be_sent_is_an_error_and_the_worker_goes_on() -> None:
    """A result or an error that cannot be pickled: TypeError, which names what it is."""
    with workers(2) as pool:
        assert pool is not None
        for source in range(4):
            with pytest.raises(TypeError, match=r"local object .unsendable\.<locals>"):
                pool.submit(unsendable, source).result()
        assert list(in_order(unlucky, range(10), pool)) == list(range(10))


def slow(source: int) -> Clip:
    """A reader that takes a minute for each clip but the first."""
    time.sleep(60 if source else 0)
    return Clip(np.full(1, float(os.getpid())))


def test_an_error_ends_the_workers_in_the_middle_of_their_work() -> None:
    """KeyboardInterrupt while both are busy for a minute: soon they are gone."""
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), workers(2) as pool:
        assert pool is not None
        (pid,) = (int(clip.signal[0]) for clip in in_order(slow, range(1), pool))
        pending = [pool.submit(slow, 1) for _ in range(5)]
        raise KeyboardInterrupt
    assert time.monotonic() - started < 10 and not alive(pid)
    assert all(future.done() for future in pending)


@pytest.mark.parametrize("wait", [True, False])
def test_a_second_shutdown_is_no_hang(wait: bool) -> None:
    """In the block, at its end and after it: the tasks are done, the processes gone."""
    pools: list[LocalExecutor] = []
    done: list[int] = []

    def block() -> None:
        with workers(2) as pool:
            assert isinstance(pool, LocalExecutor)
            pools.append(pool)
            done.extend(in_order(sleepy, range(20), pool))
            pool.shutdown(wait)

    in_time(block)
    in_time(pools[0].shutdown)
    assert done == list(range(20))
    assert [process.exitcode for process in pools[0].processes] == [0, 0]


def in_time(action: Callable[[], object]) -> None:
    """Do it, in a thread that is left behind if it takes more than ten seconds."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_shutdown_need_not_wait() -> None:
    """wait=False comes back at once, and the task at hand is still done."""
    pool = LocalExecutor(1)
    pool.start()
    pool.submit(nap, 0).result()
    future = pool.submit(nap, 1.0)
    pool.shutdown(wait=False)
    assert not future.done()
    assert future.result() == 1.0
    in_time(pool.shutdown)


def test_ctrl_c_while_the_workers_start_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is heard when all have been started, and ends them."""
    started: list[SpawnProcess] = []
    start = SpawnProcess.start

    def interrupted(process: SpawnProcess) -> None:
        start(process)
        started.append(process)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), workers(2):
            raise AssertionError("the block must not be entered")
    finally:
        signal.signal(signal.SIGINT, before)
    assert [process.exitcode for process in started] == [-signal.SIGKILL] * 2


def alive(pid: int) -> bool:
    """Whether the process is there and does not merely wait to be buried by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_workers_do_not_outlive_a_parent_that_is_killed() -> None:
    """kill -9 of the process that started them: they end by themselves after the task at hand."""
    code = (
        "from experiment.extraction import workers; import test_extraction as t, time\n"
        "if __name__ == '__main__':\n"
        "    with workers(2) as pool:\n"
        "        print(*(process.pid for process in pool.processes), flush=True)\n"
        "        list(t.in_order(t.sleepy, [0] * 10**6, pool))"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2 and all(alive(pid) for pid in pids)
        parent.kill()
    patience = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < patience:
        time.sleep(0.02)
    assert not any(alive(pid) for pid in pids)


def test_few_clips_are_read_without_workers() -> None:
    """A process more for each fifty clips, one a core at most."""
    assert [fitting_jobs(n) for n in (0, 1, 99)] == [1, 1, 1]
    n_cores = fitting_jobs(10**9)
    assert 1 <= n_cores <= (os.cpu_count() or 1)
    assert fitting_jobs(100) == min(2, n_cores)


def test_what_hear_brings_back_is_small() -> None:
    """The features and what was done, never the waveform."""
    outcome = hear(lambda i: Clip(np.zeros(220500, np.float32), padded=True), lambda s: [s[:2]], 0)
    assert not isinstance(outcome, str)
    rows, treatment = outcome
    assert rows[0].shape == (2,) and treatment == {"resampled": False, "cut": False, "padded": True}


@pytest.mark.peers
def test_a_dask_cluster_computes_the_same_bytes(category: Path) -> None:
    """Two workers, processes of their own, reached over 127.0.0.1: the local pool's results."""
    distributed = pytest.importorskip("distributed")
    dataset, recipe = scan(category), Features()
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert len(client.scheduler_info()["workers"]) == 2
        theirs = extract(dataset, recipe.views, client.get_executor())
    assert_same(theirs, extract(dataset, recipe.views))

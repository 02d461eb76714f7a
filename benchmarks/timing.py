"""Time contestants fairly on a noisy machine: each in its own process, in turns, by the median of
the ratios of neighboring turns."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from subprocess import PIPE
from typing import Any

from benchmarks.report import summary

PACKAGES = "numpy scipy librosa python_speech_features audioflux torch torchaudio jax ducc0 pyFFTW "
PACKAGES += "scikit-learn tensorflow_cpu keras"
POOLS = "OPENBLAS_NUM OMP_NUM MKL_NUM NUMBA_NUM TF_NUM_INTRAOP TF_NUM_INTEROP"
ONE_THREAD = {f"{pool}_THREADS": "1" for pool in POOLS.split()}
ROOT = Path(__file__).parent.parent
CORES = sorted(os.sched_getaffinity(0))
BUSY = "import os\np = os.getppid()\nwhile os.getppid() == p: sum(range(10**6))"


class MissingError(Exception):
    """A peer cannot be imported."""


@dataclass(frozen=True)
class Contestant:
    """A worker that does an amount of work in each turn (clips, epochs), if need be with another
    checkout; or a command, started anew in each turn. one_thread: limited to one thread, and to the
    last core of the machine."""

    name: str = ""
    amount: int = 1
    one_thread: bool = True
    command: Sequence[str] = ()  # arguments of Python
    checkout: Sequence[str] = ()

    @contextmanager
    def started(self, inputs: Path, environment: dict[str, str]) -> Iterator[Any]:
        """Start the process and let it warm up; end it when the block ends."""
        limits, cores = (ONE_THREAD, CORES[-1:]) if self.one_thread else ({}, CORES)
        options: dict[str, Any] = {"env": os.environ | environment | limits, "cwd": ROOT}
        options["preexec_fn"] = partial(os.sched_setaffinity, 0, cores)
        if self.command:
            yield Command([sys.executable, *self.command], options)
            return
        command = [sys.executable, "-m", "benchmarks.worker", self.name, str(inputs)]
        command += self.checkout
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True, **options) as process:
            try:
                worker = Worker(process)
                worker.turn(1)  # compiles, plans, fills caches
                yield worker
            finally:
                process.kill()


class Worker:
    """A process of worker.py."""

    def __init__(self, process: Any) -> None:
        self.process = process

    def turn(self, amount: int) -> tuple[float, float]:
        """Seconds of wall and of CPU time of an amount of work."""
        print(amount, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if line.startswith("{"):
            raise MissingError(json.loads(line)["missing"])
        wall, cpu = map(float, line.split())  # ValueError: it has crashed
        return wall, cpu

    def finish(self) -> dict[str, Any]:
        """End the process; return its kernels."""
        return json.loads(self.process.communicate()[0])


class Command:
    """A command; its peak memory in MB is measured in a first run, which is not timed."""

    def __init__(self, command: Sequence[str], options: dict[str, Any]) -> None:
        self.command, self.options = command, options | {"stdout": subprocess.DEVNULL}
        self.peak = poll_memory(subprocess.Popen(command, **self.options))

    def turn(self, _: int) -> tuple[float, float]:
        """Seconds of wall and of CPU time of the command and its child processes."""
        started = time.perf_counter()
        process = subprocess.Popen(self.command, **self.options)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(self.command)} ended with {process.returncode}")
        return wall, usage.ru_utime + usage.ru_stime

    def finish(self) -> dict[str, Any]:
        """Its peak memory."""
        return {"peak memory, MB": round(self.peak, 1)}


@dataclass(frozen=True)
class Comparison:
    """Ours and theirs, and how many times as fast ours must and should be. loaded: beside two busy
    loops on the first core."""

    label: str
    ours: Contestant
    theirs: Contestant
    least: float | None = None
    aim: float | None = None
    loaded: bool = False

    def measure(self, inputs: Path, rounds: int, environment: dict[str, str]) -> dict[str, Any]:
        """The row of the table. Ours and theirs take turns; theirs are scaled to our amount."""
        row: dict[str, Any] = {"label": self.label, "at least": self.least, "aim": self.aim}
        turns = []
        with ExitStack() as stack:
            try:
                both = (one.started(inputs, environment) for one in (self.ours, self.theirs))
                pair = [stack.enter_context(one) for one in both]
            except MissingError as error:
                return row | {"missing": str(error)}
            if self.loaded:
                stack.enter_context(busy_loops())
            scale = self.ours.amount / self.theirs.amount
            for _ in range(rounds):
                own, other = pair[0].turn(self.ours.amount), pair[1].turn(self.theirs.amount)
                turns.append([*own, *(scale * seconds for seconds in other)])
            row["ours"], row["theirs"] = (process.finish() for process in pair)
        return row | summary(turns) | {"turns": turns}


@contextmanager
def busy_loops() -> Iterator[None]:
    """Two processes that compute on the first core until the block ends."""
    pin = partial(os.sched_setaffinity, 0, CORES[:1])
    loops = [subprocess.Popen([sys.executable, "-c", BUSY], preexec_fn=pin) for _ in range(2)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def poll_memory(process: subprocess.Popen[Any]) -> float:
    """Wait for a process; return its peak memory in MB with its children, polled every 20 ms.
    Shared pages count once (Linux: proportional set size)."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_memory(pid) for pid in _family(process.pid)))
        time.sleep(0.02)
    return peak * 1024 / 1e6


def _family(pid: int) -> list[int]:
    """The ids of a process and its descendants."""
    children = "".join(_lines(f"/proc/{pid}/task/{pid}/children")).split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _memory(pid: int) -> int:
    """The proportional set size of a process in kB."""
    lines = _lines(f"/proc/{pid}/smaps_rollup")
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def vectors() -> str:
    """The widest vector instructions of the processor."""
    flags = set(" ".join(_lines("/proc/cpuinfo")).split())
    return "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "below AVX2"


def machine() -> str:
    """Processor, cores, Python, and the versions of the installed packages, as text."""
    models = (line for line in _lines("/proc/cpuinfo") if line.startswith("model name"))
    cpu = next(models, f": {platform.machine()}").split(":", 1)[1].strip()
    versions = {one.name: one.version for one in distributions() if one.name in PACKAGES.split()}
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    python = platform.python_version()
    return f"{cpu}, {vectors()}, {os.cpu_count()} cores; Python {python}; {listed}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []

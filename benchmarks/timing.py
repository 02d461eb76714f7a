"""How to time two programs fairly on a noisy machine: in turns, many times, and by the median."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "numpy",
    "scipy",
    "librosa",
    "python_speech_features",
    "scikit-learn",
    "tensorflow-cpu",
    "keras",
    "torch",
)
THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Measured:
    """The seconds of repeated runs of one contestant."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """The median of the runs, s."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.4g} ({min(self.seconds):.4g} … {max(self.seconds):.4g})"


def in_turns(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Measured]:
    """Each contestant once to warm up, then all of them in turn, `rounds` times."""
    for run in contestants.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: Measured(runs) for name, runs in seconds.items()}


def processes_in_turns(
    commands: dict[str, Sequence[str]], rounds: int, environment: dict[str, str]
) -> dict[str, tuple[Measured, float]]:
    """The same for whole processes: seconds from start to end, and peak memory in MB."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    peak: dict[str, float] = dict.fromkeys(commands, 0.0)
    for turn in range(rounds + 1):  # the first turn only fills the file cache
        for name, command in commands.items():
            started = time.perf_counter()
            megabytes = _peak_memory(command, environment)
            if turn:
                seconds[name].append(time.perf_counter() - started)
                peak[name] = max(peak[name], megabytes)
    return {name: (Measured(seconds[name]), peak[name]) for name in commands}


def _peak_memory(command: Sequence[str], environment: dict[str, str]) -> float:
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return usage.ru_maxrss / 1024  # kB on Linux


def threads(count: int | None) -> dict[str, str]:
    """The environment that holds every library to so many threads; None: what each does itself."""
    return {} if count is None else dict.fromkeys(THREAD_VARIABLES, str(count))


def machine() -> str:
    """One paragraph: processor, cores, Python, versions of the packages that are installed."""
    names = []
    for package in PACKAGES:
        try:
            names.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    cpu = platform.processor() or platform.machine()
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}; " + ", ".join(names)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def python(*arguments: str) -> list[str]:
    """The command that runs this Python with arguments."""
    return [sys.executable, *arguments]

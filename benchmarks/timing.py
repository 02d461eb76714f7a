"""Time contestants fairly on a noisy machine: in turns, repeatedly, by the median."""

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
from typing import Any

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
class Timing:
    """The seconds of repeated runs of one contestant."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """The median of the runs, s."""
        return statistics.median(self.seconds)

    def summary(self) -> dict[str, object]:
        """Median, minimum and maximum of the seconds, and the number of runs."""
        return {
            "median": self.median,
            "least": min(self.seconds),
            "most": max(self.seconds),
            "runs": len(self.seconds),
        }


def in_turns(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Run each contestant once to warm up, then all of them in turn, `rounds` times."""
    for run in contestants.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: Timing(runs) for name, runs in seconds.items()}


def processes_in_turns(
    commands: Mapping[str, Sequence[str]], rounds: int, environment: dict[str, str]
) -> dict[str, tuple[Timing, float]]:
    """As in_turns, for processes: the timing, and the peak memory in MB. Memory is measured in a
    run before the others, so that polling it does not slow the timed runs."""
    peak = {name: peak_memory(command, environment) for name, command in commands.items()}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | environment,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            seconds[name].append(time.perf_counter() - started)
    return {name: (Timing(seconds[name]), peak[name]) for name in commands}


def peak_memory(command: Sequence[str], environment: dict[str, str]) -> float:
    """Peak memory in MB of a command and all its child processes together; shared pages count once
    (Linux: proportional set size)."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL
    )
    peak = poll_memory(process)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
    return peak


def poll_memory(process: subprocess.Popen[Any]) -> float:
    """Wait for a process; return its peak memory in MB with its children, polled every 20 ms."""
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


def threads(count: int | None) -> dict[str, str]:
    """Environment variables that limit every library to count threads; None: no limit."""
    return {} if count is None else dict.fromkeys(THREAD_VARIABLES, str(count))


def machine() -> str:
    """Processor, cores, Python, and the versions of the installed packages, as text."""
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
    """The command that runs this Python interpreter with arguments."""
    return [sys.executable, *arguments]

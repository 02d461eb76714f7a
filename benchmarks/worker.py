"""Time one contestant, alone in its process: a line of input and a line of output per turn.

    python -m benchmarks.worker NAME INPUTS.npz [CHECKOUT]

CHECKOUT holds another version of mfcc and mininet, used instead of this one. Each line of the input
is an amount of work (clips or epochs). The answer is a line with the seconds of wall and of CPU
time, with that of ended child processes. At the end of the input the last result, if an array, is
saved beside INPUTS, and the last line of the output names the kernels. A library that cannot be
imported is reported on the first line, as {"missing": reason}.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import features, training
from benchmarks.timing import vectors


def work_of(name: str, inputs: Path) -> Callable[[int], object]:
    """The work of a contestant, as a function of its amount."""
    given = np.load(inputs)
    if name in training.CONTESTANTS:
        return training.CONTESTANTS[name](given)
    clips, of_clip = given["clips"], features.CONTESTANTS[name](given)
    return lambda n: np.array([of_clip(clip) for clip in clips[:n]])


def cpu_seconds() -> float:
    """CPU time of this process and its ended children."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def kernels() -> str:
    """The kernels that the loaded libraries have chosen."""
    from threadpoolctl import threadpool_info

    found = {
        f"{Path(pool['filepath']).parent.name.removesuffix('.libs')}'s {pool['internal_api']} "
        f"{pool['version']}: {pool['architecture']}, {pool['num_threads']} thread(s)"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    if "torch" in sys.modules:
        found.add(f"torch: {sys.modules['torch'].backends.cpu.get_cpu_capability()}")
    if {"jax", "tensorflow"} & set(sys.modules):
        found.add(f"XLA, oneDNN: {vectors()}")
    return "; ".join(sorted(found))


def main(name: str, inputs: Path) -> None:
    """Answer until the input ends. What the libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        work = work_of(name, inputs)
    except (ImportError, OSError) as error:
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"}), file=answers)
        return
    result: object = None
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), cpu_seconds()
        result = work(int(line))
        print(time.perf_counter() - wall, cpu_seconds() - cpu, file=answers)
    if isinstance(result, np.ndarray):
        np.save(inputs.with_name(f"{name}.npy"), result)
    print(json.dumps({"kernels": kernels()}), file=answers)


if __name__ == "__main__":
    sys.path[:0] = sys.argv[3:]
    main(sys.argv[1], Path(sys.argv[2]))

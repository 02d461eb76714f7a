"""How many threads each library takes, and which kernels its matrix products have on this machine.

python -m benchmarks.pools        prints one line
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy  # noqa: F401  loads its BLAS, the next line SciPy's
import scipy.linalg  # noqa: F401
import tensorflow
import torch
from threadpoolctl import threadpool_info


def main() -> None:
    """Each pool of threads by its library: a BLAS chooses its kernels by the processor, unless
    OPENBLAS_CORETYPE names others."""
    found = sorted(
        f"{Path(pool['filepath']).parent.name.removesuffix('.libs')}'s {pool['internal_api']} "
        f"{pool['version']} with {pool['architecture']} kernels {pool['num_threads']}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    )
    found.append(f"torch {torch.get_num_threads()}")
    given = tensorflow.config.threading.get_intra_op_parallelism_threads()
    by_variable = int(os.environ.get("TF_NUM_INTRAOP_THREADS", "0"))
    found.append(f"tensorflow {given or by_variable or os.cpu_count()}")
    print(", ".join(found))


if __name__ == "__main__":
    main()

"""Print the number of threads of each library, and the kernels of its matrix products.

python -m benchmarks.pools        prints one line for results.md
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
    """Print the line; BLAS selects kernels by processor or by OPENBLAS_CORETYPE."""
    pools = sorted(
        f"{Path(pool['filepath']).parent.name.removesuffix('.libs')}'s {pool['internal_api']} "
        f"{pool['version']} with {pool['architecture']} kernels {pool['num_threads']}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    )
    pools.append(f"torch {torch.get_num_threads()}")
    configured = tensorflow.config.threading.get_intra_op_parallelism_threads()
    by_variable = int(os.environ.get("TF_NUM_INTRAOP_THREADS", "0"))
    pools.append(f"tensorflow {configured or by_variable or os.cpu_count()}")
    print(", ".join(pools))


if __name__ == "__main__":
    main()

"""Shared by all tests: hypothesis profiles, a Matplotlib backend without display, recordings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the tests themselves run on all cores

# dev draws a few new examples in each run; ci draws many, the same ones in every run, so that no
# result depends on chance; mutation draws few, for the many runs of a mutation test.
FEW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=25)
settings.register_profile("dev", parent=FEW)
settings.register_profile("ci", parent=FEW, derandomize=True, max_examples=100)
settings.register_profile("mutation", parent=FEW, derandomize=True, max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """No worker processes for single files, which take less time than the start of a worker."""
    return 0 if any(".py" in argument for argument in config.args) else None


@pytest.fixture
def closed_figures() -> Iterator[None]:
    """Closes all figures after a test, which leaves the settings of Matplotlib unchanged."""
    import matplotlib.pyplot as plt

    lazy = {"backend_fallback": None}  # older Matplotlibs set it with the first figure
    before = plt.rcParams | lazy
    yield
    assert plt.rcParams | lazy == before
    plt.close("all")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of the real ESC-10 recordings, category/<class>/<fold>-<recording>-<take>.ogg."""
    folder = os.environ.get("SSC_RECORDINGS")
    if folder is None:
        pytest.skip("needs the ESC-10 recordings: set SSC_RECORDINGS to their category/ folder")
    return Path(folder)

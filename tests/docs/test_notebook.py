"""docs/tutorial.ipynb replays the tutorial, and every cell of it runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).parent.parent.parent
NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"
SHORT = {"SSC_NOTEBOOK_CLIPS": "3", "SSC_NOTEBOOK_EPOCHS": "2"}
PICTURES = ("mfcc_grid", "vector_grid", "curves", "confusion")


@pytest.fixture(scope="module")
def cells() -> list[dict[str, Any]]:
    """The cells, as they are committed."""
    return json.loads(NOTEBOOK.read_text("utf-8"))["cells"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three synthetic clips a class and two epochs, in the folder of the notebook."""
    monkeypatch.delenv("SSC_NOTEBOOK_DATA", raising=False)
    for name, value in SHORT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(NOTEBOOK.parent)
    yield
    plt.close("all")


def code_of(cells: list[dict[str, Any]]) -> list[str]:
    """The code cells, without the lines that are commands to Jupyter."""
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return ["\n".join(line for line in s.splitlines() if line[:1] != "%") for s in sources]


def test_the_notebook_is_committed_without_output(cells: list[dict[str, Any]]) -> None:
    """No outputs, own ids, and a first cell that says how to install it."""
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, "clear all outputs"
    assert len({cell["id"] for cell in cells}) == len(cells)
    first = code_of(cells)[0]
    assert "pip install -e ." in first and "Colab" in first


@pytest.mark.filterwarnings("ignore")  # of Jupyter's own packages
def test_the_notebook_is_valid() -> None:
    """Of the format that Jupyter reads; tests/browser/test_site.py runs it there."""
    nbformat = pytest.importorskip("nbformat", reason="Jupyter comes with the dev extra")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))


def test_the_default_settings_are_the_tutorials(
    cells: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the tests' environment variables: forty clips a class, a hundred epochs."""
    for name in SHORT:
        monkeypatch.delenv(name, raising=False)
    names: dict[str, Any] = {}
    exec(next("".join(cell["source"]) for cell in cells if cell["id"] == "settings"), names)
    assert (names["n_clips"], names["epochs"]) == (40, 100)


@pytest.mark.usefixtures("short")
def test_the_cells_give_the_tutorials_results(cells: list[dict[str, Any]]) -> None:
    """Run in order as plain Python: the published shapes, parameters and pictures come out."""
    names: dict[str, Any] = {}
    for i, source in enumerate(code_of(cells)):
        exec(compile(source, f"cell {i}", "exec"), names)
    assert names["images"].shape == (30, 13, 501) and names["features"].shape == (30, 6513)
    assert np.array_equal(names["y_train"].sum(axis=0), [3] * 10)
    assert names["model"].n_params == 3_763_010 and len(names["hist"].loss) == 2
    assert names["matrix"].sum() == 30 and 0 <= names["accuracy"] <= 1
    assert len(plt.get_fignums()) == 6  # the four of the tutorial, the diagram, the toy
    text = "\n".join(code_of(cells))
    assert all(f"figure = {name}(" in text for name in PICTURES)


@pytest.mark.usefixtures("short")
def test_recordings_of_ones_own_are_found(
    cells: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every format, suffixes in capitals included; hidden files and folders are skipped."""
    for name in ("a/1.WAV", "a/2.aiff", "b/1.flac", "b/._1.flac", ".hidden/x.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.zeros(4410), 44100, format=path.suffix[1:].upper())
    monkeypatch.setenv("SSC_NOTEBOOK_DATA", str(tmp_path))
    names: dict[str, Any] = {}
    last = next(i for i, source in enumerate(code_of(cells)) if "parse_audio_files(train" in source)
    for source in code_of(cells)[: last + 1]:
        exec(source, names)
    assert names["train_cat"] == ["a", "b"] and names["labels"] == [0, 0, 1]

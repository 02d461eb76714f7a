"""docs/whole.py, the whole project in one file, computes what the packages compute."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from docs import whole
from experiment.recipes import reference_network
from experiment.scenes import CLASSES, scene
from mfcc import mfcc
from mininet import SGD, softmax

FILE = Path(whole.__file__)


def test_its_imports_and_its_length() -> None:
    """It imports NumPy, soundfile and pathlib alone, and has 60 to 80 lines of code, docstrings and
    comments not counted."""
    tree = ast.parse(FILE.read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node) for node in imports} == {
        *("from pathlib import Path", "import numpy as np", "import soundfile")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    assert 60 <= len([line for line in ast.unparse(tree).splitlines() if line]) <= 80


@pytest.mark.parametrize("name", [*CLASSES, "silence"])
def test_its_mfccs_are_those_of_the_package(name: str) -> None:
    """13 × 501 numbers, of a clip of each class and of zeros, whose logarithm is finite too."""
    signal = np.zeros(220500) if name == "silence" else scene(name, 3).astype(np.float64)
    own = whole.mfcc(signal)
    assert own.shape == (13, 501)
    np.testing.assert_allclose(own, mfcc(signal, 44100), rtol=0, atol=1e-8)


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    """The MFCCs of four clips a class, (40, 6513)."""
    clips = [scene(name, take) for take, name in enumerate(np.repeat(CLASSES, 4))]
    return np.array([whole.mfcc(clip.astype(np.float64)).ravel() for clip in clips])


@pytest.mark.parametrize(("scale", "atol"), [(1.0, 1e-6), (0.01, 1e-13)])
def test_its_weights_after_ten_updates_are_those_of_the_package(
    x: np.ndarray, scale: float, atol: float
) -> None:
    """The reference network 6513–500–500–500–10, from the same Generator: the same initial weights,
    gradients and learning rates, for ten batches of 40 clips in the same order. On raw MFCCs
    training amplifies rounding (chapter 13); on a hundredth of them it does not."""
    labels, x = np.repeat(np.arange(10), 4), scale * x
    rng, own_rng = np.random.default_rng(0), np.random.default_rng(0)
    network = reference_network(6513, 10, rng)
    W, b = whole.initialize([6513, 500, 500, 500, 10], own_rng)
    initial = [param.copy() for param in network.params]
    assert_equal_weights(W, b, initial, atol=1e-15)
    np.testing.assert_allclose(whole.forward(x, W, b)[-1], softmax(network.forward(x)), atol=1e-10)

    network.fit(x, labels, epochs=10, batch_size=40, optimizer=SGD(0.01, decay=0.9), rng=rng)
    for t in range(10):
        rows = own_rng.permutation(40)
        whole.update(x[rows], np.eye(10)[labels[rows]], W, b, rate=0.01 / (1 + 0.9 * t))
    assert_equal_weights(W, b, network.params, atol)
    moved = [np.abs(new - old).max() for new, old in zip(network.params, initial, strict=True)]
    assert min(moved) > 5 * atol


def assert_equal_weights(
    W: list[np.ndarray], b: list[np.ndarray], params: list[np.ndarray], atol: float
) -> None:
    """W and b are the parameters of the dense layers, but for rounding."""
    for own, expected in zip(W + b, params[::2] + params[1::2], strict=True):
        np.testing.assert_allclose(own, expected, rtol=0, atol=atol)


def test_it_runs_on_a_folder(tmp_path: Path) -> None:
    """Run beside category/ it trains for 100 epochs and prints the confusion matrix; elsewhere it
    says what it lacks."""
    names = CLASSES[:2]
    for name in names:
        (tmp_path / "category" / name).mkdir(parents=True)
        for take in range(2):
            path = tmp_path / "category" / name / f"{take}.wav"
            soundfile.write(path, scene(name, take), 44100, "PCM_16")
    command = [sys.executable, str(FILE)]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    *epochs, _, first, second = finished.stdout.splitlines()
    elsewhere = subprocess.run(command, cwd=FILE.parent, capture_output=True, text=True)
    assert "docs/category contains no folders with WAV files" in elsewhere.stderr.replace("\\", "/")
    assert len(epochs) == 100 and epochs[-1].startswith("epoch 100   loss ")
    for row, name in zip((first, second), sorted(names), strict=True):
        assert row.split()[0] == name and sum(map(int, row.split()[1:])) == 2

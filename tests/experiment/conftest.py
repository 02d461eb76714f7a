"""Small recordings and the program, for the tests of this folder."""

from pathlib import Path

import pytest

from tests import sounds
from tests.experiment.program import Program


@pytest.fixture(scope="session")
def category(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of four short WAV files; tests only read it."""
    return sounds.category(tmp_path_factory.mktemp("category"))


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of six short WAV files in three official folds; tests only read it."""
    folder = sounds.category(tmp_path_factory.mktemp("official"), n_clips=6)
    for path in sorted(folder.glob("*/*.wav")):
        _, number, take = path.stem.split("-")
        name = f"{int(number) % 3 + 1}-{path.parent.name}{number}-{take}.wav"
        path.rename(path.with_name(name))
    return folder


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Program:
    """The command line, with an output folder of its own."""
    return Program(capsys, tmp_path / "out")

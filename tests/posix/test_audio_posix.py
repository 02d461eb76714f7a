"""Properties of mfcc/audio.py that need a POSIX system."""

import os
from pathlib import Path

import pytest

from mfcc.audio import read
from tests.oracles import refusal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="named pipes are POSIX")


def test_a_pipe_is_rejected(tmp_path: Path) -> None:
    """Opening a named pipe would block until something writes to it."""
    os.mkfifo(tmp_path / "pipe.wav")
    assert refusal(read, tmp_path / "pipe.wav") == f"{tmp_path / 'pipe.wav'} is not a regular file"

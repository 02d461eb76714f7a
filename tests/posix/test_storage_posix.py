"""Properties of mininet/storage.py that need a POSIX system."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mininet import Dense, Sequential
from tests.oracles import refusal

NETWORK = Sequential([Dense(1, 1, np.random.default_rng(0))])
pytestmark = pytest.mark.skipif(os.name != "posix", reason="named pipes and modes are POSIX")


def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path) -> None:
    """A named pipe, or a link to a device such as /dev/null, is an OSError that names it."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to(os.devnull)
    for name, written in (("pipe", tmp_path / "pipe"), ("device", Path(os.devnull))):
        with pytest.raises(OSError, match="not a regular file") as caught:
            NETWORK.save(tmp_path / name)
        assert caught.value.filename == str(written) and not written.is_file()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_pipe_is_read_and_a_device_is_refused(tmp_path: Path) -> None:
    """A pipe that a process is writing, as <(cat model) is, is read; one without a writer is empty,
    and a device, which may have no end, is a ValueError that names it. Nothing blocks."""
    NETWORK.save(tmp_path / "model")
    os.mkfifo(tmp_path / "pipe")
    assert "not a mininet model file" in refusal(Sequential.load, tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    message = f"{tmp_path / 'device'} is a device, not a file"
    assert refusal(Sequential.load, tmp_path / "device") == message
    command = ["sh", "-c", "sleep 0.2; cat model"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        loaded = Sequential.load(f"/dev/fd/{writer.stdout.fileno()}")
    np.testing.assert_array_equal(loaded.params[0], NETWORK.params[0])


def test_a_model_file_is_as_open_to_others_as_any_new_file(tmp_path: Path) -> None:
    """Its mode is that of a file that open creates."""
    NETWORK.save(tmp_path / "model")
    (tmp_path / "other").touch()
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "other").stat().st_mode

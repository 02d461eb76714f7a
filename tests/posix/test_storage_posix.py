"""Properties of mininet/storage.py that need a POSIX system."""

import os
from pathlib import Path

import pytest
from numpy.random import default_rng

from mininet import Dense, Sequential

NETWORK = Sequential([Dense(1, 1, default_rng(0))])
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


def test_a_model_file_is_as_open_to_others_as_any_new_file(tmp_path: Path) -> None:
    """Its mode is that of a file that open creates."""
    NETWORK.save(tmp_path / "model")
    (tmp_path / "other").touch()
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "other").stat().st_mode

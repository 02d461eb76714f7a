"""How the tests run the program: in this process, and as a process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ssc

ROOT = Path(ssc.__file__).parent
PATIENCE = 300  # s; only a hang takes so long, on a busy machine too


class Program:
    """The command line in this process; out is an output folder that does not exist yet."""

    def __init__(self, capsys: pytest.CaptureFixture[str], out: Path) -> None:
        self.capsys, self.out = capsys, out

    def run(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        """Run a command -> what it prints on stdout and on stderr."""
        self.capsys.readouterr()
        assert ssc.main([str(argument) for argument in arguments]) == code
        return self.capsys.readouterr()

    def train(self, data: Path, *arguments: object) -> str:
        """Train a model into the output folder -> what it prints on stdout."""
        return self.run("--data", data, "--out", self.out, *arguments)[0]

    def refuse(self, *arguments: object) -> str:
        """The message of a command that ends with code 2 and prints nothing else."""
        out, message = self.run(*arguments, code=2)
        assert out == "" and message.startswith("ssc: ")
        return message.removeprefix("ssc: ").removesuffix("\n")

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json."""
        content: dict[str, Any] = json.loads((self.out / "metrics.json").read_text("utf-8"))
        return content

    @property
    def files(self) -> set[str]:
        """The names in the output folder."""
        return files_of(self.out)


def process(
    *arguments: object, cwd: Path = ROOT, script: Path = ROOT / "ssc.py"
) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, in the folder cwd."""
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False)


def files_of(folder: Path) -> set[str]:
    """The names in a folder, but for the log and hidden ones; none if there is no folder."""
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return {name for name in names if name != "log.txt" and not name.startswith(".")}


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds."""
    for _ in range(20 * PATIENCE):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"did not happen within {PATIENCE} s")

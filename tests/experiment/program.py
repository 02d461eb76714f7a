"""How the tests run the program: in this process, and as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ssc

ROOT = Path(ssc.__file__).parent


def succeed(*arguments: object, code: int = 0) -> None:
    """Run a command line in this process."""
    assert ssc.main([str(argument) for argument in arguments]) == code


def refusal_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The message of a command line that ends with code 2 and prints nothing else."""
    capsys.readouterr()
    succeed(*arguments, code=2)
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("ssc: ")
    return captured.err.removeprefix("ssc: ").removesuffix("\n")


def process(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command line as a process of its own, in the folder cwd."""
    command = [sys.executable, str(ROOT / "ssc.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", check=False)


def metrics_of(folder: Path) -> dict[str, Any]:
    """The content of metrics.json."""
    content: dict[str, Any] = json.loads((folder / "metrics.json").read_text("utf-8"))
    return content


def files_of(folder: Path) -> set[str]:
    """The names in a folder; none if there is no folder."""
    return {path.name for path in folder.iterdir()} if folder.exists() else set()

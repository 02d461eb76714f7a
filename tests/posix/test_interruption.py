"""Ctrl-C, kill -9 and a full disk: no traceback, no process left behind, no file broken."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import ssc
from experiment.recipes import read_model
from mininet import Ensemble
from tests import sounds
from tests.experiment.program import PATIENCE, ROOT, files_of, wait_until

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("ps") is None, reason="signals and ps are POSIX"
)

# To be scaled to seconds: five in the profile ci, else two.
MOMENTS = np.random.default_rng(20).random(max(2, settings().max_examples // 20))


@contextmanager
def program(
    *arguments: str | Path, prepare: Callable[[], object] = lambda: None
) -> Iterator[subprocess.Popen[str]]:
    """The program in a process group of its own, as a terminal starts it."""

    def as_a_terminal_does() -> None:
        for number in (signal.SIGINT, signal.SIGHUP):  # nohup has the second one ignored
            signal.signal(number, signal.SIG_DFL)
        prepare()

    process = subprocess.Popen(
        [sys.executable, str(ROOT / "ssc.py"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=as_a_terminal_does,
    )
    try:
        yield process
    finally:
        if n_live(process):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(process: subprocess.Popen[str], words: str, seconds: float = 0) -> None:
    """Read the log up to a line that starts with words, and wait some seconds more."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(words):
            time.sleep(seconds)
            return
    pytest.fail(f"{words!r} was never printed; {process.communicate()[1]}")


def n_live(process: subprocess.Popen[str]) -> int:
    """The number of processes of the group that are not zombies."""
    command = ["ps", "-A", "-o", "pgid=", "-o", "stat="]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines()]
    return sum(int(pgid) == process.pid and stat[0] != "Z" for pgid, stat in rows)


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> str:
    """Ctrl-C, which a terminal sends to the whole group -> the message of exit code 130."""
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    wait_until(lambda: not n_live(process))
    return errors


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 1000 recordings: links to two of them."""
    folder = tmp_path_factory.mktemp("many")
    for name, clip in (("low", sounds.tone(200, 5.0)), ("hiss", sounds.hiss(0, 5.0))):
        source = sounds.write(folder / "sources" / f"{name}.wav", clip)
        (folder / "category" / name).mkdir(parents=True)
        for i in range(1000):
            (folder / "category" / name / f"{i}.wav").symlink_to(source)
    return folder / "category"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of four recordings."""
    return sounds.category(tmp_path_factory.mktemp("few"))


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("seconds", 1.5 * MOMENTS)
def test_ctrl_c_while_reading(jobs: str, seconds: float, many: Path, tmp_path: Path) -> None:
    """While the workers start or read, and without workers: code 130, two words on stderr, no file,
    no process left. (A worker that is just starting dies, and before Python 3.12 a thread of the
    pool may notice it too late: then there is a traceback above or below the words.)"""
    with program("--data", many, "--jobs", jobs, "--out", tmp_path / "o") as process:
        until(process, "2 classes, 2000 clips", seconds)
        message = interrupt(process)
    assert message == "ssc: interrupted\n" or (jobs == "2" and "ssc: interrupted\n" in message)
    assert files_of(tmp_path / "o") == set()


@pytest.mark.parametrize("seconds", 3 * MOMENTS[::2])
def test_ctrl_c_while_cross_validating(seconds: float, few: Path, tmp_path: Path) -> None:
    """While the workers start or train for hours: as above, and they do not finish their folds."""
    arguments = ("--data", few, "--cv", "--folds", "3", "--epochs", "1000000", "--jobs", "2")
    with program(*arguments, "--out", tmp_path / "o") as process:
        until(process, "3 folds", seconds)
        assert "ssc: interrupted\n" in interrupt(process)
    assert files_of(tmp_path / "o") == set()


@pytest.mark.parametrize("module", ["json", "numpy", "experiment.data", "mininet"])
def test_ctrl_c_while_starting(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the program's libraries are imported, after this one: code 130 and two words, unless it
    has ended before. (Before its first lines run the signal ends Python itself.)"""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")  # lists the modules on stderr
    with program("--help") as process:
        assert process.stderr is not None
        next(line for line in process.stderr if line.split()[-1] == module)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    ending = process.returncode, errors.endswith("ssc: interrupted\n")
    assert ending in ((130, True), (0, False)) and "Traceback" not in errors


def test_a_run_to_which_nobody_listens_goes_on(few: Path, tmp_path: Path) -> None:
    """As piped into head: code 0, no message, all files."""
    arguments = ("--data", few, "--out", tmp_path / "o", "--epochs", "12", "--no-report")
    with program(*arguments) as process:
        until(process, "epoch  3/")
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.wait(PATIENCE), process.stderr.read()) == (0, "")
    assert {"model.npz", "metrics.json", "confusion.png"} <= files_of(tmp_path / "o")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("seconds", 0.5 * MOMENTS[1::2])
def test_a_signal_while_training(number: int, seconds: float, few: Path, tmp_path: Path) -> None:
    """Ctrl-C, a container that is stopped, a terminal that is closed: the model is kept, and the
    sentence says where; it can be read, its biases are not zero. No temporary file is left."""
    arguments = ("--data", few, "--out", tmp_path / "o", "--epochs", "1000000")
    with program(*arguments) as process:
        until(process, "epoch       3/", seconds)
        message = interrupt(process, number)
    model = tmp_path / "o" / "model.npz"
    assert message == f"ssc: interrupted; the model trained so far is saved in {model}\n"
    assert files_of(tmp_path / "o") == {"mfcc.png", "features.png", "model.npz"}
    assert read_model(model).classes == ["high", "hiss", "low"]
    biases = Ensemble.load(model).networks[0].params[1::2]
    assert all(np.any(b != 0) and np.isfinite(b).all() for b in biases)


def test_workers_do_not_outlive_a_killed_parent(many: Path, tmp_path: Path) -> None:
    """After kill -9 of the program its workers end by themselves."""
    with program("--data", many, "--jobs", "2", "--out", tmp_path / "o") as process:
        until(process, "2 classes, 2000 clips")
        wait_until(lambda: n_live(process) >= 3)
        process.kill()
        process.wait(PATIENCE)
        wait_until(lambda: not n_live(process))


def test_kill_9_leaves_old_or_new_files(few: Path, tmp_path: Path) -> None:
    """A run that follows another in its folder is killed at several moments: each file is old or
    new, and whole; there is always a model. The next run is not disturbed by what is left."""

    def run(out: Path, seed: int) -> dict[str, bytes]:
        arguments = ["--data", few, "--out", out, "--epochs", 2, "--seed", seed, "--no-report"]
        assert ssc.main([str(argument) for argument in arguments]) == 0
        files = {name: (out / name).read_bytes() for name in files_of(out) - {"previous"}}
        assert json.loads(files.pop("metrics.json"))["settings"]["seed"] == seed
        return files

    out = tmp_path / "out"
    old, new = run(out, 0), run(tmp_path / "new", 1)
    lines = (f"wrote {out / 'model.npz'}", "wrote", "epoch 2/2", "class", "loss")
    for line, seconds in zip(lines, 0.2 * MOMENTS, strict=False):
        arguments = ("--data", few, "--out", out, "--epochs", "2", "--seed", "1", "--no-report")
        with program(*arguments) as process:
            until(process, line, seconds)
            process.kill()
        for name in old:
            paths = out / name, out / "previous" / name
            found = {path.read_bytes() for path in paths if path.exists()}
            assert found <= {old[name], new[name]}, (line, name)
            assert found or name != "model.npz", line
    assert run(out, 1) == new


@pytest.mark.parametrize(("command", "n_bytes"), [("train", 2_000_000), ("scenes", 100_000)])
def test_a_full_disk_is_one_sentence(command: str, n_bytes: int, few: Path, tmp_path: Path) -> None:
    """No file may grow beyond 2 MB (the model has 15) or 100 kB (a scene has 441): code 2, the file
    and the system's words; an old model stays, and no part of a file is left."""
    import resource

    out = tmp_path / "o"
    out.mkdir()
    (out / "model.npz").write_bytes(b"old")
    arguments, broken = {
        "train": (("--data", few, "--out", out, "--epochs", "1"), out / "model.npz"),
        "scenes": (("scenes", out / "s"), out / "s" / "applause" / "1-00000-A.wav"),
    }[command]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    with program(*arguments, prepare=limit) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (2, f"ssc: {broken}: File too large\n")
    (old,) = out.rglob("model.npz")
    assert old.read_bytes() == b"old"
    drawn = {"mfcc.png", "features.png", "previous"} if command == "train" else {"model.npz"}
    assert files_of(out) - {"s"} == drawn

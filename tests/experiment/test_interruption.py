"""Interruption: Ctrl-C, kill -9 and a full disk, at any moment; nothing that was whole is lost."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from tests import sounds

import ssc
from experiment import extraction, report
from experiment.interruption import postponed, undisturbed
from experiment.models import read_model
from mininet import Dense, Ensemble, Sequential

ROOT = Path(ssc.__file__).parent
FOREVER = ("--epochs", "1000000")


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """Ctrl-C is heard, also where the tests themselves were started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(*arguments: str | Path, prepare: Callable[[], object] | None = None) -> subprocess.Popen:
    """The program in a process group of its own, as a terminal starts it."""

    def as_a_terminal_does() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if prepare is not None:
            prepare()

    command = [sys.executable, str(ROOT / "ssc.py"), *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=as_a_terminal_does,
    )


def until(process: subprocess.Popen, words: str) -> None:
    """Read what the program says until a line begins with words."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(words):
            return
    pytest.fail(f"{words!r} was never said; {process.communicate()[1]}")


def interrupt(process: subprocess.Popen) -> tuple[int, str, float]:
    """Ctrl-C, which the terminal sends to the whole group -> exit code, stderr, seconds."""
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors, time.monotonic() - started


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 1000 recordings: links to two of them."""
    folder = tmp_path_factory.mktemp("many")
    for name, signal_ in (("low", sounds.tone(200, 5.0)), ("hiss", sounds.hiss(0, 5.0))):
        source = sounds.write(folder / "sources" / f"{name}.wav", signal_)
        (folder / "category" / name).mkdir(parents=True)
        for i in range(1000):
            (folder / "category" / name / f"{i}.wav").symlink_to(source)
    return folder / "category"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of four recordings."""
    return sounds.category(tmp_path_factory.mktemp("few"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_while_reading(jobs: str, many: Path, tmp_path: Path) -> None:
    """With workers and without: code 130, one sentence, no traceback of any process, no file, and
    within a second (and one more, for a machine that is busy)."""
    process = start("--data", many, "--jobs", jobs, "--out", tmp_path / "o")
    until(process, "2 classes, 2000 clips")
    time.sleep(0.3)
    code, errors, seconds = interrupt(process)
    assert (code, errors) == (130, "ssc: interrupted\n")
    assert seconds < 2 and not (tmp_path / "o").exists()


@pytest.mark.parametrize("command", [["check"], ["--cv", "--folds", "4"], ["--recipe", "improved"]])
def test_ctrl_c_in_other_commands(
    command: list[str], few: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Wherever a recording is read: code 130 and one sentence."""

    def interrupted(path: str) -> object:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiment.dataset.read_clip", interrupted)
        patch.setattr("experiment.inspection.opened", interrupted)
        patch.chdir(tmp_path)
        assert ssc.main([*command, "--data", str(few)]) == 130
    assert capsys.readouterr().err == "ssc: interrupted\n" and names(tmp_path) == set()


def test_ctrl_c_while_training(few: Path, tmp_path: Path) -> None:
    """What was learnt is saved, and the sentence says where: a model that loads, whose weights have
    moved from where they began. No temporary file stays."""
    process = start("--data", few, "--out", tmp_path / "o", *FOREVER)
    until(process, "epoch       3/")
    code, errors, seconds = interrupt(process)
    model = tmp_path / "o" / "model.npz"
    kept = f"what was learnt until then is kept in {model}"
    assert (code, errors) == (130, f"ssc: interrupted; {kept}\n") and seconds < 2
    assert names(tmp_path / "o") == {"mfcc.png", "features.png", "network.png", "model.npz"}
    assert read_model(str(model)).classes == ["high", "hiss", "low"]
    biases = Ensemble.load(model).networks[0].params[1::2]
    assert all(np.any(b != 0) and np.isfinite(b).all() for b in biases)


def test_ctrl_c_while_the_improved_recipe_trains(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the middle of the second network: the model holds both, the second as far as it got;
    before the second has begun, the first alone."""
    from experiment import evaluation

    learn = evaluation.Lesson.learn
    for stop in ("before", "after"):
        seen: list[str] = []

        def stopped(
            self: evaluation.Lesson, *arguments: object, stop: str = stop, seen: list[str] = seen
        ) -> evaluation.Curve:
            seen.append(self.name)
            if len(seen) == 2 and stop == "before":
                raise KeyboardInterrupt
            curve = learn(self, *arguments)  # type: ignore[arg-type]
            if len(seen) == 2:
                raise KeyboardInterrupt
            return curve

        monkeypatch.setattr(evaluation.Lesson, "learn", stopped)
        monkeypatch.setattr(evaluation, "choose", lambda *arguments: (1, 0))
        out = tmp_path / stop
        arguments = ["--data", str(few), "--out", str(out), "--recipe", "improved", "--quiet"]
        assert ssc.main(arguments) == 130
        assert f"kept in {out / 'model.npz'}" in capsys.readouterr().err
        assert read_model(str(out / "model.npz")).chosen == ([1] if stop == "before" else [1, 0])


def test_a_run_that_diverges_keeps_its_last_finite_weights(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code 2; the sentence of the network, and where the model is; it loads, and is finite."""
    arguments = ["--data", str(few), "--out", str(tmp_path), "--learning-rate", "1e30", "--quiet"]
    assert ssc.main(arguments) == 2
    error = capsys.readouterr().err
    model = tmp_path / "model.npz"
    assert "is not finite after update" in error and error.count("\n") == 1
    assert error.endswith(f"; the last finite weights are kept in {model}\n")
    read_model(str(model))
    params = Ensemble.load(model).networks[0].params
    assert all(np.isfinite(param).all() for param in params)
    assert not (tmp_path / "metrics.json").exists()


@pytest.mark.parametrize("cause", ["weights", "disk"])
def test_ctrl_c_when_nothing_can_be_kept(
    cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights that are NaN already, or a disk that is full: code 130, and the sentence says why;
    the old model stays."""
    model = tmp_path / "model.npz"
    model.write_bytes(b"old")
    network = Sequential([Dense(2, 3, rng=np.random.default_rng(0))])
    why = "a model file cannot hold weights that are NaN or infinite"
    if cause == "weights":
        network.params[0][0, 0] = np.nan
    else:
        full, why = OSError(28, "No space left on device"), f"{model}: No space left on device"
        monkeypatch.setattr(network, "save", Mock(side_effect=full))

    def command(options: object) -> None:
        with ssc.keeping(lambda: network, report.Output(tmp_path, quiet=True)):
            raise KeyboardInterrupt

    monkeypatch.setattr(ssc, "command_of", lambda options: command)
    assert ssc.main([]) == 130
    assert capsys.readouterr().err == f"ssc: interrupted; nothing could be kept: {why}\n"
    assert names(tmp_path) == {"model.npz"} and model.read_bytes() == b"old"


def test_ctrl_c_between_the_training_and_its_model(tmp_path: Path) -> None:
    """A finished training is not lost by one that comes just before the model is written."""
    network = Sequential([Dense(2, 3, rng=np.random.default_rng(0))])
    asked: list[int] = []

    def learnt() -> Sequential:
        asked.append(len(asked))
        if len(asked) == 1:
            raise KeyboardInterrupt
        return network

    kept = f"; what was learnt until then is kept in {tmp_path / 'model.npz'}"
    with pytest.raises(KeyboardInterrupt) as stop, ssc.keeping(learnt, report.Output(tmp_path)):
        pass
    assert str(stop.value) == kept
    np.testing.assert_array_equal(
        Sequential.load(tmp_path / "model.npz").params[0], network.params[0]
    )


def finished(few: Path, out: Path, seed: int) -> dict[str, bytes]:
    """The files of a whole run."""
    arguments = ["--data", few, "--out", out, "--epochs", "2", "--seed", str(seed)]
    assert ssc.main([*map(str, arguments), "--quiet"]) == 0
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_kill_9_leaves_the_old_files_or_the_new(few: Path, tmp_path: Path) -> None:
    """A run killed while it overwrites another's files: each is the old one or the new one, whole;
    the next run is not disturbed by what was left."""
    old = finished(few, tmp_path / "old", 0)
    new = finished(few, tmp_path / "new", 1)
    out = tmp_path / "out"
    finished(few, out, 0)
    for moment in ("wrote", "epoch 2/2", "loss"):
        process = start("--data", few, "--out", out, "--epochs", "2", "--seed", "1")
        until(process, moment)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        for name in old:
            content = (out / name).read_bytes()
            if name == "metrics.json":  # holds the seconds
                assert json.loads(content)["settings"]["seed"] in (0, 1)
            else:
                assert content in (old[name], new[name]), (moment, name)
    again = finished(few, out, 1)
    assert all(again[name] == new[name] for name in new if name != "metrics.json")


def test_a_full_disk_is_one_sentence(few: Path, tmp_path: Path) -> None:
    """No file may grow beyond 2 MB: the pictures can be written, the model of 15 MB cannot. Code 2,
    the file and the system's words; the old model is untouched, and no temporary file stays."""
    out = tmp_path / "o"
    out.mkdir()
    (out / "model.npz").write_bytes(b"old")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    process = start("--data", few, "--out", out, "--epochs", "1", prepare=small_files)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (2, f"ssc: {out / 'model.npz'}: File too large\n")
    assert (out / "model.npz").read_bytes() == b"old"
    assert names(out) == {"mfcc.png", "features.png", "network.png", "model.npz"}


def test_scenes_on_a_full_disk_are_one_sentence(tmp_path: Path) -> None:
    """No file may grow beyond 100 kB, and a scene has 441 kB: code 2, the file and the system's
    words, and no file stays, whole or in part."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = start("scenes", tmp_path, prepare=small_files)
    _, errors = process.communicate(timeout=60)
    first = tmp_path / "applause" / "1-00000-A.wav"
    assert (process.returncode, errors) == (2, f"ssc: {first}: File too large\n")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# The two promises about signals


def test_a_second_ctrl_c_does_not_disturb_what_puts_things_in_order() -> None:
    """Within the block it is ignored for good, also when it is a block within another; afterwards
    it is as before."""
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        with undisturbed(), postponed():
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_ctrl_c_that_python_swallows_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first comes while an object is deleted, where no error can leave; the second ends it."""
    reached = []

    class Deaf:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def command(options: object) -> None:
        Deaf()
        reached.append("the first was swallowed")
        signal.raise_signal(signal.SIGINT)
        reached.append("the second as well")

    monkeypatch.setattr(ssc, "command_of", lambda options: command)
    assert ssc.main([]) == 130
    assert reached == ["the first was swallowed"]
    assert capsys.readouterr().err == "ssc: interrupted\n"


def test_a_second_ctrl_c_lets_the_workers_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while they are being ended after the first: they are ended all the same."""
    kill, pools = extraction.LocalExecutor.kill, []

    def slowly(pool: extraction.LocalExecutor) -> None:
        pools.append(pool)
        signal.raise_signal(signal.SIGINT)
        kill(pool)

    monkeypatch.setattr(extraction.LocalExecutor, "kill", slowly)
    with pytest.raises(KeyboardInterrupt, match="the first"), extraction.workers(2):
        raise KeyboardInterrupt("the first")
    assert [process.exitcode for process in pools[0].processes] == [-signal.SIGKILL] * 2


def test_ctrl_c_waits_for_a_file(tmp_path: Path) -> None:
    """One that comes while a file is written takes effect when the file is there, whole."""
    with pytest.raises(KeyboardInterrupt), report.replacing(tmp_path / "file") as temporary:
        signal.raise_signal(signal.SIGINT)
        temporary.write_text("whole")
    assert names(tmp_path) == {"file"} and (tmp_path / "file").read_text() == "whole"


def test_a_postponed_ctrl_c_comes_at_the_end() -> None:
    """The block is not cut short, and the interruption is not forgotten; also if the block fails
    of itself; and without one nothing happens."""
    done = []
    with pytest.raises(KeyboardInterrupt), postponed():
        signal.raise_signal(signal.SIGINT)
        done.append("the rest")
    assert done == ["the rest"]
    with pytest.raises(KeyboardInterrupt), postponed():
        signal.raise_signal(signal.SIGINT)
        raise OSError
    with postponed():
        done.append("all")
    assert done == ["the rest", "all"]


def test_a_program_told_to_ignore_ctrl_c_goes_on_to() -> None:
    """As nohup does: neither block changes that. Nor does a thread that hears no signals fail."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
        with postponed():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    results: list[str] = []

    def elsewhere() -> None:
        with undisturbed(), postponed():
            results.append("ran")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert results == ["ran"]

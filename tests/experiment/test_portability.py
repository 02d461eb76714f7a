"""The program needs no POSIX-only name, and no order of files that depends on the platform."""

import subprocess
import sys
from pathlib import Path, PurePath

import pytest

from experiment.data import scan
from tests import sounds
from tests.experiment.program import ROOT, Program, files_of

# Hides the names in this process and, since it runs as their main module too, in its workers. What
# multiprocessing itself needs on POSIX is imported and started before.
WITHOUT_POSIX = """
import os, signal, sys
import concurrent.futures.process, multiprocessing.popen_spawn_posix
from multiprocessing import resource_tracker

if __name__ == "__main__":
    resource_tracker.ensure_running()
for module, names in (
    (os, "chown chroot fchmod fchown fork forkpty geteuid getgid getloadavg getpgid getpriority"
     " getuid initgroups killpg lchown mkfifo mknod nice posix_spawn sched_getaffinity"
     " sched_setaffinity setpgid setsid setuid wait wait3 wait4"),
    (signal, "SIGALRM SIGCHLD SIGHUP SIGKILL SIGQUIT SIGTSTP SIGUSR1 SIGUSR2 alarm pause"
     " pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigtimedwait sigwait"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
sys.path.insert(0, ROOT)

if __name__ == "__main__":
    import ssc
    ssc.run()
"""


def test_the_main_job_needs_no_posix_name(category: Path, tmp_path: Path, program: Program) -> None:
    """With the POSIX-only names hidden, in the workers too, one epoch on a small folder ends with
    code 0, an empty stderr, and the model that is trained with them."""
    script = tmp_path / "script.py"
    script.write_text(f"ROOT = {str(ROOT)!r}\n{WITHOUT_POSIX}", "utf-8")
    arguments = ("--data", category, "--epochs", 1, "--jobs", 2, "--out")
    command = [sys.executable, script, *arguments, tmp_path / "hidden"]
    finished = subprocess.run([*map(str, command)], capture_output=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, b"")
    program.run(*arguments, program.out)
    models = [folder / "model.npz" for folder in (program.out, tmp_path / "hidden")]
    assert models[0].read_bytes() == models[1].read_bytes()
    assert program.files == files_of(tmp_path / "hidden")


def test_the_order_of_classes_and_files_is_that_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are compared without regard to case on Windows; the labels are the same there."""
    monkeypatch.setattr(PurePath, "__lt__", lambda a, b: str(a).lower() < str(b).lower())
    for name in ("a", "B", "Dog"):
        for file in ("b.wav", "C.wav", "a.wav"):
            sounds.write(tmp_path / name / file, sounds.hiss(0, 0.01))
    dataset = scan(tmp_path)
    assert dataset.classes == ["B", "Dog", "a"]
    files = ["C.wav", "a.wav", "b.wav"]
    assert dataset.names == [f"{name}/{file}" for name in dataset.classes for file in files]

"""The program needs no POSIX-only name, and no order of files that depends on the platform."""

from pathlib import Path, PurePath

import pytest

from experiment.data import scan
from tests import sounds
from tests.experiment.program import ROOT

# The program; it hides the names in its process and, since it runs as their main module too, in its
# workers. What multiprocessing itself needs on POSIX is imported and started before.
WITHOUT_POSIX = f"""
import os, signal, sys
if os.name == "posix":
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
sys.path.insert(0, {str(ROOT)!r})

if __name__ == "__main__":
    import ssc
    ssc.run()
"""


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

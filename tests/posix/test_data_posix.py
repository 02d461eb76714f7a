"""Recordings that only a POSIX system has: links, and names of any bytes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from experiment.data import recordings, scan
from experiment.extract import extract_features
from tests import sounds
from tests.experiment.program import Program, files_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and names are POSIX")

NAMES = ("two words", 'it\'s "so"', "line\nbreak", "🌧️👩‍👩‍👧", "-rf", "%s {0} \\", "\udcff")
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "gone.wav": (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    "loop.wav": (lambda path: path.symlink_to(path), "symbolic links"),
    "folder.wav": (lambda path: path.mkdir(), "Is a directory"),
    "pipe.wav": (lambda path: os.mkfifo(path), "is not a regular file"),  # opening it would block
    **{f"{name}.wav": (lambda path: path.write_text("x"), "cannot be read") for name in NAMES},
}


def test_broken_recordings_are_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links that lead nowhere, folders, and names with line breaks or bytes that are not UTF-8,
    which are sent to workers and back."""
    data, program, n = sounds.category(tmp_path), Program(capsys, tmp_path / "o"), len(BROKEN)
    for name, (make, _) in BROKEN.items():
        make(data / "low" / name)
    arguments = ("--data", data, "--out", program.out, "--quiet", "--jobs", 2)
    head, *lines, _ = program.refuse(*arguments).split("\n")
    assert head == f"{n} of {12 + n} recordings cannot be read:"
    for (_, words), line in zip(dict(sorted(BROKEN.items())).values(), lines, strict=True):
        assert words in line
    assert files_of(program.out) == set()


def test_good_recordings_are_read_under_any_name(tmp_path: Path) -> None:
    """None is called broken."""
    for i, name in enumerate(NAMES):
        path = sounds.write(tmp_path / f"c{i % 2}\n" / f"{i}.wav", sounds.hiss(i))
        path.rename(path.with_name(f"{name}.wav"))
    result = extract_features(scan(tmp_path), lambda signal: [signal[:1]])
    assert result.problems == [] and len(result.kept) == len(NAMES)


def test_a_run_has_every_file_under_any_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Folders whose names are no UTF-8: their bytes are escapes in metrics.json and in the log."""
    data, program = tmp_path / "\udcff", Program(capsys, tmp_path / "o\udcff")
    sounds.category(tmp_path).rename(data)
    program.train(data, "--epochs", 1)
    names = {"metrics.json", "model.npz", "report.html", "confusion.png"}
    assert names <= program.files and "\\udcff" in (program.out / "log.txt").read_text("utf-8")
    assert program.metrics["settings"]["data"] == str(data)


def test_links_are_what_they_lead_to(tmp_path: Path) -> None:
    """A link to itself among the classes is skipped; one to a folder of results is it. One that
    leads nowhere is a recording, which cannot be read."""
    folder = sounds.category(tmp_path)
    (folder / "loop").symlink_to("loop")
    (folder / "results").symlink_to(tmp_path / "out", target_is_directory=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "log.txt").touch()
    dataset = scan(folder)
    assert dataset.skipped_files == {"not audio": ["loop"], "results": ["results"]}
    assert dataset.classes == ["high", "hiss", "low"]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "gone.wav").symlink_to("nowhere")
    assert recordings([str(tmp_path / "more")]) == ([str(tmp_path / "more" / "gone.wav")], {})

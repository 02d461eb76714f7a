"""Theorems about `python -m mfcc CLIP`: the table it prints, and what it says to bad input."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from tests import sounds

from mfcc import load, mfcc


class Run:
    """run(*arguments): what `python -m mfcc` with these arguments prints, and its exit code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[object, str, str]:
        self.monkeypatch.setattr(sys, "argv", ["mfcc", *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_module("mfcc", run_name="__main__")
        printed = self.capsys.readouterr()
        return left.value.code, printed.out, printed.err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(monkeypatch, capsys)


@pytest.mark.parametrize("rate", [44100, 22050])
def test_the_table_holds_each_coefficients_mean_deviation_and_range(
    run: Run, tmp_path: Path, rate: int
) -> None:
    """A line of the clip, one of titles, then mean, std, min and max of c0 … c12, whole length."""
    path = sounds.write(tmp_path / "tone.wav", sounds.tone(440, 0.75, rate), rate)
    code, out, err = run(str(path))
    assert (code, err) == (0, "")
    clip, titles, *rows = out.splitlines()
    assert clip == f"{path}: 0.75 s at 44100 Hz, MFCC (13, 76)"
    assert titles.split() == ["mean", "std", "min", "max"]
    assert [row.split()[0] for row in rows] == [f"c{k}" for k in range(13)]
    coefficients = mfcc(load(path, duration=None), 44100)
    figures = [f(coefficients, axis=1) for f in (np.mean, np.std, np.min, np.max)]
    printed = [[float(word) for word in row.split()[1:]] for row in rows]
    # two decimals
    np.testing.assert_allclose(printed, np.transpose(figures), rtol=0, atol=0.005 + 1e-4)
    assert {len(line) for line in (titles, *rows)} == {4 + 4 * 10}


def test_importing_the_command_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Under any name but __main__, the module only defines main()."""
    module = runpy.run_module("mfcc.__main__", run_name="imported")
    assert callable(module["main"])
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("arguments", [(), ("a.wav", "b.wav"), ("--help",), ("-h",)])
def test_anything_but_one_clip_is_answered_with_the_usage(
    run: Run, arguments: tuple[str, ...]
) -> None:
    """No clip, two, or an option: one line of usage on stderr, exit code 2."""
    assert run(*arguments) == (2, "", "usage: python -m mfcc CLIP\n")


def test_a_bad_clip_is_one_line_on_stderr(run: Run, tmp_path: Path) -> None:
    """A missing file and one that is no sound: the reason with the path, exit code 2."""
    missing, text = tmp_path / "missing.wav", tmp_path / "text.wav"
    text.write_text("not a sound")
    for path, reason in (
        (missing, f"[Errno 2] No such file or directory: {str(missing)!r}"),
        (text, f"{text} cannot be read as audio: Format not recognised"),
    ):
        assert run(str(path)) == (2, "", f"mfcc: {reason}\n")

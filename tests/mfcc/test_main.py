"""Properties of `python -m mfcc CLIP`: the table it prints, and its errors."""

import runpy
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from mfcc import load, mfcc
from mfcc.__main__ import main
from mfcc.audio import CONVERT
from tests import sounds


@pytest.mark.parametrize("rate", [44100, 22050])
def test_the_table_has_mean_deviation_and_range_of_each_coefficient(
    rate: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line about the clip, one of titles, then mean, std, min and max of c0 … c12; whatever the
    name of the clip."""
    path = sounds.write(tmp_path / "tone é.wav", sounds.tone(440, 0.75, rate), rate)
    monkeypatch.setattr(sys, "argv", ["mfcc", str(path)])
    monkeypatch.delitem(sys.modules, "mfcc.__main__")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mfcc", run_name="__main__")
    printed = capsys.readouterr()
    assert (ended.value.code, printed.err) == (0, "")
    clip, titles, *rows = printed.out.splitlines()
    assert clip == "0.75 s at 44100 Hz, MFCC (13, 76)"
    assert titles.split() == ["mean", "std", "min", "max"]
    assert [row.split()[0] for row in rows] == [f"c{k}" for k in range(13)]
    coefficients = mfcc(load(path, duration=None), 44100)
    figures = [f(coefficients, axis=1) for f in (np.mean, np.std, np.min, np.max)]
    values = [[float(word) for word in row.split()[1:]] for row in rows]
    np.testing.assert_allclose(values, np.transpose(figures), rtol=0, atol=0.0051)  # two decimals
    assert {len(line) for line in (titles, *rows)} == {4 + 4 * 10}


def test_bad_arguments_are_one_line_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usage, or the reason with the path, in printable characters; also what is no error of the
    file, such as no memory. The exit code is 2."""
    missing, text = tmp_path / "missing.wav", tmp_path / "text.wav"
    text.write_text("not a sound")
    for arguments, error in (
        *((arguments, "usage: python -m mfcc CLIP") for arguments in ([], ["a", "b"], ["-h"])),
        ([str(missing)], f"mfcc: [Errno 2] No such file or directory: {str(missing)!r}"),
        ([str(text)], f"mfcc: {text} cannot be read as audio: format not recognized; {CONVERT}"),
    ):
        assert main(arguments) == 2
        assert capsys.readouterr() == ("", f"{error}\n")
    for raised, words in ((MemoryError(), "MemoryError"), (ValueError("a\x1b"), "a\\x1b")):
        monkeypatch.setattr("mfcc.__main__.load", Mock(side_effect=raised))
        assert main(["clip.wav"]) == 2
        assert capsys.readouterr().err == f"mfcc: {words}\n"

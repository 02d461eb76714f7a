"""Properties of experiment/terminal.py: any name is safe to print, and no output ends a run."""

import csv
import os
import sys
import unicodedata
from contextlib import nullcontext
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.output import Output
from experiment.terminal import (
    csv_text,
    prepare_streams,
    printable,
    printable_name,
    say,
    text_table,
)


@given(st.text())
def test_names_are_printable(text: str) -> None:
    """No character controls or formats the terminal or breaks the line, but for the joiners of
    words and emoji; other characters remain."""
    safe = printable(text)
    assert not {unicodedata.category(c) for c in safe} & {"Cc", "Cs", "Zl", "Zp"}
    assert {c for c in safe if unicodedata.category(c) == "Cf"} <= {"\u200c", "\u200d"}
    assert printable(safe) == safe
    kept = "소리 'of' \"rain\", 雨 🌧️ 👩‍👩‍👧.wav"
    assert printable(kept + text) == kept + safe
    assert printable("a\nb\x1b\u202e\udcff") == "a\\nb\\x1b\\u202e\\udcff"


@given(st.text("a\n\x1b\\nx1b"), st.text("a\n\x1b\\nx1b"))
def test_different_names_stay_different(one: str, other: str) -> None:
    """A name that looks like an escape is not taken for the character."""
    assert (printable_name(one) == printable_name(other)) == (one == other)


@given(st.lists(st.lists(st.text("ab1 비雨", max_size=9), min_size=30, max_size=30), max_size=5))
def test_tables_are_aligned_and_fit_the_terminal(rows: list[list[str]]) -> None:
    """A part of a table has lines of one width, at most 80 columns, where Hangul and Han characters
    take two; the first column is left-aligned, the others right-aligned. Each part begins with the
    first column, and together they have all cells."""
    names = ["x" * 9, *(f"c{k}" for k in range(1, 30))]
    parts = [part.split("\n") for part in text_table(names, rows).split("\n\n")]
    found = []
    for head, rule, *lines in parts:
        wide = [len(line) + sum(c in "비雨" for c in line) for line in (head, *lines)]
        assert set(wide) == {len(rule)} and len(rule) <= 80 and set(rule) == {"-"}
        columns = head.split()
        assert columns[0] == names[0]
        found += columns[1:]
        for line, row in zip(lines, rows, strict=True):
            assert line.startswith(row[0]) and line.endswith(row[names.index(columns[-1])])
    assert found == names[1:] and (len(parts) > 1)


@given(st.lists(st.lists(st.text() | st.integers(), min_size=2, max_size=2), min_size=1))
def test_tables_of_text_are_no_formulas(rows: list[list[str | int]]) -> None:
    """The cells are read back; one that a spreadsheet would compute begins with an apostrophe."""
    read = list(csv.reader(StringIO(csv_text(rows), newline="")))
    for row, cells in zip(rows, read, strict=True):
        for value, cell in zip(row, cells, strict=True):
            formula = str(value)[:1] in ("=", "+", "-", "@") and isinstance(value, str) and value
            assert cell == ("'" if formula else "") + printable(str(value))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_below_the_log_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written is dropped, then and later; on stdout it is an OSError once, which the
    log of a run ignores."""
    for use in (say, Output(tmp_path).log):
        with open("/dev/full", "w") as full, open("/dev/full", "w") as stdout:
            monkeypatch.setattr(sys, "stdout", stdout)
            say("one", full)
            say("two", full)
            with pytest.raises(OSError, match="output") if use is say else nullcontext():
                use("one")
            use("two")


def test_a_missing_output_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under pythonw, or after 2>&-."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    prepare_streams()
    say("one")
    say("two", sys.stderr)

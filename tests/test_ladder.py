"""The ladder: chapter 16 says what the script's last output says, and the targets are met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are part of the checkout only")
from benchmarks.ladder import SMALL, WIDE, row, side_rows

DOCS = Path(__file__).parent.parent / "docs"
CHAPTER = (DOCS / "ladder.md").read_text("utf-8")


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """docs/ladder.json, as `python -m benchmarks.ladder category/` wrote it last."""
    return json.loads((DOCS / "ladder.json").read_text("utf-8"))


def test_the_chapters_tables_are_the_scripts_output(known: dict[str, Any]) -> None:
    """Every rung and side path has its row in the chapter, in this order, and no row is left over:
    each number agrees to the last digit."""
    rungs = [row(entry) for entry in known.values() if "text" in entry]
    lines = [line for line in CHAPTER.splitlines() if line.startswith("| ")]
    heads = ["| what changes |", "| what | figure |", "| published |", "|---"]
    rows = [line for line in lines if not line.startswith(tuple(heads))]
    expected = rungs + side_rows(known)
    assert [line for line in rows if "Piczak" not in line and "Tokozume" not in line] == expected


def test_every_rung_was_run(known: dict[str, Any]) -> None:
    """All that the script can do is in its output, with five folds each."""
    names = {
        *WIDE,
        *SMALL,
        "clip",
        "windows",
        "improved",
        "nested",
        "relu-on-raw",
        "leak",
        "chance",
    }
    assert set(known) == names
    for entry in known.values():
        if "text" in entry:
            assert len(entry["folds"]) == 5
            assert sum(entry["folds"]) / 5 == pytest.approx(entry["held_out"])


def test_the_ladder_reaches_what_was_promised(known: dict[str, Any]) -> None:
    """The reference between 0.36 and 0.46; MFCCs alone, one network, at least 0.845; the improved
    recipe, also with all choices made by inner cross-validation, at least 0.87."""
    assert 0.36 <= known["reference"]["held_out"] <= 0.46
    assert known["structure"]["held_out"] >= 0.845 and known["clip"]["held_out"] >= 0.845
    assert known["improved"]["held_out"] >= 0.87
    assert known["nested"]["any one or both"]["held_out"] >= 0.87


def test_the_readme_quotes_the_ladder(known: dict[str, Any]) -> None:
    """The two figures of the README are those of the first rung and of the last."""
    text = (DOCS.parent / "README.md").read_text("utf-8")
    for name in ("reference", "improved"):
        entry = known[name]
        deviation = max(entry["seeds_std"], 0.01)
        assert f"{entry['held_out']:.2f} ± {deviation:.2f}" in text


def test_what_the_chapter_says_of_the_rungs_is_so(known: dict[str, Any]) -> None:
    """Neither mended fault helps alone and both together do; a gain held out is no gain in
    training; fold 1 is the hardest for every small network; random folds
    flatter; shuffled labels are chance within three standard errors of 400 clips."""
    held = {name: entry["held_out"] for name, entry in known.items() if "text" in entry}
    alone = max(held["standardised"], held["no-decay"])
    assert alone < held["reference"] + 0.03 < held["two-changes"] - 0.2
    climb = [
        "reference",
        "two-changes",
        "means",
        "first-difference",
        "structure",
        "clip",
        "improved",
    ]
    assert [held[name] for name in climb] == sorted(held[name] for name in climb)
    for name in (*SMALL, "clip", "windows", "improved"):
        assert min(known[name]["folds"]) == known[name]["folds"][0]
    for kind in ("nearest", "network"):
        assert known["leak"]["random"][kind] > known["leak"]["official"][kind]
    assert abs(known["chance"]["shuffled"]["held_out"] - 0.1) < 3 * (0.09 / 400) ** 0.5
    assert known["chance"]["silence"]["held_out"] > 0.15

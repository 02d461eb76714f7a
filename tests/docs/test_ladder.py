"""The ladder: chapter 16 says what the script's last output says, and the targets are met."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are part of the checkout only")
from benchmarks.cues import band_limit, siblings
from benchmarks.ladder import SMALL, WIDE, row, side_rows
from mininet import wilson_interval

DOCS = Path(__file__).parent.parent.parent / "docs"
CHAPTER = (DOCS / "ladder.md").read_text("utf-8")


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """docs/ladder.json, as `python -m benchmarks.ladder category/` wrote it last."""
    return json.loads((DOCS / "ladder.json").read_text("utf-8"))


def test_the_chapters_tables_are_the_scripts_output(known: dict[str, Any]) -> None:
    """Every rung and side path has its row in the chapter, in this order, and no row is left over:
    each number agrees to the last digit."""
    expected = {
        "The ladder": [row(entry) for entry in known.values() if "text" in entry],
        "Side paths": side_rows(known),
    }
    for title, rows in expected.items():
        section = CHAPTER.split(f"\n## {title}\n\n")[1]
        table = next(part for part in section.split("\n\n") if part.startswith("|")).splitlines()
        assert table[2:] == rows  # after the head and the rule under it


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
        "decays",
        "recorded",
        "facts",
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
    """The figures of the README are those of the first rung and of the last, with their intervals,
    and what the last is worth where its settings are chosen inside the training folds: at worst the
    title's."""
    text = " ".join((DOCS.parent / "README.md").read_text("utf-8").split())
    honest = [pool["held_out"] for name, pool in known["nested"].items() if "both" in name]
    assert (
        f"inside the training folds, in three ways, the improved recipe gets {min(honest):.2f} to"
        in text
    )
    assert f"to {max(honest):.2f}. Chapter 16" in text and len(honest) == 3
    title = f"From {known['reference']['held_out']:.0%} to {min(honest):.0%}".replace("%", " %")
    assert title in text and CHAPTER.startswith(f"# 16 {title}\n")
    figures, intervals = [], []
    for name in ("reference", "improved"):
        share, deviation = known[name]["held_out"], known[name]["seeds_std"]
        low, high = wilson_interval(share, known["facts"]["recordings"])
        figures.append(f"{share:.3f} ± {deviation:.3f}")
        intervals.append(f"{low:.2f} to {high:.2f}")
    assert f"gets {figures[0]}, and `--recipe improved` {figures[1]}, where" in text
    assert f"wider, {intervals[0]} and {intervals[1]}." in text


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
    assert known["recorded"]["band"]["held_out"] > 0.15
    assert min(held["stairs"], held["decay-per-epoch"], held["momentum"]) > held["reference"]


def test_the_confusion_matrices_are_those_of_the_rungs(known: dict[str, Any]) -> None:
    """Each row holds the forty clips of a class as often as there are seeds, and the diagonal is
    the held-out accuracy."""
    rungs = [entry for entry in known.values() if "text" in entry]
    for entry in [*rungs, known["chance"]["silence"], known["recorded"]["band"]]:
        matrix = np.array(entry["confusion"])
        assert matrix.sum(axis=1).tolist() == [200] * 10
        assert matrix.trace() / matrix.sum() == pytest.approx(entry["held_out"], abs=1e-12)


def test_the_first_epoch_at_the_full_rate_does_harm(known: dict[str, Any]) -> None:
    """Twenty seeds: a rate that falls by epochs is better than one that falls by updates, and steps
    that leave out the first are better than those that have it, each by four standard errors."""
    decays = known["decays"]

    def surely_better(one: str, other: str) -> bool:
        a, b = decays[one], decays[other]
        error = np.hypot(a["seeds_std"], b["seeds_std"]) / np.sqrt(decays["seeds"])
        return bool(a["held_out"] - b["held_out"] > 4 * error)

    assert surely_better("in steps", "by updates") and surely_better("smoothly", "by updates")
    assert surely_better("in steps, one further down", "in steps")


def test_no_recording_is_in_two_folds(known: dict[str, Any]) -> None:
    """The official folds keep the clips of a recording together: 163 clips of 400 have a sister."""
    facts = known["facts"]
    assert (facts["clips"], facts["recordings"]) == (400, 304)
    assert facts["recordings_in_two_folds"] == 0


def test_a_clips_band_limit_is_found() -> None:
    """Noise without anything above 12 kHz ends there, or as far above as Hann's side lobes reach;
    noise that is 70 dB down above 12 kHz ends at the Nyquist frequency, for 80 dB are asked."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(44100))
    ends = [
        band_limit(np.fft.irfft(spectrum * np.where(np.arange(22051) > 12000, above, 1)), 44100)
        for above in (0.0, 10 ** (-70 / 20))
    ]
    # d bins beyond the edge leak Σ_{j>d} (1/πj³)²/2, over 3/2 in the band: 0.007/d⁵ < 1e-8 at 15
    assert 12000 <= ends[0] <= 12000 + 15 * 50
    assert ends[1] == 22050


def test_sisters_are_counted() -> None:
    """Six clips of one class in three pairs: five find their sister, by chance one in five."""
    x = np.array([[0.0], [0.1], [5.0], [5.1], [10.0], [20.0]])
    told = siblings(x, np.zeros(6, int), ["a", "a", "b", "b", "c", "c"])
    # all but the clip at 10, which is nearer to 5.1 than to 20
    assert told == {"found": pytest.approx(5 / 6), "by_chance": pytest.approx(1 / 5)}

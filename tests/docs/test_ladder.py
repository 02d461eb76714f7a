"""Chapter 16 quotes the output of docs/studies/ladder.py, and its claims hold for that output."""

import json

import numpy as np
import pytest

pytest.importorskip("docs.studies.ladder", reason="the book is part of the checkout only")
from docs.studies import robustness
from docs.studies.cues import band_limit, siblings
from docs.studies.ladder import AVERAGED, OUTPUT, SMALL, WIDE, row, side_rows
from mininet import wilson_interval

CHAPTER = OUTPUT.with_name("16-ladder.md").read_text("utf-8")
ROBUST = json.loads(robustness.OUTPUT.read_text("utf-8"))
RESULTS = json.loads(OUTPUT.read_text("utf-8"))


def test_the_chapters_tables_are_the_scripts_output() -> None:
    """The chapter's tables have a row for each rung and side path, in order, with these numbers."""
    rungs = [row(entry) for entry in RESULTS.values() if "text" in entry]
    for title, rows in (("The ladder", rungs), ("Side paths", side_rows(RESULTS))):
        section = CHAPTER.split(f"\n## {title}\n\n")[1]
        table = next(part for part in section.split("\n\n") if part.startswith("|")).splitlines()
        assert table[2:] == rows


def test_every_entry_is_complete() -> None:
    """All entries are there, rungs with five folds and the confusion matrix of all clips."""
    sides = {"nested", "relu-on-raw", "leak", "chance", "decays", "recorded", "facts"}
    assert set(RESULTS) == {*WIDE, *SMALL, *AVERAGED, *sides}
    rungs = [entry for entry in RESULTS.values() if "text" in entry]
    for entry in [*rungs, RESULTS["chance"]["silence"], RESULTS["recorded"]["band"]]:
        matrix = np.array(entry["confusion"])
        assert len(entry["folds"]) == 5 and matrix.sum(axis=1).tolist() == [200] * 10
        assert np.mean(entry["folds"]) == pytest.approx(entry["held_out"])
        assert matrix.trace() / matrix.sum() == pytest.approx(entry["held_out"], abs=1e-12)


def test_the_altered_clips_are_as_the_chapter_says() -> None:
    """The table is the script's output; what no feature should depend on costs little, after."""
    altered = robustness.rows(ROBUST)
    assert "\n".join(altered) in CHAPTER
    after = {name: row["after"] for name, row in ROBUST["alterations"].items()}
    assert all(after[name] > after["none"] - 0.02 for name in ("20 dB quieter", "40 dB quieter"))
    for accuracies in ROBUST["alterations"].values():
        assert accuracies["after"] > accuracies["before"] - 0.01 > accuracies["reference"]
    calibration = ROBUST["calibration"]
    assert calibration["after"]["calibration_error"] < 0.05
    assert calibration["reference"]["calibration_error"] > 0.2


def test_the_readme_quotes_the_ladder() -> None:
    """The first and the last rung and the nested ranges, whose minimum is the chapter's title."""
    text = " ".join((OUTPUT.parents[1] / "README.md").read_text("utf-8").split())
    nested = [pool["held_out"] for name, pool in RESULTS["nested"].items() if "several" in name]
    title = f"From {RESULTS['reference']['held_out']:.0%} to {min(nested):.0%}".replace("%", " %")
    assert title in text and CHAPTER.startswith(f"# 16 {title}\n")
    assert f"{min(nested):.2f} to {max(nested):.2f}" in text and len(nested) == 3
    for name in ("reference", "improved"):
        held_out, deviation = RESULTS[name]["held_out"], RESULTS[name]["seeds_std"]
        low, high = wilson_interval(held_out, RESULTS["facts"]["recordings"])
        assert f"{held_out:.3f} ± {deviation:.3f}" in text and f"{low:.2f} to {high:.2f}" in text


def test_the_claims_about_the_rungs_hold() -> None:
    """The climb rises, random folds are optimistic, shuffled labels are at chance, and more."""
    held = {name: entry["held_out"] for name, entry in RESULTS.items() if "text" in entry}
    assert 0.36 <= held["reference"] <= 0.46 and min(held["structure"], held["clip"]) >= 0.845
    assert min(held["improved"], RESULTS["nested"]["any one or several"]["held_out"]) >= 0.87
    alone = max(held["standardised"], held["no-decay"])
    assert alone < held["reference"] + 0.03 < held["two-changes"] - 0.2
    start = [held[name] for name in ("reference", "two-changes", "means", "first-difference")]
    climb = [*start, held["structure"], held["both"], held["three"]]
    assert climb == sorted(climb)
    assert max(held["clip"], held["windows"], held["rhythm"]) < held["both"]
    for kind in ("nearest", "network"):
        assert RESULTS["leak"]["random"][kind] > RESULTS["leak"]["official"][kind]
    assert abs(RESULTS["chance"]["shuffled"]["held_out"] - 0.1) < 3 * (0.09 / 400) ** 0.5
    cues = RESULTS["chance"]["silence"], RESULTS["recorded"]["band"]
    assert min(cue["held_out"] for cue in cues) > 0.15
    assert min(held["stairs"], held["decay-per-epoch"], held["momentum"]) > held["reference"]
    facts = RESULTS["facts"]
    assert [facts[k] for k in ("clips", "recordings", "recordings_in_two_folds")] == [400, 304, 0]


def test_the_first_epoch_at_the_full_rate_does_harm() -> None:
    """Over twenty seeds steps without the first epoch are better, by four standard errors."""
    decays = RESULTS["decays"]
    pairs = [("by updates", "in steps"), ("by updates", "smoothly")]
    for worse, better in [*pairs, ("in steps", "in steps, one further down")]:
        a, b = decays[worse], decays[better]
        error = np.hypot(a["seeds_std"], b["seeds_std"]) / np.sqrt(decays["seeds"])
        assert b["held_out"] - a["held_out"] > 4 * error, (worse, better)


def test_the_band_limit_is_found() -> None:
    """Noise ends at 12 kHz if there is none above, at the Nyquist frequency if -70 dB are."""
    spectrum, f = np.fft.rfft(np.random.default_rng(0).standard_normal(44100)), np.arange(22051)
    gains = (np.where(f > 12000, above, 1) for above in (0.0, 10 ** (-70 / 20)))
    ends = [band_limit(np.fft.irfft(spectrum * gain), 44100) for gain in gains]
    # d bins beyond the edge leak Σ_{j>d} (1/πj³)²/2, over 3/2 in the band: 0.007/d⁵ < 1e-8 at 15
    assert 12000 <= ends[0] <= 12000 + 15 * 50
    assert ends[1] == 22050


def test_siblings_are_counted() -> None:
    """Of six clips of three recordings five have their sibling nearest; by chance one in five."""
    x = np.array([[0.0], [0.1], [5.0], [5.1], [10.0], [20.0]])
    counted = siblings(x, np.zeros(6, int), ["a", "a", "b", "b", "c", "c"])
    assert counted == {"found": pytest.approx(5 / 6), "by_chance": pytest.approx(1 / 5)}

"""Chapter 16 quotes the output of docs/studies/ladder.py, and its claims hold for that output."""

import json

import numpy as np
import pytest

from docs.studies import robustness
from docs.studies.cues import band_limit, siblings
from docs.studies.ladder import AVERAGED, OUTPUT, SMALL, WIDE, row
from mininet import wilson_interval

CHAPTER = OUTPUT.with_name("16-ladder.md").read_text("utf-8")
ROBUST = json.loads(robustness.OUTPUT.read_text("utf-8"))
RESULTS = json.loads(OUTPUT.read_text("utf-8"))


def test_the_rows_of_the_chapters_tables_are_the_scripts_output() -> None:
    """Each row of the chapter's two tables of results is a row of the scripts, in their order."""
    rungs = [row(entry) for entry in RESULTS.values() if "text" in entry]
    for heading, rows in (
        ("| what changes |", rungs),
        ("| the test clips |", robustness.rows(ROBUST)),
    ):
        table = heading + CHAPTER.split(heading)[1].split("\n\n")[0]
        shown = table.splitlines()[2:]
        assert 7 <= len(shown) <= 11 and shown == [line for line in rows if line in shown]


def test_every_entry_is_complete() -> None:
    """All entries are there, rungs with five folds and the confusion matrix of all clips."""
    sides = {"nested", "relu-on-raw", "leak", "chance", "decays", "recorded", "facts"}
    sides |= {"inputs", "overfitting"}
    assert set(RESULTS) == {*WIDE, *SMALL, *AVERAGED, *sides}
    rungs = [entry for entry in RESULTS.values() if "text" in entry]
    for entry in [*rungs, RESULTS["chance"]["silence"], RESULTS["recorded"]["band"]]:
        matrix = np.array(entry["confusion"])
        assert len(entry["folds"]) == 5 and matrix.sum(axis=1).tolist() == [200] * 10
        assert np.mean(entry["folds"]) == pytest.approx(entry["held_out"])
        assert matrix.trace() / matrix.sum() == pytest.approx(entry["held_out"], abs=1e-12)


def test_the_altered_clips_are_as_the_chapter_says() -> None:
    """What no feature should depend on costs little, after."""
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
    assert title in text and CHAPTER.startswith(f"# 16 How to get {title.lower()}\n")
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
    alone = max(held["standardized"], held["no-decay"])
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


def test_the_held_out_loss_rises_while_the_training_loss_falls() -> None:
    """Chapter 14: overfitting begins between epoch 20 and 50 of the run with a constant rate."""
    train, held_out = (RESULTS["overfitting"][part]["loss"] for part in ("train", "held_out"))
    best = int(np.argmin(held_out))
    assert 20 <= best <= 50 and held_out[-1] > held_out[best] + 0.1
    assert train[-1] < train[best] / 5 and RESULTS["overfitting"]["train"]["accuracy"][-1] == 1


def test_log_mel_bands_are_at_least_as_good_as_cepstra() -> None:
    """Chapter 17: with one network, log-mel bands beat all their MFCCs on whole frames; on
    statistics over time the two are within the standard deviation over seeds."""
    frames, statistics = RESULTS["inputs"]["all frames"], RESULTS["inputs"]["statistics"]
    log_mel, cepstra = "40 log-mel bands", "40 MFCCs"
    error = np.hypot(frames[log_mel]["seeds_std"], frames[cepstra]["seeds_std"]) / np.sqrt(5)
    assert frames[log_mel]["held_out"] - frames[cepstra]["held_out"] > 4 * error
    assert abs(statistics[log_mel]["held_out"] - statistics[cepstra]["held_out"]) < 0.02


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

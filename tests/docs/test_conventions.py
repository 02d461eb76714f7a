"""The table of conventions in chapter 8 is the output of its script, and the output is correct."""

import json

import numpy as np
import pytest

from docs.studies import conventions
from experiment.scenes import scene
from mfcc import mfcc

RESULTS = json.loads(conventions.OUTPUT.read_text("utf-8"))


def test_the_stages_without_changes_are_the_mfcc() -> None:
    """The baseline of the comparison equals mfcc up to rounding."""
    signal = scene(*conventions.SCENE).astype(np.float64)
    np.testing.assert_allclose(conventions.cepstra(signal), mfcc(signal, 44100), rtol=0, atol=1e-8)


def test_the_chapters_table_is_the_scripts_output() -> None:
    """The chapter's table has a row for each convention, in order, with these numbers."""
    chapter = conventions.OUTPUT.with_name("08-mfcc.md").read_text("utf-8")
    rows = chapter.split("| convention |")[1].split("\n\n")[0].splitlines()[2:]
    for row, beginning in zip(rows, conventions.rows(RESULTS), strict=True):
        assert row.startswith(beginning), beginning


def test_the_numbers_are_what_the_script_computes() -> None:
    """The numbers of the embedded scene are reproduced within a thousandth."""
    table = conventions.embedded()
    assert list(table) == list(RESULTS["embedded"]) == list(RESULTS["recorded"])
    for name, row in table.items():
        assert row == pytest.approx(RESULTS["embedded"][name], rel=1e-3, abs=1e-5), name


def test_a_rescaling_is_explained_by_a_gain() -> None:
    """Another unit of logarithm, samples or transform, and a lifter, scale each coefficient."""
    rescaling = {"natural logarithm", "integer samples", "DCT without norm"}
    rescaling |= {"lifter 22", "lifter 22, librosa"}
    for name, row in RESULTS["embedded"].items():
        assert (row["unexplained"] == 0) == (name in rescaling), name
        assert row["largest"] == max(row["c0"], row["others"]) > 0.1, name
    for row in (RESULTS[kind]["integer samples"] for kind in ("embedded", "recorded")):
        assert row["c0"] == pytest.approx(20 * np.log10(32768) * np.sqrt(128), rel=1e-3)
        assert row["others"] == 0

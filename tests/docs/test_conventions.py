"""The table of conventions: chapter 8 says what its script's last output says, and that is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are part of the checkout only")
from benchmarks import conventions
from experiment.scenes import scene
from mfcc import mfcc

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """docs/conventions.json, as `python -m benchmarks.conventions CLIP` wrote it last."""
    return json.loads((DOCS / "conventions.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    """The embedded scene of the table, (220500,) float64."""
    return scene(*conventions.SCENE).astype(np.float64)


def test_the_stages_without_changes_are_the_mfcc(signal: np.ndarray) -> None:
    """What each convention is compared with is mfcc itself, to rounding."""
    np.testing.assert_allclose(conventions.cepstra(signal), mfcc(signal, 44100), rtol=0, atol=1e-8)


def test_the_chapters_table_is_the_scripts_output(known: dict[str, Any]) -> None:
    """Each convention has its row in the chapter, in this order, with the numbers kept, and no row
    is left over."""
    text = (DOCS / "08-mfcc.md").read_text("utf-8").split("| convention |")[1].split("\n\n")[0]
    rows = text.splitlines()[2:]
    expected = conventions.rows(known)
    assert len(rows) == len(expected)
    for row, beginning in zip(rows, expected, strict=True):
        assert row.startswith(beginning), beginning


def test_the_kept_table_is_what_the_script_computes(known: dict[str, Any]) -> None:
    """The numbers of the embedded scene come out again, within a thousandth."""
    table = conventions.embedded()
    assert list(table) == list(known["embedded"]) == list(known["recorded"])
    for name, row in table.items():
        assert row == pytest.approx(known["embedded"][name], rel=1e-3, abs=1e-5), name


def test_what_only_rescales_is_explained_by_a_gain(known: dict[str, Any]) -> None:
    """Another unit of the logarithm, of the samples or of the transform, or a lifter, changes each
    coefficient by a factor and an offset; every other convention changes what it says."""
    table = known["embedded"]
    rescaling = {"natural logarithm", "integer samples", "lifter 22", "DCT without norm"}
    for name, row in table.items():
        assert (row["unexplained"] == 0) == (name in rescaling), name
        assert row["largest"] == max(row["c0"], row["others"]) > 0.1, name


def test_integer_samples_move_the_first_coefficient_alone(known: dict[str, Any]) -> None:
    """By 20 log10(32768)·√128 = 1021.7, whatever the clip; the others stay."""
    for table in (known["embedded"], known["recorded"]):
        row = table["integer samples"]
        assert row["c0"] == pytest.approx(20 * np.log10(32768) * np.sqrt(128), rel=1e-3)
        assert row["others"] == 0

"""The speed tables: they are what the measured numbers say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are part of the checkout only")
from benchmarks.report import report

RESULTS = Path(__file__).parent.parent.parent / "benchmarks" / "results"


def test_the_tables_are_the_measured_numbers() -> None:
    """results.md is the report of results.json, to the letter."""
    results = json.loads(RESULTS.with_suffix(".json").read_text("utf-8"))
    assert RESULTS.with_suffix(".md").read_text("utf-8") == report(results)


def test_ratios_are_those_of_the_medians() -> None:
    """How many times ours is faster is their median over ours, and every row is of five runs."""
    results = json.loads(RESULTS.with_suffix(".json").read_text("utf-8"))
    for kind in ("default threads", "one thread"):
        for contestants in results[kind].values():
            ours, *others = contestants.values()
            assert all(one["runs"] >= 5 for one in contestants.values())
            for one in others:
                assert one["ratio"] == pytest.approx(one["median"] / ours["median"])

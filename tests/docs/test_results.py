"""benchmarks/results.md is the report of benchmarks/results.json."""

import json
from pathlib import Path

import pytest

pytest.importorskip("benchmarks.report", reason="the benchmarks are part of the checkout only")
from benchmarks.report import report

PATH = Path(__file__).parents[2] / "benchmarks" / "results.json"


def test_the_tables_are_the_measured_numbers() -> None:
    """Each ratio is the other library's median over ours; every row has at least three runs."""
    results = json.loads(PATH.read_text("utf-8"))
    assert PATH.with_suffix(".md").read_text("utf-8") == report(results)
    for kind in ("default threads", "one thread"):
        for contestants in results[kind].values():
            ours, *others = contestants.values()
            assert all(one["runs"] >= 5 for one in contestants.values())
            for one in others:
                assert one["ratio"] == pytest.approx(one["median"] / ours["median"])

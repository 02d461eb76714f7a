"""benchmarks/results.md is the report of benchmarks/results.json, and its ratios are medians."""

import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report import report, summary

PATH = Path(__file__).parents[2] / "benchmarks" / "results.json"
SECONDS = st.floats(0.1, 100)


def test_the_tables_are_the_report_of_the_numbers() -> None:
    """results.md is the output of report for results.json."""
    results = json.loads(PATH.read_text("utf-8"))
    assert PATH.with_suffix(".md").read_text("utf-8") == report(results)


def test_each_row_is_the_summary_of_at_least_seven_turns() -> None:
    """The medians and the ratios of a comparison follow from the seconds of its turns."""
    for variants in json.loads(PATH.read_text("utf-8"))["comparisons"].values():
        for tables in variants.values():
            for row in (row for rows in tables.values() for row in rows if "missing" not in row):
                assert len(row["turns"]) >= 7
                assert row == row | summary(row["turns"])


@given(st.lists(st.tuples(SECONDS, *[SECONDS] * 4), min_size=1, max_size=9))
def test_a_common_factor_in_one_turn_changes_no_ratio(turns: list[tuple[float, ...]]) -> None:
    """The ratio is that of neighbors: a factor on all seconds of one turn cancels out."""
    slower = [[factor * x for x in seconds] for factor, *seconds in turns]
    one, other = summary([seconds for _, *seconds in turns]), summary(slower)
    for key in ("ratio", "range", "CPU ratio"):
        np.testing.assert_allclose(one[key], other[key], rtol=1e-14)

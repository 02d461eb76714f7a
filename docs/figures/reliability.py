"""Reliability of the improved recipe's probabilities on held-out clips."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure

from mininet.display import reliability_diagram


def draw() -> Figure:
    """Draw the table of docs/robustness.json."""
    results = json.loads((Path(__file__).parents[1] / "robustness.json").read_text("utf-8"))
    return reliability_diagram(results["calibration"]["after"]["reliability"])

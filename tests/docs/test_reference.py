"""The reference experiment: chapter 13 says what its script's last output says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("benchmarks", reason="the benchmarks are part of the checkout only")
from benchmarks import reference

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """docs/reference.json, as `python -m benchmarks.reference category/` wrote it last."""
    return json.loads((DOCS / "reference.json").read_text("utf-8"))


def test_the_chapters_table_is_the_scripts_output(known: dict[str, Any]) -> None:
    """Each published epoch has its row in the chapter, with the numbers kept; none is left over."""
    text = (DOCS / "13-reference-experiment.md").read_text("utf-8")
    table = text.split("| epoch |")[1].split("\n\n")[0]
    assert table.splitlines()[2:] == reference.rows(known)


def test_the_kept_numbers_are_those_of_the_kept_curves(known: dict[str, Any]) -> None:
    """Mean, deviation and range over the seeds come out again of the curves, to their digits."""
    table = np.loadtxt(DOCS / "reference_curves.csv", delimiter=",", skiprows=1)
    assert table.shape == (100, 2 * known["seeds"]) and known["seeds"] == len(reference.SEEDS)
    halves = dict(zip(("loss", "accuracy"), np.hsplit(table, 2), strict=True))
    for epoch, (loss, accuracy) in reference.PUBLISHED.items():
        entry = known["epochs"][str(epoch)]
        assert (entry["published_loss"], entry["published_accuracy"]) == (loss, accuracy)
        for name, runs in halves.items():
            expected = reference.spread(runs[epoch - 1].tolist())
            assert entry[name] == pytest.approx(expected, abs=1e-4), (epoch, name)


def test_the_published_losses_lie_among_ours(known: dict[str, Any]) -> None:
    """At every published epoch the loss is within two deviations of our seeds' mean and within
    their range; so is the accuracy of the first epoch and of the last."""
    for epoch, entry in known["epochs"].items():
        loss = entry["loss"]
        assert abs(entry["loss_deviations"]) < 2, epoch
        assert loss["min"] < entry["published_loss"] < loss["max"], epoch
    for epoch in ("1", "100"):
        accuracy = known["epochs"][epoch]["accuracy"]
        assert accuracy["min"] < known["epochs"][epoch]["published_accuracy"] < accuracy["max"]


def test_the_input_is_described() -> None:
    """Range, each coefficient's share of the variance, and squared lengths, of numbers by hand."""
    cepstra = np.zeros((2, 13, 4), np.float32)
    cepstra[:, 0] = [[3, -3, 3, -3], [3, -3, 3, -3]]  # variance 9
    cepstra[1, 5] = 2  # 0 or 2, half and half: variance 1
    facts = reference.describe(cepstra)
    assert (facts["lowest"], facts["highest"]) == (-3, 3)
    assert facts["variance_share"] == [0.9, *[0] * 4, 0.1, *[0] * 7]
    assert (facts["smallest_squared_length"], facts["largest_squared_length"]) == (36, 52)
    assert facts["mean_squared_length"] == 44 and facts["features"] == 52


def test_a_run_is_the_one_of_the_command_line() -> None:
    """A run draws order, weights and batches from one generator, as ssc.py does: its history is
    that of the recipe trained by hand, and of each published epoch the loss of the weights kept."""
    rng = np.random.default_rng(7)
    x, labels = rng.standard_normal((20, 30)).astype(np.float32), np.arange(20) % 4
    run = reference.run(x, labels, seed=3)
    rng = np.random.default_rng(3)
    order = rng.permutation(20)
    network = reference.reference_network(30, 4, rng)
    history = reference.Training().fit(network, x[order], labels[order], rng)
    assert run["history"].loss == history.loss
    # asked in the Gram form and after it: the same sums of float32 in another order
    loss, _ = network.evaluate(x[order], labels[order])
    assert run["loss_of_the_weights"][100] == pytest.approx(loss, rel=20 * 1.2e-7)
    assert list(run["loss_of_the_weights"]) == list(reference.PUBLISHED)

"""Chapter 13 quotes the output of docs/studies/reference.py beside the published run."""

import json

import numpy as np
import pytest

from docs.studies import reference
from experiment.evaluate import Features, prepare
from experiment.recipes import Reference

RESULTS = json.loads(reference.OUTPUT.read_text("utf-8"))


def test_the_chapters_table_is_the_scripts_output() -> None:
    """The chapter's table has a row for each published epoch, with these numbers."""
    chapter = (reference.DOCS / "13-reference-experiment.md").read_text("utf-8")
    table = chapter.split("| epoch |")[1].split("\n\n")[0]
    assert table.splitlines()[2:] == reference.rows(RESULTS)


def test_the_published_run_beside_ours() -> None:
    """Our values follow from the curves; published ones lie in the 99 % prediction interval."""
    table = np.loadtxt(reference.CURVES, delimiter=",", skiprows=1)
    assert table.shape == (100, 2 * RESULTS["seeds"]) and RESULTS["seeds"] == len(reference.SEEDS)
    halves = dict(zip(("loss", "accuracy"), np.hsplit(table, 2), strict=True))
    for epoch, (loss, accuracy) in reference.PUBLISHED.items():
        entry = RESULTS["epochs"][str(epoch)]
        assert (entry["published_loss"], entry["published_accuracy"]) == (loss, accuracy)
        for name, runs in halves.items():
            expected = reference.spread(runs[epoch - 1].tolist())
            assert entry[name] == pytest.approx(expected, abs=1e-4), (epoch, name)
            assert abs(entry[f"{name}_deviations"]) < 2.58 * np.sqrt(1 + 1 / 20), (epoch, name)


def test_the_input_is_described() -> None:
    """Range, variance by coefficient and squared lengths, on an example by hand."""
    cepstra = np.zeros((2, 13, 4), np.float32)
    cepstra[:, 0] = [[3, -3, 3, -3], [3, -3, 3, -3]]  # variance 9
    cepstra[1, 5] = 2  # 0 or 2, half and half: variance 1
    facts = reference.describe(cepstra)
    assert (facts["lowest"], facts["highest"], facts["features"]) == (-3, 3, 52)
    assert facts["variance_share"] == [0.9, *[0] * 4, 0.1, *[0] * 7]
    squared = [facts[f"{name}_squared_length"] for name in ("smallest", "mean", "largest")]
    assert squared == [36, 44, 52]


def test_a_run_is_that_of_the_command_line() -> None:
    """One generator gives weights and batches, as in ssc.py; the loss is the network's."""
    rng = np.random.default_rng(7)
    x, labels = rng.standard_normal((20, 30)).astype(np.float32), np.arange(20) % 4
    run, recipe = reference.run(x, labels, seed=3), Reference()
    network, *_, rng = prepare(
        recipe, 0, Features([x[:, None, None]], ["a"] * 20, labels, "abcd"), seed=3
    )
    history = recipe.fit(network, x, labels, rng)
    assert run["history"].loss == history.loss
    # the Gram form and the plain form sum the same float32 in another order
    loss, _ = network.evaluate(x, labels)
    assert run["loss_of_the_weights"][100] == pytest.approx(loss, rel=20 * 1.2e-7)

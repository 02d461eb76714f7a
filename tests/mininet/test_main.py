"""Properties of python -m mininet: two spirals, and a network that separates them."""

import re
import runpy
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator

from mininet import Dense, Sequential
from mininet.__main__ import N_PER_SPIRAL, TURNS, main, picture, spirals
from tests.strategies import generators


@given(generators())
@settings(max_examples=20)
def test_the_spirals_are_half_a_turn_apart(rng: Generator) -> None:
    """A point of class y at radius r is at the angle 2π·1.5·r + πy, but for a little noise."""
    x, y = spirals(rng)
    assert x.shape == (2 * N_PER_SPIRAL, 2) and np.bincount(y).tolist() == [N_PER_SPIRAL] * 2
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    off = np.angle(np.exp(1j * (angle - 2 * np.pi * TURNS * radius - np.pi * y)))
    # noise of 0.02 moves a point by up to six standard deviations, 0.12, in radius and, times r, in
    # angle, and most points by far less
    assert radius.max() < 1.12 and np.median(np.abs(off)) < 0.3
    assert np.all(np.abs(radius * off) < 0.12 + 2 * np.pi * TURNS * radius * 0.12)


@given(st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=20)
def test_the_picture_is_the_plane_from_above(width: int, height: int) -> None:
    """The first row is y = 1 and the first column x = -1; '#' marks where class 1 is predicted."""
    # logits (0, x + 4y): class 1 where x + 4y > 0
    network = Sequential([Dense.from_parameters([[0, 1], [0, 4]], [0, 0])])
    rows = [
        "".join(".#"[int(x + 4 * y > 0)] for x in np.linspace(-1, 1, width))
        for y in np.linspace(1, -1, height)
    ]
    assert picture(network, width, height) == "\n".join(rows)


def test_the_program_separates_the_spirals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints table, epochs, a test accuracy above 98 % and picture, each time the same."""
    main()
    text = capsys.readouterr().out
    assert "Total parameters: 1,218" in text
    epochs = re.findall(r"epoch +(\d+)  loss (\d\.\d{4})  accuracy (\d\.\d{3})\n", text)
    assert [int(epoch) for epoch, _, _ in epochs] == [1, 10, 50, 100, 200]
    losses = [float(loss) for _, loss, _ in epochs]
    assert losses == sorted(losses, reverse=True) and float(epochs[-1][2]) > 0.99
    found = re.search(r"on 400 new points: loss (\d\.\d{4}), accuracy (\d\.\d{3})\n\n", text)
    assert found and float(found[1]) < 0.1 and float(found[2]) > 0.98
    lines = text[found.end() :].splitlines()
    assert [len(line) for line in lines] == [49] * 23 and set("".join(lines)) == {".", "#"}
    monkeypatch.delitem(sys.modules, "mininet.__main__")
    runpy.run_module("mininet", run_name="__main__")
    assert capsys.readouterr().out == text

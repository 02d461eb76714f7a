"""Properties of experiment/prediction.py: recordings of any length, read in blocks; timelines."""

from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mfcc
import ssc
from experiment import prediction
from experiment.prediction import Prediction, Span, as_json, as_text, blocks_of, join, stripes
from experiment.recipes import Model, Reference, read_model
from mfcc.audio import resample
from mininet import Dense, Sequential, softmax
from tests import sounds
from tests.oracles import refusal, sum_rounding
from tests.strategies import generators

RATE = 44100


class Crossings(Reference):
    """A recipe with one view: the sign changes per sample that is not 0."""

    window_hop: ClassVar[tuple[float, float]] = (2.0, 0.5)

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        changes = np.sum(signal[1:] * signal[:-1] < 0)
        return [np.array([[changes / max(1, np.count_nonzero(signal))]])]


class Stub(NamedTuple):
    """A model that knows low tones (below 1 kHz) from high ones, with probability 0.9."""

    recipe: Any = Crossings()
    classes: tuple[str, ...] = ("low", "high")
    threshold: float | None = 0.8

    def predict_proba(self, views: list[np.ndarray]) -> np.ndarray:
        return np.where(views[0][:, 0] < 2 * 1000 / RATE, [[0.9, 0.1]], [[0.1, 0.9]])


MODEL = cast(Model, Stub())


def steady(hertz: float, seconds: float) -> np.ndarray:
    """A sine with peak 0.5, (seconds·44100,)."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
@pytest.mark.parametrize("seconds", [0.3, 2.0, 4.0, 5.9, 6.0, 6.2])
def test_the_blocks_are_the_resampled_recording(
    rate: int, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the size of the blocks, and where the last one ends; 21 samples meet in a sum of the
    resampling filter, and as many more at 48 kHz."""
    signal = sounds.hiss(1, seconds, rate).astype(np.float32)
    path = sounds.write(tmp_path / "a.wav", signal, rate, subtype="FLOAT")
    expected = resample(signal, rate, RATE)
    for block in (2, 3, 30):
        monkeypatch.setattr(prediction, "BLOCK", block)
        blocks = list(blocks_of(str(path)))
        assert all(len(each) and each.dtype == np.float32 for each in blocks)
        bound = sum_rounding(42, 1.0, np.float32)
        np.testing.assert_allclose(np.concatenate(blocks), expected, rtol=0, atol=bound)


@pytest.mark.parametrize("block", [7, 30])
def test_two_sounds_are_two_spans(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """12 s of a low tone and 20 s of a high one: the border is right within a second. Then 8 s of
    silence: the last audible window of 2 s starts at 31.5 s, and the tone covers 5 s more. The
    answer is the mean over the audible windows."""
    monkeypatch.setattr(prediction, "BLOCK", block)
    signal = np.concatenate([steady(200, 12), steady(3000, 20), np.zeros(8 * RATE)])
    path = str(sounds.write(tmp_path / "a.wav", signal))
    found = prediction.predict_recording(MODEL, path)
    assert [span.name for span in found.spans] == ["low", "high", None]
    assert abs(found.spans[1].start - 12) <= 1 and found.spans[2].start == 31.5 + 2 + 5
    assert found.spans[-1].end == found.seconds == 40
    assert found.spans[0].probability == pytest.approx(0.9, abs=0.05)
    # windows of 5 s every 2.5 s: 0 to 10 s are low (the one from 10 s on is mostly high), the last
    # audible one starts at 30 s
    np.testing.assert_allclose(found.probabilities, [0.9 - 0.8 * 9 / 13, 0.1 + 0.8 * 9 / 13])
    assert sum(stripes(block, 10).shape[1] for block in blocks_of(path)) == 400


def test_a_short_recording_is_a_clip_and_a_broken_one_an_error(tmp_path: Path) -> None:
    """Up to 5.1 s: one span with the answer, remarks on a quiet recording, no window."""
    path = str(sounds.write(tmp_path / "a.wav", 0.005 * steady(200, 5.1)))
    found = prediction.predict_recording(MODEL, path)
    assert found.spans == [Span(0.0, 5.1, "low", 0.9)] and found.seconds == 5.1
    assert [remark.split(",")[0] for remark in found.remarks][:1] == ["very quiet"]
    path = str(sounds.write(tmp_path / "c.wav", np.zeros(RATE)))
    silent = prediction.predict_recording(MODEL, path)
    assert silent.spans == [Span(0.0, 1.0, None, 0.0)]
    assert as_text("c", silent, MODEL) == "c: silence (silent)"
    answer = as_json("c", silent, MODEL._replace(threshold=None))
    assert answer["unknown"] is True
    assert prediction.csv_row(answer, silent)[:4] == ["c", 1.0, "", True]
    (tmp_path / "b.wav").write_text("no sound")
    assert "cannot be read" in refusal(prediction.predict_recording, MODEL, str(tmp_path / "b.wav"))


def test_a_file_is_predicted_from_python(tmp_path: Path) -> None:
    """With a saved model or one in memory: the probabilities of predict_recording by class, the
    most probable first."""
    network = Sequential([Dense.from_parameters(np.zeros((6513, 3)), [1, 3, 2])])
    Model(Reference(), ["a", "b", "c"], {0: network}).save(tmp_path / "model.npz")
    path = sounds.write(tmp_path / "a.wav", steady(200, 1))
    found = ssc.predict_file(tmp_path / "model.npz", path)
    np.testing.assert_allclose(list(found.values()), softmax([3, 2, 1]), rtol=1e-6)
    assert list(found) == ["b", "c", "a"] and set(map(type, found.values())) == {float}
    assert found == ssc.predict_file(read_model(str(tmp_path / "model.npz")), str(path))
    assert ssc.predict_file(MODEL, path) == pytest.approx({"low": 0.9, "high": 0.1})
    canceling = np.stack([np.ones(44100), -np.ones(44100)], axis=1) / 2
    faint = [np.clip(sounds.hiss(0, seconds), -5e-4, 5e-4) for seconds in (4, 20)]
    for silent in (canceling, *faint):
        assert ssc.predict_file(MODEL, sounds.write(tmp_path / "b.wav", silent)) == {}


def test_joined_spans_cover_short_pauses() -> None:
    """Windows of two steps of 1 s. Two silent steps; three of "low", with 0.8, 0.7 (the mean of two
    windows) and 0.6; six silent ones, of which PAUSE covers five; two of "high", a pause of two,
    and "high" again, to the end of the recording."""
    audible = np.array([0, 0, 1, 1, *[0] * 7, 1, 0, 0, 0, 1], bool)
    p = np.full((16, 2), 0.5)
    p[[2, 3]] = [[0.8, 0.2], [0.6, 0.4]]
    p[[11, 15]] = [0.1, 0.9]
    spans = join(p, audible, 2, 1.0, 17.25, MODEL)
    names, edges = [None, "low", None, "high"], [0.0, 2.0, 10.0, 11.0, 17.25]
    assert [span[:3] for span in spans] == list(zip(edges, edges[1:], names, strict=False))
    np.testing.assert_allclose([span.probability for span in spans], [0, 0.7, 0, 0.9])


@given(generators(), st.integers(1, 40), st.integers(1, 4))
def test_spans_follow_each_other_without_gaps(rng: np.random.Generator, n: int, width: int) -> None:
    """From 0 to the end of the recording, no two neighbors with the same answer."""
    p, audible = rng.dirichlet([1, 1], n), rng.random(n) < rng.random()
    seconds = 0.5 * (n + width - 1) + 0.3
    spans = join(p, audible, width, 0.5, seconds, MODEL)
    assert (spans[0].start, spans[-1].end) == (0, seconds)
    for one, two in pairwise(spans):
        assert one.end == two.start and one.name != two.name
    assert all(0.5 <= s.probability <= 1 if s.name else s.probability == 0 for s in spans)


@pytest.mark.parametrize("n", [1, 441, 4409, 8379, 8380, 50000])
def test_a_stripe_is_the_mean_power_of_ten_frames(n: int) -> None:
    """The last one has up to nine frames more."""
    signal = sounds.hiss(0, 2.0)[:n]
    mel = mfcc.mel_spectrogram(signal, RATE, n_mels=64)
    starts = range(0, max(1, mel.shape[1] - 9), 10)
    ends = [*starts[1:], mel.shape[1]]
    expected = [mel[:, a:b].mean(axis=1) for a, b in zip(starts, ends, strict=True)]
    np.testing.assert_allclose(stripes(signal, 10).T, expected, rtol=1e-6)


def test_an_answer_is_one_line_and_its_timeline() -> None:
    """Three classes at most, the most probable first; "unsure" for each span below the threshold,
    and for a recording without another span; JSON has the same numbers."""
    spans = [Span(0.0, 61.26, "low", 0.85), Span(61.26, 70.0, None, 0.0)]
    spans += [Span(70.0, 75.0, "high", 0.7)]
    found = Prediction(75.0, np.array([0.2, 0.8]), spans, ["silent"])
    assert as_text("a\nb.wav", found, MODEL).split("\n") == [
        "a\\nb.wav: high 80.0%, low 20.0% (silent)",
        "  0:00.0 - 1:01.3  low 85%",
        "  1:01.3 - 1:10.0  silence",
        "  1:10.0 - 1:15.0  unsure: high 70%",
    ]
    answer = as_json("a", found, MODEL)
    assert answer["unknown"] is False and answer["classes"] == {"low": 0.2, "high": 0.8}
    assert list(answer["windows"][1].values()) == [61.26, 70.0, None, 0.0]
    unsure, never = MODEL._replace(threshold=0.86), MODEL._replace(threshold=None)
    assert as_text("a", found, unsure).startswith("a: unsure: high 80.0%")
    assert as_json("a", found, unsure)["unknown"] is True
    assert "unsure" not in as_text("a", found, never)
    short = Prediction(1.0, np.array([0.4, 0.3, 0.2, 0.1]), spans[:1], [])
    text = as_text("a", short, MODEL._replace(classes="abcd", threshold=0.4))
    assert text == "a: a 40.0%, b 30.0%, c 20.0%"
    texts = [prediction.clock(seconds) for seconds in (0, 59.94, 59.96, 3600)]
    assert texts == ["0:00.0", "0:59.9", "1:00.0", "60:00.0"]

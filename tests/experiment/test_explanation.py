"""Properties of experiment/explanation.py: the arrays of a clip's page, and a model's answer."""

import json
import re
from base64 import b64decode
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple, cast

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mfcc
from experiment import page
from experiment.data import Clip
from experiment.explanation import answer, clip_page, reason, stages
from experiment.recipes import Improved, Model, Reference
from mininet import Dense, Sequential
from tests import sounds
from tests.experiment.program import Program, files_of, process
from tests.oracles import assert_within, refusal
from tests.strategies import eps_of, signals

RATE = 44100
NOISE = sounds.hiss(0, 5.0).astype(np.float32)
HOSTILE = "<img src=x onerror=alert(1)>"


class Loud(NamedTuple):
    """A recipe and a model: "tone" is as probable as the share of the second from 2 to 3 s that is
    not silent, 0.9 at most."""

    classes: tuple[str, ...] = ("hiss", "tone")
    threshold: float | None = 0.6

    @property
    def recipe(self) -> "Loud":
        return self

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        return [np.mean(signal[2 * RATE : 3 * RATE] != 0, keepdims=True)[None]]

    def predict_proba(self, views: list[np.ndarray]) -> np.ndarray:
        p = 0.9 * views[0][:, 0]
        return np.column_stack([1 - p, p])


def decoded(packed: dict[str, Any]) -> np.ndarray:
    """The array of page.binary."""
    dtype = np.dtype(packed["dtype"]).newbyteorder("<")
    return np.frombuffer(b64decode(packed["base64"]), dtype).reshape(packed["shape"])


@given(st.sampled_from([np.float16, np.float32, np.uint8, ">f4", ">f2"]), st.data())
def test_binary_arrays_keep_every_bit(dtype: Any, data: st.DataObject) -> None:
    """Whatever the byte order and the strides."""
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(max_dims=2, max_side=9)))[::-1]
    unpacked = decoded(json.loads(json.dumps(page.binary(array))))
    np.testing.assert_array_equal(unpacked, array)
    assert unpacked.shape == array.shape


@given(signals(max_size=6000, leading=False, decades=0), st.integers(-100, 0), st.integers(1, 128))
def test_the_stages_are_those_of_mfcc(signal: np.ndarray, level: int, n_mfcc: int) -> None:
    """The MFCCs to float32, the others to float16, for a clip of any level (dB); the log-mel
    spectrum is that of the first coefficients, with zeros for the others."""
    signal = np.float32(10 ** (level / 20)) * signal
    found, wide = stages(signal, n_mfcc), signal.astype(float)
    cepstra = mfcc.mfcc(wide, RATE, n_mfcc=n_mfcc).T  # (n_frames, n_mfcc)
    mel = mfcc.mel_spectrogram(wide, RATE).T
    padded = np.pad(cepstra, [(0, 0), (0, 128 - n_mfcc)])
    expected = {"mel": mfcc.power_to_db(mel, top_db=None), "rebuilt": mfcc.idct(padded)}
    expected |= {"samples": signal, "window": mfcc.hann(882), "cepstra": cepstra}
    for name, values in expected.items():
        dtype = found[name].dtype
        assert dtype == (np.float32 if name == "cepstra" else np.float16)
        # half of eps is the rounding to the dtype, and half far more than that of the sums
        bound = eps_of(dtype) * np.abs(values).max() + float(np.finfo(dtype).smallest_subnormal)
        assert_within(found[name].astype(float), values, bound)
    filters, spectrum = (found[name].astype(float) for name in ("filters", "spectrum"))
    np.testing.assert_allclose(filters, mfcc.mel_filterbank(RATE, 882), rtol=1e-3, atol=1e-7)
    loud = mel > 1e-3 * mel.max(initial=1e-6)  # 80 dB beyond the floor of the spectrum
    from_spectrum = (10 ** (spectrum / 10) @ filters.T)[loud]
    np.testing.assert_allclose(from_spectrum, mel[loud], rtol=0.02)


def test_the_answer_falls_where_its_second_is_silenced() -> None:
    """By the overlap of the two seconds; one that only fills the rest of the clip changes nothing.
    Below the threshold it is unsure, and a silent clip has no class."""
    model = cast(Model, Loud())
    found = answer(model, NOISE)
    assert found.text == "tone 90%"
    assert [name for name, _ in found.listed] == ["tone", "hiss"]
    overlap = np.maximum(0, 1 - np.abs(np.arange(0, 4.25, 0.25) - 2))
    np.testing.assert_allclose(found.falls, 0.9 * overlap, atol=1e-12)
    assert found.reason == (
        "Without the second from 2.00 s to 3.00 s, tone falls most, from 90% to 0%."
        " For some silenced second, another class is more probable."
    )
    unsure = answer(cast(Model, Loud(threshold=0.95)), NOISE)
    assert unsure.text == "unsure: tone 90%" and answer(model, 0 * NOISE).text == "silence"
    falls = np.array([-0.2, 0.04])
    keeps = "Whichever second is silenced, a keeps at least 30%."
    assert reason(falls, False, "a", 0.34) == keeps
    tie = f"{keeps} For some silenced second, another class is more probable."
    assert reason(falls, True, "a", 0.34) == tie


def test_the_page_holds_everything_and_shows_names_as_text() -> None:
    """Below 6 MB even for noise; no address but data: and no element that a name made."""
    model = cast(Model, Loud((HOSTILE, "tone")))
    name = f"\"'&{HOSTILE}</script>.wav"
    html = clip_page(Clip(NOISE, ("resampled", "cut")), name, 20, model).decode()
    assert len(html) < 6e6 and "(resampled, cut)" in html
    assert unescape(re.findall("<h1>(.*)</h1>", html)[0]) == name
    assert "<img" not in html and html.count("</script>") == 1 and HOSTILE in unescape(html)
    assert not re.search(r"""https?:|<[^>]*(src|href)=(?!"data:)""", html)
    assert html.count("<dd>") == 20 and html.count("<canvas") == html.count(' role="img"') == 11
    data = json.loads(re.findall(r"const DATA = (.*);", html)[0])
    cepstra = decoded(data["arrays"]["cepstra"])
    np.testing.assert_allclose(cepstra.T, mfcc.mfcc(NOISE, RATE, n_mfcc=20), atol=1e-2)
    assert data["loudest"] == cepstra[:, 0].argmax() and data["arrays"]["falls"]["shape"] == [17]
    plain = clip_page(Clip(NOISE), "a.wav", 13).decode()
    assert "Answer" not in plain and plain.count("<canvas") == 10
    assert "n_out=129 must be" in refusal(clip_page, Clip(NOISE), "a.wav", 129)


@pytest.mark.parametrize("recipe", [Reference(deltas=True), Improved()])
def test_both_recipes_explain_their_answer(
    recipe: Any, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probability is that of predict; the page of the reference says what it does not mean."""
    rng, views = np.random.default_rng(0), recipe.views(NOISE)
    networks = {k: Sequential([Dense(view.shape[1], 3, rng)]) for k, view in enumerate(views)}
    threshold = None if recipe.name == "reference" else 0.0
    monkeypatch.setattr("mfcc.display.stages", lambda *_, **__: plt.figure())  # saves a second
    program.out.mkdir()
    Model(recipe, ["b", "a", "c"], networks, 1.0, threshold).save(program.out / "model.npz")
    clip = sounds.write(program.out / "a.flac", NOISE)
    arguments = ("--out", program.out, "--model", program.out / "model.npz")
    text, _ = program.run("explain", clip, *arguments)
    assert text.endswith(f"wrote {program.out / 'explain.html'}\n")
    assert "only its first 5 s" not in text
    predicted = json.loads(program.run("predict", program.out / "model.npz", clip, "--json")[0])
    html = unescape((program.out / "explain.html").read_text("utf-8"))
    for name, p in predicted["clips"][0]["classes"].items():
        assert re.search(rf"<bdi>{name}</bdi></span>.*<span>{100 * p:.1f}%</span>", html)
    assert ("are not calibrated" in html) == (threshold is None)


def test_a_page_is_written_from_anywhere(tmp_path: Path) -> None:
    """From a read-only folder, for a recording of another format, rate, length and number of
    channels in a folder with a Korean name; the log says that only its first 5 s are drawn."""
    here, folder = tmp_path / "읽기 전용", tmp_path / "소리"
    here.mkdir()
    here.chmod(0o555)
    stereo = np.column_stack([sounds.hiss(0, 6.0, 22050), sounds.hiss(1, 6.0, 22050)])
    clip = sounds.write(folder / "개.mp3", stereo, 22050)
    finished = process("explain", clip, "--out", folder / "out", cwd=here)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "only its first 5 s are drawn" in finished.stdout
    assert files_of(folder / "out") == {"explain.png", "explain.html"} and files_of(here) == set()
    assert plt.imread(folder / "out" / "explain.png").std() > 0.01
    html = (folder / "out" / "explain.html").read_text("utf-8")
    assert "<h1>개.mp3</h1>" in html and "(resampled, cut)" in html

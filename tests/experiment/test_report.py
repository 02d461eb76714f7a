"""Properties of report.html: which clips it lists, in which order, and what it says of each."""

import re
from argparse import Namespace
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from experiment import prediction, report
from experiment.data import scan
from experiment.evaluate import Answers, Features
from experiment.output import Output
from mfcc import hz_to_mel
from mfcc.audio import SAMPLE_RATE
from tests import sounds
from tests.experiment.program import Program


def content(uri: str) -> BytesIO:
    """What a data URI holds."""
    return BytesIO(b64decode(uri.partition(",")[2]))


def test_a_clip_becomes_a_sound_a_waveform_and_a_picture() -> None:
    """The sound, at half the rate, is the clip but for the compression; the waveform's columns
    reach from the least to the greatest sample; a tone is the brightest row of the picture."""
    signal = sounds.tone(4000, 5.0).astype(np.float32)
    sound, wave, image = report.media(signal)
    decoded, rate = soundfile.read(content(sound))
    expected = signal[::2]  # a tone of 4 kHz needs no filter before the rate is halved
    assert 2 * rate == SAMPLE_RATE and decoded.shape == expected.shape
    assert np.square(decoded - expected).sum() < 0.01 * np.square(expected).sum()
    numbers = np.array([part.split("V") for part in re.split(r"M\d+ ", wave)[1:]], float)
    tops, bottoms = -numbers.T
    columns = signal.reshape(report.COLUMNS, -1)
    np.testing.assert_allclose(tops, columns.max(axis=1), atol=0.001)
    np.testing.assert_allclose(bottoms + 0.005, columns.min(axis=1), atol=0.001)
    pixels = np.asarray(Image.open(content(image)))  # (64, 250), as indices of colors
    rows = set(pixels[:, :100].argmax(axis=0))
    (band,) = prediction.BANDS - 1 - np.array(list(rows))
    centers = np.linspace(0, hz_to_mel(SAMPLE_RATE / 2), prediction.BANDS + 2)[1:-1]
    assert abs(centers[band] - hz_to_mel(4000)) < centers[0]


class Cards(HTMLParser):
    """The clips of a page, in order: its attributes, its text, the addresses in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cards: list[tuple[dict[str, str | None], list[str], list[str]]] = []
        self.open = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "li" and "data-cells" in given:
            self.cards.append((given, [], []))
            self.open = True
        elif self.open and given.get("src"):
            self.cards[-1][2].append(str(given["src"])[:10])

    def handle_endtag(self, tag: str) -> None:
        self.open &= tag != "li"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cards[-1][1].extend(data.split())


@pytest.mark.parametrize(
    ("limit", "n_sounds"), [(None, 2 + 3 + 3 + 3), (0, 0), (1, 1), (12, 12), (99, 12)]
)
def test_mistakes_come_first_and_right_clips_by_class(
    category: Path, tmp_path: Path, limit: int | None, n_sounds: int
) -> None:
    """Mistakes (with any seed) in the order of the probability of the wrong class, then three right
    clips of each class, then the others; as many as --report-clips says have a sound. A clip is in
    the cell of each class that was predicted for it, with its three likeliest classes."""
    dataset = scan(category)  # high, hiss, low, four each
    p = np.full((12, 3), 0.05)
    p[np.arange(12), dataset.labels] = 0.9 - 0.01 * np.arange(12)
    counts = 2 * np.eye(3, dtype=int)[dataset.labels]
    p[5], counts[5] = (0.6, 0.3, 0.1), (1, 1, 0)  # a hiss that is once taken for a high tone
    p[9], counts[9] = (0.1, 0.7, 0.2), (0, 2, 0)
    p[2] = 0.5, 0.1, 0.4
    features = Features([np.zeros((12, 1, 1, 2))], dataset.names, dataset.labels, dataset.classes)
    settings = {"recipe": "reference", "data": "x"}
    results: dict[str, Any] = {
        "settings": settings,
        "versions": {},
        "seconds": {},
        "skipped": [],
        "silent": [],
    }
    results |= {"train": {"accuracy": 0.75}, "confusion": np.full((3, 3), 3).tolist()}
    results |= {"chosen_accuracy": None}
    output, options = Output(tmp_path, quiet=True), Namespace(report_clips=limit)
    report.write_report(dataset, features, Answers(counts, p), results, options, output, None)
    cards = Cards((tmp_path / "report.html").read_text("utf-8")).cards
    order = [9, 5, 0, 1, 3, 4, 6, 7, 8, 10, 11, 2]
    assert [text[0] for _, text, _ in cards] == [dataset.names[i] for i in order]
    assert [("data-mistake" in a, "hidden" in a) for a, _, _ in cards[1:3]] == [(1, 0), (0, 1)]
    addresses = [uris for _, _, uris in cards if uris]
    assert addresses == [["data:image", "data:audio"]] * n_sounds
    cells = [attributes["data-cells"] for attributes, _, _ in cards]
    assert cells[:3] == ["2-1", "1-0 1-1", "0-0"]
    assert "Mean probabilities: hiss 70%, low 20%, high 10%. Wrong with 2 of 2" in " ".join(
        cards[0][1]
    ).replace(" ,", ",")


def test_the_report_is_last_and_lists_what_may_mislead(tmp_path: Path, program: Program) -> None:
    """Its path is printed last, after what to run next. It lists clips with the same samples,
    silent ones, those cut from one recording, and unreadable ones."""
    folder = sounds.category(tmp_path)
    sounds.write(folder / "low" / "1-9-A.wav", sounds.tone(200))  # as 1-0-B
    sounds.write(folder / "low" / "1-8-A.wav", np.zeros(4410))
    sounds.write(folder / "low" / "1-8-B.wav", sounds.hiss(77))
    (folder / "low" / "bad.wav").write_bytes(b"no sound")
    text = program.run("--data", folder, "--out", program.out, "--epochs", 1, "--skip-bad")[0]
    *_, first, second, third, last = text.splitlines()
    assert first == f"next: to classify a recording: ssc predict {program.out} CLIP"
    assert "the same command with --cv" in second and "--recipe improved" in third
    assert last == f"results: {program.out / 'report.html'}"
    page = (program.out / "report.html").read_text("utf-8")
    for entry in ("low/1-0-B.wav = low/1-9-A.wav", "low/1-8-A.wav", "low/1-8-A.wav, low/1-8-B.wav"):
        assert f"<li>{entry}</li>" in page
    assert re.search(r"unreadable, left out: 1.*<li>[^<]*bad.wav", page, re.DOTALL)
    assert program.metrics["silent"] == ["low/1-8-A.wav"]

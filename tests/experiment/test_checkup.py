"""The checkup: what it tells of recordings is so, and a person can read it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests import sounds
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import generators

import ssc
from experiment.checkup import Checkup
from experiment.dataset import Dataset, embedded, read_clip, scan
from experiment.folds import find_folds
from experiment.inspection import FULL, SILENT, Facts, inspect, inspect_all, measure

BLOCK = 1  # s, the length of a piece


def facts_of(signal: np.ndarray, rate: int = 44100) -> Facts:
    """Of one piece (n,) or (n, channels)."""
    return measure([signal.reshape(len(signal), -1)], rate, "test")[0]


def test_silence_is_counted_in_windows_of_10_ms() -> None:
    """Of 1 s at -20 dB and 3 s below -60 dB three quarters are silent; a single louder sample
    makes its window heard."""
    signal = np.full(4 * 8000, SILENT * 0.9)
    signal[:8000] = 0.1
    assert facts_of(signal, 8000).silence == 0.75
    signal[20_000] = SILENT
    assert facts_of(signal, 8000).silence == 0.75 - 1 / 400


def test_clipping_is_three_samples_in_a_row_near_full_scale() -> None:
    """A sine that is cut off is found, one that just reaches full scale is not; a stuck run of
    five is one place; in any channel, at 8 bits as well."""
    sine = np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100)
    assert facts_of(sine).clipped == 0 and facts_of(sine).peak > 0.999
    assert facts_of(np.clip(2 * sine, -1, 1)).clipped > 1000
    stuck = np.zeros((50, 2))
    stuck[10:15, 1] = -1
    stuck[20:22, 0] = 1
    assert facts_of(stuck).clipped == 1
    stuck[30:33, 1] = stuck[33:40, 0] = 1
    assert facts_of(stuck).clipped == 3
    assert facts_of(np.repeat([0, 127 / 128], 3)).clipped == 1 and FULL < 127 / 128


@given(st.floats(-0.5, 0.5), st.integers(1, 4))
def test_the_offset_is_the_mean_of_the_worst_channel(offset: float, n_channels: int) -> None:
    """A channel shifted by d has the offset |d|; the others, without, do not dilute it."""
    signal = np.zeros((1000, n_channels))
    signal[:, -1] = offset
    assert facts_of(signal).offset == pytest.approx(abs(offset), rel=1e-12)


@settings(max_examples=25)
@given(generators(), st.integers(1, 3), st.sampled_from([8000, 44100, 48000]))
def test_the_same_samples_have_the_same_digest(
    rng: np.random.Generator, n_channels: int, rate: int
) -> None:
    """However they are coded without loss, and in whatever pieces they are read; another sample,
    rate, or one channel less makes another digest."""
    signal = rng.integers(-(2**15), 2**15, (200, n_channels)) / 2**15
    digest = facts_of(signal, rate).digest
    cut = int(rng.integers(1, 199))
    assert measure([signal[:cut], signal[cut:]], rate, "other")[0].digest == digest
    changed = signal.copy()
    changed[rng.integers(200), 0] += 2**-15
    assert facts_of(changed, rate).digest != digest
    assert facts_of(signal, rate + 1).digest != digest
    assert facts_of(signal[:-1], rate).digest != digest


def test_codings_do_not_matter_to_the_digest(tmp_path: Path) -> None:
    """WAV of 16 and 24 bits, float64, FLAC and AIFF of the same samples are duplicates."""
    signal = np.round(sounds.hiss(0) * 2**15) / 2**15
    forms = [(".wav", "PCM_16"), (".wav", "PCM_24"), (".wav", "DOUBLE"), (".flac", "PCM_16")]
    digests = set()
    for i, (suffix, subtype) in enumerate([*forms, (".aiff", "PCM_16")]):
        path = sounds.write(tmp_path / f"{i}{suffix}", signal, subtype=subtype)
        found = inspect(read_clip, str(path))
        assert isinstance(found, Facts) and found.coding == f"{suffix[1:].upper()} {subtype}"
        digests.add(found.digest)
    assert len(digests) == 1


def test_a_long_recording_is_read_to_its_end_in_pieces(tmp_path: Path) -> None:
    """25 s with a NaN in the last one: training keeps 5 s and does not see it, the checkup does;
    without it the facts are those of the whole, as measured in one piece."""
    rate = 8000
    signal = np.concatenate([sounds.hiss(0, 24.0, rate), np.zeros(rate)]).astype(np.float32)
    path = sounds.write(tmp_path / "long.wav", signal, rate, subtype="DOUBLE")
    found = inspect(read_clip, str(path))
    assert isinstance(found, Facts) and found.seconds == 25
    whole = facts_of(signal, rate)
    assert (found.digest, found.silence, found.peak) == (whole.digest, whole.silence, whole.peak)
    assert found.offset == pytest.approx(whole.offset, rel=1e-9)
    signal[-1] = np.nan
    sounds.write(path, signal, rate, subtype="DOUBLE")
    assert inspect(read_clip, str(path)) == f"{path} has 1 samples that are NaN or infinite"
    assert read_clip(path).cut


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of six recordings with one of everything there is to say."""
    folder = sounds.category(tmp_path_factory.mktemp("odd"), n_clips=6)
    shutil.copy(folder / "low" / "1-0-B.wav", folder / "low" / "copy.wav")
    shutil.copy(folder / "low" / "1-1-B.wav", folder / "high" / "stray.wav")
    sounds.write(folder / "hiss" / "9-A.wav", np.clip(20 * sounds.hiss(9, 1.0), -1, 1))
    sounds.write(folder / "hiss" / "9-B.wav", sounds.hiss(10, 2.0, 22050) + 0.2, 22050)
    sounds.write(folder / "high" / "still.flac", np.zeros((4410, 2)))
    (folder / "high" / "bad\n.wav").write_text("no sound")
    (folder / "high" / "notes.txt").write_text("")
    return folder


def test_what_is_told_is_what_is_there(odd: Path) -> None:
    """Counts, rates, channels, lengths, clipping, offset, silence, duplicates within and across
    classes, clips of one recording, folds, and what is unreadable or passed over."""
    dataset = scan(odd)
    told = json.loads(Checkup(dataset, inspect_all(dataset)).json())
    assert told["clips"] == 24 and {
        name: row["clips"] for name, row in told["classes"].items()
    } == {"high": 8, "hiss": 8, "low": 7}
    (unreadable,) = told["unreadable"]
    assert unreadable["clip"] == "high/bad\\n.wav" and "cannot be read" in unreadable["reason"]
    assert told["passed_over"] == {"not audio": ["high/notes.txt"]}
    assert told["sample_rates"] == {"44100": 22, "22050": 1}
    assert told["channels"] == {"1": 22, "2": 1}
    assert told["codings"] == {"WAV PCM_16": 22, "FLAC PCM_16": 1}
    assert told["classes"]["hiss"]["seconds"] == {"least": 0.4, "median": 0.4, "most": 2.0}
    assert told["seconds"]["total"] == pytest.approx(20 * 0.4 + 1 + 2 + 0.1)
    assert list(told["clipped"]) == ["hiss/9-A.wav"] and told["classes"]["hiss"]["clipped"] == 1
    assert told["dc_offset"] == {"hiss/9-B.wav": pytest.approx(0.2, abs=0.01)}
    assert told["silent"] == ["high/still.flac"]
    assert told["duplicates"] == [
        ["high/stray.wav", "low/1-1-B.wav"],
        ["low/1-0-B.wav", "low/copy.wav"],
    ]
    cut = told["recordings"]["cut_into_several_clips"]
    assert ["hiss/9-A.wav", "hiss/9-B.wav"] in cut and told["recordings"]["number"] == 10
    good = dataset.only([i for i, name in enumerate(dataset.names) if "bad" not in name])
    folds = find_folds(good.names, good.labels)
    sizes = np.sum(list(told["folds"]["clips_by_class"].values()), axis=1)
    np.testing.assert_array_equal(sizes, np.bincount(folds.of)[1:])


def test_the_text_says_the_same(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row a class, a line a fact, lists of what to look at; code 2 for what cannot be read."""
    assert ssc.main(["check", "--data", str(odd), "--jobs", "1"]) == 2
    text = capsys.readouterr().out
    for words in (
        "\nhigh      8 ",
        "3 classes, 24 recordings, 23 of them readable, 0.2 minutes",
        "sample rates: 44100 Hz (22), 22050 Hz (1)",
        "lengths: 0.1 to 2 s, median 0.4 s",
        "1 recordings are silent throughout",
        "folds: folds of our own, stratified, clips of one recording together",
        "exact duplicates (the same samples): 2",
        "  high/stray.wav = low/1-1-B.wav (in 2 classes!)\n",
        "  low/1-0-B.wav = low/copy.wav\n",
        "DC offset above 0.01 of full scale: 1\n  hiss/9-B.wav: 0.2",
        "  high/notes.txt (not audio)",
        "cannot be read: 1\n",
        "bad\\n.wav cannot be read as audio",
    ):
        assert words in text, words


def test_good_recordings_are_code_0_and_json_is_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json prints one object and nothing else; the same with workers; asked-for folds."""
    folder = sounds.category(tmp_path)
    printed = []
    for jobs in ("1", "2"):
        arguments = ["check", "--data", str(folder), "--json", "--folds", "4", "--jobs", jobs]
        assert ssc.main(arguments) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        printed.append(json.loads(captured.out))
    assert printed[0] == printed[1] and list(printed[0]["folds"]["clips_by_class"]) == list("1234")


def test_samples_beyond_float32_are_a_broken_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """float64 of 1e308: infinite as the recipe reads it; the rest is told, in JSON too."""
    folder = sounds.category(tmp_path)
    path = sounds.write(folder / "low" / "huge.wav", np.full(4410, 1e308), subtype="DOUBLE")
    assert ssc.main(["check", "--data", str(folder), "--json", "--jobs", "1"]) == 2
    (unreadable,) = json.loads(capsys.readouterr().out)["unreadable"]
    assert unreadable["reason"] == f"{path} has 4410 samples that are NaN or infinite"


def test_results_among_the_classes_are_no_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a run with the default --out has written into the folder is passed over."""
    folder = sounds.category(tmp_path)
    (folder / "out").mkdir()
    monkeypatch.chdir(folder)
    assert ssc.main(["check", "--data", ".", "--json", "--folds", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed_over"] == {"results": ["out"]} and len(told["classes"]) == 3


def test_without_data_the_scenes_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    """The embedded scenes: as long as each other, no two alike, none clipped, none off zero."""
    dataset = embedded(0)
    few = dataset.only(range(0, 400, 20))
    told = Checkup(few, inspect_all(few)).told
    assert told["sample_rates"] == {"44100": 20} and told["codings"] == {"synthesised": 20}
    assert told["seconds"]["least"] == told["seconds"]["most"] == 5.0
    assert not told["duplicates"] and not told["clipped"] and not told["dc_offset"]


def test_folds_that_cannot_be_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three recordings a class, or a class of which none can be read: the table stands without
    folds, and the reason is told."""
    folder = sounds.category(tmp_path, n_clips=3)
    assert ssc.main(["check", "--data", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "folds: 5 folds need as many recordings a class" in text
    assert "as the names tell, 9 clips share their recording with another" in text
    for path in (folder / "low").iterdir():
        path.write_text("no sound")
    assert ssc.main(["check", "--data", str(folder)]) == 2
    text = capsys.readouterr().out
    assert "folds: no recording of the class 'low' can be read" in text and "\nlow       0 " in text


def test_fifty_classes_fit_on_a_page() -> None:
    """A row each of at most 120 characters; long lists are cut short and say so."""
    names = [f"class_{i:02d}/{k}.wav" for i in range(50) for k in range(6)]
    labels = np.repeat(np.arange(50), 6)
    classes = [f"class_{i:02d}" for i in range(50)]
    dataset = Dataset(classes, names, labels, names, read_clip)
    facts = facts_of(np.ones(44100))
    lines = Checkup(dataset, [facts] * 300).text().splitlines()
    assert sum(line.startswith("class_") for line in lines) == 50
    assert max(len(line) for line in lines[:60]) <= 120
    assert "  … and 280 more, see --json" in lines and len(lines) < 130


def test_soundfile_is_not_asked_for_more_than_a_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a recording is, one second of it is in memory at most."""
    path = sounds.write(tmp_path / "long.wav", sounds.hiss(0, 25.0, 8000), 8000)
    asked = []
    read = soundfile.SoundFile.read

    def watched(self: soundfile.SoundFile, frames: int, *rest: object, **options: object) -> object:
        asked.append(frames)
        return read(self, frames, *rest, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", watched)
    inspect(read_clip, str(path))
    assert asked and max(asked) == 8000 * BLOCK


def test_clips_of_one_recording_are_told_where_no_folds_can_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two takes of one recording are listed by name, also in classes too small for folds."""
    folder = sounds.category(tmp_path, n_clips=3)
    clip = next((folder / "low").iterdir())
    for take in "AB":
        (folder / "low" / f"1-77-{take}.wav").write_bytes(clip.read_bytes())
    assert ssc.main(["check", "--data", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "folds: 5 folds need as many recordings a class" in text
    assert "cut from one recording" in text and "low/1-77-A.wav, low/1-77-B.wav" in text


def test_channels_make_a_difference() -> None:
    """Two channels of silence are not the same samples as one of twice the length."""
    stereo, mono = facts_of(np.zeros((100, 2))), facts_of(np.zeros(200))
    assert stereo.digest != mono.digest

"""Properties of experiment/data_report.py: every finding is true, and is shown."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiment import data_report
from experiment.data import Dataset, embedded, read_clip, scan
from experiment.data_report import AudioStats, as_text, measure, report, stats_of
from experiment.folds import find_folds
from tests import sounds
from tests.experiment.program import Program
from tests.oracles import refusal
from tests.strategies import generators


def stats(signal: np.ndarray, rate: int = 44100) -> AudioStats:
    """The statistics of a signal (n,) or (n, n_channels)."""
    channels = signal.reshape(len(signal), -1)
    return stats_of([channels], rate, channels.shape[1], "test")


def test_silence_is_measured_in_windows_of_10_ms() -> None:
    """1 s at -20 dB and 3 s below -60 dB are three quarters silent; a louder sample counts for its
    window."""
    signal = np.full(4 * 8000, data_report.SILENT * 0.9)
    signal[:8000] = 0.1
    assert stats(signal, 8000).silence == 0.75
    signal[20_000] = data_report.SILENT
    assert stats(signal, 8000).silence == 0.75 - 1 / 400


def test_clipping_is_three_consecutive_samples_near_full_scale() -> None:
    """A clipped sine has clipping, one that just reaches full scale has not; a run of five counts
    once; each channel and 8-bit samples count."""
    sine = np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100)
    assert stats(sine).clipped == 0 and sine.max() > 0.999
    assert stats(np.clip(2 * sine, -1, 1)).clipped > 1000
    signal = np.zeros((50, 2))
    signal[10:15, 1] = -1
    signal[20:22, 0] = 1
    assert stats(signal).clipped == 1
    signal[30:33, 1] = signal[33:40, 0] = 1
    assert stats(signal).clipped == 3
    assert stats(np.repeat([0, 127 / 128], 3)).clipped == 1
    assert data_report.CLIPPING_LEVEL < 127 / 128


@given(st.floats(-0.5, 0.5), st.integers(1, 4))
def test_the_offset_is_the_largest_absolute_channel_mean(offset: float, n_channels: int) -> None:
    """A channel with the mean d has the offset |d|; channels without offset do not dilute it."""
    signal = np.zeros((1000, n_channels))
    signal[:, -1] = offset
    assert stats(signal).offset == pytest.approx(abs(offset), rel=1e-12)


@settings(max_examples=25)
@given(generators(), st.integers(1, 3), st.sampled_from([8000, 44100, 48000]))
def test_the_digest_identifies_rate_channels_and_samples(
    rng: np.random.Generator, n_channels: int, rate: int
) -> None:
    """It changes with one sample, the rate, or the length. Two silent channels differ from one of
    twice the length."""
    signal = rng.integers(-(2**15), 2**15, (200, n_channels)) / 2**15
    changed = signal.copy()
    changed[rng.integers(200), 0] += 2**-15
    different = [(signal, rate), (changed, rate), (signal, rate + 1), (signal[:-1], rate)]
    different += [(np.zeros((100, 2)), rate), (np.zeros(200), rate)]
    assert len({stats(*each).digest for each in different}) == 6


def test_the_digest_does_not_depend_on_the_coding(tmp_path: Path) -> None:
    """WAV of 16 and 24 bits and of float64, FLAC and AIFF of the same samples are duplicates."""
    signal = np.round(sounds.hiss(0) * 2**15) / 2**15
    forms = [(".wav", "PCM_16"), (".wav", "PCM_24"), (".wav", "DOUBLE"), (".flac", "PCM_16")]
    digests = set()
    for suffix, subtype in [*forms, (".aiff", "PCM_16")]:
        path = sounds.write(tmp_path / f"{subtype}{suffix}", signal, subtype=subtype)
        found = measure(read_clip, str(path))
        assert isinstance(found, AudioStats) and found.coding == f"{suffix[1:].upper()} {subtype}"
        digests.add(found.digest)
    assert len(digests) == 1


def test_recordings_are_read_to_the_end(tmp_path: Path) -> None:
    """A NaN in the last of 25 s is found, though a clip, of the first 5 s, does not contain it: by
    check and by training, which agree on every file."""
    signal = sounds.hiss(0, 25.0, 8000)
    path = sounds.write(tmp_path / "long.wav", signal, 8000, subtype="DOUBLE")
    found = measure(read_clip, str(path))
    assert isinstance(found, AudioStats) and found.seconds == 25
    assert read_clip(str(path)).steps == {"resampled": 1, "cut": 1, "unused": 20 * 44100}
    signal[-1] = np.nan
    sounds.write(path, signal, 8000, subtype="DOUBLE")
    assert measure(read_clip, str(path)) == f"{path} has 1 samples that are NaN or infinite"
    assert refusal(read_clip, str(path)) == f"{path} has 1 samples that are NaN or infinite"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rng=generators(), n=st.integers(1, 9000), n_channels=st.integers(1, 3))
def test_the_size_of_the_blocks_does_not_matter(
    rng: np.random.Generator, n: int, n_channels: int, tmp_path: Path
) -> None:
    """A file, read in blocks of 4000 samples, is measured as the whole signal is: runs across a
    border count once, windows do not shift. Only sums differ, by rounding."""
    runs = rng.integers(1, 6, n)
    signal = np.repeat(rng.choice([0, 0, 1e-4, 0.5, -1, 1], (n, n_channels)), runs, axis=0)[:n]
    path = sounds.write(tmp_path / "a.wav", signal, 800, subtype="FLOAT")
    in_blocks = measure(read_clip, str(path))
    whole = stats_of([signal.astype("f")], 800, n_channels, "WAV FLOAT")
    assert isinstance(in_blocks, AudioStats) and in_blocks[:5] == whole[:5]
    assert in_blocks.digest == whole.digest and in_blocks.peak == whole.peak
    assert in_blocks.silence == whole.silence
    assert in_blocks.offset == pytest.approx(whole.offset, abs=1e-12)
    assert in_blocks.mixed == pytest.approx(whole.mixed, abs=1e-9)


NOISE = sounds.hiss(0, 1.0)
AT_8_KHZ = sounds.hiss(0, 1.0, 8000)
LIMITED = np.fft.irfft(np.fft.rfft(NOISE)[:4001], 44100)
REMARKS = {  # what is said of a signal at a rate in Hz
    "nothing": (NOISE, 44100, []),
    "quiet": (0.009 * np.clip(10 * NOISE, -1, 1), 44100, ["very quiet, peak -40.9 dB"]),
    "silent": (np.zeros((44100, 2)), 44100, ["silent"]),
    "short": (NOISE[:22050], 44100, ["only 0.50 s long"]),
    "clipped": (np.clip(NOISE, [[-9] * 44095 + [0.99] * 5], 9)[0], 44100, ["1 clipped run"]),
    "offset": (NOISE - 0.02, 44100, ["DC offset 0.020"]),
    "integers": (np.tile([0, 9830, -9830, 0], 12000), 44100, ["peak 9830 times full scale"]),
    "antiphase": (np.stack([NOISE, -NOISE], 1), 44100, ["channels cancel: mean at -200 dB"]),
    "independent": (sounds.hiss(0, 95.0).reshape(-1, 90), 44100, []),
    "a low rate": (AT_8_KHZ, 8000, ["band-limited to 4000 Hz"]),
    "a low rate before": (LIMITED, 44100, ["band-limited to 4"]),
    "long": (np.tile(AT_8_KHZ, 60), 8000, ["band-limited to 4000 Hz"]),
}


@pytest.mark.parametrize("name", REMARKS)
def test_remarks_say_what_may_spoil_a_recording(name: str) -> None:
    """Silent, quiet, clipped, offset, beyond full scale, short, canceled, band-limited by its rate
    or by an earlier one; nothing of ordinary noise from one second on."""
    signal, rate, expected = REMARKS[name]
    found = data_report.remarks(stats(signal, rate))
    assert len(found) == len(expected)
    assert all(text.startswith(words) for text, words in zip(found, expected, strict=True)), found


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of six recordings, and one example of every finding."""
    folder = sounds.category(tmp_path_factory.mktemp("odd"), n_clips=6)
    shutil.copy(folder / "low" / "1-0-B.wav", folder / "low" / "copy.wav")
    shutil.copy(folder / "low" / "1-1-B.wav", folder / "high" / "stray.wav")
    sounds.write(folder / "hiss" / "9-A.wav", np.clip(20 * sounds.hiss(9, 1.0), -1, 1))
    sounds.write(folder / "hiss" / "9-B.wav", sounds.hiss(10, 2.0, 22050) + 0.2, 22050)
    sounds.write(folder / "high" / "still.flac", np.zeros((4410, 2)))
    (folder / "high" / "bad.wav").write_text("no sound")
    # finite in float64, infinite in float32, as the recipes read it
    sounds.write(folder / "low" / "huge.wav", np.full(4410, 1e308), subtype="DOUBLE")
    (folder / "high" / "notes.txt").write_text("")
    return folder


def test_the_findings_are_true_and_are_printed(odd: Path, program: Program) -> None:
    """Each kind of finding of the report; the text has a row a class, a line a fact, a list for
    each kind; code 2, since recordings are unreadable."""
    dataset = scan(odd)
    found = report(dataset, [measure(read_clip, source) for source in dataset.sources])
    sizes = {name: row["clips"] for name, row in found["classes"].items()}
    assert found["clips"] == 25 and sizes == {"high": 8, "hiss": 8, "low": 7}
    bad, huge = found["unreadable"]
    assert bad["clip"] == "high/bad.wav" and "cannot be read" in bad["reason"]
    assert huge["reason"].endswith("huge.wav has 4410 samples that are NaN or infinite")
    assert found["skipped_files"] == {"not audio": ["high/notes.txt"]}
    assert found["sample_rates"] == {44100: 22, 22050: 1}
    assert found["channels"] == {1: 22, 2: 1}
    assert found["codings"] == {"WAV PCM_16": 22, "FLAC PCM_16": 1}
    assert found["classes"]["hiss"]["seconds"] == {"least": 0.4, "median": 0.4, "most": 2.0}
    assert found["total_seconds"] == pytest.approx(20 * 0.4 + 1 + 2 + 0.1)
    assert list(found["clipped"]) == ["hiss/9-A.wav"] and found["classes"]["hiss"]["clipped"] == 1
    assert found["dc_offset"] == {"hiss/9-B.wav": pytest.approx(0.2, abs=0.01)}
    assert found["silent"] == {"high/still.flac": True}
    assert set(found["band_limited"]) >= {"hiss/9-B.wav", "low/1-0-B.wav"}
    assert found["classes"]["hiss"]["sample_rates"] == {44100: 7, 22050: 1}
    assert found["classes"]["hiss"]["band"] > 22000
    assert set(found["band_limited_classes"]) == {"high", "low"}
    pairs = [["high/stray.wav", "low/1-1-B.wav"], ["low/1-0-B.wav", "low/copy.wav"]]
    assert found["duplicates"] == pairs and found["recordings"]["number"] == 10
    assert ["hiss/9-A.wav", "hiss/9-B.wav"] in found["recordings"]["cut_into_several_clips"]
    kept = [i for i, name in enumerate(dataset.names) if name[-7:] not in ("bad.wav", "uge.wav")]
    good = dataset.only(kept)
    folds = find_folds(good.names, good.labels)
    in_folds = np.sum(list(found["folds"]["clips_by_class"].values()), axis=1)
    np.testing.assert_array_equal(in_folds, np.bincount(folds.fold_of)[1:])
    text, _ = program.run("check", "--data", odd, "--jobs", 1, code=2)
    for words in (
        "\nhigh       8 ",
        "3 classes, 25 recordings, 2 of them unreadable, 0.2 minutes",
        "sample rates (Hz): 44100 (22), 22050 (1)",
        "lengths: 0.1 to 2 s; silence (below -60 dB): ",
        "folds: stratified, clips of one recording in the same fold",
        "exact duplicates (the same samples): 2",
        "  high/stray.wav = low/1-1-B.wav (in 2 classes)\n",
        "  low/1-0-B.wav = low/copy.wav\n",
        "DC offset above 0.01 of full scale: 1\n  hiss/9-B.wav: DC offset 0.2",
        "entirely silent: 1\n  high/still.flac: silent\n",
        "instead of the sound: 2\n  high: ",
        "  high/notes.txt (not audio)",
        "cannot be read: 2\n",
        "bad.wav cannot be read as audio",
    ):
        assert words in text, words


def test_check_prints_json_alone_and_skips_its_results(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--json prints one object, the same with two workers, with the requested folds; the folder of
    the results is not a class; code 0, since all recordings are readable."""
    folder = sounds.category(tmp_path)
    (folder / "out").mkdir()
    (folder / "out" / "log.txt").touch()
    monkeypatch.chdir(folder)
    check = ("check", "--data", ".", "--json", "--folds", 4, "--jobs")
    one, two = program.run(*check, 1), program.run(*check, 2)
    assert one == two and one[1] == ""
    found = json.loads(one[0])
    assert list(found["folds"]["clips_by_class"]) == list("1234")
    assert found["skipped_files"] == {"results": ["out"]} and len(found["classes"]) == 3


def test_the_embedded_scenes_are_without_findings() -> None:
    """All are 5 s long; none is a duplicate, clipped or with an offset."""
    few = embedded(0).only(range(0, 400, 20))
    found = report(few, [measure(few.reader, source) for source in few.sources])
    assert found["codings"] == {"synthesized": 20} and found["sample_rates"] == {44100: 20}
    assert found["seconds"] == {"least": 5.0, "median": 5.0, "most": 5.0}
    assert not any(found[key] for key in ("duplicates", "clipped", "dc_offset", "silent"))


def test_impossible_folds_are_explained(program: Program, tmp_path: Path) -> None:
    """Three recordings a class, or a class that cannot be read: the reason stands in the place of
    the folds; clips of one recording are listed all the same. Without readable recordings there are
    no lengths."""
    folder = sounds.category(tmp_path, n_clips=3)
    for take in "AB":
        shutil.copy(folder / "low" / "1-0-B.wav", folder / "low" / f"1-77-{take}.wav")
    text, _ = program.run("check", "--data", folder)
    assert "folds: 5 folds need 5 recordings per class" in text
    assert "cut from one recording" in text and "low/1-77-A.wav, low/1-77-B.wav" in text
    for path in (folder / "low").iterdir():
        path.write_text("no sound")
    text, _ = program.run("check", "--data", folder, code=2)
    assert "folds: no recording of the class 'low' can be read" in text
    assert "\nlow        0 " in text
    dataset = scan(folder)
    assert "lengths" in text and "lengths" not in as_text(report(dataset, ["bad"] * len(dataset)))


def test_long_lists_are_cut() -> None:
    """Fifty classes take a row each; a list shows twenty entries and the number of the others."""
    names = [f"class_{i:02d}/{k}.wav" for i in range(50) for k in range(6)]
    classes = [f"class_{i:02d}" for i in range(50)]
    dataset = Dataset(classes, names, np.repeat(np.arange(50), 6), names, read_clip)
    lines = as_text(report(dataset, [stats(np.ones(44100))] * 300)).splitlines()
    assert sum(line.startswith("class_") for line in lines) == 50
    assert "  … and 280 more, see --json" in lines and len(lines) < 130

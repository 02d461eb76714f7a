"""Properties of experiment/data.py: what a folder contains, and how a file becomes a clip."""

import errno
import pickle
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from experiment import data, scenes
from experiment.data import CONVERT, embedded, read_clip, scan, segmented
from experiment.data_report import AudioStats, measure
from experiment.figures import class_table
from experiment.folds import find_folds, parse_name
from experiment.recipes import Model, Reference
from mfcc import load
from mininet import Dense, Sequential
from tests import sounds
from tests.experiment.program import Program
from tests.oracles import refusal

N_SAMPLES = 220500
SHORT = ("--no-report", "--epochs", "2", "--batch-size", "5", "--quiet")


def test_classes_and_labels_are_those_of_the_folders(category: Path) -> None:
    """Classes are sorted, labels[i] is the class of names[i], and read(i) its recording, also after
    pickling and in only(indices), which refuses a class without clips; nothing is skipped."""
    dataset = scan(category)
    assert dataset.classes == ["high", "hiss", "low"]
    assert len(dataset) == len(dataset.labels) == 12 and not dataset.skipped_files
    some = dataset.only([1, 5, 6, 11])
    assert some.names == [dataset.names[i] for i in (1, 5, 6, 11)]
    for each in (dataset, some, pickle.loads(pickle.dumps(dataset)), embedded(1)):
        assert each.names == sorted(each.names)
        assert [name.split("/")[0] for name in each.names] == [each.classes[c] for c in each.labels]
    for each in (some, pickle.loads(pickle.dumps(some))):
        expected = read_clip(str(category / each.names[3])).signal
        np.testing.assert_array_equal(each.read(3).signal, expected)
    assert refusal(dataset.only, [0, 8]) == "no recording of the class 'hiss' can be read"


def test_other_files_are_skipped_and_listed(tmp_path: Path) -> None:
    """Hidden files, files without a suffix of audio, folders inside a class, and a folder of
    results are listed by kind; everything with a suffix of audio is a recording."""
    folder = sounds.category(tmp_path)
    for name in (".hidden", "low/.hidden.wav", ".git/x.wav", "out/metrics.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    for name in ("README.txt", "low/notes.md", "low/no_suffix"):
        (folder / name).write_text("")
    (folder / "low" / "deeper").mkdir()
    (folder / "low" / "album.wav").mkdir()
    dataset = scan(folder)
    assert {kind: sorted(names) for kind, names in dataset.skipped_files.items()} == {
        "hidden": [".git", ".hidden", "low/.hidden.wav"],
        "not audio": ["README.txt", "low/no_suffix", "low/notes.md"],
        "folder": ["low/deeper"],
        "results": ["out"],
    }
    assert len(dataset) == 13 and dataset.classes == ["high", "hiss", "low"]
    with pytest.raises(OSError):
        dataset.read(dataset.names.index("low/album.wav"))


def test_recordings_are_found_in_folders_of_folders(tmp_path: Path) -> None:
    """In order; hidden folders and other files are skipped and listed, a path to a file is kept as
    it is, and a pattern is expanded. A folder without recordings is refused, with a hint if its
    formats are not read."""
    folder, clip = tmp_path / "all", str(tmp_path / "none.wav")
    for name in ("b/2.wav", "b/deep/1.MP3", "a.ogg", ".git/x.wav", "@eaDir/x.wav", "b/notes.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    expected = [str(folder / name) for name in ("a.ogg", "b/2.wav", "b/deep/1.MP3")]
    skipped = {"hidden": [".git/x.wav", "@eaDir/x.wav"], "not audio": ["b/notes.txt"]}
    skipped = {kind: [str(folder / name) for name in names] for kind, names in skipped.items()}
    assert data.recordings([clip, str(folder)]) == ([clip, *expected], skipped)
    assert data.recordings([str(folder / "b" / "*.wav")]) == ([expected[1]], {})
    (tmp_path / "[1].wav").write_text("")
    names = [str(tmp_path / name) for name in ("[1].wav", "[2].wav")]
    assert data.recordings(names) == (names, {})
    (tmp_path / "phone" / "x").mkdir(parents=True)
    message = f"the folder {tmp_path / 'phone'} contains no recordings"
    assert refusal(data.recordings, [str(tmp_path / "phone")]) == message
    (tmp_path / "phone" / "x" / "1.m4a").write_text("")
    assert CONVERT in refusal(data.recordings, [str(tmp_path / "phone")])


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_a_clip_is_what_load_reads(suffix: str, tmp_path: Path) -> None:
    """No whole file is called truncated."""
    path = sounds.write(tmp_path / f"clip{suffix}", sounds.hiss(0, seconds=2.0))
    np.testing.assert_array_equal(read_clip(str(path)).signal, load(path))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 16000, 22050, 44100, 48000, 96000]),
    seconds=st.floats(0.01, 6.0),
    channels=st.integers(1, 4),
)
def test_a_clip_is_mono_and_five_seconds_long(
    rate: int, seconds: float, channels: int, tmp_path: Path
) -> None:
    """Every file becomes 220500 samples; steps say how."""
    signal = np.repeat(sounds.tone(300, seconds, rate)[:, None], channels, axis=1)
    clip = read_clip(str(sounds.write(tmp_path / "clip.wav", signal, rate)))
    n = -(-len(signal) * 44100 // rate)  # rounded up, as resample_poly does
    assert clip.signal.shape == (N_SAMPLES,) and not clip.signal[min(n, N_SAMPLES) :].any()
    steps = {"resampled": rate != 44100, "cut": n > N_SAMPLES, "padded": n < N_SAMPLES}
    assert [step for step in clip.steps if step != "unused"] == [s for s in steps if steps[s]]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 11025, 44100, 48000]),
    n=st.integers(1, 24 * 100),
    silent=st.sets(st.integers(0, 4)),
    suffix=st.sampled_from([".wav", ".flac"]),
)
@example(rate=8000, n=1200, silent={1}, suffix=".wav")
def test_segments_are_every_five_seconds_of_a_recording(
    rate: int, n: int, silent: set[int], suffix: str, tmp_path: Path
) -> None:
    """Segment k is that part of the whole recording at 44.1 kHz. Silent ones and an end under 1 s
    are listed instead, but one is always used; all are in one fold."""
    signal = sounds.hiss(0, 1.0, rate)[np.arange(n * rate // 100) % rate]
    for k in silent:
        signal[5 * k * rate : 5 * (k + 1) * rate] *= 0.001
    path = sounds.write(tmp_path / f"1-17-A{suffix}", signal, rate)
    one = data.Dataset(["c"], [f"c/{path.name}"], np.zeros(1, int), [str(path)], read_clip)
    dataset, whole = segmented(one), load(path, duration=None)
    ends = {k for k in range(1, 5) if 0 < n - 500 * k < 100}
    starts = [5 * k for k in range(5) if n > 500 * k and k not in silent | ends] or [0]
    assert [source.start for source in dataset.sources] == starts
    left_out = sum(map(len, dataset.skipped_files.values()))
    assert len(dataset) + left_out == -(-n // 500)
    assert len(dataset.labels) == len(set(dataset.names)) == len(dataset)
    assert {parse_name(name) for name in dataset.names} == {("1", "17")}
    for i, start in enumerate(starts):
        clip, part = dataset.read(i), whole[44100 * start :][:N_SAMPLES]
        np.testing.assert_array_equal(clip.signal[: len(part)], part)
        assert not clip.signal[len(part) :].any() and "cut" not in clip.steps
        measured = measure(dataset.reader, dataset.sources[i])
        assert isinstance(measured, AudioStats)
        assert measured.seconds == min(5.0, (len(signal) - start * rate) / rate)


def test_a_segment_that_cannot_be_read_is_a_problem_of_its_own(tmp_path: Path) -> None:
    """Of a recording with a NaN in its eighth second the first segment is read, the second is not;
    a file that is not audio has one segment."""
    signal = sounds.hiss(0, 9.0, 8000)
    signal[7 * 8000] = np.nan
    folder = sounds.category(tmp_path)
    sounds.write(folder / "low" / "nan.wav", signal, 8000, subtype="FLOAT")
    (folder / "low" / "text.wav").write_text("no sound")
    dataset = segmented(scan(folder))
    assert dataset.names[-3:] == ["low/nan.wav", "low/nan.wav@5s", "low/text.wav"]
    assert dataset.read(12).steps == {"resampled": 1}
    assert refusal(dataset.read, 13).endswith("has 1 samples that are NaN or infinite")
    assert "cannot be read as audio" in refusal(dataset.read, 14)


def test_a_run_uses_all_segments_or_says_what_is_left_out(program: Program, tmp_path: Path) -> None:
    """Training says how many seconds it does not use; with --segments there are as many clips more,
    in check too, and none of a recording in two folds."""
    folder = sounds.category(tmp_path)
    sounds.write(folder / "low" / "long.wav", sounds.hiss(0, 27.0, 8000), 8000)
    text = program.train(folder, *SHORT[:-1])
    assert "1 of 13 clips cut to 5 s; 22 s are left out; --segments uses them" in text
    text = program.train(folder, "--segments", "--cv", "--folds", 3, "--repeats", 1, *SHORT[:-1])
    assert "3 classes, 18 clips" in text and "clips cut to 5 s" not in text
    assert program.metrics["held_out"]["recordings"] == 5  # four numbers of ESC, and this one
    assert program.metrics["settings"]["segments"] is True
    assert "  low/long.wav: 22.0 s left out\n" in program.run("check", "--data", folder)[0]
    text, _ = program.run("check", "--data", folder, "--segments")
    assert "s left out" not in text and "3 classes, 18 recordings" in text


def test_embedded_clips_equal_the_written_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """embedded(seed) is, clip for clip, what scan finds in the new folder of write_scenes: 16-bit
    mono WAV files; progress receives every (class, take)."""
    monkeypatch.setattr(scenes, "N_TAKES", 2)
    dataset, folder, progress = embedded(3), tmp_path / "new" / "scenes", Mock(side_effect=iter)
    assert scenes.write_scenes(folder, seed=3, progress=progress) == 20
    progress.assert_called_once_with(list(product(scenes.CLASSES, range(2))))
    written = scan(folder)
    assert (dataset.classes, dataset.names) == (written.classes, written.names)
    np.testing.assert_array_equal(dataset.labels, written.labels)
    for i in range(20):
        np.testing.assert_array_equal(dataset.read(i).signal, written.read(i).signal)
        info = soundfile.info(written.sources[i])
        assert (info.format, info.subtype, info.channels) == ("WAV", "PCM_16", 1)
        assert info.samplerate == 44100


def esc50(root: Path) -> Path:
    """root/ESC-50, laid out like a clone of the repository."""
    folder, lines = root / "ESC-50", ["filename,category,esc10"]
    for target, (name, in_esc10) in enumerate((("wind", False), ("rain", True), ("dog", True))):
        for take in range(3):
            file = f"{take + 1}-{target}00{take}-A-{target}.wav"
            sounds.write(folder / "audio" / file, sounds.hiss(take))
            lines.append(f"{file},{name},{in_esc10}")
    (folder / "meta").mkdir()
    (folder / "meta" / "esc50.csv").write_text("\n".join(lines))
    return folder


def test_a_clone_of_esc50_is_read_as_it_is(category: Path, tmp_path: Path) -> None:
    """By default its ESC-10 classes, with all_classes all of them; sorted; the names carry the
    folds; each name reads its own file. Another folder, or a table that is not ESC-50's, is refused
    by name; a file that is in the table but not in the folder is an OSError when it is read."""
    folder = esc50(tmp_path)
    dataset = scan(folder)
    assert dataset.classes == ["dog", "rain"] and len(dataset) == 6
    assert dataset.names[0] == "dog/1-2000-A-2.wav" and dataset.labels.tolist() == [0] * 3 + [1] * 3
    expected = read_clip(str(folder / "audio" / "3-1002-A-1.wav")).signal
    np.testing.assert_array_equal(dataset.read(5).signal, expected)
    everything = scan(folder, all_classes=True)
    assert everything.classes == ["dog", "rain", "wind"] and len(everything) == 9
    assert find_folds(everything.names, everything.labels).fold_of.tolist() == [1, 2, 3] * 3
    assert "category is not one" in refusal(scan, category, all_classes=True)
    (folder / "audio" / "1-2000-A-2.wav").unlink()
    with pytest.raises(OSError):
        dataset.read(0)


def test_a_table_of_esc50_from_a_spreadsheet_is_read_or_named(tmp_path: Path) -> None:
    """TRUE and a byte order mark are read; another encoding, a huge field, missing values, files
    outside audio/ and a table without recordings are refused by the name of the file."""
    problem = "lacks a value or has an invalid file name"
    folder = esc50(tmp_path)
    names, table = scan(folder).names, folder / "meta" / "esc50.csv"
    text = table.read_text()
    table.write_text(text.replace("True", "TRUE").replace("False", "FALSE"), "utf-8-sig")
    assert scan(folder).names == names
    for content, reason in (
        (
            text.encode("utf-16"),
            " is not a table in UTF-8: 'utf-8' codec can't decode byte 0xff in",
        ),
        (
            (text + f"\n{'x' * 200_000}").encode(),
            " is not a table in UTF-8: field larger than field",
        ),
        (b"", " lists no recordings"),
        (text.replace("True", "False").encode(), " lists no recordings"),
        (b"a,b\n1,2\n", f": row 2 {problem}"),
        ((text + "\n1-5-A-0.wav,1").encode(), f": row 11 {problem}"),
        (text.replace(",", ";").encode(), f": row 2 {problem}"),
        *(
            (text.replace("1-0000-A-0.wav", name).encode(), f": row 2 {problem}")
            for name in ("../meta/esc50.csv", "/etc/passwd", "x\0.wav")
        ),
    ):
        table.write_bytes(content)
        assert refusal(scan, folder).startswith(f"{table}{reason}")


def test_what_else_lies_in_a_folder_is_named(tmp_path: Path) -> None:
    """Folders of the system are hidden; formats that are not read, and classes one folder too deep,
    get a hint; one name in two Unicode forms is one class."""
    folder = sounds.category(tmp_path)
    for name in ("__MACOSX/low/._1.wav", "@eaDir/x.wav", "low/voice.m4a"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    dataset = scan(folder)
    assert dataset.skipped_files["hidden"] == ["@eaDir", "__MACOSX"] and len(dataset) == 12
    assert dataset.skipped_files["unsupported audio"] == ["low/voice.m4a"]
    assert class_table(dataset).endswith("1 unsupported audio; " + CONVERT)
    for name in ("\uac00", "\u1100\u1161"):  # 가, composed and decomposed
        sounds.write(folder / name / f"{len(name)}.wav", sounds.hiss(0))
    assert scan(folder).classes == ["high", "hiss", "low", "\uac00"]
    sounds.write(folder / "\uac00" / "2.wav", sounds.hiss(0))
    assert refusal(scan, folder) == "two recordings are called \uac00/2.wav"
    (folder / "\uac00" / "2.wav").unlink()
    for i in (1, 2):
        (tmp_path / "folds" / f"Fold{i}").mkdir(parents=True)
        (tmp_path / "folds" / f"Fold{i}" / "1-0-0-0.wav").touch()
    message = "are folds; it must contain one folder per class"
    assert refusal(scan, tmp_path / "folds").endswith(message)
    (folder / "a").mkdir()
    (folder / "low" / "voice.m4a").rename(folder / "a" / "x.AAC")
    message = f"the class folder {folder / 'a'} contains no recordings, but 1 in formats that are"
    assert refusal(scan, folder) == f"{message} not read: {CONVERT}"
    (folder / "a" / "x.AAC").unlink()
    (folder / "a" / "deeper").mkdir()
    assert refusal(scan, folder).endswith("contains no recordings, but 1 folders: is each a class?")


# Broken recordings


def cut(path: Path, proportion: float = 0.6, seconds: float = 0.4) -> None:
    """Write noise as a sound file and keep the first part of its bytes."""
    content = sounds.write(path, sounds.hiss(0, seconds)).read_bytes()
    path.write_bytes(content[: int(proportion * len(content))])


def of_samples(*samples: float) -> Callable[[Path], object]:
    return lambda path: sounds.write(path, np.array(samples), subtype="FLOAT")


@pytest.mark.parametrize("size", [2**32 - 1, 0x7FFF0000 - 1, 0x7F000000, 2 * 17640 + 16])
def test_placeholder_sizes_in_a_header_are_not_promises(size: int, tmp_path: Path) -> None:
    """A program that writes to a pipe cannot know the size; it states 2³² - 1 bytes or about 2³¹. A
    shortage of less than a tenth of a second is no truncation either."""
    path = sounds.write(tmp_path / "a.wav", sounds.hiss(0))
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = size.to_bytes(4, "little")
    (tmp_path / "b.wav").write_bytes(content)
    one, two = (read_clip(str(tmp_path / name)).signal for name in ("a.wav", "b.wav"))
    np.testing.assert_array_equal(one, two)


def test_an_ogg_file_without_the_flag_of_its_last_page_is_read(tmp_path: Path) -> None:
    """As Android writes it; the page's checksum (bytes 22 to 25) is that of the changed page. The
    last block of samples, 1024 at most, overlaps with nothing."""
    path = sounds.write(tmp_path / "a.ogg", sounds.hiss(0))
    expected, content = read_clip(str(path)).signal, bytearray(path.read_bytes())
    start = content.rfind(b"OggS")
    content[start + 5] &= ~4
    content[start + 22 : start + 26] = bytes(4)
    crc = 0
    for byte in content[start:]:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 * (crc >> 31)) & 0xFFFFFFFF
    content[start + 22 : start + 26] = crc.to_bytes(4, "little")
    path.write_bytes(content)
    np.testing.assert_array_equal(read_clip(str(path)).signal[:16616], expected[:16616])


NOT_AUDIO = "cannot be read as audio"
# file name: how it is made, what the message says
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "text.mp3": (lambda p: p.write_text("no sound\n"), NOT_AUDIO),
    "image.flac": (lambda p: p.write_bytes(b"\x89PNG\r\n" + bytes(99)), NOT_AUDIO),
    "empty.wav": (lambda p: p.write_bytes(b""), " is empty"),
    "header.wav": (lambda p: cut(p, 0.0005), NOT_AUDIO),
    "headerless.au": (lambda p: p.write_bytes(bytes(range(256))), NOT_AUDIO),
    **{f"cut.{x}": (cut, "is truncated: ") for x in ("wav", "w64", "rf64", "ogg", "mp3", "aiff")},
    "cut.flac": (cut, "cut.flac "),
    "long.ogg": (lambda p: cut(p, 0.6, seconds=4), "is truncated: "),
    "last page.ogg": (lambda p: cut(p, 0.995), "is truncated: its last page is incomplete"),
    "nothing.wav": (of_samples(), "no samples"),
    "nan.wav": (of_samples(0, np.nan), "has 1 samples that are NaN or infinite"),
    "inf.wav": (of_samples(np.inf, -np.inf, 0), "has 2 samples that are NaN or infinite"),
    "folder.wav": (Path.mkdir, "folder.wav: "),
    "rate.wav": (lambda p: sounds.write(p, sounds.hiss(0), rate=2**31 - 1), "768000"),
    "소리 雨 %s {0}.wav": (lambda p: p.write_text(""), " is empty"),
}


def test_all_broken_recordings_are_listed_and_can_be_skipped(
    category: Path, program: Program, tmp_path: Path
) -> None:
    """Each broken recording has a line with the file and the reason, and nothing is written.
    --skip-bad repeats the lines on stderr and in metrics.json and gives, byte for byte, the model
    of the good recordings alone."""
    data, n = sounds.category(tmp_path), len(BROKEN)
    for name, (make, _) in BROKEN.items():
        make(data / "low" / name)
    arguments = ("--data", data, "--out", program.out, *SHORT)
    message = program.refuse(*arguments, "--jobs", 2)
    assert program.refuse(*arguments, "--jobs", 1) == message
    head, *lines, tail = message.splitlines()
    assert head == f"{n} of {12 + n} recordings cannot be read:" and program.files == set()
    assert tail == "use --skip-bad to continue without them"
    for name, line in zip(sorted(BROKEN), lines, strict=True):
        assert line.startswith(f"  {data / 'low' / name}") and BROKEN[name][1] in line
    out, err = program.run(*arguments, "--skip-bad")
    assert out == "" and err.splitlines()[1:] == lines
    assert [f"  {problem['reason']}" for problem in program.metrics["skipped"]] == lines
    model = (program.out / "model.npz").read_bytes()
    assert program.train(category, *SHORT) == "" and program.metrics["skipped"] == []
    assert (program.out / "model.npz").read_bytes() == model


@pytest.mark.parametrize(
    ("command", "number"),
    [
        *product([""], [errno.ENFILE, errno.EIO, errno.ENOMEM, errno.ESTALE]),
        *product(["", "--segments", "check", "predict"], [errno.EMFILE, None]),
    ],
)
def test_an_error_of_the_machine_is_no_broken_recording(
    command: str,
    number: int | None,
    category: Path,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ends every run, with --skip-bad too: code 2 and a sentence that names the file. So does a
    library that cannot be loaded, whose error has no number."""
    path = min((category / "low").iterdir())

    def opened(name: str, mode: str) -> Any:
        if name == str(path):
            raise OSError(number, "words", name)
        return open(name, mode)

    arguments: list[object] = ["--data", category, "--out", program.out, "--skip-bad"]
    if command == "check":
        arguments = ["check", "--data", category]
    elif command == "predict":
        network = Sequential([Dense(501, 2, rng=np.random.default_rng(0))])
        Model(Reference(n_mfcc=1), ["a", "b"], {0: network}).save(program.out)
        arguments = ["predict", program.out, category, "--skip-bad"]
    elif command:
        arguments.append(command)
    if number is None:
        library = Mock(side_effect=OSError("no library"))
        monkeypatch.setattr("mfcc.audio.open_audio", library)
    monkeypatch.setattr("mfcc.audio.open", opened, raising=False)
    message = program.run(*arguments, code=2)[1].splitlines()[-1]
    assert message == f"ssc: {'no library' if number is None else f'{path}: words'}"


def test_cross_validation_can_skip(program: Program, tmp_path: Path) -> None:
    """It continues without the broken recording too; but no run continues if no recording of a
    class can be read."""
    data = sounds.category(tmp_path, n_clips=6)
    (data / "low" / "bad.wav").write_text("no sound")
    program.train(data, "--skip-bad", "--cv", "--repeats", 1, *SHORT)
    metrics = program.metrics
    assert [problem["clip"] for problem in metrics["skipped"]] == ["low/bad.wav"]
    np.testing.assert_array_equal(np.sum(metrics["held_out"]["confusion"], axis=1), [6, 6, 6])
    for path in (data / "low").iterdir():
        path.write_text("no sound")
    arguments = ("--data", data, "--out", program.out, "--skip-bad", "--cv", *SHORT)
    last = program.refuse(*arguments).splitlines()[-1]
    assert last == "ssc: no recording of the class 'low' can be read"

"""Broken recordings: each kind is found, all of them in one pass; nothing is dropped in silence."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from tests import sounds

import ssc
from experiment.dataset import scan
from experiment.extraction import extract
from experiment.recipes import Features

SHORT = ("--epochs", "2", "--batch-size", "5", "--quiet")
ODD_NAMES = (
    "two words",
    'it\'s "so"',
    "line\nbreak",
    "소리 雨",
    "🌧️👩‍👩‍👧",
    "-rf",
    "%s {0} \\",
    "\udcff",
)


def cut(path: Path, share: float) -> None:
    """The file ends early."""
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def cut_sound(path: Path) -> None:
    cut(sounds.write(path, sounds.hiss(0)), 0.6)


def of_samples(*samples: float) -> Callable[[Path], object]:
    return lambda path: sounds.write(path, np.array(samples), subtype="FLOAT")


# file name, how it is made, what is said of it
BROKEN: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "text": ("text.wav", lambda p: p.write_text("no sound\n" * 50), "cannot be read as audio"),
    "text as MP3": ("text.mp3", lambda p: p.write_text("no sound\n"), "cannot be read as audio"),
    "a picture": ("image.flac", lambda p: p.write_bytes(b"\x89PNG\r\n" + bytes(99)), "cannot be"),
    "zero bytes": ("empty.wav", lambda p: p.write_bytes(b""), "cannot be read as audio"),
    "a header's half": (
        "header.wav",
        lambda p: cut(sounds.write(p, sounds.hiss(0)), 0.0005),
        "cannot be read as audio",
    ),
    "truncated WAV": ("cut.wav", cut_sound, "is truncated: "),
    "truncated FLAC": ("cut.flac", cut_sound, "cut.flac "),
    "truncated Ogg": ("cut.ogg", cut_sound, "is truncated: "),
    "truncated MP3": ("cut.mp3", cut_sound, "is truncated: "),
    "truncated AIFF": ("cut.aiff", cut_sound, "is truncated: "),
    "no samples": ("nothing.wav", of_samples(), "holds no samples"),
    "NaN": ("nan.wav", of_samples(0, np.nan), "has 1 samples that are NaN or infinite"),
    "infinite": ("inf.wav", of_samples(np.inf, -np.inf, 0), "has 2 samples that are NaN or"),
    "dangling link": ("gone.wav", lambda p: p.symlink_to("nowhere"), "No such file or directory"),
    "link to itself": ("loop.wav", lambda p: p.symlink_to(p), "symbolic links"),
    "folder": ("album.wav", lambda p: p.mkdir(), "Is a directory"),
    "pipe": ("pipe.wav", os.mkfifo, "is not a file"),
    "absurd rate": (
        "rate.wav",
        lambda p: sounds.write(p, sounds.hiss(0), rate=2**31 - 1),
        "at most 768000 are read",
    ),
    **{
        f"a name like {name!a}": (f"{name}.wav", lambda p: p.write_text(""), "cannot be read")
        for name in ODD_NAMES
    },
}


@pytest.mark.parametrize("kind", BROKEN)
def test_each_kind_is_one_sentence_and_exit_code_2(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One broken recording among good ones: code 2, the count, the file, what is wrong with it and
    what can be done; nothing is written."""
    data = sounds.category(tmp_path, n_clips=1)
    name, make, words = BROKEN[kind]
    make(data / "low" / name)
    assert ssc.main(["--data", str(data), "--out", str(tmp_path / "o"), *SHORT]) == 2
    captured = capsys.readouterr()
    head, problem, tail = captured.err.splitlines()
    assert captured.out == "" and head == "ssc: 1 of 4 recordings cannot be read:"
    assert words in problem and problem.startswith(f"  {data / 'low'}/")
    assert tail == "--skip-bad goes on without them"
    assert not (tmp_path / "o").exists()


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of four good recordings, and in two of them every kind of broken one."""
    data = sounds.category(tmp_path_factory.mktemp("broken"))
    for i, (name, make, _) in enumerate(BROKEN.values()):
        make(data / ("low", "hiss")[i % 2] / name)
    return data


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_all_are_found_in_one_pass(
    jobs: str, broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each broken recording has a line of its own, whoever reads them; and no other has."""
    arguments = ["--data", str(broken), "--out", str(tmp_path / "o"), "--jobs", jobs, *SHORT]
    assert ssc.main(arguments) == 2
    head, *lines, tail = capsys.readouterr().err.splitlines()
    n = len(BROKEN)
    assert head == f"ssc: {n} of {12 + n} recordings cannot be read:" and len(lines) == n
    assert len(set(lines)) == n and tail.startswith("--skip-bad")


def test_skip_bad_is_the_run_without_them(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--skip-bad says how many and which, also when quiet and in metrics.json, and gives, byte for
    byte, the model of the good recordings alone."""
    arguments = ["--data", str(broken), "--out", str(tmp_path / "o"), "--skip-bad", *SHORT]
    assert ssc.main(arguments) == 0
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert captured.out == "" and len(lines) == len(BROKEN) + 2
    assert lines[0].startswith(f"ssc: {len(BROKEN)} of ") and lines[-1] == "going on without them"
    skipped = json.loads((tmp_path / "o" / "metrics.json").read_text("utf-8"))["skipped"]
    assert [f"  {problem['reason']}" for problem in skipped] == lines[1:-1]
    good = sounds.category(tmp_path / "good")
    assert ssc.main(["--data", str(good), "--out", str(tmp_path / "g"), *SHORT]) == 0
    model = (tmp_path / "g" / "model.npz").read_bytes()
    assert (tmp_path / "o" / "model.npz").read_bytes() == model
    whole = json.loads((tmp_path / "g" / "metrics.json").read_text("utf-8"))
    assert whole["skipped"] == [] and capsys.readouterr().err == ""


@pytest.mark.parametrize("flags", [["--cv", "--repeats", "1"], ["--recipe", "improved"]])
def test_every_way_to_train_can_skip(flags: list[str], tmp_path: Path) -> None:
    """Cross-validation and the improved recipe go on without the broken ones too."""
    data = sounds.category(tmp_path, n_clips=6)
    (data / "low" / "bad.wav").write_text("no sound")
    arguments = ["--data", str(data), "--out", str(tmp_path / "o"), "--skip-bad", "--quiet"]
    epochs = ["--epochs", "2"] if "--cv" in flags else []
    assert ssc.main([*arguments, *flags, *epochs]) == 0
    metrics = json.loads((tmp_path / "o" / "metrics.json").read_text("utf-8"))
    assert [problem["clip"] for problem in metrics["skipped"]] == ["low/bad.wav"]
    table = metrics["held_out"]["confusion"] if "--cv" in flags else metrics["confusion"]
    np.testing.assert_array_equal(np.sum(table, axis=1), [6, 6, 6])


def test_a_class_is_not_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where all recordings of a class are broken, --skip-bad does not go on without the class."""
    data = sounds.category(tmp_path, n_clips=2)
    for path in (data / "low").iterdir():
        path.write_text("no sound")
    arguments = ["--data", str(data), "--out", str(tmp_path / "o"), "--skip-bad", *SHORT]
    assert ssc.main(arguments) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "ssc: no recording of the class 'low' can be read"


def test_a_recording_that_vanishes_is_a_broken_one(tmp_path: Path) -> None:
    """Deleted after the folder was scanned and before it is read: listed, the others are heard."""
    dataset = scan(sounds.category(tmp_path))
    Path(dataset.sources[5]).unlink()
    heard = extract(dataset, Features().views)
    assert len(heard.kept) == 11 and [problem.clip for problem in heard.problems] == [
        "hiss/1-1-C.wav"
    ]
    assert heard.problems[0].reason == f"{dataset.sources[5]}: No such file or directory"


@contextmanager
def as_nobody() -> Iterator[None]:
    """Where the tests run as root, whom no permission stops, the block runs as someone else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_no_permission_is_a_broken_recording() -> None:
    """A recording that this user may not read: listed with the system's words."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    try:
        data = sounds.category(folder, n_clips=2)
        for path in (folder, data, *data.glob("*")):
            path.chmod(0o755)
        (data / "low" / "1-1-B.wav").chmod(0)
        dataset = scan(data)
        with as_nobody():
            heard = extract(dataset, Features().views)
    finally:
        shutil.rmtree(folder)
    assert [problem.clip for problem in heard.problems] == ["low/1-1-B.wav"]
    assert heard.problems[0].reason.endswith("1-1-B.wav: Permission denied")
    assert len(heard.kept) == 5


def test_every_good_recording_is_read_whatever_its_form_and_name(tmp_path: Path) -> None:
    """8 to 192 kHz, 8 bit to float64, one to eight channels, odd names: none is called broken."""
    forms = [
        *({"suffix": ".wav", "subtype": t} for t in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32")),
        *({"suffix": ".wav", "subtype": t} for t in ("FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM")),
        *({"suffix": ".aiff", "subtype": "PCM_S8"}, {"suffix": ".au", "subtype": "PCM_16"}),
        *({"suffix": s} for s in (".flac", ".ogg", ".caf", ".w64", ".rf64")),
    ]
    rates = (8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000)
    n = 0
    for i, form in enumerate(forms):
        for channels in (1, 2, 8):
            if form.get("subtype") == "IMA_ADPCM" and channels > 2:
                continue
            rate = rates[n % len(rates)]
            suffix, options = form["suffix"], {k: v for k, v in form.items() if k == "subtype"}
            signal = np.repeat(sounds.hiss(i, 0.05, rate)[:, None], channels, axis=1)
            name = ODD_NAMES[n % len(ODD_NAMES)]
            path = sounds.write(tmp_path / "소리\n" / f"{n}{suffix}", signal, rate, **options)
            path.rename(path.with_name(f"{name} {n}{suffix}"))
            n += 1
    sounds.write(tmp_path / "b" / "1.wav", sounds.hiss(0))
    dataset = scan(tmp_path)
    heard = extract(dataset, lambda signal: [signal[:100]])
    assert heard.problems == [] and len(heard.kept) == n + 1
    assert dataset.classes == ["b", "소리\\n"]
    json.dumps(dataset.names, ensure_ascii=False).encode()


def test_predict_lists_all_broken_clips_and_can_skip_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """predict names all that it cannot read before it answers; --skip-bad answers the others."""
    data = sounds.category(tmp_path, n_clips=2)
    assert ssc.main(["--data", str(data), "--out", str(tmp_path), *SHORT]) == 0
    model, good = str(tmp_path / "model.npz"), str(data / "low" / "1-0-B.wav")
    bad = [str(tmp_path / "bad\n.wav"), str(tmp_path / "none.wav")]
    Path(bad[0]).write_text("no sound")
    assert ssc.main(["predict", model, good, *bad]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("ssc: 2 of 3 recordings cannot be read:")
    assert captured.err.count("\n") == 4
    assert ssc.main(["predict", model, "--skip-bad", *bad, good]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == good and captured.out.count("%") == 3
    assert captured.err.splitlines()[-1] == "going on without them"

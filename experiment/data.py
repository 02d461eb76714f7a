"""The data: labeled clips, found in a folder or synthesized, read one at a time. Chapter 13."""

import csv
import errno
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from glob import glob
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import numpy as np

from mfcc import audio
from mfcc.audio import DURATION, MARGIN, SAMPLE_RATE, SLACK, UNKNOWN

from . import scenes
from .terminal import printable_name, reason

AUDIO_SUFFIXES = (  # of formats that soundfile reads
    *(".aif", ".aifc", ".aiff", ".au", ".bwf", ".caf", ".flac", ".mp2", ".mp3", ".mpga", ".oga"),
    *(".ogg", ".opus", ".rf64", ".snd", ".w64", ".wav", ".wave"),
)
UNSUPPORTED_SUFFIXES = (".3gp", ".aac", ".amr", ".m4a", ".mp4", ".webm", ".wma")
CONVERT = "convert them, for example: ffmpeg -i x.m4a x.wav"
SYSTEM_FOLDERS = {"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found"}
SYSTEM_FOLDERS |= {"System Volume Information"}
RUN_FILES = {"log.txt", "metrics.json"}  # in a folder without recordings: the results of a run
SILENT = 1e-3  # of full scale, -60 dB
MACHINE_ERRORS = {errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}


class Clip(NamedTuple):
    """A preprocessed clip, (220500,) float32 at 44.1 kHz, and the steps applied to it: "resampled",
    "cut", "padded". If a Counter, its "unused" are the samples at 44.1 kHz that were cut off."""

    signal: np.ndarray
    steps: Collection[str] = ()


class Segment(NamedTuple):
    """Five seconds of a recording, from second start on."""

    path: str
    start: int


@dataclass(frozen=True)
class Dataset:
    """n labeled clips. sources and reader can be pickled."""

    classes: list[str]  # sorted
    names: list[str]  # "class/file" of each clip
    labels: np.ndarray  # (n,) ints: the index of its class
    sources: Sequence[Any]  # clip i is reader(sources[i])
    reader: Callable[[Any], Clip]
    skipped_files: dict[str, list[str]] = field(default_factory=dict)  # not included, by kind

    def __len__(self) -> int:
        return len(self.names)

    def read(self, i: int) -> Clip:
        """Read clip i. ValueError, OSError: it cannot be read."""
        return self.reader(self.sources[i])

    def only(self, indices: Sequence[int]) -> "Dataset":
        """Select the clips with these indices. ValueError: a class would have no clips."""
        labels = self.labels[list(indices)]
        for label, name in enumerate(self.classes):
            if label not in labels:
                raise ValueError(f"no recording of the class {name!r} can be read")
        names, sources = [self.names[i] for i in indices], [self.sources[i] for i in indices]
        return replace(self, names=names, labels=labels, sources=sources)


def embedded(seed: int) -> Dataset:
    """The synthetic scenes, 40 clips per class in ten classes, synthesized on reading; in the order
    in which scan would list them."""
    clips = [(name, take) for name in scenes.CLASSES for take in range(scenes.N_TAKES)]
    clips.sort(key=lambda clip: scenes.file_name(*clip))
    names = [scenes.file_name(*clip) for clip in clips]
    labels = np.array([scenes.CLASSES.index(name) for name, _ in clips])
    return Dataset(list(scenes.CLASSES), names, labels, clips, partial(_read_scene, seed=seed))


def _read_scene(clip: tuple[str, int], seed: int) -> Clip:
    return Clip(scenes.scene(*clip, seed=seed))


def scan(folder: str | Path, all_classes: bool = False) -> Dataset:
    """Find the recordings in folder/<class>/, or in a clone of the ESC-50 repository (folder/meta/
    esc50.csv and folder/audio/): the ten classes of ESC-10, or with all_classes all fifty.

    Hidden files, files without an audio suffix and the results of runs are skipped and listed.
    Unreadable files are detected on reading. Class names are compared in Unicode's form NFC.
    ValueError: no such folder, fewer than two class folders, a class without recordings, an
    invalid esc50.csv, all_classes without ESC-50.
    """
    root, skipped = Path(folder), defaultdict[str, list[str]](list)
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise ValueError(f"the data folder {root} {problem}")
    if (root / "meta" / "esc50.csv").is_file() and (root / "audio").is_dir():
        files = _esc50_files(root, all_classes)
    elif all_classes:
        raise ValueError(f"--all-classes requires the ESC-50 repository; {root} is not one")
    else:
        files = _class_files(root, skipped)
    names = [f"{name}/{printable_name(path.name)}" for name, path in files]
    if len(set(names)) < len(names):  # in two folders of one name, in other Unicode forms
        raise ValueError(f"two recordings are called {Counter(names).most_common(1)[0][0]}")
    classes = sorted({name for name, _ in files})
    if not classes:
        raise ValueError(f"{root} contains no class folders; it must contain one per class")
    if len(classes) == 1:
        raise ValueError(f"{root} has one class, {classes[0]!r}; at least two are required")
    if all(re.fullmatch(r"fold[ _-]?\d+", name, re.IGNORECASE) for name in classes):  # UrbanSound8K
        raise ValueError(f"the folders of {root} are folds; it must contain one folder per class")
    labels = np.array([classes.index(name) for name, _ in files])
    sources = [str(path) for _, path in files]
    return Dataset(classes, names, labels, sources, read_clip, skipped)


def _esc50_files(root: Path, all_classes: bool) -> list[tuple[str, Path]]:
    """The category and the path of the files in meta/esc50.csv, both in alphabetical order."""
    table, files = root / "meta" / "esc50.csv", []
    try:
        rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is not a table in UTF-8: {error}") from None
    for number, row in enumerate(rows, 2):
        name, category, esc10 = (row.get(key) for key in ("filename", "category", "esc10"))
        if not (name and category and esc10) or name != Path(name).name or not name.isprintable():
            raise ValueError(f"{table}: row {number} lacks a value or has an invalid file name")
        if all_classes or esc10.lower() == "true":  # a spreadsheet writes TRUE
            files.append((printable_name(category), root / "audio" / name))
    if not files:
        raise ValueError(f"{table} lists no recordings")
    return sorted(files)


def _class_files(root: Path, skipped: defaultdict[str, list[str]]) -> list[tuple[str, Path]]:
    """The class and the path of the recordings in class folders; other files go to skipped."""
    recordings = []
    for entry in sorted(root.iterdir(), key=os.path.basename):  # same order on every platform
        is_class = entry.is_dir() and _kind(entry) != "hidden"
        paths = sorted(entry.iterdir(), key=os.path.basename) if is_class else [entry]
        kinds = [_kind(path) for path in paths]
        if "audio" not in kinds and RUN_FILES & {path.name for path in paths}:
            skipped["results"].append(printable_name(entry.name))
            continue
        if is_class and "audio" not in kinds:
            n_unsupported, n_folders = kinds.count("unsupported audio"), kinds.count("folder")
            hint = f", but {n_folders} folders: is each a class?" if n_folders else ""
            if n_unsupported:
                hint = f", but {n_unsupported} in formats that are not read: {CONVERT}"
            raise ValueError(f"the class folder {entry} contains no recordings{hint}")
        for path, kind in zip(paths, kinds, strict=True):
            if is_class and kind == "audio":
                recordings.append((printable_name(normalize("NFC", entry.name)), path))
            else:
                skipped[kind].append(printable_name(path.relative_to(root).as_posix()))
    return recordings


def _kind(path: Path) -> str:
    if path.name.startswith(".") or path.name in SYSTEM_FOLDERS:
        return "hidden"
    if path.suffix.lower() in AUDIO_SUFFIXES:
        return "audio"
    if path.suffix.lower() in UNSUPPORTED_SUFFIXES:
        return "unsupported audio"
    return "folder" if path.is_dir() else "not audio"


def recordings(paths: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The recordings that the paths name, in order, with folders searched recursively, and the
    files skipped in those folders, by kind. A path that does not exist may be a pattern, such as
    *.wav, which not every shell expands. ValueError: a folder without recordings."""
    found, skipped = list[str](), defaultdict[str, list[str]](list)
    for path in paths:
        for each in [path] if os.path.exists(path) else sorted(glob(path)) or [path]:
            found += _recordings_in(each, skipped) if os.path.isdir(each) else [each]
    return found, skipped


def _recordings_in(folder: str, skipped: defaultdict[str, list[str]]) -> list[str]:
    """The recordings in a folder and in its folders; other files go to skipped."""
    found = defaultdict[str, list[str]](list)  # by kind
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_dir():
            hidden = "hidden" in map(_kind, path.relative_to(folder).parents)
            found["hidden" if hidden else _kind(path)].append(str(path))
    if "audio" not in found:
        hint = f" in formats that are read: {CONVERT}" if "unsupported audio" in found else ""
        raise ValueError(f"the folder {folder} contains no recordings{hint}")
    inside = found.pop("audio")
    for kind, names in found.items():
        skipped[kind] += names
    return inside


def segmented(dataset: Dataset) -> Dataset:
    """Every five seconds of each recording as a clip, with the name "class/file@10s" except for the
    first. skipped_files lists the silent segments and the short ends that are left out."""
    clips, skipped = [], {kind: list(files) for kind, files in dataset.skipped_files.items()}
    for name, label, path in zip(dataset.names, dataset.labels, dataset.sources, strict=True):
        for start, problem in _segments(path).items():
            segment = f"{name}@{start}s" if start else name
            if problem:
                skipped.setdefault(problem, []).append(segment)
            else:
                clips.append((segment, label, Segment(path, start)))
    names, labels, sources = map(list, zip(*clips, strict=True))
    return Dataset(dataset.classes, names, np.array(labels), sources, dataset.reader, skipped)


def _segments(path: str) -> dict[int, str]:
    """The starts (s) of a recording's segments, each with the reason why it is left out, or "". The
    first is included if all are silent; so is one at which reading fails, to fail again."""
    found, start = dict[int, str](), 0
    try:
        with open_complete(path) as sound:
            rate = sound.samplerate
            for block in audio.read_blocks(path, sound, round(DURATION * rate)):
                silent = "silent segment" if is_silent(block) else ""
                short = "end under 1 s" if start and len(block) < rate else ""
                found[start] = silent or short
                start += round(DURATION) if len(block) == DURATION * rate else 0
    except (OSError, ValueError) as error:
        problem_of(error)
        found[start] = ""
    return found if "" in found.values() else {**found, 0: ""}


def read_clip(source: str | Segment) -> Clip:
    """Read and preprocess the first 5 s of a file, or a segment, which does not count as cut. A
    file is read to its end, so that one that is broken there is refused, as in check and predict.
    ValueError, OSError: as for mfcc.load, or a truncated file."""
    path, start = (source, 0) if isinstance(source, str) else source
    is_segment = isinstance(source, Segment)
    lead = min(start, 1)  # s read before the start, so that resampling has no edge effect
    with open_complete(path) as sound:
        rate, size = sound.samplerate, ceil((lead + DURATION + MARGIN) * sound.samplerate)
        blocks = audio.read_blocks(path, sound, size, start - lead, size if is_segment else UNKNOWN)
        channels, n_beyond = next(blocks), sum(map(len, blocks))
    signal = audio.resample(audio.to_mono(channels), rate, SAMPLE_RATE)[lead * SAMPLE_RATE :]
    n = round(DURATION * SAMPLE_RATE)
    steps = Counter(resampled=rate != SAMPLE_RATE, padded=len(signal) < n)
    if not is_segment and len(signal) > n:
        steps.update(cut=1, unused=len(signal) - n + n_beyond * SAMPLE_RATE // rate)
    return Clip(audio.fix_length(signal, n), +steps)  # + removes what is not positive


def is_silent(signal: np.ndarray) -> bool:
    """Whether no sample, of any shape, reaches -60 dB."""
    return bool(np.abs(signal).max() < SILENT)


def problem_of(error: Exception) -> str:
    """Why a recording cannot be read. An error of the machine, such as too many open files, or of
    libsndfile, which has no number, is raised again: the recording may be good."""
    if isinstance(error, OSError) and error.errno in (None, *MACHINE_ERRORS):
        raise error
    return reason(error)


# libsndfile corrects sizes in a header that exceed the file, and reports this only in its log.
_SIZE = re.compile(r"(data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)")
_UNKNOWN = 0x7F00_0000  # bytes; larger sizes are placeholders of programs that write to a pipe


@contextmanager
def open_complete(path: str) -> Iterator[Any]:
    """As mfcc.audio.open_audio; ValueError also if the header states more bytes than the file has,
    by more than SLACK, or the last page of an Ogg file is incomplete (Pfeiffer 2003, RFC 3533, §6:
    byte 26 holds the number of segments; the flag of the last page is missing in Android's
    recordings)."""
    with audio.open_audio(path) as sound:
        for match in _SIZE.finditer(sound.extra_info):
            stated, there = int(match[2]), int(match[3])
            if match[1].lower().startswith("riff") and sound.format not in ("W64", "RF64"):
                continue  # the size of all chunks; only these formats report no other
            slack = there * SLACK * sound.samplerate / max(1, sound.frames)  # bytes
            if there + slack < stated < _UNKNOWN:
                raise ValueError(f"{path} is truncated: {there} of {stated} bytes")
        if sound.format == "OGG":
            content = Path(path).read_bytes()
            page = content[content.rfind(b"OggS") :]
            if len(page) < 27 or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
                raise ValueError(f"{path} is truncated: its last page is incomplete")
        yield sound

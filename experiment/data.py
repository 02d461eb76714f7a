"""The data: labeled clips, found in a folder or synthesized, read one at a time. Chapter 13."""

import csv
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mfcc.audio import DURATION, SAMPLE_RATE, fix_length, open_audio, read, resample

from . import scenes

AUDIO_SUFFIXES = (  # of formats that soundfile reads
    *(".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus"),
    *(".rf64", ".snd", ".w64", ".wav"),
)


@dataclass(frozen=True)
class Clip:
    """A preprocessed clip, (220500,) float32 at 44.1 kHz, and the steps applied to it."""

    signal: np.ndarray
    resampled: bool = False
    cut: bool = False
    padded: bool = False


@dataclass(frozen=True)
class Dataset:
    """Labeled clips. classes are sorted; names[i], "class/file", and labels[i], an index into
    classes, belong to the clip reader(sources[i]). skipped_files lists, by kind, the files not
    included. sources and reader can be pickled.
    """

    classes: list[str]
    names: list[str]
    labels: np.ndarray
    sources: Sequence[Any]
    reader: Callable[[Any], Clip]
    skipped_files: dict[str, list[str]] = field(default_factory=dict)

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
    in which scan finds them as files."""
    takes = [(name, take) for name in scenes.CLASSES for take in range(scenes.N_TAKES)]
    takes.sort(key=lambda clip: (clip[0], scenes.file_name(*clip)))
    return Dataset(
        classes=list(scenes.CLASSES),
        names=[f"{name}/{scenes.file_name(name, take)}" for name, take in takes],
        labels=np.repeat(np.arange(len(scenes.CLASSES)), scenes.N_TAKES),
        sources=takes,
        reader=partial(_scene_clip, seed=seed),
    )


def scan(
    folder: str | os.PathLike[str], all_classes: bool = False, out: Path | None = None
) -> Dataset:
    """Find the recordings in folder/<class>/, or in a clone of the ESC-50 repository (folder/meta/
    esc50.csv and folder/audio/): the ten classes of ESC-10, or with all_classes all fifty.

    Hidden files, files without an audio suffix and the output folder are skipped and listed.
    Unreadable files are detected on reading.
    ValueError: no such folder, fewer than two class folders, a class without recordings, an
    invalid esc50.csv, all_classes without ESC-50.
    """
    root = Path(folder)
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise ValueError(f"the data folder {root} {problem}")
    skipped: dict[str, list[str]] = {}
    if (root / "meta" / "esc50.csv").is_file() and (root / "audio").is_dir():
        by_class = _esc50_classes(root, all_classes)
    elif all_classes:
        raise ValueError(f"--all-classes needs the ESC-50 repository; {root} is not one")
    else:
        by_class = _class_folders(root, skipped, out)
    _check_classes(root, by_class)
    files = [(name, path) for name, paths in by_class.items() for path in paths]
    return Dataset(
        classes=[printable(name) for name in by_class],
        names=[printable(f"{name}/{path.name}") for name, path in files],
        labels=np.repeat(np.arange(len(by_class)), [len(paths) for paths in by_class.values()]),
        sources=[str(path) for _, path in files],
        reader=read_clip,
        skipped_files=skipped,
    )


def read_clip(path: str) -> Clip:
    """Read a mono clip of 5 s at 44.1 kHz. ValueError, OSError: as mfcc.load, or truncated."""
    check_complete(path)
    signal, rate = read(path, DURATION)
    signal = resample(signal, rate, SAMPLE_RATE)
    n = round(DURATION * SAMPLE_RATE)
    flags = {"resampled": rate != SAMPLE_RATE, "cut": len(signal) > n, "padded": len(signal) < n}
    return Clip(fix_length(signal, n), **flags)


# libsndfile corrects sizes in a header that exceed the file, and reports this only in its log.
_SIZE = re.compile(r"(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)")
_UNKNOWN = 0x7FFF_F000  # bytes; larger sizes are placeholders of programs that write to a pipe
_PAGE = 65307  # bytes; the largest possible page of an Ogg file


def check_complete(path: str) -> None:
    """Raise ValueError if the header states more bytes than the file has, or an Ogg file lacks its
    last page (Pfeiffer 2003, RFC 3533, §6: byte 5 holds the flag, 26 the number of segments)."""
    with open_audio(path) as sound:
        sizes = [(int(match[1]), int(match[2])) for match in _SIZE.finditer(sound.extra_info)]
    for promised, there in sizes:
        if there < promised < _UNKNOWN:
            raise ValueError(f"{path} is truncated: {there} of {promised} bytes")
    with open(path, "rb") as file:
        if file.read(4) != b"OggS":
            return
        file.seek(max(0, file.seek(0, os.SEEK_END) - _PAGE))
        tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    is_last = len(page) >= 27 and page[5] & 4
    if not is_last or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        raise ValueError(f"{path} is truncated: its last page is missing")


def printable(name: str) -> str:
    """Make name printable on one line in any encoding: escape control characters, line breaks and
    bytes that are not UTF-8, for example as \\n."""
    escaped = {"Cc", "Cs", "Zl", "Zp"}  # categories of Unicode
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in escaped else c
        for c in name
    )


def _scene_clip(take: tuple[str, int], seed: int) -> Clip:
    return Clip(scenes.scene(*take, seed=seed))


def _by_name(folder: Path) -> list[Path]:
    """List the entries of a folder, in the same order on every platform."""
    return sorted(folder.iterdir(), key=lambda path: path.name)


def _esc50_classes(root: Path, all_classes: bool) -> dict[str, list[Path]]:
    """The files of each category in meta/esc50.csv, both in alphabetical order."""
    by_class: dict[str, list[Path]] = {}
    with open(root / "meta" / "esc50.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"filename", "category", "esc10"} <= set(rows[0]):
        raise ValueError(f"{root / 'meta' / 'esc50.csv'} is not the table of ESC-50")
    for row in sorted(rows, key=lambda row: (row["category"], row["filename"])):
        if all_classes or row["esc10"] == "True":
            by_class.setdefault(row["category"], []).append(root / "audio" / row["filename"])
    return by_class


def _class_folders(
    root: Path, skipped: dict[str, list[str]], out: Path | None
) -> dict[str, list[Path]]:
    """The recordings of each class folder; everything else goes to skipped."""
    by_class: dict[str, list[Path]] = {}
    for entry in _by_name(root):
        is_out = out is not None and out.exists() and entry.exists() and entry.samefile(out)
        if entry.is_dir() and not entry.name.startswith(".") and not is_out:
            files = [(path, _kind(path)) for path in _by_name(entry)]
            by_class[entry.name] = [path for path, kind in files if kind == "audio"]
        else:
            files = [(entry, "results" if is_out else _kind(entry))]
        for path, kind in files:
            if kind != "audio" or path.parent == root:
                name = printable(path.relative_to(root).as_posix())
                skipped.setdefault(kind, []).append(name)
    return by_class


def _kind(path: Path) -> str:
    if path.name.startswith("."):
        return "hidden"
    if path.suffix.lower() in AUDIO_SUFFIXES:
        return "audio"
    return "folder" if path.is_dir() else "not audio"


def _check_classes(root: Path, by_class: dict[str, list[Path]]) -> None:
    if not by_class:
        raise ValueError(f"{root} contains no class folders; it must contain one per class")
    for name, files in by_class.items():
        if not files:
            raise ValueError(f"the class folder {root / name} contains no recordings")
    if len(by_class) == 1:
        raise ValueError(f"{root} has one class, {next(iter(by_class))!r}; it must have two")

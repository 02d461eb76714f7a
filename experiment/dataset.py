"""The data: labelled clips, found in a folder or synthesised, and read one at a time.

Before it: scenes.py makes the embedded clips. After it: interruption.py. Chapter 13.
"""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mfcc.audio import DURATION, SAMPLE_RATE, fix_length, read, resample

from . import scenes

# What soundfile reads and people use. The suffix only decides what is tried; the content decides.
AUDIO_SUFFIXES = (
    *(".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus"),
    *(".rf64", ".snd", ".w64", ".wav"),
)


@dataclass(frozen=True)
class Clip:
    """One clip as the network sees it, (220500,) float32 at 44.1 kHz, and what was done to it."""

    signal: np.ndarray
    resampled: bool = False
    cut: bool = False
    padded: bool = False


@dataclass(frozen=True)
class Dataset:
    """Labelled clips. classes are sorted; names[i], "class/file", and labels[i] (an index into
    classes) belong to the clip that reader makes of sources[i], a path or what else it knows;
    passed_over names the files left out, by kind. Another process can take sources and reader.
    """

    classes: list[str]
    names: list[str]
    labels: np.ndarray
    sources: Sequence[Any]
    reader: Callable[[Any], Clip]
    passed_over: dict[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def read(self, i: int) -> Clip:
        """Clip i. ValueError, OSError: as reader."""
        return self.reader(self.sources[i])

    def only(self, kept: Sequence[int]) -> Dataset:
        """The same with these clips alone. ValueError: a class of which none is kept."""
        labels = self.labels[list(kept)]
        for label, name in enumerate(self.classes):
            if label not in labels:
                raise ValueError(f"no recording of the class {name!r} can be read")
        names, sources = [self.names[i] for i in kept], [self.sources[i] for i in kept]
        return replace(self, names=names, labels=labels, sources=sources)


def scan(
    folder: str | os.PathLike[str], all_classes: bool = False, out: Path | None = None
) -> Dataset:
    """The recordings in folder/<class>/: one folder a class, as in the tutorial's category/; or
    those of the ESC-50 repository as it is cloned, folder/meta/esc50.csv and folder/audio/: its ten
    classes that are ESC-10, or all fifty with all_classes.

    Hidden files and files that are not audio by their suffix are passed over and counted; so is
    whatever lies beside the class folders, and out, the folder for the results, among them. What
    has the suffix of a recording and cannot be read, a folder among them, is found in reading.
    ValueError: no such folder, no class folders, only one class, a class without recordings, a
    table that is not ESC-50's, all_classes elsewhere.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise ValueError(f"the data folder {root} {what}")
    passed_over: dict[str, list[str]] = {}
    if (root / "meta" / "esc50.csv").is_file() and (root / "audio").is_dir():
        by_class = _esc50_classes(root, all_classes)
    elif all_classes:
        raise ValueError(f"all classes of what? {root} is not the ESC-50 repository")
    else:
        by_class = _class_folders(root, passed_over, out)
    _check_classes(root, by_class)
    files = [(name, path) for name, paths in by_class.items() for path in paths]
    return Dataset(
        classes=[printable(name) for name in by_class],
        names=[printable(f"{name}/{path.name}") for name, path in files],
        labels=np.repeat(np.arange(len(by_class)), [len(paths) for paths in by_class.values()]),
        sources=[str(path) for _, path in files],
        reader=read_clip,
        passed_over=passed_over,
    )


def embedded(seed: int) -> Dataset:
    """The synthetic scenes, forty clips of each of ten classes, made when they are read: in the
    order in which scan finds them when they are written as files."""
    takes = sorted(
        ((name, take) for name in scenes.CLASSES for take in range(scenes.N_TAKES)),
        key=lambda clip: (clip[0], scenes.file_name(*clip)),
    )
    return Dataset(
        classes=list(scenes.CLASSES),
        names=[f"{name}/{scenes.file_name(name, take)}" for name, take in takes],
        labels=np.repeat(np.arange(len(scenes.CLASSES)), scenes.N_TAKES),
        sources=takes,
        reader=partial(_scene_clip, seed=seed),
    )


def printable(name: str) -> str:
    """name on one line and in any encoding: line breaks, other control characters, and bytes that
    are no UTF-8 (file names may hold all of them) as escapes such as \\n."""
    odd = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's categories
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in odd else c for c in name
    )


def read_clip(path: str | os.PathLike[str]) -> Clip:
    """A file as a clip: mono, 44.1 kHz, 5 s. ValueError, OSError: as mfcc.load."""
    signal, rate = read(path, DURATION)
    signal = resample(signal, rate, SAMPLE_RATE)
    n_samples = round(DURATION * SAMPLE_RATE)
    return Clip(
        signal=fix_length(signal, n_samples),
        resampled=rate != SAMPLE_RATE,
        cut=len(signal) > n_samples,
        padded=len(signal) < n_samples,
    )


def _scene_clip(take: tuple[str, int], seed: int) -> Clip:
    return Clip(scenes.scene(*take, seed=seed))


def _esc50_classes(root: Path, all_classes: bool) -> dict[str, list[Path]]:
    """What meta/esc50.csv says: the files of each category, both in alphabetical order."""
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
    root: Path, passed_over: dict[str, list[str]], out: Path | None
) -> dict[str, list[Path]]:
    """The recordings of each folder in root; whatever else lies there is passed over."""
    by_class: dict[str, list[Path]] = {}
    for entry in sorted(root.iterdir()):
        is_out = out is not None and os.path.realpath(entry) == os.path.realpath(out)
        if entry.is_dir() and not entry.name.startswith(".") and not is_out:
            by_class[entry.name] = _recordings(entry, passed_over)
        else:
            kind = "results" if is_out else _kind(entry)
            passed_over.setdefault(kind, []).append(printable(entry.name))
    return by_class


def _recordings(folder: Path, passed_over: dict[str, list[str]]) -> list[Path]:
    """What has the name of a recording in the folder of one class, sorted."""
    files = []
    for path in sorted(folder.iterdir()):
        kind = _kind(path)
        if kind == "audio":
            files.append(path)
        else:
            passed_over.setdefault(kind, []).append(printable(f"{folder.name}/{path.name}"))
    return files


def _kind(path: Path) -> str:
    if path.name.startswith("."):
        return "hidden"
    if path.suffix.lower() in AUDIO_SUFFIXES:
        return "audio"
    return "folder" if path.is_dir() else "not audio"


def _check_classes(root: Path, by_class: dict[str, list[Path]]) -> None:
    empty = [name for name, files in by_class.items() if not files]
    if not by_class:
        raise ValueError(
            f"{root} holds no class folders; it needs one folder of recordings a class"
        )
    if empty:
        raise ValueError(f"the class folder {root / empty[0]} holds no recordings")
    if len(by_class) == 1:
        (only,) = by_class
        raise ValueError(f"{root} holds only the class {only!r}; it needs at least two")

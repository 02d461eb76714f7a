"""Properties of experiment/folds.py: official folds, and stratified ones of whole recordings."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiment.data import embedded, scan
from experiment.folds import find_folds, find_folds_or_none, parse_name
from tests.oracles import refusal
from tests.strategies import generators


def test_official_folds_are_the_first_numbers_of_the_names() -> None:
    """The names of ESC-10, of ESC-50 and of the embedded scenes carry fold and recording."""
    names = ["dog/1-100032-A.ogg", "dog/3-7-A-0.wav", "rain/2-17-B.wav", "rain/3-17_x-C-10.wav"]
    folds = find_folds(names, np.array([0, 0, 1, 1]))
    assert folds.kind == "official" and folds.fold_of.tolist() == [1, 3, 2, 3]
    assert folds.recordings == ["100032", "7", "17", "17_x"] and folds.numbers == [1, 2, 3]
    dataset = embedded(0)
    folds = find_folds(dataset.names, dataset.labels)
    assert folds.kind == "official" and folds.n_recordings == 400
    for fold in range(1, 6):
        assert np.bincount(dataset.labels[folds.fold_of == fold]).tolist() == [8] * 10


@st.composite
def clips(draw: st.DrawFn) -> tuple[list[str], np.ndarray, int]:
    """Names of recordings cut into one to four takes, their labels, and a number of folds."""
    rng, n_takes = draw(generators()), draw(st.integers(1, 4))
    n_folds, n_classes = draw(st.integers(3, 5)), draw(st.integers(1, 4))
    names, labels = [], []
    for label in range(n_classes):
        for recording in range(n_folds + int(rng.integers(0, 8))):
            for take in "ABCD"[: rng.integers(1, n_takes + 1)]:
                names.append(f"class{label}/{label}x{recording}-{take}.wav")
                labels.append(label)
    order = rng.permutation(len(names))
    return [names[i] for i in order], np.array(labels)[order], n_folds


@given(clips(), st.integers(0, 99))
def test_folds_are_stratified_and_keep_recordings_whole(
    drawn: tuple[list[str], np.ndarray, int], seed: int
) -> None:
    """All takes of a recording are in one fold; in each class the largest and the smallest fold
    differ by at most the clips of one recording, and no fold is empty. The same seed gives the same
    folds."""
    names, labels, n_folds = drawn
    folds = find_folds(names, labels, n_folds, seed)
    assert folds.numbers == list(range(1, n_folds + 1))
    assert folds.kind == ("recordings" if folds.n_recordings < len(names) else "clips")
    pairs = set(zip(folds.recordings, folds.fold_of.tolist(), strict=True))
    assert len(pairs) == folds.n_recordings
    for label in np.unique(labels):
        sizes = np.bincount(folds.fold_of[labels == label], minlength=n_folds + 1)[1:]
        clips_of = Counter(r for r, c in zip(folds.recordings, labels, strict=True) if c == label)
        assert sizes.min() >= 1 and np.ptp(sizes) <= max(clips_of.values())
    np.testing.assert_array_equal(find_folds(names, labels, n_folds, seed).fold_of, folds.fold_of)


def test_a_requested_number_replaces_the_official_folds() -> None:
    """n_folds overrides the names, but recordings stay whole; one or two official folds are too few
    to be used. Without a take, files of one name in one class are one recording, coded twice."""
    names = [f"c{i % 2}/{i % 20 // 4 + 1}-{i // 4}-{'ABCD'[i % 4]}.wav" for i in range(40)]
    labels = np.arange(40) % 2
    assert find_folds(names, labels).kind == "official"
    folds = find_folds(names, labels, 4)
    assert folds.kind == "recordings" and folds.numbers == [1, 2, 3, 4]
    for n in (1, 2):
        few = [f"c/{i % n + 1}-{i}-A.wav" for i in range(20)]
        assert find_folds(few, np.zeros(20, int)).kind == "clips"
    plain = [f"c/sound {i}.{suffix}" for i in range(5) for suffix in ("wav", "ogg")]
    assert find_folds(plain, np.zeros(10, int)).n_recordings == 5


def test_a_class_with_too_few_recordings_is_named() -> None:
    """Five folds of a class with two recordings are refused."""
    names = [f"a/{i}-A.wav" for i in range(9)] + ["b/x-A.wav", "b/x-B.wav", "b/y-A.wav"]
    message = refusal(find_folds, names, np.array([0] * 9 + [1] * 3))
    assert message == "5 folds need 5 recordings per class; b has 2"
    names = [f"{name}/{i}-A.wav" for name in "ab" for i in range(4)]
    message = refusal(find_folds, names, np.arange(8) // 4)
    assert message == "5 folds need 5 recordings per class; a has 4; use --folds 4"


def test_numbers_that_are_not_escs_folds_are_not_official() -> None:
    """Numbers above five, dates, and a recording in two folds."""
    for name in ("c/{n}-cat{n}-A.wav", "c/2023050{k}-12{n}-A.wav", "c/{k}-{m}-{t}.wav"):
        names = [name.format(n=i + 1, k=i % 5 + 1, m=i // 4, t="ABCD"[i % 4]) for i in range(20)]
        assert find_folds(names, np.zeros(20, int)).kind != "official"


def test_a_class_that_no_training_fold_has_is_refused() -> None:
    """A class with all its recordings in one official fold; other folds are found for it."""
    names = [f"cat/1-{i}-A.wav" for i in range(5)]
    names += [f"dog/{i % 3 + 1}-{i}-A.wav" for i in range(5, 11)]
    labels = np.array([0] * 5 + [1] * 6)
    assert "cat has clips in one official fold only" in refusal(find_folds, names, labels)
    folds = find_folds_or_none(names, labels)
    assert folds is not None and set(folds.fold_of[labels == 0]) == {1, 2, 3, 4, 5}


def test_recording_numbers_are_shared_between_classes_in_esc_names_only() -> None:
    """ESC numbers the recordings of one archive: 1-7-A in two classes is one recording. 7-A in two
    folders is two recordings."""
    labels = np.arange(20) // 10
    esc = [f"{'ab'[k // 10]}/1-{k % 10}-{'AB'[k // 10]}.wav" for k in range(20)]
    others = [f"{'ab'[k // 10]}/{k % 10}-{'AB'[k // 10]}.wav" for k in range(20)]
    shared, separate = find_folds(esc, labels), find_folds(others, labels)
    assert (shared.kind, shared.n_recordings) == ("recordings", 10)
    np.testing.assert_array_equal(shared.fold_of[:10], shared.fold_of[10:])
    assert (separate.kind, separate.n_recordings) == ("clips", 20)


def test_slices_of_one_urbansound8k_recording_are_kept_together() -> None:
    """fsID-class-occurrence-slice: 100032-3-0-0 and 100032-3-0-1 are one recording, in any class;
    a date is none."""
    names = [f"{'ab'[i % 2]}/{100032 + i // 4}-{i % 2}-{i % 4 // 2}-{i}.wav" for i in range(40)]
    folds = find_folds(names, np.arange(40) % 2)
    assert folds.kind == "recordings" and folds.n_recordings == 10
    assert len({(name[2:8], fold) for name, fold in zip(names, folds.fold_of, strict=True)}) == 10
    assert parse_name("a/2023-05-01-3.wav") == (None, "a/2023-05-01-3")


@pytest.mark.parametrize(("least", "expected"), [(7, 5), (5, 5), (4, 4), (3, 3), (2, 2), (1, 0)])
def test_scarce_recordings_reduce_the_number_of_folds(least: int, expected: int) -> None:
    """find_folds_or_none uses the official folds if there are any; else five folds, or as many as
    the scarcest class has recordings; None if that is one."""
    names = [f"a/{k}.wav" for k in range(9)]
    names += [f"b/{k}-{take}.wav" for k in range(least) for take in "AB"]
    folds = find_folds_or_none(names, np.array([0] * 9 + [1] * 2 * least))
    assert (0 if folds is None else len(folds.numbers)) == expected
    names = [f"{'ab'[k % 2]}/{k // 2 + 1}-{k}-A.wav" for k in range(6)]
    folds = find_folds_or_none(names, np.arange(6) % 2)
    assert folds is not None and folds.fold_of.tolist() == [1, 1, 2, 2, 3, 3]


@pytest.mark.recordings
def test_no_recording_of_esc10_crosses_a_fold(recordings: Path) -> None:
    """The published fact: 400 clips of 304 recordings, none in two official folds."""
    dataset = scan(recordings)
    folds = find_folds(dataset.names, dataset.labels)
    assert folds.kind == "official" and folds.n_recordings == 304 and len(dataset) == 400
    assert len(set(zip(folds.recordings, folds.fold_of.tolist(), strict=True))) == 304

"""The folds: official where the names carry them, else stratified and never through a recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import generators

from experiment.dataset import embedded
from experiment.folds import find_folds, folds_at_hand


def test_official_folds_are_the_first_numbers_of_the_names() -> None:
    """ESC-10's and ESC-50's names carry fold and recording; the embedded scenes carry them too."""
    names = ["dog/1-100032-A.ogg", "dog/3-7-A-0.wav", "rain/2-17-B.wav", "rain/3-17_x-C-10.wav"]
    folds = find_folds(names, np.array([0, 0, 1, 1]))
    assert folds.kind == "official" and folds.of.tolist() == [1, 3, 2, 3]
    assert folds.recordings == ["100032", "7", "17", "17_x"] and folds.numbers == [1, 2, 3]
    dataset = embedded(0)
    folds = find_folds(dataset.names, dataset.labels)
    assert folds.kind == "official" and folds.n_recordings == 400
    for fold in range(1, 6):
        assert np.bincount(dataset.labels[folds.of == fold]).tolist() == [8] * 10


@st.composite
def clips(draw: st.DrawFn) -> tuple[list[str], np.ndarray, int]:
    """Names of recordings cut into one to four takes, their labels, and a number of folds."""
    rng = draw(generators())
    n_folds, n_classes = draw(st.integers(3, 5)), draw(st.integers(1, 4))
    names, labels = [], []
    for label in range(n_classes):
        for recording in range(n_folds + int(rng.integers(0, 8))):
            for take in "ABCD"[: rng.integers(1, 5)]:
                names.append(f"class{label}/{label}x{recording}-{take}.wav")
                labels.append(label)
    order = rng.permutation(len(names))
    return [names[i] for i in order], np.array(labels)[order], n_folds


@given(clips(), st.integers(0, 99))
def test_no_recording_is_divided_and_every_fold_has_its_share(
    drawn: tuple[list[str], np.ndarray, int], seed: int
) -> None:
    """All takes of a recording lie in one fold; in each class the largest fold and the smallest
    differ by no more than the clips of one recording, four; each fold has clips of each class."""
    names, labels, n_folds = drawn
    folds = find_folds(names, labels, n_folds, seed)
    assert folds.numbers == list(range(1, n_folds + 1))
    assert folds.kind == ("recordings" if folds.n_recordings < len(names) else "clips")
    for recording in set(folds.recordings):
        same = [i for i, other in enumerate(folds.recordings) if other == recording]
        assert len(set(folds.of[same].tolist())) == 1
    for label in np.unique(labels):
        sizes = np.bincount(folds.of[labels == label], minlength=n_folds + 1)[1:]
        assert sizes.min() >= 1 and sizes.max() - sizes.min() <= 4
    again = find_folds(names, labels, n_folds, seed)
    np.testing.assert_array_equal(folds.of, again.of)


def test_names_that_tell_nothing_give_plain_stratified_folds() -> None:
    """Every clip is a recording of its own: the folds of a class differ by one clip at most."""
    names = [f"{'ab'[i % 2]}/sound {i}.wav" for i in range(23)]
    labels = np.arange(23) % 2
    folds = find_folds(names, labels)
    assert folds.kind == "clips" and folds.numbers == [1, 2, 3, 4, 5]
    for label in (0, 1):
        sizes = np.bincount(folds.of[labels == label])[1:]
        assert sizes.max() - sizes.min() <= 1


def test_asked_for_folds_are_of_our_own() -> None:
    """--folds K passes the official folds over, but still keeps recordings together; so do names
    that all carry the same fold, or one of two: there is nothing to choose by."""
    names = [f"c{i % 2}/{i % 5 + 1}-{i // 4}-{'ABCD'[i % 4]}.wav" for i in range(40)]
    labels = np.arange(40) % 2
    assert find_folds(names, labels).kind == "official"
    own = find_folds(names, labels, 4)
    assert own.kind == "recordings" and own.numbers == [1, 2, 3, 4]
    for folds in (1, 2):
        few = [f"c/{i % folds + 1}-{i}-A.wav" for i in range(20)]
        assert find_folds(few, np.zeros(20, int)).kind == "clips"


def test_too_many_folds_are_refused_by_the_class_that_lacks_recordings() -> None:
    """Five folds of a class of two recordings: a sentence with its name."""
    names = [f"a/{i}-A.wav" for i in range(9)] + ["b/x-A.wav", "b/x-B.wav", "b/y-A.wav"]
    labels = np.array([0] * 9 + [1] * 3)
    with pytest.raises(ValueError, match="5 folds need as many recordings a class; b has 2"):
        find_folds(names, labels)


def test_a_number_of_the_archive_is_a_recording_of_all_classes_and_another_of_its_own() -> None:
    """ESC's names number the recordings of one archive: 1-7-A in two classes is one recording, and
    lies in one fold. 7-A in two folders is whatever their owner numbered from one: two."""
    labels = np.arange(20) // 10
    archive = [f"{'ab'[k // 10]}/1-{k % 10}-{'AB'[k // 10]}.wav" for k in range(20)]
    own = [f"{'ab'[k // 10]}/{k % 10}-{'AB'[k // 10]}.wav" for k in range(20)]
    shared, apart = find_folds(archive, labels), find_folds(own, labels)
    assert (shared.kind, shared.n_recordings) == ("recordings", 10)
    np.testing.assert_array_equal(shared.of[:10], shared.of[10:])
    assert (apart.kind, apart.n_recordings) == ("clips", 20)


@pytest.mark.parametrize(("least", "expected"), [(7, 5), (5, 5), (4, 4), (3, 3), (2, 2), (1, None)])
def test_fewer_recordings_give_fewer_folds_to_choose_by(least: int, expected: int | None) -> None:
    """Five folds of our own, or as many as the scarcest class has recordings; none of one alone."""
    names = [f"a/{k}.wav" for k in range(9)] + [
        f"b/{k}-{t}.wav" for k in range(least) for t in "AB"
    ]
    labels = np.array([0] * 9 + [1] * 2 * least)
    folds = folds_at_hand(names, labels)
    assert (None if folds is None else len(folds.numbers)) == expected


def test_official_folds_are_the_folds_at_hand() -> None:
    """However few recordings a class has: the folds are those of the names."""
    names = [f"{'ab'[k % 2]}/{k // 2 + 1}-{k}-A.wav" for k in range(6)]
    folds = folds_at_hand(names, np.arange(6) % 2)
    assert (
        folds is not None and folds.kind == "official" and folds.of.tolist() == [1, 1, 2, 2, 3, 3]
    )


@pytest.mark.recordings
def test_no_recording_of_esc10_crosses_a_fold(recordings: object) -> None:
    """The published fact: 400 clips of 304 recordings, none in two official folds."""
    from experiment.dataset import scan

    dataset = scan(str(recordings))
    folds = find_folds(dataset.names, dataset.labels)
    assert folds.kind == "official" and folds.n_recordings == 304 and len(dataset) == 400
    assert len(set(zip(folds.recordings, folds.of.tolist(), strict=True))) == 304

"""The data: what a folder holds, in which order, and how a clip is made of a file."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from tests import sounds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiment import scenes
from experiment.dataset import AUDIO_SUFFIXES, embedded, printable, read_clip, scan
from experiment.folds import find_folds

N_SAMPLES = 220500


def test_classes_are_the_sorted_folder_names_and_labels_their_index(tmp_path: Path) -> None:
    """classes are the folder names, sorted; labels[i] is the class that names[i] stands under."""
    dataset = scan(sounds.category(tmp_path))
    assert dataset.classes == ["high", "hiss", "low"]
    assert len(dataset) == len(dataset.labels) == 12
    folders = [name.split("/")[0] for name in dataset.names]
    assert folders == [dataset.classes[label] for label in dataset.labels]
    assert dataset.names == sorted(dataset.names)
    assert not dataset.passed_over


def test_each_name_reads_its_own_file(tmp_path: Path) -> None:
    """read(i) gives the recording that names[i] names."""
    folder = sounds.category(tmp_path)
    dataset = scan(folder)
    for i, name in enumerate(dataset.names):
        np.testing.assert_array_equal(dataset.read(i).signal, read_clip(folder / name).signal)


def test_what_is_no_recording_is_passed_over_and_counted(tmp_path: Path) -> None:
    """Hidden files, files that are not audio and folders inside a class are named, not read; what
    has the suffix of a recording is a recording, for better or worse."""
    folder = sounds.category(tmp_path)
    for name in (".hidden", "low/.hidden.wav", ".git/x.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    for name in ("README.txt", "low/notes.md", "low/no_suffix"):
        (folder / name).write_text("")
    (folder / "low" / "deeper").mkdir()
    (folder / "low" / "album.wav").mkdir()
    dataset = scan(folder)
    assert {kind: sorted(names) for kind, names in dataset.passed_over.items()} == {
        "hidden": [".git", ".hidden", "low/.hidden.wav"],
        "not audio": ["README.txt", "low/no_suffix", "low/notes.md"],
        "folder": ["low/deeper"],
    }
    assert len(dataset) == 13
    with pytest.raises(IsADirectoryError):
        dataset.read(dataset.names.index("low/album.wav"))


def test_a_link_to_itself_is_passed_over(tmp_path: Path) -> None:
    """Beside the class folders it is counted as what it is: no audio. A link to the folder for the
    results is that folder."""
    folder = sounds.category(tmp_path)
    (folder / "loop").symlink_to("loop")
    (folder / "results").symlink_to(tmp_path / "out", target_is_directory=True)
    (tmp_path / "out").mkdir()
    dataset = scan(folder, out=tmp_path / "out")
    assert dataset.passed_over == {"not audio": ["loop"], "results": ["results"]}
    assert dataset.classes == ["high", "hiss", "low"]


def test_names_are_on_one_line_and_in_any_encoding() -> None:
    """Line breaks and bytes that are no UTF-8 become escapes; all that is readable stays."""
    assert printable("a\nb\rc\x1b\u2028\udcff") == "a\\nb\\rc\\x1b\\u2028\\udcff"
    kept = "소리 'of' \"rain\", 雨 🌧️ 👩‍👩‍👧.wav"
    assert printable(kept) == kept


def test_a_dataset_can_go_to_another_process(tmp_path: Path) -> None:
    """Scanned or embedded, it survives pickle, and reads the same clips there."""
    for dataset in (scan(sounds.category(tmp_path)), embedded(1)):
        twin = pickle.loads(pickle.dumps(dataset))
        np.testing.assert_array_equal(twin.read(5).signal, dataset.read(5).signal)


def test_a_dataset_of_some_clips(tmp_path: Path) -> None:
    """only(kept) has those clips with their labels and reads them; a class must not go."""
    dataset = scan(sounds.category(tmp_path))
    some = dataset.only([1, 5, 6, 11])
    assert some.names == [dataset.names[i] for i in (1, 5, 6, 11)]
    assert some.labels.tolist() == [0, 1, 1, 2]
    np.testing.assert_array_equal(some.read(3).signal, dataset.read(11).signal)
    with pytest.raises(ValueError, match="no recording of the class 'hiss' can be read"):
        dataset.only([0, 8])


@pytest.mark.parametrize("suffix", AUDIO_SUFFIXES)
def test_suffixes_are_recognised_in_either_case(suffix: str, tmp_path: Path) -> None:
    """x.wav, x.WAV and x.Wav are all recordings."""
    for i, spelling in enumerate((suffix, suffix.upper(), suffix.title())):
        for name in ("a", "b"):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{i}{spelling}").write_bytes(b"")
    assert len(scan(tmp_path)) == 6


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff"])
def test_formats_that_soundfile_reads_are_read(suffix: str, tmp_path: Path) -> None:
    """WAV, FLAC, Ogg, MP3 and AIFF give the same clip up to their coding."""
    signal = sounds.tone(440, seconds=5)
    path = sounds.write(tmp_path / f"clip{suffix}", signal)
    clip = read_clip(path)
    assert clip.signal.dtype == np.float32 and clip.signal.shape == (N_SAMPLES,)
    # MP3 may shift the signal by its coder's delay: compare levels in 0.1 s steps, 5 % of the peak
    read, written = (np.abs(x.reshape(50, 4410)).max(axis=1) for x in (clip.signal, signal))
    np.testing.assert_allclose(read, written, atol=0.025 if suffix != ".mp3" else 0.1)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate=st.sampled_from([8000, 16000, 22050, 44100, 48000, 96000]),
    seconds=st.floats(0.01, 6.0),
    channels=st.integers(1, 4),
)
def test_a_clip_is_mono_and_five_seconds(
    rate: int, seconds: float, channels: int, tmp_path: Path
) -> None:
    """Every file becomes 220500 samples; resampled, cut and padded say what was done."""
    signal = np.repeat(sounds.tone(300, seconds, rate)[:, None], channels, axis=1)
    clip = read_clip(sounds.write(tmp_path / "clip.wav", signal, rate))
    assert clip.signal.shape == (N_SAMPLES,)
    n_resampled = -(-len(signal) * 44100 // rate)  # rounded up, as resample_poly does
    assert clip.resampled == (rate != 44100)
    assert clip.cut == (n_resampled > N_SAMPLES)
    assert clip.padded == (n_resampled < N_SAMPLES)
    assert not clip.signal[min(n_resampled, N_SAMPLES) :].any()


def test_the_embedded_dataset_is_the_scenes_as_files(tmp_path: Path) -> None:
    """embedded(seed) is what scan finds where write_scenes has written, clip for clip."""
    dataset = embedded(3)
    scenes.write_scenes(tmp_path, seed=3, n_takes=2)
    written = scan(tmp_path)
    assert dataset.classes == written.classes == sorted(scenes.CLASSES)
    np.testing.assert_array_equal(np.bincount(dataset.labels), [40] * 10)
    assert dataset.names == sorted(dataset.names) and set(written.names) <= set(dataset.names)
    for i, name in enumerate(written.names):
        twin = dataset.names.index(name)
        assert dataset.labels[twin] == written.labels[i]
        np.testing.assert_array_equal(dataset.read(twin).signal, written.read(i).signal)


def test_bad_folders_are_refused_by_name(tmp_path: Path) -> None:
    """A missing folder, a file, no classes, one class, an empty class: a sentence that names it."""
    folder = sounds.category(tmp_path)
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "x.wav").write_text("")
    (tmp_path / "single" / "only").mkdir(parents=True)
    (tmp_path / "single" / "only" / "x.wav").write_text("")
    for path, sentence in (
        (tmp_path / "nowhere", "nowhere does not exist"),
        (folder / "low" / "1-0-B.wav", "1-0-B.wav is not a folder"),
        (tmp_path / "bare", "bare holds no class folders"),
        (tmp_path / "single", "single holds only the class 'only'"),
    ):
        with pytest.raises(ValueError, match=sentence):
            scan(path)
    (folder / "vacant").mkdir()
    with pytest.raises(ValueError, match="vacant holds no recordings"):
        scan(folder)


def esc50(root: Path) -> Path:
    """root/ESC-50 as the repository is cloned: audio/, meta/esc50.csv, and what lies beside."""
    folder = root / "ESC-50"
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for target, (name, in_esc10) in enumerate((("wind", False), ("rain", True), ("dog", True))):
        for take in range(3):
            file = f"{take + 1}-{target}00{take}-A-{target}.wav"
            sounds.write(folder / "audio" / file, sounds.hiss(take))
            lines.append(f"{file},{take + 1},{target},{name},{in_esc10},{target}00{take},A")
    (folder / "meta").mkdir()
    (folder / "meta" / "esc50.csv").write_text("\n".join(lines) + "\n")
    (folder / "README.md").write_text("")
    (folder / "tests").mkdir()
    return folder


def test_the_esc50_repository_is_taken_as_it_is_cloned(tmp_path: Path) -> None:
    """Its ESC-10 classes by default, sorted, all of them with all_classes; the names carry the
    folds; each name reads its own file."""
    folder = esc50(tmp_path)
    dataset = scan(folder)
    assert dataset.classes == ["dog", "rain"] and len(dataset) == 6
    assert dataset.names[0] == "dog/1-2000-A-2.wav" and dataset.labels.tolist() == [0] * 3 + [1] * 3
    expected = read_clip(folder / "audio" / "3-1002-A-1.wav").signal
    np.testing.assert_array_equal(dataset.read(5).signal, expected)
    everything = scan(folder, all_classes=True)
    assert everything.classes == ["dog", "rain", "wind"] and len(everything) == 9
    assert find_folds(everything.names, everything.labels).of.tolist() == [1, 2, 3] * 3


def test_all_classes_belongs_to_esc50(tmp_path: Path) -> None:
    """--all-classes of another folder, and a table that is not ESC-50's: a sentence that names
    the file; a file that the table names and the folder lacks: an OSError when it is read."""
    with pytest.raises(ValueError, match="category is not the ESC-50 repository"):
        scan(sounds.category(tmp_path), all_classes=True)
    folder = esc50(tmp_path)
    (folder / "audio" / "1-2000-A-2.wav").unlink()
    with pytest.raises(OSError):
        scan(folder).read(0)
    for text in ("", "a,b\n1,2\n", "filename,category,esc10\n"):
        (folder / "meta" / "esc50.csv").write_text(text)
        with pytest.raises(ValueError, match=r"esc50\.csv is not the table of ESC-50"):
            scan(folder)

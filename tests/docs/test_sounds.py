"""The sounds of the book: fresh, linked, and physically what the chapters say of them."""

import re
from typing import Any

import numpy as np
import soundfile

from docs import navigation
from docs.sounds import FOLDER, FORMANTS, LOW, N_MELS, PEAK, RATE, STEP, TONES, H, L, same, sounds
from experiment.scenes import CLASSES
from mfcc import frame, hann, hz_to_mel, mfcc, power_spectrum

BIAS, SPREAD = 2.51, 5.57  # dB: mean and standard deviation of 10 lg of an exponential variable


def sound(name: str) -> np.ndarray:
    """The samples of a file, (n,)."""
    return soundfile.read(FOLDER / f"{name}.flac")[0]


def spectrogram(name: str, n_fft: int) -> np.ndarray:
    """The power of each frame under a Hann window, (n_frames, n_fft//2 + 1)."""
    return power_spectrum(frame(sound(name), n_fft, n_fft // 2) * hann(n_fft))


def test_the_files_are_what_the_code_computes() -> None:
    """The same samples but for rounding: 1 to 5 s, silent at the ends, a peak of at most PEAK."""
    files = {path.stem: path for path in FOLDER.glob("*")}
    assert sum(path.stat().st_size for path in files.values()) < 2e6
    for name, rate, samples in sounds():
        path = files.pop(name, FOLDER / name)
        assert same(path, rate, samples), f"{name} differs: run python -m docs sounds"
        stored = sound(name)
        assert stored[0] == stored[-1] == 0 and 1 <= stored.size / rate <= 5, name
        assert 0.15 < np.abs(stored).max() <= PEAK, name
    assert not files, f"delete these: {files}"


def test_every_sound_is_linked_and_every_link_has_its_sound() -> None:
    """The pages link all files of docs/sounds/ and no others, each with a description."""
    text = "\n".join(page.read_text("utf-8") for page in navigation.FOLDER.glob("*.md"))
    linked = re.findall(r"\[([^\]]{3,})\]\(sounds/([^)]*)\)", text)
    unlinked = {name for _, name in linked} ^ {path.name for path in FOLDER.glob("*")}
    assert not unlinked, f"link each in a chapter, or delete it: {unlinked}"
    assert len(linked) == text.count("(sounds/"), "describe each link in three letters or more"


def test_the_sweep_folds() -> None:
    """Every fourth sample: the peak follows (1.3). Filtered: no alias from the stop band.

    It is 54 dB down from 7/6 of half the rate on (A.1); a frame sweeps over 2 % of that.
    """
    folded, filtered = (spectrogram(f"sweep_{name}", 256) for name in ("folded", "filtered"))
    f = (np.arange(len(folded)) + 1) * 128 / 3  # Hz in mid-frame: LOW/3 a second
    alias = np.abs(f - LOW * np.round(f / LOW))
    assert np.abs(folded.argmax(axis=1) * LOW / 256 - alias).max() <= 1.5 * LOW / 256
    assert filtered[f > 1.2 * LOW / 2].max() < 10**-5.4 * filtered.max()


def test_dither_turns_harmonics_into_noise() -> None:
    """Without dither odd harmonics are 20 dB above the noise, with it they are within the noise.

    The power of noise is exponential: its median is ln 2, and e⁻¹² of it is above twelve means.
    """
    for name, harmonics in (("four_bits", True), ("four_bits_dithered", False)):
        power = np.abs(np.fft.rfft(sound(name)[: 2 * RATE] * hann(2 * RATE))) ** 2  # bins of 1/2 Hz
        odd = power[880 * np.arange(3, 13, 2)] / (np.median(power[1000:]) / np.log(2))
        assert (odd.min() > 100) if harmonics else (odd.max() < 12)


def test_dither_keeps_what_is_below_half_a_step() -> None:
    """The end of the tone, below half a step, is silence without dither, a tone with it."""
    plain, dithered = (
        sound(name)[int(2.4 * RATE) :] for name in ("four_bits", "four_bits_dithered")
    )
    assert not plain.any() and set(np.unique(dithered[: RATE // 2] / STEP)) <= {-1, 0, 1, -2, 2}
    power = np.abs(np.fft.rfft(dithered[: RATE // 2])) ** 2  # bins of 2 Hz
    assert power.argmax() == 220


def test_the_window_removes_the_edges() -> None:
    """50 bins from the tone a cut frame is 50² times as high as one under Hann: 40 dB and more."""
    cut, faded = (np.abs(np.fft.rfft(sound(f"frames_{name}"))) ** 2 for name in ("cut", "hann"))
    far = slice(2 * (445 + 50 * 50), None)  # bins of 1/2 Hz; those of a frame are 50 Hz
    assert cut[far].sum() / cut.sum() > 1e4 * faded[far].sum() / faded.sum()


def test_the_tones_return_as_bands() -> None:
    """The noise made of each tone's mel powers lies at the tone, two bands of the scale wide."""
    thirds = sound("tones_mel").reshape(len(TONES), -1)
    width = hz_to_mel(RATE / 2) / (N_MELS + 1)  # from one peak to the next, mel
    for hertz, third in zip(TONES, thirds, strict=True):
        power = np.abs(np.fft.rfft(third * hann(third.size))) ** 2
        mel = hz_to_mel(np.fft.rfftfreq(third.size, 1 / RATE))
        centre = np.average(mel, weights=power)
        assert abs(centre - hz_to_mel(hertz)) < width
        assert 0.1 * width < np.sqrt(np.average((mel - centre) ** 2, weights=power)) < 2 * width


def test_the_vowels_have_their_formants() -> None:
    """At each formant the power over the source's is 10 dB above that between two formants."""
    f = np.fft.rfftfreq(L, 1 / RATE)
    source = spectrogram("voice_source", L).mean(axis=0)
    for name, formants in FORMANTS.items():
        gain = spectrogram(f"vowel_{name}", L).mean(axis=0) / source
        at = np.interp(formants, f, gain)
        between = np.interp(np.array([formants[:-1], formants[1:]]).mean(axis=0), f, gain)
        assert np.all(np.minimum(at[:-1], at[1:]) > 10 * between), name


def test_the_noise_has_the_mfccs_of_its_clip() -> None:
    """Its log-mel shape is the clip's but for the chance of noise, and no other clip is as near.

    The power of noise in a bin is exponential: its decibels lie BIAS too low and spread by SPREAD;
    a band of several bins spreads less. c1 … c12 are the shape, ‖Δc‖/√N_MELS its RMS error in dB.
    """
    settings: dict[str, Any] = {"n_fft": L, "hop_length": H, "n_mels": N_MELS}
    clips, noises = (
        [mfcc(sound(f"{kind}_{name}"), RATE, **settings)[1:] for name in CLASSES]
        for kind in ("scene", "mfcc")
    )
    for i, noise in enumerate(noises):
        frames = np.sqrt(np.sum((noise - clips[i]) ** 2, axis=0) / N_MELS)
        means = [np.sqrt(np.sum((noise - c).mean(axis=1) ** 2) / N_MELS) for c in clips]
        assert means[i] < BIAS and np.median(frames) < SPREAD and np.argmin(means) == i, CLASSES[i]

"""Properties of experiment/scenes.py: building blocks, clips, files."""

import itertools
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiment import scenes
from experiment.scenes import CLASSES, N_TAKES, file_name, scene
from tests.experiment.test_evaluate import ESC10
from tests.oracles import assert_within, refusal
from tests.strategies import eps_of, generators

LOW_RATE = 8000  # Hz: plenty for what does not depend on the rate, and five times as fast
RATES = st.sampled_from([8000, 11025.0, 16000, 22050, 44100, 48000])
DURATIONS = st.floats(1e-4, 0.5)
NAMES = st.sampled_from(CLASSES)
TAKES = st.integers(0, 10**6)
SEEDS = st.integers(0, 2**64)


@pytest.fixture(scope="module")
def clips() -> np.ndarray:
    """Every clip of seed 0 at a low rate, (class, take, n)."""
    return np.array(
        [[scene(name, k, sample_rate=LOW_RATE) for k in range(N_TAKES)] for name in CLASSES]
    )


# Building blocks


@given(st.floats(1, 4000), st.sampled_from([8000, 44100]), st.integers(1, 2000))
def test_the_phase_of_a_constant_frequency_is_a_line(f: float, sr: float, n: int) -> None:
    """φ[k] = 2πf(k + 1)/sr."""
    line = 2 * np.pi * f * np.arange(1, n + 1) / sr
    assert_within(scenes.phase(np.full(n, f), sr), line, 2 * n * eps_of(float) * line)


@given(st.floats(0.1, 30), st.integers(1, 5))
def test_pulses_have_the_stated_mean(sharpness: float, n_periods: int) -> None:
    """The mean of exp(b (cos φ − 1)) is e^(−b) I_0(b), and it lies in (0, 1]."""
    sr = 1000.0  # periods of 200 samples, over which the mean of so smooth a function is exact
    out = scenes.pulses(np.cos(scenes.phase(np.full(200 * n_periods, 2.5), sr)), sharpness)
    assert out.min() > 0 and out.max() <= 1
    assert out.mean() == pytest.approx(np.exp(-sharpness) * np.i0(sharpness), rel=1e-6)


PARTIALS = st.tuples(
    st.floats(1, 20000),
    st.floats(1e-3, 10) | st.just(np.inf),
    st.complex_numbers(min_magnitude=0.01, max_magnitude=1),
)


@given(st.integers(1, 3000), st.lists(PARTIALS, min_size=1, max_size=5))
def test_ring_is_a_sum_of_damped_sines(
    n: int, partials: list[tuple[float, float, complex]]
) -> None:
    """ring = Σ |level| e^(−t/decay) sin(2πft + arg level), though it is a matrix product."""
    f, decay, level = np.array(partials).T
    t = np.arange(n) / 44100
    angles = 2 * np.pi * np.outer(f.real, t) + np.angle(level)[:, None]
    sines = abs(level)[:, None] * np.exp(np.outer(-1 / decay.real, t)) * np.sin(angles)
    # the exponents are rounded, and so is each product and sum
    bound = 8 * eps_of(float) * np.sum(abs(level) * ((2 * np.pi * f + 1 / decay).real * t[-1] + 2))
    out = scenes.ring(n, 44100, f.real, decay.real, level)
    one_by_one = sum(scenes.ring(n, 44100, *partial) for partial in partials)
    assert_within([out, one_by_one], [sines.sum(axis=0)] * 2, bound)


@given(generators(), st.floats(200, 2000))
def test_wander_is_noise_below_its_rate(rng: np.random.Generator, rate: float) -> None:
    """Most of the power is below rate/2, nearly all below 2·rate, and there is no zero at rate."""
    x = scenes.wander(rng, 2 * 44100, 44100, rate)
    power = np.abs(np.fft.rfft(x)) ** 2
    f = np.fft.rfftfreq(x.size, 1 / 44100)
    share = power / power.sum()
    assert 0.3 < np.mean(x**2) < 1.2
    assert share[f < rate / 2].sum() > 0.6
    assert share[f > 2 * rate].sum() < 0.03
    around = share[(f > 0.9 * rate) & (f < 1.1 * rate)].sum()
    assert around > 0.1 * share[(f > 0.7 * rate) & (f < 0.9 * rate)].sum()


@given(st.integers(2, 2000), st.floats(1e-4, 0.1), st.floats(1e-3, 1))
def test_fall_rises_from_0_and_stays_below_1(n: int, attack: float, decay: float) -> None:
    """It begins at 0, lies in [0, 1), and has one peak, at t = attack · ln(1 + decay/attack)."""
    out = scenes.fall(n, 44100, attack, decay)
    assert out[0] == 0 and out.min() >= 0 and out.max() < 1
    peak = attack * np.log1p(decay / attack) * 44100  # samples
    assert abs(np.argmax(out) - min(peak, n - 1)) <= 1


@given(generators(), st.integers(1, 50000), st.floats(0.2, 20), st.floats(0, 1))
def test_onsets_keep_their_pace(
    rng: np.random.Generator, n: int, pace: float, jitter: float
) -> None:
    """Event k begins in period k; after a common delay each is late by `jitter` periods at most."""
    period = LOW_RATE / pace
    times = scenes.onsets(rng, n, LOW_RATE, pace, jitter)
    k = np.arange(times.size)
    assert times.size == np.ceil(n / period)
    assert np.all((times >= np.floor(k * period)) & (times <= (k + 1) * period))
    assert np.ptp(times - k * period) <= jitter * period + 1


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 60))
def test_place_adds_the_event_where_it_overlaps(n: int, m: int, onset: int) -> None:
    """clip[k] += event[k - onset] if 0 <= k - onset < m."""
    clip, event = np.arange(n, dtype=float), np.arange(1, m + 1, dtype=float)
    expected = [k + (event[k - onset] if 0 <= k - onset < m else 0) for k in range(n)]
    scenes.place(clip, event, onset)
    np.testing.assert_array_equal(clip, expected)


@given(generators(), st.integers(1, 20000))
def test_the_recorder_starts_and_stops_once(rng: np.random.Generator, n: int) -> None:
    """The window lies in [0, 1], rises once and falls once, by at most 1 in 10 ms."""
    window = scenes.recorder(rng, n, LOW_RATE)
    assert window.shape == (n,) and window.min() >= 0 and window.max() <= 1
    steps = np.diff(window)
    assert np.all(np.abs(steps) <= 1 / (0.01 * LOW_RATE) + 1e-12)
    directions = np.sign(steps[np.abs(steps) > 1e-12])
    assert np.count_nonzero(np.diff(directions)) <= 1 and np.all(np.diff(directions) <= 0)


# Clips


def test_the_class_names_are_ten_and_not_those_of_esc10() -> None:
    """Ten names, sorted, in lower snake case; another name is refused."""
    assert len(set(CLASSES)) == 10 and list(CLASSES) == sorted(CLASSES)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in CLASSES)
    assert not set(ESC10) & set(CLASSES)
    assert refusal(scene, "dog", 0) == f"name='dog' must be one of {', '.join(CLASSES)}"


@settings(max_examples=20)
@given(NAMES, NAMES, st.tuples(TAKES, TAKES), st.tuples(SEEDS, SEEDS))
def test_a_clip_is_a_function_of_seed_class_and_take(
    name: str, other: str, takes: tuple[int, int], seeds: tuple[int, int]
) -> None:
    """Clips are equal if and only if (seed, class, take) are."""
    a = scene(name, takes[0], seed=seeds[0], duration=0.2)
    others = [(name, takes[0], seeds[1]), (name, takes[1], seeds[0]), (other, takes[0], seeds[0])]
    for key in others:
        b = scene(key[0], key[1], seed=key[2], duration=0.2)
        assert np.array_equal(a, b) == (key == (name, takes[0], seeds[0]))


@settings(max_examples=60)
@given(NAMES, TAKES, SEEDS, RATES, DURATIONS)
def test_clips_have_the_requested_length_and_range(
    name: str, take: int, seed: int, sample_rate: float, duration: float
) -> None:
    """(round(duration · sample_rate),) float32, multiples of 2⁻¹⁵, peak below −1 dB, mean 0 to
    rounding."""
    clip = scene(name, take, seed=seed, sample_rate=sample_rate, duration=duration)
    assert clip.shape == (round(duration * sample_rate),) and clip.dtype == np.float32
    assert np.array_equal(clip * 2**15, np.round(clip * 2**15))
    assert np.abs(clip).max() <= 10 ** (-1 / 20) + 2**-16
    assert abs(clip.mean(dtype=float)) <= 2**-16  # each sample is rounded by at most that


def test_levels_and_silence_vary(clips: np.ndarray) -> None:
    """In each class the peaks cover at least 20 dB, 1 to 31 dB below full scale. The ends are below
    2 % of the peak, so that they do not click; 5 to 25 % of the clips have 0.1 s of zeros there."""
    peaks = np.abs(clips).max(-1)
    level = 20 * np.log10(peaks)
    assert np.all(np.ptp(level, axis=1) >= 20) and level.max() <= -0.99 and level.min() >= -31.01
    assert np.all(np.abs(clips[..., [0, -1]]).max(-1) <= 0.02 * peaks + 2**-16)
    tenth = LOW_RATE // 10
    sounds = np.any(clips[..., :tenth], axis=-1) & np.any(clips[..., -tenth:], axis=-1)
    assert 0.05 <= np.mean(~sounds) <= 0.25


def test_no_two_takes_of_a_class_are_alike(clips: np.ndarray) -> None:
    """The correlation of two takes is below 0.9; of the first eight, at every shift."""
    unit = clips / np.linalg.norm(clips, axis=-1, keepdims=True)
    for takes in unit:
        correlation = np.abs(np.einsum("in, jn -> ij", takes, takes))  # no BLAS, no threads
        assert np.all(correlation[~np.eye(N_TAKES, dtype=bool)] < 0.9)
        spectra = np.fft.rfft(takes[:8], 2 * takes.shape[-1])
        for i, j in itertools.combinations(range(8), 2):
            assert np.abs(np.fft.irfft(spectra[i] * spectra[j].conj())).max() < 0.9


def test_the_spectra_of_the_classes_stay_the_same(clips: np.ndarray) -> None:
    """The levels of eight bands of 500 Hz, dB below the clip's, mean of the takes: a partial, an
    envelope or a draw that changes moves one by more than 0.01 dB."""
    power = np.abs(np.fft.rfft(clips.astype(float)))[..., 1:] ** 2
    bands = power.reshape(*clips.shape[:2], 8, -1).sum(-1)
    levels = 10 * np.log10(bands / bands.sum(-1, keepdims=True)).mean(1)
    frozen = [
        [-9.16, -6.62, -7.06, -8.22, -10.64, -11.37, -11.93, -12.26],
        [-10.78, -6.83, -11.85, -19.11, -23.25, -29.25, -31.85, -32.92],
        [-31.85, -43.60, -51.70, -41.47, -34.72, -39.42, -38.65, -39.80],
        [-10.92, -11.03, -10.43, -10.12, -8.24, -7.97, -8.77, -9.01],
        [-31.05, -35.95, -33.46, -24.01, -18.25, -17.83, -19.41, -16.12],
        [-16.91, -11.53, -19.72, -24.86, -26.06, -27.90, -28.85, -29.15],
        [-1.21, -14.04, -14.33, -14.75, -15.28, -15.89, -16.37, -16.75],
        [-3.71, -10.72, -11.09, -11.68, -12.39, -13.25, -14.04, -14.53],
        [-17.29, -5.27, -7.64, -9.78, -13.48, -15.72, -19.65, -20.51],
        [-3.52, -5.47, -10.34, -15.46, -19.97, -23.11, -25.30, -26.50],
    ]  # fmt: skip
    assert_within(levels, frozen, 0.01)


# Files


def test_file_names_contain_fold_recording_and_take() -> None:
    """<class>/<fold>-<recording>-A.wav; every class is spread evenly over folds 1 to 5, and no two
    clips have the same recording number."""
    names = [file_name(name, take) for name in CLASSES for take in range(N_TAKES)]
    matches = [re.fullmatch(r"([a-z_]+/[1-5])-(\d+)-A\.wav", name) for name in names]
    folds = Counter(match[1] for match in matches if match)
    assert folds == {f"{name}/{fold}": N_TAKES // 5 for name in CLASSES for fold in range(1, 6)}
    assert len({match[2] for match in matches if match}) == len(names)

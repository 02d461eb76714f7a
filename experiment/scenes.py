"""Ten synthesized everyday sounds: training data for runs without recordings.

A clip consists of oscillators, noise and envelopes. It depends only on (seed, class, take). Each
take draws its own pitch, pace, material, onsets, level, silence and background, and the ranges of
the classes overlap (slow steps fall like drops, a bell rings at the pitch of a siren), so that no
single number separates the classes. Symbols:

    rng   the random generator            t   time, s
    n     length, samples                 f   frequency, Hz: a number, or one per sample (n,)
    sr    sample rate, Hz                 m   length of one event within the clip, samples

The sounds reach up to 12 kHz: at sample rates under 24 kHz the highest partials alias.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from mfcc.audio import DURATION, SAMPLE_RATE
from mininet.storage import write_atomically

N_TAKES = 40
N_FOLDS = 5  # as in ESC-10, whose file naming is used
TINY = 1e-10  # replaces 0 in denominators
LN10 = np.log(10)  # 10^x = e^(x LN10), three times as fast
# Partials of a church bell as ratios to its prime: hum, prime, tierce, quint, nominal, four above.
# Source: Fletcher and Rossing (1998), The Physics of Musical Instruments, §21.
BELL_PARTIALS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0])

# Building blocks


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """A number between low and high, uniform in its logarithm."""
    return low * (high / low) ** rng.random()


def phase(f: np.ndarray, sr: float) -> np.ndarray:
    """φ(t) = 2π ∫ f dt, (n,) Hz -> (n,) radians: a sum, so that f can glide without clicks."""
    return 2 * np.pi / sr * np.cumsum(f)


def pulses(half: np.ndarray, sharpness: float) -> np.ndarray:
    """exp(b (cos φ − 1)), (n,) in (0, 1], b = sharpness, half = cos φ/2: one pulse per turn of φ.
    Harmonic k is proportional to the Bessel function I_k(b). Source: Abramowitz and Stegun (1964),
    9.6.34."""
    return np.exp(2 * sharpness * (half**2 - 1))


def wander(rng: Generator, n: int, sr: float, rate: float) -> np.ndarray:
    """Noise up to about rate/2 Hz, (n,): normal heights, `rate` per second, joined by lines.

    At a few Hz it modulates a pitch or a level; above some hundred Hz it is audible. The heights
    have random times: at equal spacing the spectrum would be zero at each multiple of `rate`.
    """
    heights = rng.standard_normal(int(n * rate / sr) + 3)
    moments = (rng.random(heights.size) + np.arange(-1.0, heights.size - 1)) * (sr / rate)
    counts = np.diff(np.ceil(moments).clip(0, n).astype(int))  # samples on each line
    slopes = np.diff(heights) / np.diff(moments)
    lines = np.stack([heights[:-1] - slopes * moments[:-1], slopes], axis=1)
    start, slope = np.repeat(lines, counts, axis=0).T  # of the line at each sample
    noise = np.arange(n, dtype=float)
    noise *= slope
    noise += start
    return noise


def ring(n: int, sr: float, f: Any, decay: Any, level: Any = 1.0) -> np.ndarray:
    """Σ level · e^(−t/decay) sin 2πft, (n,): a struck object whose partials ring for `decay` s.

    f, decay, level: numbers, or one per partial; a complex level has the phase at t = 0 as angle.
    Sample i·w + j, w = ⌈√n⌉, is Im Σ level z^(i·w) z^j = Im Σ a b: a matrix product, of the pairs
    (Re a, Im a) and (Im b, Re b), from 2w powers per partial.
    """
    log_z, j = (2j * np.pi * f - 1 / decay) / sr, np.arange(int(np.ceil(np.sqrt(n))))
    a = level * np.exp(np.outer(j * j.size, log_z))  # (w, n_partials)
    b = np.exp(np.outer(j, log_z))
    return (a.view(float) @ (1j * b.conj()).view(float).T).ravel()[:n]


def fall(n: int, sr: float, attack: float, decay: float) -> np.ndarray:
    """(1 − e^(−t/attack)) e^(−t/decay), (n,): an envelope that rises fast and falls slowly."""
    return ring(n, sr, 0, 1 / (1 / decay + np.array([0, 1 / attack])), np.array([1j, -1j]))


def onsets(rng: Generator, n: int, sr: float, pace: float, jitter: float) -> np.ndarray:
    """Samples where events begin, `pace` per second, each late by up to `jitter` of the period."""
    k = np.arange(np.ceil(n * pace / sr))
    late = (1 - jitter) * rng.random() + jitter * rng.random(k.size)
    return ((k + late) * (sr / pace)).astype(int)


def place(clip: np.ndarray, event: np.ndarray, onset: int) -> None:
    """Add the event to the clip, in place, from sample `onset` on; truncate it at the end."""
    room = clip[onset : onset + event.size]
    room += event[: room.size]


# The classes


def applause(rng: Generator, n: int, sr: float) -> np.ndarray:
    """People clapping, each with a different sound and pace, over the noise of a crowd."""
    m = int(0.04 * sr) + 1
    clip = log_uniform(rng, 0.1, 0.5) * wander(rng, n, sr, log_uniform(rng, 6000, 20000))
    fade = fall(m, sr, 0.0005, 0.006)
    for _ in range(rng.integers(4, 40)):
        hands = ring(m, sr, log_uniform(rng, 600, 2000), 0.005)
        clap = hands + rng.uniform(0.3, 1) * wander(rng, m, sr, 12000) * fade
        clap *= log_uniform(rng, 0.1, 1)  # near or far
        for onset in onsets(rng, n, sr, rng.uniform(2.5, 5.5), 0.2):
            place(clip, clap, onset)
    return clip


def bell(rng: Generator, n: int, sr: float) -> np.ndarray:
    """A bell, struck repeatedly: the higher a partial, the faster it decays."""
    f, decay = log_uniform(rng, 180, 1500), log_uniform(rng, 0.15, 2.5)
    ratios = BELL_PARTIALS * rng.normal(1, 0.01, BELL_PARTIALS.size)  # bells differ
    clip, levels = np.zeros(n), rng.uniform(0.1, 1, ratios.size)
    strike = ring(n, sr, f * ratios, decay / ratios, levels)
    for onset in onsets(rng, n, sr, log_uniform(rng, 0.3, 3), 0.1):
        place(clip, rng.uniform(0.4, 1) * strike, onset)
    return clip


def bird_song(rng: Generator, n: int, sr: float) -> np.ndarray:
    """Phrases of short gliding whistles; each bird has one to three kinds of whistle."""
    f, pace = log_uniform(rng, 1500, 3500), log_uniform(rng, 3, 14)
    phrase, sung = rng.uniform(0.6, 3), rng.uniform(0.3, 1)  # s, and the proportion with song
    whistles = []
    for _ in range(rng.integers(1, 4)):
        m = int(rng.uniform(0.3, 0.9) / pace * sr) + 1
        first, last = f * 2 ** rng.uniform(0, 0.8, 2)
        envelope = np.sin(np.pi * (np.arange(m) + 0.5) / m) ** 2
        whistles.append(envelope * np.sin(phase(np.geomspace(first, last, m), sr)))
    clip = np.zeros(n)
    for onset in onsets(rng, n, sr, pace, 0.2):
        if onset / sr % phrase <= sung * phrase:
            place(clip, rng.uniform(0.4, 1) * whistles[rng.integers(len(whistles))], onset)
    return clip


def breaking_glass(rng: Generator, n: int, sr: float) -> np.ndarray:
    """A crash early in the clip, then ringing shards at a decreasing rate."""
    clip = np.zeros(n)
    start, last = rng.uniform(0, 0.15) * n / sr, log_uniform(rng, 0.1, 0.6)  # s
    m = int(2 * sr) + 1
    crash = wander(rng, m, sr, 30000) * fall(m, sr, 0.002, log_uniform(rng, 0.05, 0.3))
    place(clip, rng.uniform(0.5, 2) * crash, int(start * sr))
    for _ in range(rng.integers(15, 60)):
        decay = log_uniform(rng, 0.01, 0.08)
        shard = ring(int(8 * decay * sr) + 1, sr, log_uniform(rng, 2000, 12000), decay)
        place(clip, rng.uniform(0.1, 0.6) * shard, int((start + rng.exponential(last)) * sr))
    return clip


def cricket(rng: Generator, n: int, sr: float) -> np.ndarray:
    """A high tone, pulsed by the wing's teeth, in chirps by its strokes, over a chorus."""
    f, teeth = log_uniform(rng, 3500, 6500), log_uniform(rng, 18, 70)
    strokes, rest = log_uniform(rng, 0.5, 6), rng.uniform(-1, 0.8)
    stroke = ring(n, sr, strokes, np.inf, np.exp(2j * np.pi * rng.random()))
    chirp = np.clip(4 * (stroke - rest), 0, 1)  # silent while the stroke is below `rest`
    song = chirp * ring(n, sr, teeth, np.inf) ** 2 * ring(n, sr, f, np.inf)
    chorus = wander(rng, n, sr, 2000) * ring(n, sr, log_uniform(rng, 4000, 6000), np.inf)
    return song + log_uniform(rng, 0.02, 0.3) * chorus


def dripping_tap(rng: Generator, n: int, sr: float) -> np.ndarray:
    """Drops: the tick of the splash, and a bubble whose tone rises while it fades.

    Source: Minnaert (1933), On musical air-bubbles and the sounds of running water.
    """
    f, decay = log_uniform(rng, 350, 2500), log_uniform(rng, 0.008, 0.08)
    rise, tick = rng.uniform(0, 0.2), rng.uniform(0, 0.6)
    m = int(8 * decay * sr) + 1
    bend = phase(f * (1 + rise * np.arange(m) / sr / decay), sr)
    fade, burst = fall(m, sr, 0.001, decay), tick * fall(m, sr, 0.0005, 0.003)
    clip = np.zeros(n)
    for onset in onsets(rng, n, sr, log_uniform(rng, 0.8, 5), rng.uniform(0, 0.4)):
        tone = np.sin(rng.uniform(0.9, 1.1) * bend)
        drop = tone * fade + rng.standard_normal(m) * burst
        place(clip, rng.uniform(0.4, 1) * drop, onset)
    return clip


def engine(rng: Generator, n: int, sr: float) -> np.ndarray:
    """Combustions, every second one weaker, modulate a roar; the pedal sets the speed."""
    pedal = rng.uniform(0.02, 0.4) * wander(rng, n, sr, rng.uniform(0.4, 2))  # octaves
    half = np.cos(phase(log_uniform(rng, 20, 100) / 2 * np.exp2(pedal), sr))
    uneven = 1 + rng.uniform(0, 0.6) * half
    roar = wander(rng, n, sr, log_uniform(rng, 6000, 20000))
    return uneven * pulses(half, log_uniform(rng, 2, 8)) * (1 + rng.uniform(0.3, 1) * roar)


def footsteps(rng: Generator, n: int, sr: float) -> np.ndarray:
    """Heel, then toe: a thump of the floor and a scrape of grit."""
    floor, hard = log_uniform(rng, 70, 250), rng.uniform(0.1, 0.8)
    cutoff, scrape = log_uniform(rng, 6000, 16000), log_uniform(rng, 0.02, 0.06)
    m = int(0.4 * sr) + 1
    clip, fade = np.zeros(n), (1 - hard) * fall(m, sr, 0.002, scrape)
    for onset in onsets(rng, n, sr, log_uniform(rng, 1.2, 3), 0.1):
        for level, late in ((1.0, 0.0), (rng.uniform(0.2, 0.7), rng.uniform(0.06, 0.14))):
            thump = ring(m, sr, floor * rng.uniform(0.9, 1.1), 0.03, hard)
            grit = wander(rng, m, sr, cutoff) * fade
            place(clip, level * (thump + grit), onset + int(late * sr))
    return clip


def siren(rng: Generator, n: int, sr: float) -> np.ndarray:
    """A horn that swings between two pitches: a smooth wail, or two tones when pressed hard."""
    low, octaves = log_uniform(rng, 300, 1000), rng.uniform(0.3, 1.3)
    pace, press = log_uniform(rng, 0.12, 4), log_uniform(rng, 0.3, 30)
    swing = ring(n, sr, pace, np.inf, np.exp(2j * np.pi * rng.random()))
    tone = 2 / (1 + np.exp(-2 * press * swing)) - 1  # tanh(press · swing), in half the time
    f = low * np.exp2(octaves / 2 * (1 + tone / np.tanh(press)))
    horn = pulses(np.cos(phase(f / 2, sr)), log_uniform(rng, 3, 20))
    near = np.exp(LN10 * rng.uniform(0, 0.4) * wander(rng, n, sr, 0.7))
    return near * (horn - horn.mean())


def wind(rng: Generator, n: int, sr: float) -> np.ndarray:
    """Gusts of noise, and a howl: a band of noise around a pitch that rises with the gust."""
    gust = wander(rng, n, sr, log_uniform(rng, 0.4, 3))
    howl = np.sin(phase(log_uniform(rng, 250, 1200) * np.exp2(0.3 * gust), sr))
    howl *= wander(rng, n, sr, log_uniform(rng, 20, 300))
    rush = wander(rng, n, sr, log_uniform(rng, 1500, 6000))
    return np.exp(LN10 * rng.uniform(0.1, 0.5) * gust) * (rush + rng.uniform(0, 2) * howl)


SOUNDS = [applause, bell, bird_song, breaking_glass, cricket]
SOUNDS += [dripping_tap, engine, footsteps, siren, wind]
CLASSES = tuple(sound.__name__ for sound in SOUNDS)


def background(rng: Generator, n: int, sr: float) -> np.ndarray:
    """Background of a recording, (n,): noise, rumbling or hissing, and often mains hum."""
    noise = wander(rng, n, sr, log_uniform(rng, 300, 4000))
    mains, loudness = 50 + 10 * rng.integers(2), max(0.0, rng.uniform(-1, 1))
    k = np.array([1, 2, 3])
    return noise + ring(n, sr, k * mains, np.inf, loudness / k) if loudness else noise


def recorder(rng: Generator, n: int, sr: float) -> np.ndarray:
    """1 while the recorder runs, 0 before and after it, (n,), with ramps of 10 ms: seven of eight
    clips are recorded from end to end."""
    start, stop = (0.0, 1.0) if rng.random() < 7 / 8 else (rng.uniform(0, 0.3), rng.uniform(0.6, 1))
    ends, ramp, window = np.array([start, stop]) * n, 0.01 * sr, np.zeros(n)  # samples
    window[int(ends[0]) : int(ends[1])] = 1
    near = np.add.outer(ends.astype(int), np.arange(-int(ramp) - 1, int(ramp) + 2)).clip(0, n - 1)
    window[near] = np.clip(np.minimum(near + 0.5 - ends[0], ends[1] - 0.5 - near) / ramp, 0, 1)
    return window


def scene(
    name: str,
    take: int,
    seed: int = 0,
    sample_rate: float = SAMPLE_RATE,
    duration: float = DURATION,
) -> np.ndarray:
    """One clip of the class `name`, (n_samples,) float32 in [-1, 1]: deterministic.

    sample_rate in Hz, duration in s; n_samples = round(duration · sample_rate). The sound is
    20 to 45 dB above its background (RMS); the peak is 1 to 31 dB below full scale. The samples
    are multiples of 2⁻¹⁵, so that a 16-bit file stores the clip exactly.
    ValueError: an unknown name, a negative take or seed.
    """
    if name not in CLASSES:
        raise ValueError(f"name={name!r} must be one of {', '.join(CLASSES)}")
    index, n = CLASSES.index(name), round(duration * sample_rate)
    rng = np.random.default_rng([seed, index, take])
    np.empty(2**21)  # once glibc has freed 16 MB, it keeps freed memory: twice as fast
    sound, ambience = SOUNDS[index](rng, n, sample_rate), background(rng, n, sample_rate)
    snr, peak = rng.uniform(20, 45), -1 - 30 * rng.random() ** 3  # dB; most are near full scale
    running = recorder(rng, n, sample_rate)
    sound *= 10 ** (snr / 20) * ambience.std() / max(sound.std(), TINY)
    clip = running * (sound + ambience)
    clip -= running * (clip.sum() / max(running.sum(), TINY))  # no DC, and silence stays silent
    clip *= 2**15 * 10 ** (peak / 20) / max(np.abs(clip).max(), TINY)
    return np.rint(clip).astype(np.float32) / 2**15


def file_name(name: str, take: int) -> str:
    """<class>/<fold>-<recording>-A.wav, as in ESC-10: fold 1 … 5 in turn; no recording twice."""
    recording = take * len(CLASSES) + CLASSES.index(name)
    return f"{name}/{take % N_FOLDS + 1}-{recording:05d}-A.wav"


def write_scenes(folder: Path, seed: int = 0, progress: Callable[[Any], Any] = iter) -> int:
    """Write folder/<file_name>, 16-bit mono WAV; return the number of clips.

    progress wraps the list of (class, take), as tqdm does. OSError: a file cannot be written.
    """
    import soundfile

    clips = [(name, take) for name in CLASSES for take in range(N_TAKES)]
    for name, take in progress(clips):
        samples, content = (scene(name, take, seed) * 2**15).astype(np.int16), BytesIO()
        soundfile.write(content, samples, SAMPLE_RATE, "PCM_16", format="WAV")
        path = folder / file_name(name, take)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.getvalue())
    return len(clips)

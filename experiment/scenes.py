"""Ten synthetic sounds of everyday life: data to learn from when there are no recordings at hand.

Each clip is made of oscillators, noise and envelopes, and is a function of (seed, class, take) alone, so that any clip
can be made without the others. Within a class every take draws its own pitch, pace, material, onset, level, silence
and background; the ranges of different classes overlap (slow steps fall like drops, a fast engine hums like a
mosquito), so that no single number tells the classes apart.

Legend, for the whole file:
    rng   the np.random.Generator every draw comes from
    n     length, samples            t   time, s
    sr    sample rate, Hz            f   frequency, Hz: one number, or one per sample (n,)

First the building blocks, then one function a class, then what every clip shares, then the files.
Before it: nothing. After it: `dataset.py`, which reads the files that `write_scenes` writes. The partials reach up to
12 kHz: at a sample rate below 24 kHz the highest fold back.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

N_TAKES = 40
N_FOLDS = 5
# Partials of a church bell, as ratios to its prime: hum, prime, tierce, quint, nominal, and four above
# (Fletcher & Rossing, The Physics of Musical Instruments, 1998, table 21.1).
BELL_PARTIALS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0])

# ---------------------------------------------------------------------------------------------- building blocks


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """One draw between low and high, uniform in the logarithm: the ear hears ratios, not differences."""
    return low * (high / low) ** rng.random()


def phase(f: np.ndarray, sr: float) -> np.ndarray:
    """Phase φ(t) = 2π ∫ f dt of an oscillator, radians: (n,) Hz -> (n,). A sum, so that f may glide without a click."""
    return 2 * np.pi / sr * np.cumsum(f)


def pulses(f: np.ndarray, sr: float, sharpness: float) -> np.ndarray:
    """Periodic pulses exp(b (cos φ − 1)) ∈ (0, 1], (n,): the larger the sharpness b, the more harmonics of f.

    The k-th harmonic is proportional to the modified Bessel function I_k(b) (Abramowitz & Stegun 1964, 9.6.34).
    """
    return np.exp(sharpness * (np.cos(phase(f, sr)) - 1))


def wander(rng: np.random.Generator, n: int, sr: float, rate: float) -> np.ndarray:
    """Noise of about unit variance below about rate/2 Hz, (n,): random heights, `rate` a second, joined by lines.

    At a rate of some Hz it steers a pitch or a level; at hundreds of Hz and more it is heard.
    """
    heights = rng.standard_normal(int(n * rate / sr) + 2)
    return np.interp(np.arange(n) * (rate / sr), np.arange(heights.size), heights)


def ring(n: int, sr: float, f: float, decay: float) -> np.ndarray:
    """Damped sine e^(−t/decay) sin 2πft, (n,): something that was struck. decay in s.

    It is the imaginary part of z^k, k = 0 … n−1; with k = i·m + j the powers are an outer product of 2m numbers.
    """
    z = np.exp((-1 / decay + 2j * np.pi * f) / sr)
    j = np.arange(int(np.ceil(np.sqrt(n))))
    return np.outer(z ** (j * j.size), z**j).imag.ravel()[:n]


def fall(n: int, sr: float, attack: float, decay: float) -> np.ndarray:
    """Envelope (1 − e^(−t/attack)) e^(−t/decay), (n,): a quick rise and a slow fall; both in s."""
    t = np.arange(n) / sr
    return (1 - np.exp(-t / attack)) * np.exp(-t / decay)


def bump(n: int) -> np.ndarray:
    """Envelope sin² from 0 to 1 and back to 0, (n,)."""
    return np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2


def onsets(rng: np.random.Generator, n: int, sr: float, rate: float, jitter: float) -> np.ndarray:
    """Samples at which events begin that come `rate` times a second, each late by up to `jitter` periods."""
    k = np.arange(np.ceil(n * rate / sr))
    return ((k + (1 - jitter) * rng.random() + jitter * rng.random(k.size)) * (sr / rate)).astype(
        int
    )


def place(clip: np.ndarray, event: np.ndarray, onset: int) -> None:
    """Add the event to the clip, in place, from sample `onset` on; what would overhang the end is cut."""
    room = clip[onset : onset + event.size]
    room += event[: room.size]


# ---------------------------------------------------------------------------- the classes: (rng, n, sr) -> (n,)


def _applause(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """People who clap, each with a sound and a pace of their own, before the rustle of a crowd too far to tell apart."""
    m = int(0.04 * sr) + 1
    clip = rng.uniform(0.01, 0.1) * wander(rng, n, sr, log_uniform(rng, 6000, 20000))
    for _ in range(rng.integers(4, 40)):
        hollow = ring(m, sr, log_uniform(rng, 600, 2000), 0.005)
        clap = hollow + rng.uniform(0.3, 1) * wander(rng, m, sr, 12000) * fall(m, sr, 0.0005, 0.006)
        clap *= log_uniform(rng, 0.1, 1)  # near or far
        for onset in onsets(rng, n, sr, rng.uniform(2.5, 5.5), 0.2):
            place(clip, clap, onset)
    return clip


def _bell(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """One bell, struck again and again: the higher a partial, the sooner it is gone."""
    f, decay = log_uniform(rng, 180, 1500), log_uniform(rng, 0.15, 2.5)
    pace = log_uniform(rng, 0.3, 3)
    ratios = BELL_PARTIALS * rng.normal(1, 0.01, BELL_PARTIALS.size)  # no two bells are cast alike
    levels = rng.uniform(0.1, 1, ratios.size)
    strike = sum(
        level * ring(n, sr, f * r, decay / r) for level, r in zip(levels, ratios, strict=True)
    )
    clip = np.zeros(n)
    for onset in onsets(rng, n, sr, pace, 0.1):
        place(clip, rng.uniform(0.4, 1) * strike, onset)
    return clip


def _bird_song(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """Phrases of short whistles that glide up or down; a bird has one to three kinds of them."""
    f, pace = log_uniform(rng, 1500, 4500), log_uniform(rng, 2, 14)
    phrase, share = rng.uniform(0.6, 3), rng.uniform(0.3, 1)  # s, and the part of it that is sung
    syllables = []
    for _ in range(rng.integers(1, 4)):
        m = int(rng.uniform(0.3, 0.9) / pace * sr) + 1
        glide = np.geomspace(*(f * 2 ** rng.uniform(0, 0.8, 2)), m)
        syllables.append(bump(m) * np.sin(phase(glide, sr)))
    clip = np.zeros(n)
    for onset in onsets(rng, n, sr, pace, 0.2):
        if onset / sr % phrase <= share * phrase:
            place(clip, rng.uniform(0.4, 1) * syllables[rng.integers(len(syllables))], onset)
    return clip


def _cricket(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """A high tone, cut into pulses by the teeth of the wing and into chirps by its strokes."""
    f, teeth, strokes = (
        log_uniform(rng, 2500, 6000),
        log_uniform(rng, 18, 70),
        log_uniform(rng, 0.5, 6),
    )
    rest = rng.uniform(-1, 0.8)  # the chirp sounds while the stroke, a sine, stands above this
    wobble = 1 + 0.01 * wander(rng, n, sr, 5)
    stroke = np.sin(phase(strokes * wobble, sr) + rng.uniform(0, 2 * np.pi))
    gate = np.clip(4 * (stroke - rest), 0, 1)
    return gate * np.sin(phase(teeth * wobble, sr)) ** 2 * np.sin(phase(f * wobble, sr))


def _dripping_tap(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """Drops: the tick of the fall, then the bubble, whose tone rises while it fades (Minnaert 1933)."""
    f, decay = log_uniform(rng, 500, 2200), log_uniform(rng, 0.01, 0.05)
    rise, tick = rng.uniform(0, 8), rng.uniform(0, 0.6)
    m = int(8 * decay * sr) + 1
    t = np.arange(m) / sr
    clip = np.zeros(n)
    for onset in onsets(rng, n, sr, log_uniform(rng, 0.6, 6), rng.uniform(0, 0.5)):
        bubble = np.sin(phase(f * rng.uniform(0.9, 1.1) * (1 + rise * t), sr)) * fall(
            m, sr, 0.001, decay
        )
        splash = rng.standard_normal(m) * fall(m, sr, 0.0005, 0.003)
        place(clip, rng.uniform(0.4, 1) * (bubble + tick * splash), onset)
    return clip


def _engine(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """Combustions, every second one weaker, and a roar that they drive; the speed follows the pedal."""
    pedal = rng.uniform(0.02, 0.4) * wander(rng, n, sr, rng.uniform(0.4, 2))
    f = log_uniform(rng, 20, 100) * 2**pedal
    uneven = 1 + rng.uniform(0, 0.6) * np.cos(phase(f / 2, sr))
    combustion = uneven * pulses(f, sr, log_uniform(rng, 3, 40))
    roar = wander(rng, n, sr, log_uniform(rng, 3000, 12000))
    return combustion * (1 + rng.uniform(0.3, 1) * roar)


def _footsteps(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """Heel and toe, twice a second or so: a thump of the floor and the scrape of its surface."""
    pace, floor, hard = log_uniform(rng, 1, 3.5), log_uniform(rng, 70, 250), rng.uniform(0.1, 0.8)
    cutoff, scrape = log_uniform(rng, 4000, 16000), log_uniform(rng, 0.01, 0.06)
    m = int(0.4 * sr) + 1
    clip = np.zeros(n)
    for onset in onsets(rng, n, sr, pace, 0.1):
        for level, late in ((1.0, 0.0), (rng.uniform(0.2, 0.7), rng.uniform(0.06, 0.14))):
            thump = ring(m, sr, floor * rng.uniform(0.9, 1.1), 0.03)
            grit = wander(rng, m, sr, cutoff) * fall(m, sr, 0.002, scrape)
            place(clip, level * (hard * thump + (1 - 0.8 * hard) * grit), onset + int(late * sr))
    return clip


def _siren(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """A horn that swings between two pitches: a smooth wail, or, the harder the swing is pressed, two tones."""
    low, interval, pace = (
        log_uniform(rng, 300, 1000),
        rng.uniform(0.3, 1.3),
        log_uniform(rng, 0.12, 4),
    )
    press = log_uniform(rng, 0.3, 30)
    swing = np.sin(2 * np.pi * (pace * np.arange(n) / sr + rng.random()))
    f = low * 2 ** (interval * (1 + np.tanh(press * swing) / np.tanh(press)) / 2)
    horn = pulses(f, sr, log_uniform(rng, 0.3, 8))
    return (horn - horn.mean()) * 10 ** (rng.uniform(0, 0.4) * wander(rng, n, sr, 0.7))


def _thunder(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """Claps that tumble over each other: a low rumble, and, when the storm is near, a crack above it."""
    rumble = wander(rng, n, sr, log_uniform(rng, 80, 250))
    crack = rng.uniform(0, 0.5) * wander(rng, n, sr, log_uniform(rng, 1500, 5000))
    roll = np.zeros(n)
    start = rng.uniform(0, 0.3) * n
    for _ in range(rng.integers(2, 9)):
        clap = fall(n, sr, log_uniform(rng, 0.005, 0.1), log_uniform(rng, 0.1, 1.5))
        place(roll, rng.uniform(0.2, 1) * clap, int(start + rng.exponential(0.15) * n))
    return roll * (rumble + crack * roll)


def _wind(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """Gusts of noise, and a howl: a band of noise around a pitch that rises with the gust."""
    gust = wander(rng, n, sr, log_uniform(rng, 0.4, 3))
    howl = np.sin(phase(log_uniform(rng, 250, 1200) * 2 ** (0.3 * gust), sr))
    howl *= wander(rng, n, sr, log_uniform(rng, 20, 300))
    rush = wander(rng, n, sr, log_uniform(rng, 500, 4000))
    return 10 ** (rng.uniform(0.1, 0.5) * gust) * (rush + rng.uniform(0, 2) * howl)


_SYNTHESIS: dict[str, Callable[[np.random.Generator, int, float], np.ndarray]] = {
    "applause": _applause,
    "bell": _bell,
    "bird_song": _bird_song,
    "cricket": _cricket,
    "dripping_tap": _dripping_tap,
    "engine": _engine,
    "footsteps": _footsteps,
    "siren": _siren,
    "thunder": _thunder,
    "wind": _wind,
}
CLASSES = tuple(_SYNTHESIS)

# ------------------------------------------------------------------------------------- what every clip shares


def _background(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """The place the clip is recorded in, (n,): noise, anything from a rumble to a hiss, over the hum of the mains."""
    noise = wander(rng, n, sr, log_uniform(rng, 300, 8000))
    hum = pulses(np.full(n, rng.choice([50.0, 60.0])), sr, 4)
    return noise + rng.uniform(0, 3) * rng.integers(2) * (hum - hum.mean())


def _window(rng: np.random.Generator, n: int, sr: float) -> np.ndarray:
    """1 while the recorder runs and 0 before and after it, (n,): two clips in three run throughout.

    Ramps of 10 ms keep the cut from clicking.
    """
    t = (np.arange(n) + 0.5) / sr
    start, stop = rng.uniform([0, 0.6], [0.3, 1]) * n / sr if rng.random() < 1 / 4 else (0, n / sr)
    return np.clip(np.minimum(t - start, stop - t) / 0.01, 0, 1)


def _rms(x: np.ndarray) -> float:
    """Root mean square; never 0, so that one can divide by it."""
    return float(np.sqrt(np.mean(x**2) + 1e-20))


def scene(
    name: str, take: int, *, seed: int = 0, sample_rate: float = 44100, duration: float = 5.0
) -> np.ndarray:
    """One clip of the class `name`: (n_samples,) float32 in [−1, 1], n_samples = round(duration · sample_rate).

    The sound stands 0 to 30 dB above its background (RMS), the peak of the clip 1 to 31 dB below full scale. The
    mean is 0. sample_rate in Hz, duration in s. The same (seed, name, take) gives the same clip, bit for bit.

    ValueError: an unknown name, a negative take or seed, a sample_rate or duration that is not positive and finite,
    a duration shorter than one sample.
    """
    if name not in _SYNTHESIS:
        raise ValueError(f"name={name!r} must be one of {', '.join(CLASSES)}")
    for what, whole in (("take", take), ("seed", seed)):
        if whole < 0:
            raise ValueError(f"{what}={whole} must be a non-negative integer")
    for what, size in (("sample_rate", sample_rate), ("duration", duration)):
        if not 0 < size < np.inf:
            raise ValueError(f"{what}={size} must be positive and finite")
    n = round(duration * sample_rate)
    if n == 0:
        raise ValueError(f"duration={duration} must be at least one sample, {1 / sample_rate} s")
    rng = np.random.default_rng([seed, CLASSES.index(name), take])
    sound, background = _SYNTHESIS[name](rng, n, sample_rate), _background(rng, n, sample_rate)
    snr, peak = rng.uniform(15, 45), rng.uniform(-25, -1)  # dB
    window = _window(rng, n, sample_rate)
    clip = window * (sound / _rms(sound) + 10 ** (-snr / 20) * background / _rms(background))
    clip -= window * (clip.sum() / window.sum())  # no DC, and the silence stays silent
    return (clip * (10 ** (peak / 20) / max(np.abs(clip).max(), 1e-10))).astype(np.float32)


def file_name(name: str, take: int) -> str:
    """`<fold>-<recording>-A.wav`, as in ESC-10: fold 1 … 5 in turn, so that each holds every class equally often.

    Every clip is a recording of its own, numbered uniquely over all classes: 10·take + index of the class.

    ValueError: an unknown name, a negative take.
    """
    return f"{take % N_FOLDS + 1}-{take * len(CLASSES) + CLASSES.index(name):05d}-A.wav"


def write_scenes(
    folder: str | os.PathLike[str],
    *,
    seed: int = 0,
    n_takes: int = N_TAKES,
    progress: Callable[[list[tuple[str, int]]], Iterable[tuple[str, int]]] = iter,
) -> int:
    """Write folder/<class>/<file_name> for every class and take, 44.1 kHz 16-bit mono WAV; the number of clips."""
    import soundfile

    jobs = [(name, take) for name in CLASSES for take in range(n_takes)]
    for name, take in progress(jobs):
        path = Path(folder, name, file_name(name, take))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            soundfile.write(
                part,
                np.round(scene(name, take, seed=seed) * 32768).astype(np.int16),
                44100,
                format="WAV",
            )
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    return len(jobs)

"""Small recordings for the tests of the whole program, and their files."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 44100  # Hz


def tone(hertz: float, seconds: float = 0.4, rate: int = RATE) -> np.ndarray:
    """A fading sine, (seconds·rate,) float64, peak 0.5."""
    t = np.arange(round(seconds * rate)) / rate
    return 0.5 * np.sin(2 * np.pi * hertz * t) * np.exp(-3 * t)


def hiss(seed: int, seconds: float = 0.4, rate: int = RATE) -> np.ndarray:
    """White noise, (seconds·rate,) float64."""
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def write(path: Path, signal: np.ndarray, rate: int = RATE, **options: str) -> Path:
    """Write the signal in the format of the suffix; missing folders are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, signal, rate, **options)
    return path


def category(root: Path, n_clips: int = 4) -> Path:
    """root/category/ with three classes, high and low tones and hiss, n_clips WAV files each."""
    folder = root / "category"
    for take in range(n_clips):
        write(folder / "high" / f"1-{take}-A.wav", tone(2000 + 200 * take))
        write(folder / "low" / f"1-{take}-B.wav", tone(200 + 20 * take))
        write(folder / "hiss" / f"1-{take}-C.wav", hiss(take))
    return folder

"""Time features of real clips and a batch of transforms, ours and the peers', in one process.

python -m benchmarks.features CATEGORY ROUNDS      prints JSON: contestant -> seconds of each round
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import librosa
import numpy as np
import python_speech_features

import mfcc
from benchmarks.timing import in_turns
from experiment.data import scan


def main(folder: Path, rounds: int) -> None:
    """MFCCs of all clips, and 20 times rfft of (501, 882) float32."""
    clips = [mfcc.load(folder / name) for name in scan(folder).names]
    frames = np.random.default_rng(0).standard_normal((501, 882)).astype(np.float32)

    def with_librosa(clip: np.ndarray) -> np.ndarray:
        return librosa.feature.mfcc(y=clip, sr=44100, n_mfcc=13, n_fft=882, hop_length=441)

    def with_psf(clip: np.ndarray) -> np.ndarray:
        return python_speech_features.mfcc(clip, 44100, winlen=0.02, nfilt=128, nfft=882)

    contestants = {
        "mfcc.fast.mfcc": lambda: [mfcc.fast.mfcc(clip, 44100) for clip in clips],
        "mfcc.mfcc": lambda: [mfcc.mfcc(clip, 44100) for clip in clips],
        "librosa": lambda: [with_librosa(clip) for clip in clips],
        "python_speech_features": lambda: [with_psf(clip) for clip in clips],
        "mfcc.rfft, plain definition": lambda: [mfcc.rfft(frames) for _ in range(20)],
        "NumPy": lambda: [np.fft.rfft(frames) for _ in range(20)],
    }
    timed = in_turns(contestants, rounds)
    print(json.dumps({name: timing.seconds for name, timing in timed.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""Compute the values of librosa 0.11 that tests/mfcc/test_agreement.py compares ours with.

    python tests/data/make_librosa_values.py

writes librosa_values.npz beside this file and, where SSC_RECORDINGS names the category/ folder of
ESC-10, librosa_recordings.npz. Needs librosa 0.11: pip install -e '.[peers]'.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import librosa
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.mfcc import librosa_cases as cases  # noqa: E402


def mel_filterbank(sample_rate: float, **options: Any) -> np.ndarray:
    return librosa.filters.mel(sr=sample_rate, dtype=np.float64, **options)


def mfcc(signal: np.ndarray, sample_rate: int, **options: Any) -> np.ndarray:
    """librosa's MFCCs in the precision of the signal, with the reference's 20 ms and 10 ms."""
    options = {"n_fft": int(0.02 * sample_rate), "hop_length": int(0.01 * sample_rate)} | options
    cepstral = {name: options.pop(name) for name in ("n_mfcc", "lifter") if name in options}
    top_db = options.pop("top_db", 80.0)
    if "pad_mode" in options:
        # librosa pads the last frames from a piece of the signal that can be shorter than what it
        # mirrors: there its own values are not those of np.pad of the whole signal
        signal = np.pad(signal, options["n_fft"] // 2, mode=options.pop("pad_mode"))
        options["center"] = False
    mel = librosa.feature.melspectrogram(y=signal, sr=sample_rate, dtype=signal.dtype, **options)
    log_mel = librosa.power_to_db(mel, top_db=top_db)
    return librosa.feature.mfcc(S=log_mel, **({"n_mfcc": 13} | cepstral))


def values() -> dict[str, Any]:
    """Every value by the name of our function and the arguments of the call."""
    found = {}
    for case in cases.FILTERBANKS:
        found[f"mel_filterbank {cases.key(case)}"] = mel_filterbank(**case)
    for case in cases.DECIBELS:
        found[f"power_to_db {cases.key(case)}"] = librosa.power_to_db(cases.POWERS, **case)
    for case in cases.DELTAS:
        found[f"delta {cases.key(case)}"] = librosa.feature.delta(cases.features(), **case)
    for case in cases.SETTINGS + cases.LENGTHS:
        options = dict(case)
        signal = cases.signal(options.pop("n"), case["sample_rate"])
        for dtype in cases.DTYPES:
            found[f"mfcc {dtype} {cases.key(case)}"] = mfcc(signal.astype(dtype), **options)
    return found


def recordings(folder: Path) -> dict[str, Any]:
    """The MFCCs of five seconds of each recording, in float32."""
    found = {}
    for name in cases.RECORDINGS:
        signal, _ = librosa.load(folder / name, sr=44100, duration=5.0)
        found[name] = mfcc(librosa.util.fix_length(signal, size=220500), 44100)
    return found


if __name__ == "__main__":
    if not librosa.__version__.startswith("0.11."):
        sys.exit(f"librosa {librosa.__version__}: the values are those of 0.11")
    warnings.filterwarnings("ignore", message="n_fft=.* is too large")
    warnings.filterwarnings("ignore", message="Empty filters detected")
    np.savez_compressed(HERE / "librosa_values.npz", **values())
    if "SSC_RECORDINGS" in os.environ:
        clips = recordings(Path(os.environ["SSC_RECORDINGS"]))
        np.savez_compressed(HERE / "librosa_recordings.npz", **clips)

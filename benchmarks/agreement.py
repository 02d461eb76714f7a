"""How far our MFCCs are from librosa's, on real recordings and in every setting.

    python -m benchmarks.agreement FOLDER      FOLDER/<class>/<recording>

Prints, for each setting, the largest absolute difference over all recordings in float32 and, over
every tenth, in float64, and keeps them in docs/agreement.json; ends with exit code 1 when one is
beyond what the project promises (1e-3 and 1e-8). Needs librosa 0.11: pip install -e '.[peers]'.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import librosa
import numpy as np

import mfcc
from experiment.dataset import scan

RESULTS = Path(__file__).parents[1] / "docs" / "agreement.json"
PROMISE = {"float32": 1e-3, "float64": 1e-8}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"htk": True},
    {"n_mels": 40},
    {"n_mfcc": 40},
    {"n_fft": 1024},
    {"n_fft": 2048, "hop_length": 512},
    {"hop_length": 200},
    {"pad_mode": "reflect"},
    {"center": False},
    {"top_db": None},
    {"lifter": 22},
    {"sample_rate": 22050},
    {"sample_rate": 16000},
]


def theirs(signal: np.ndarray, sample_rate: int, **options: Any) -> np.ndarray:
    """librosa's MFCCs, in the precision of the signal."""
    options = {"n_fft": int(0.02 * sample_rate), "hop_length": int(0.01 * sample_rate)} | options
    n_mfcc, lifter = options.pop("n_mfcc", 13), options.pop("lifter", 0)
    top_db = options.pop("top_db", 80.0)
    if "pad_mode" in options and signal.dtype == np.float64:
        # librosa reflects the last half frame in itself, one sample short: in the last frame that
        # moves an MFCC by up to 1e-4. To compare formulas, the signal is reflected beforehand.
        signal = np.pad(signal, options["n_fft"] // 2, mode=options.pop("pad_mode"))
        options["center"] = False
    mel = librosa.feature.melspectrogram(y=signal, sr=sample_rate, dtype=signal.dtype, **options)
    log_mel = librosa.power_to_db(mel, top_db=top_db)
    return librosa.feature.mfcc(S=log_mel, n_mfcc=n_mfcc, lifter=lifter)


def difference(signal: np.ndarray, options: dict[str, Any]) -> float:
    """The largest absolute difference of one recording in one setting."""
    options = dict(options)
    sample_rate = options.pop("sample_rate", 44100)
    ours = mfcc.mfcc(signal, sample_rate, **options)
    return float(np.abs(ours - theirs(signal, sample_rate, **options)).max())


def main(folder: Path) -> int:
    """Print the table; the exit code says whether every promise was kept."""
    paths = [folder / name for name in scan(folder).names]
    print(f"{len(paths)} recordings, librosa {librosa.__version__}, NumPy {np.__version__}")
    print(f"{'setting':<40}{'float32':>10}{'float64':>10}")
    found: dict[str, dict[str, float]] = {}
    for options in SETTINGS:
        worst = dict.fromkeys(PROMISE, 0.0)
        for i, path in enumerate(paths):
            signal = mfcc.load(path)
            for dtype in PROMISE if i % 10 == 0 else ("float32",):
                worst[dtype] = max(worst[dtype], difference(signal.astype(dtype), options))
        name = ", ".join(f"{key}={value}" for key, value in options.items()) or "the reference"
        print(f"{name:<40}{worst['float32']:>10.1e}{worst['float64']:>10.1e}", flush=True)
        found[name] = worst
    largest = {dtype: max(worst[dtype] for worst in found.values()) for dtype in PROMISE}
    results = {"recordings": len(paths), "librosa": librosa.__version__, "settings": found}
    results |= {"largest": largest, "promise": PROMISE}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 0 if all(largest[dtype] <= PROMISE[dtype] for dtype in PROMISE) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")  # librosa warns of empty filters where we do
    sys.exit(main(Path(sys.argv[1])))

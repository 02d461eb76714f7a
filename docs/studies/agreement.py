"""Compare our MFCCs with librosa's on real recordings, over a range of settings.

    python -m docs.studies.agreement FOLDER      FOLDER/<class>/<recording>

For each setting: the largest absolute difference over all recordings in float32, and over every
tenth in float64, of the definition (mfcc.mfcc) and of the fast form (mfcc.fast.mfcc). Writes
docs/agreement.json and prints a table; the exit code is 1 if a difference exceeds its limit.
Needs librosa 0.11: pip install -e '.[peers]'.
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
from experiment.data import scan

OUTPUT = Path(__file__).parents[1] / "agreement.json"
FORMS = {"definition": mfcc.mfcc, "fast": mfcc.fast.mfcc}
LIMITS = {"float32": 1e-3, "float64": 1e-8}
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


def librosa_mfcc(signal: np.ndarray, sample_rate: int, **options: Any) -> np.ndarray:
    """librosa's MFCCs, in the precision of the signal."""
    options = {"n_fft": int(0.02 * sample_rate), "hop_length": int(0.01 * sample_rate)} | options
    n_mfcc, lifter = options.pop("n_mfcc", 13), options.pop("lifter", 0)
    top_db = options.pop("top_db", 80.0)
    if "pad_mode" in options and signal.dtype == np.float64:
        # librosa reflects the last half frame one sample short, which changes an MFCC of the last
        # frame by up to 1e-4. To compare formulas, the signal is reflected beforehand.
        signal = np.pad(signal, options["n_fft"] // 2, mode=options.pop("pad_mode"))
        options["center"] = False
    mel = librosa.feature.melspectrogram(y=signal, sr=sample_rate, dtype=signal.dtype, **options)
    log_mel = librosa.power_to_db(mel, top_db=top_db)
    return librosa.feature.mfcc(S=log_mel, n_mfcc=n_mfcc, lifter=lifter)


def differences(signal: np.ndarray, options: dict[str, Any]) -> dict[str, float]:
    """The largest absolute difference of one recording in one setting, for each form."""
    options = dict(options)
    sample_rate = options.pop("sample_rate", 44100)
    expected = librosa_mfcc(signal, sample_rate, **options)
    return {
        form: float(np.abs(function(signal, sample_rate, **options) - expected).max())
        for form, function in FORMS.items()
    }


def setting_differences(paths: list[Path], options: dict[str, Any]) -> dict[str, dict[str, float]]:
    """form -> dtype -> the largest difference over the recordings in one setting."""
    worst = {form: dict.fromkeys(LIMITS, 0.0) for form in FORMS}
    for i, path in enumerate(paths):
        signal = mfcc.load(path)
        for dtype in LIMITS if i % 10 == 0 else ("float32",):
            for form, value in differences(signal.astype(dtype), options).items():
                worst[form][dtype] = max(worst[form][dtype], value)
    return worst


def main(folder: Path) -> int:
    """Print and write the table; return the exit code."""
    paths = [folder / name for name in scan(folder).names]
    print(f"{len(paths)} recordings, librosa {librosa.__version__}, NumPy {np.__version__}")
    columns = [(form, dtype) for form in FORMS for dtype in LIMITS]
    print(f"{'setting':<30}" + "".join(f"{f'{form} {dtype}':>20}" for form, dtype in columns))
    settings: dict[str, dict[str, dict[str, float]]] = {}
    for options in SETTINGS:
        name = ", ".join(f"{key}={value}" for key, value in options.items()) or "the reference"
        settings[name] = worst = setting_differences(paths, options)
        cells = "".join(f"{worst[form][dtype]:>20.1e}" for form, dtype in columns)
        print(f"{name:<30}{cells}", flush=True)
    largest = {
        form: {dtype: max(worst[form][dtype] for worst in settings.values()) for dtype in LIMITS}
        for form in FORMS
    }
    results = {"recordings": len(paths), "librosa": librosa.__version__, "settings": settings}
    results |= {"largest": largest, "limits": LIMITS}
    OUTPUT.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    return 0 if all(largest[form][dtype] <= LIMITS[dtype] for form, dtype in columns) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")  # both libraries warn of empty filters
    sys.exit(main(Path(sys.argv[1])))

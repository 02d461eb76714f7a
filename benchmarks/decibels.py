"""What the floor 80 dB under the loudest cell clips, on real recordings: the numbers of chapter 6.

    python -m benchmarks.decibels FOLDER      FOLDER/<class>/<recording>

Prints them and writes docs/decibels.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from experiment.dataset import scan
from mfcc import dct_matrix, load, mel_spectrogram, power_to_db

RESULT = Path(__file__).parents[1] / "docs" / "decibels.json"


def clipping(signal: np.ndarray) -> tuple[float, float, float]:
    """Of one clip: the share of its mel cells under the floor, the share of its frames that have
    such a cell, and how far the floor moves an MFCC at most."""
    power = mel_spectrogram(signal, 44100)  # (128, n_frames)
    free, floored = power_to_db(power, top_db=None), power_to_db(power)
    below = free < floored
    moved = np.abs(dct_matrix(13, 128) @ (floored - free)).max()
    return float(below.mean()), float(below.any(axis=0).mean()), float(moved)


def main(folder: Path) -> None:
    """Mean shares over all recordings, and the largest difference of any."""
    found = np.array([clipping(load(folder / name)) for name in scan(folder).names])  # (n_clips, 3)
    result = {
        "recordings": len(found),
        "cells_clipped": round(float(found[:, 0].mean()), 4),
        "frames_touched": round(float(found[:, 1].mean()), 4),
        "clips_untouched": int(np.sum(found[:, 0] == 0)),
        "largest_change_of_an_mfcc": round(float(found[:, 2].max()), 1),
        "median_largest_change": round(float(np.median(found[:, 2])), 1),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(RESULT.read_text("utf-8"), end="")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

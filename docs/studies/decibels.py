"""Measure how much the floor 80 dB below the maximum clips on real recordings. Chapter 6.

    python -m docs.studies.decibels FOLDER      FOLDER/<class>/<recording>

Writes docs/decibels.json and prints it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from experiment.data import scan
from mfcc import dct_matrix, fast, load, power_to_db

OUTPUT = Path(__file__).parents[1] / "decibels.json"


def clipping(signal: np.ndarray) -> tuple[float, float, float]:
    """The proportion of mel cells below the floor, the proportion of frames with such a cell, and
    the largest change of an MFCC by the floor, for one clip."""
    power = fast.mel_spectrogram(signal, 44100)  # (128, n_frames)
    free, floored = power_to_db(power, top_db=None), power_to_db(power)
    below = free < floored
    change = np.abs(dct_matrix(13, 128) @ (floored - free)).max()
    return float(below.mean()), float(below.any(axis=0).mean()), float(change)


def main(folder: Path) -> None:
    """Means over all recordings, the largest and the median change."""
    # (n_clips, 3)
    values = np.array([clipping(load(folder / name)) for name in scan(folder).names])
    result = {
        "recordings": len(values),
        "cells_clipped": round(float(values[:, 0].mean()), 4),
        "frames_touched": round(float(values[:, 1].mean()), 4),
        "clips_untouched": int(np.sum(values[:, 0] == 0)),
        "largest_change_of_an_mfcc": round(float(values[:, 2].max()), 1),
        "median_largest_change": round(float(np.median(values[:, 2])), 1),
    }
    OUTPUT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(OUTPUT.read_text("utf-8"), end="")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

"""One synthetic clip through every stage of the MFCC."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc.display import stages


def draw() -> Figure:
    """Clip, frame and window, power spectrum, mel filters, decibels, MFCCs."""
    plt.rcParams["font.size"] = 10  # ten panels
    return stages(scene("bird_song", 3), 44100, title="a synthetic bird song")

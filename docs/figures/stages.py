"""One synthetic clip through every stage of the MFCC."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc.display import stages


def draw() -> Figure:
    """Waveform, one frame and its window, spectrum, mel filters, MFCCs."""
    plt.rcParams["font.size"] = 10  # nine panels
    return stages(scene("bird_song", 3), 44100, title="bird_song, take 3")

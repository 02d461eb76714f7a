"""Chapter 5: one frame of a bird song, twenty mel filters, and the power each passes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import scene
from mfcc import frame, hann, hz_to_mel, mel_filterbank, mel_to_hz, power_spectrum

from .style import BLUE, GREY, ORANGE

N_MELS = 20


def draw() -> Figure:
    """P[k], Λ_m(f) and E[m] = Σ_k M[m, k] P[k] over frequency."""
    frames = frame(scene("bird_song", 3), 882, 441) * hann(882)  # (n_frames, 882)
    power = power_spectrum(frames[frames.std(axis=1).argmax()])  # (442,)
    khz = np.arange(442) * 44.1 / 882
    edges = np.asarray(mel_to_hz(np.linspace(0, hz_to_mel(22050), N_MELS + 2))) / 1000
    fig, (top, middle, bottom) = plt.subplots(3, 1, figsize=(8, 6.8), sharex=True)
    top.semilogy(khz, power, color=BLUE)
    top.set(ylabel="$P[k]$, full scale²", title="power of one frame: 442 bins, 50 Hz apart")
    for m in range(N_MELS):
        color = (BLUE, ORANGE, GREY)[m % 3]
        middle.plot(edges[m : m + 3], [0, 1, 0], color=color)
    middle.set(ylabel="$\\Lambda_m(f)$", title="twenty triangles, evenly spaced in mel")
    bottom.stairs(
        mel_filterbank(44100, 882, N_MELS) @ power,
        # half-way between centers; the first and the last band end where their triangles do
        np.concatenate(([edges[0]], (edges[1:-2] + edges[2:-1]) / 2, [edges[-1]])),
        color=BLUE,
        fill=True,
        alpha=0.6,
        baseline=1e-9,
    )
    bottom.set(ylabel="$E[m]$, full scale²/Hz", xlabel="frequency $f$, kHz", yscale="log")
    bottom.set(xlim=(0, 22.05), title="mel powers, one for each filter")
    return fig

"""One network trained with three decays of the learning rate."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.scenes import CLASSES, scene
from mfcc import fast
from mininet import SGD, Dense, History, Normalization, Sequential, Sigmoid

from .style import BLUE, GREEN, RED

EPOCHS, BATCH_SIZE, RATE, TAKES = 100, 5, 0.1, 5
RULES = {
    "1/(1 + 0.9t), t counts updates": (0.9, RED, "-"),
    "the same, t counts epochs": (0.9 / (10 * TAKES / BATCH_SIZE), BLUE, "--"),
    "no decay": (0.0, GREEN, ":"),
}


def clips() -> tuple[np.ndarray, np.ndarray]:
    """Standardized mean and standard deviation of 13 MFCCs, (50, 26), of fifty scenes; classes."""
    signals = np.stack([scene(c, take, duration=1.0) for c in CLASSES for take in range(TAKES)])
    cepstra = fast.mfcc(signals, 44100)
    x = np.concatenate([cepstra.mean(axis=2), cepstra.std(axis=2)], axis=1)
    return Normalization.adapt(x).forward(x), np.repeat(np.arange(len(CLASSES)), TAKES)


def trained(x: np.ndarray, y: np.ndarray, decay: float) -> History:
    """The history of a training; every decay starts with the same weights and batches."""
    rng = np.random.default_rng(0)
    layers = [Dense(x.shape[1], 30, rng=rng), Sigmoid(), Dense(30, len(CLASSES), rng=rng)]
    return Sequential(layers).fit(x, y, EPOCHS, BATCH_SIZE, SGD(RATE, decay), rng)


def draw() -> Figure:
    """The learning rate at the beginning of each epoch, and the loss of each epoch."""
    x, y = clips()
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 4))
    epochs = np.arange(1, EPOCHS + 1)
    for name, (decay, color, style) in RULES.items():
        history = trained(x, y, decay)
        left.plot(epochs, history.learning_rate, style, color=color, label=name)
        right.plot(epochs, history.loss, style, color=color)
    left.set(xlabel="epoch", ylabel="learning rate at the start of the epoch", yscale="log")
    right.set(xlabel="epoch", ylabel="training loss (nats)", ylim=(0, None))
    right.axhline(np.log(len(CLASSES)), color="#595959", linewidth=1)
    right.text(EPOCHS, np.log(len(CLASSES)) + 0.04, "equal probabilities, ln 10", ha="right")
    fig.legend(loc="outside upper center", ncols=3, fontsize=11)
    return fig

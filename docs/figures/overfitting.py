"""Loss and accuracy on the training and the held-out clips over the epochs."""

from __future__ import annotations

import json

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, FOLDER, GREY, RED


def draw() -> Figure:
    """The curves of docs/ladder.json, and the epoch of the lowest held-out loss."""
    curves = json.loads((FOLDER.parent / "ladder.json").read_text("utf-8"))["overfitting"]
    best = int(np.argmin(curves["held_out"]["loss"])) + 1
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.2))
    labels = {"loss": "loss (nats)", "accuracy": "accuracy"}
    for ax, (quantity, label) in zip(axes, labels.items(), strict=True):
        for part, color, name in (
            ("train", BLUE, "training clips"),
            ("held_out", RED, "held-out clips"),
        ):
            values = curves[part][quantity]
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, color=color, label=name if quantity == "loss" else None)
        ax.axvline(best, color=GREY, linestyle=":")
        ax.set(xlabel="epoch", ylabel=label, xlim=(0, len(epochs)), ylim=(0, None))
    axes[0].annotate(f"lowest held-out loss: epoch {best}", (best + 1, 2.0), size=10, color=GREY)
    fig.legend(loc="outside upper center", ncols=2)
    return fig

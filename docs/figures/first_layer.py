"""First-layer weights of the reference network before and after training, as images."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from experiment.recipes import Reference
from experiment.scenes import CLASSES, scene

# In float64 and for twenty epochs rounding moves no weight by more than 1 % of the color scale.
TAKES, EPOCHS = 4, 20
LIMIT = 0.03  # of the color scale, 1/dB; the initial weights lie in ±0.0293
SIZE = 13, 501  # coefficients, frames
SATURATED = 3  # one of the more than 250 units whose weights hardly change


def weights() -> tuple[np.ndarray, np.ndarray]:
    """Before and after training on forty scenes of 5 s, (6513, 500) each; ten updates an epoch."""
    recipe = Reference(epochs=EPOCHS, batch_size=TAKES)
    cepstra = [recipe.coefficients(scene(name, k)) for name in CLASSES for k in range(TAKES)]
    x = np.stack(cepstra).reshape(len(cepstra), -1).astype(np.float64)
    rng = np.random.default_rng(0)
    network = recipe.build(x, len(CLASSES), rng)
    before = network.layers[0].params[0].copy()
    recipe.fit(network, x, np.repeat(np.arange(len(CLASSES)), TAKES), rng)
    return before, network.layers[0].params[0]


def draw() -> Figure:
    """For a saturated unit and the one that changed most: the weights before, after, the change."""
    before, after = weights()
    largest = np.abs(after - before).max(axis=0)  # (500,)
    units = {f"unit {SATURATED}": SATURATED, "unit that changed most": int(np.argmax(largest))}
    fig, axes = plt.subplots(2, 3, figsize=(10, 4.2), sharex=True, sharey=True)
    for row, (name, unit) in zip(axes, units.items(), strict=True):
        columns = {"before": before, "after": after, "change": after - before}
        for ax, (title, W) in zip(row, columns.items(), strict=True):
            image = ax.imshow(
                W[:, unit].reshape(SIZE),
                aspect="auto",
                origin="lower",
                extent=(-0.005, 5.005, -0.5, 12.5),
                cmap="RdBu_r",
                vmin=-LIMIT,
                vmax=LIMIT,
            )
            ax.set_title(f"{name}: {title}", size=11)
        row[0].set_ylabel("coefficient i")
    for ax in axes[1]:
        ax.set_xlabel("time (s)")
    fig.colorbar(image, ax=axes, label="weight (1/dB)")
    return fig

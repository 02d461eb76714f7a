"""The reference recipe: from clips to the inputs of a network, the network, how it is trained.

Before it: people.py. After it: improved.py, the other recipe. Chapter 13.

It is the published tutorial's: 13 MFCCs of 20 ms frames every 10 ms, flattened; a
network 6513-500-500-500-10; 100 epochs of SGD whose rate falls as 1/(1 + 0.9t).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from mfcc import delta, mfcc
from mfcc.audio import DURATION, SAMPLE_RATE
from mininet import SGD, Dense, History, LeakyReLU, ReLU, Sequential, Sigmoid

HIDDEN = 500  # units in each hidden layer
N_FRAMES = 1 + int(100 * DURATION)  # one each 10 ms, the first centred on the first sample


@dataclass(frozen=True)
class Features:
    """How a clip becomes numbers; kept in the model file, so that predict does the same."""

    n_mfcc: int = 13
    deltas: bool = False

    @property
    def n_rows(self) -> int:
        """How many coefficients a frame has."""
        return 3 * self.n_mfcc if self.deltas else self.n_mfcc

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers each network is given at a time; here it is one network."""
        return (self.n_rows * N_FRAMES,)

    def of(self, signal: np.ndarray) -> np.ndarray:
        """signal (n_samples,) at 44.1 kHz -> (n_rows, n_frames) of the same dtype: the MFCCs, and
        with deltas under them their first and second derivatives in time, three times the rows."""
        coefficients = mfcc(signal, SAMPLE_RATE, n_mfcc=self.n_mfcc)
        if not self.deltas:
            return coefficients
        return np.concatenate([coefficients, delta(coefficients), delta(coefficients, order=2)])

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """The same, flattened, as what the one network hears: [(1, n_rows·n_frames)]."""
        return [self.of(signal).reshape(1, -1)]


@dataclass(frozen=True)
class Training:
    """How the reference network is trained."""

    epochs: int = 100
    batch_size: int = 40
    learning_rate: float = 0.01
    decay: float = 0.9
    seed: int = 0

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
    ) -> History:
        """Train the network on x (n, n_features), y (n,) ints or (n, n_classes) one-hot."""
        optimizer = SGD(self.learning_rate, self.decay)
        return network.fit(x, y, self.epochs, self.batch_size, optimizer, rng, on_epoch)


@dataclass(frozen=True)
class Reference:
    """The two together, as evaluation.py asks for a recipe."""

    features: Features = Features()
    training: Training = Training()

    name: ClassVar[str] = "reference"
    networks: ClassVar[tuple[str, ...]] = ("MFCCs",)

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """What the network hears of a clip."""
        return self.features.views(signal)

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        """An untrained network for the examples x (n, n_features)."""
        return reference_network(x.shape[1], n_classes, rng)

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
    ) -> History:
        """Train the network on x (n, n_features), y (n,) ints or one-hot."""
        return self.training.fit(network, x, y, rng, on_epoch)


def rearrange(x: np.ndarray, order: np.ndarray) -> None:
    """x[order] in place, (n, n_features), a few columns at a time: all at once, the largest array
    of the run would be there twice."""
    for start in range(0, x.shape[1], 64):
        x[:, start : start + 64] = x[order, start : start + 64]


def reference_network(n_features: int, n_classes: int, rng: np.random.Generator) -> Sequential:
    """Dense 500, sigmoid, Dense 500, leaky ReLU, Dense 500, ReLU, Dense n_classes (and softmax)."""
    return Sequential(
        [
            Dense(n_features, HIDDEN, rng=rng),
            Sigmoid(),
            Dense(HIDDEN, HIDDEN, rng=rng),
            LeakyReLU(0.3),
            Dense(HIDDEN, HIDDEN, rng=rng),
            ReLU(),
            Dense(HIDDEN, n_classes, rng=rng),
        ]
    )


def metadata(classes: list[str], features: Features) -> dict[str, Any]:
    """What a model file must know beside its weights to classify a recording."""
    return {"recipe": "reference", "classes": classes, "features": asdict(features)}

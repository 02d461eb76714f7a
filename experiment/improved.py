"""The improved recipe: the top of the ladder, two small networks that answer together.

Before it: recipes.py, the reference. After it: evaluation.py. Chapter 16.

From one log-mel spectrogram of 40 bands come two views of a clip. The first is the whole clip: how
20 MFCCs lie and how far they move in 10 ms … 1.28 s, whenever that is. The second is 1 s windows:
level, deviation and rhythm of each band, silence left out. A network of one hidden layer hears
each view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mfcc import (
    dct_matrix,
    frame,
    mel_spectrogram,
    modulation_spectrum,
    power_to_db,
    structure_function,
)
from mfcc.audio import SAMPLE_RATE
from mfcc.features import transformed
from mfcc.statistics import LAGS
from mininet import SGD, Dense, Dropout, History, Normalization, ReLU, Sequential

BANDS = (1, 2, 4, 8, 16, 32, 51)  # Hz, edges of the modulation bands: bins of a window of 1 s


@dataclass(frozen=True)
class Improved:
    """All its settings; kept in the model file, so that predict does the same."""

    n_mels: int = 40
    top_db: float = 60.0
    n_mfcc: int = 20
    floor: float = 0.1  # dB, added before a logarithm
    window: int = 100  # frames of 10 ms
    hop: int = 50  # frames
    silence: float = 40.0  # dB below the loudest moment of the clip
    hidden: int = 100
    dropout: float = 0.3
    learning_rate: float = 0.02
    momentum: float = 0.9
    epochs: int = 60
    batch_size: int = 64

    name: ClassVar[str] = "improved"
    networks: ClassVar[tuple[str, ...]] = ("clip", "windows")

    @property
    def widths(self) -> tuple[int, ...]:
        """How many numbers each network is given at a time."""
        return (self.n_mfcc * (2 + len(LAGS)), self.n_mels * (1 + len(BANDS)))

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """signal (n_samples,) at 44.1 kHz -> [(1, 200), (9, 320)]: what each network hears."""
        mel = mel_spectrogram(signal, SAMPLE_RATE, n_mels=self.n_mels)
        log_mel = power_to_db(mel, top_db=self.top_db)  # (n_mels, n_frames)
        return [self.clip_view(log_mel), self.window_view(log_mel)]

    def clip_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Mean, deviation and structure function of each MFCC, (1, n_mfcc·(2 + n_lags))."""
        basis = dct_matrix(self.n_mfcc, self.n_mels).astype(log_mel.dtype)
        cepstra = transformed(basis, log_mel)  # (n_mfcc, n_frames)
        moves = np.column_stack([cepstra.std(axis=1), structure_function(cepstra)])
        return np.column_stack([cepstra.mean(axis=1), self.log(moves)]).reshape(1, -1)

    def window_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Mean, deviation and modulation of each band in each window, (n_windows, n_mels·8); NaN
        where the window is silent."""
        windows = frame(log_mel, self.window, self.hop).swapaxes(0, 1)  # (n_windows, n_mels, 100)
        moves = [windows.std(axis=2)[..., None], modulation_spectrum(windows, BANDS)]
        numbers = [windows.mean(axis=2)[..., None], self.log(np.concatenate(moves, 2))]
        view = np.concatenate(numbers, axis=2).reshape(len(windows), -1)
        peak = windows.max(axis=(1, 2))
        view[peak < peak.max() - self.silence] = np.nan
        return view

    def log(self, moves: np.ndarray) -> np.ndarray:
        """log(moves + floor), of the same shape and dtype."""
        return np.log(moves + moves.dtype.type(self.floor))

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        """Normalization (of x, the training examples), Dense 100, ReLU, dropout, Dense."""
        return Sequential(
            [
                Normalization.adapt(x),
                Dense(x.shape[1], self.hidden, rng=rng),
                ReLU(),
                Dropout(self.dropout),
                Dense(self.hidden, n_classes, rng=rng),
            ]
        )

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
    ) -> History:
        """Train the network on x (n, n_features), y (n,) ints or one-hot."""
        optimizer = SGD(self.learning_rate, momentum=self.momentum)
        return network.fit(x, y, self.epochs, self.batch_size, optimizer, rng, on_epoch)

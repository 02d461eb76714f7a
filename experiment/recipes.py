"""The two recipes: features, networks and their training, and the model file of a trained recipe.
Chapters 13 (reference) and 16 (improved).

A recipe computes one view (n_windows, n_features) of a clip per network.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any, ClassVar

import numpy as np

from mfcc import (
    dct_matrix,
    delta,
    fast,
    frame,
    modulation_spectrum,
    power_to_db,
    structure_function,
)
from mfcc.audio import DURATION, SAMPLE_RATE
from mfcc.fast import blocked_product
from mininet import (
    SGD,
    Dense,
    Dropout,
    Ensemble,
    History,
    LeakyReLU,
    Normalization,
    ReLU,
    Sequential,
    Sigmoid,
)
from mininet.fast import GramForm, gram_form

HIDDEN = 500  # units in each hidden layer of the reference network
BANDS = (1, 2, 4, 8, 16, 32, 51)  # Hz, edges of the modulation bands: bins of a window of 1 s

Examples = tuple[np.ndarray, np.ndarray]  # x (n, n_features) and their labels y


class _Fit:
    """Training shared by both recipes."""

    epochs: int
    batch_size: int

    def optimizer(self) -> SGD:
        """Create a new optimizer."""
        raise NotImplementedError

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
        held_out: Examples | None = None,
    ) -> tuple[History, History]:
        """Train a network, in the Gram form if that is faster; return the histories on the
        training examples and, evaluated after each epoch, on the held-out examples."""
        x_test, y_test = (None, None) if held_out is None else held_out
        test_history = History()

        def after_epoch(history: History) -> None:
            if test_inputs is not None and y_test is not None:
                loss, accuracy = trained.evaluate(test_inputs, y_test)
                test_history.loss.append(loss)
                test_history.accuracy.append(accuracy)
            if on_epoch is not None:
                on_epoch(history)

        use_gram = isinstance(network.layers[0], Dense) and x.shape[0] < x.shape[1]
        with gram_form(network, x, x_test) if use_gram else nullcontext(network) as trained:
            inputs, test_inputs = x, x_test
            if isinstance(trained, GramForm):
                inputs, test_inputs = trained.rows, trained.held_out_rows
            settings = self.epochs, self.batch_size, self.optimizer()
            return trained.fit(inputs, y, *settings, rng, after_epoch), test_history


@dataclass(frozen=True)
class Reference(_Fit):
    """The published tutorial: 13 MFCCs of 20 ms frames every 10 ms, flattened; a network
    6513-500-500-500-10; 100 epochs of SGD whose learning rate decays as 1/(1 + 0.9t)."""

    n_mfcc: int = 13
    deltas: bool = False
    epochs: int = 100
    batch_size: int = 40
    learning_rate: float = 0.01
    decay: float = 0.9

    name: ClassVar[str] = "reference"
    networks: ClassVar[tuple[str, ...]] = ("MFCCs",)

    @property
    def n_rows(self) -> int:
        """Number of coefficients per frame."""
        return 3 * self.n_mfcc if self.deltas else self.n_mfcc

    def coefficients(self, signal: np.ndarray) -> np.ndarray:
        """signal (n_samples,) at 44.1 kHz -> (n_rows, n_frames): the MFCCs; with deltas, below them
        their first and second derivatives in time."""
        cepstra = fast.mfcc(signal, SAMPLE_RATE, n_mfcc=self.n_mfcc)
        if not self.deltas:
            return cepstra
        return np.concatenate([cepstra, delta(cepstra), delta(cepstra, order=2)])

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """The coefficients, flattened: [(1, n_rows·n_frames)]."""
        return [self.coefficients(signal).reshape(1, -1)]

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        """An untrained reference network for the training examples x (n, n_features)."""
        return reference_network(x.shape[1], n_classes, rng)

    def optimizer(self) -> SGD:
        """SGD with time-based decay."""
        return SGD(self.learning_rate, self.decay)


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


@dataclass(frozen=True)
class Improved(_Fit):
    """Two small networks on two views of a log-mel spectrogram of 40 bands. "clip": mean, standard
    deviation and structure function (10 ms to 1.28 s) of 20 MFCCs over the whole clip. "windows":
    level, standard deviation and modulation spectrum of each band in windows of 1 s, without the
    silent ones. Chosen by cross-validation: chapter 16."""

    n_mels: int = 40
    top_db: float = 60.0
    n_mfcc: int = 20
    floor: float = 0.1  # dB, added before a logarithm
    window: int = 100  # frames of 10 ms
    hop: int = 50  # frames
    silence: float = 40.0  # dB below the loudest window of the clip
    hidden: int = 100
    dropout: float = 0.3
    learning_rate: float = 0.02
    momentum: float = 0.9
    epochs: int = 60
    batch_size: int = 64

    name: ClassVar[str] = "improved"
    networks: ClassVar[tuple[str, ...]] = ("clip", "windows")

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """signal (n_samples,) at 44.1 kHz -> [(1, 200), (9, 320)]."""
        mel = fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=self.n_mels)
        log_mel = power_to_db(mel, top_db=self.top_db)  # (n_mels, n_frames)
        return [self.clip_view(log_mel), self.window_view(log_mel)]

    def clip_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Mean, standard deviation and structure function of each MFCC, (1, n_mfcc·10)."""
        basis = dct_matrix(self.n_mfcc, self.n_mels).astype(log_mel.dtype)
        cepstra = blocked_product(basis, log_mel)  # (n_mfcc, n_frames)
        changes = np.column_stack([cepstra.std(axis=1), structure_function(cepstra)])
        return np.column_stack([cepstra.mean(axis=1), self.log(changes)]).reshape(1, -1)

    def window_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Mean, standard deviation and modulation spectrum of each band in each window,
        (n_windows, n_mels·8); NaN if the window is silent."""
        windows = frame(log_mel, self.window, self.hop).swapaxes(0, 1)  # (n_windows, n_mels, 100)
        changes = [windows.std(axis=2)[..., None], modulation_spectrum(windows, BANDS)]
        numbers = [windows.mean(axis=2)[..., None], self.log(np.concatenate(changes, 2))]
        view = np.concatenate(numbers, axis=2).reshape(len(windows), -1)
        peak = windows.max(axis=(1, 2))
        view[peak < peak.max() - self.silence] = np.nan
        return view

    def log(self, x: np.ndarray) -> np.ndarray:
        """log(x + floor), of the same shape and dtype."""
        return np.log(x + x.dtype.type(self.floor))

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

    def optimizer(self) -> SGD:
        """SGD with momentum."""
        return SGD(self.learning_rate, momentum=self.momentum)


Recipe = Reference | Improved
RECIPES: dict[str, type[Recipe]] = {"reference": Reference, "improved": Improved}


@dataclass(frozen=True)
class Model:
    """A trained recipe: the average of the networks numbered `chosen`."""

    ensemble: Ensemble
    classes: list[str]
    recipe: Recipe
    chosen: list[int]

    def predict_proba(self, signal: np.ndarray) -> np.ndarray:
        """signal (n_samples,) at 44.1 kHz -> the probability of each class, (n_classes,)."""
        return self.predict_views(self.recipe.views(signal))

    def predict_views(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """As predict_proba, from the views of the signal."""
        p = self.ensemble.predict_proba([views[k][None] for k in self.chosen])[0]
        if not np.isfinite(p).all():
            raise ValueError("the probabilities are not finite: the weights are too large")
        return p


def make_ensemble(
    networks: Sequence[tuple[Sequential, int]], classes: list[str], recipe: Recipe
) -> Ensemble:
    """Combine trained networks, each with its number in the recipe, for read_model."""
    settings = asdict(recipe)
    metadata = {"recipe": recipe.name, "classes": classes, "settings": settings}
    chosen = [k for _, k in networks]
    return Ensemble([network for network, _ in networks], metadata | {"chosen": chosen})


def read_model(path: str | PathLike[str]) -> Model:
    """Read a model that make_ensemble(...).save wrote.

    ValueError: not a model file, invalid settings. OSError: no file.
    """
    ensemble = Ensemble.load(path)
    try:
        metadata, classes = ensemble.metadata, [str(name) for name in ensemble.metadata["classes"]]
        settings: Any = metadata.get("settings", metadata.get("features"))  # in older files
        recipe = RECIPES[metadata["recipe"]](**settings)
        model = Model(ensemble, classes, recipe, metadata.get("chosen", [0]))
        n_bins = SAMPLE_RATE // 50 // 2 + 1  # of a 20 ms frame
        if max(getattr(recipe, "n_mels", 0), recipe.n_mfcc) > n_bins:  # before any computation
            raise ValueError(f"{recipe} needs more bands than the {n_bins} bins of a frame")
        with np.errstate(all="ignore"):
            views = recipe.views(np.zeros(round(DURATION * SAMPLE_RATE), np.float32))
        expected = [(views[k].shape[1], len(classes)) for k in model.chosen]
        found = [(network.n_in, network.n_out) for network in ensemble.networks]
        if found != expected or not all(np.isfinite(view).all() for view in views):
            raise ValueError(f"its networks have widths {found}; {recipe} needs {expected}")
        return model
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is not a model that ssc wrote: {error!r}") from None

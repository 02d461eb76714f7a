"""The two recipes: features, networks and their training, and the model file of a trained recipe.
Chapters 13 (reference) and 16 (improved).

A recipe computes one view (n_windows, n_features) of a clip per network.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

import mfcc
from mfcc.audio import DURATION, SAMPLE_RATE
from mininet import SGD, Dense, Dropout, Ensemble, History, Normalization, Sequential, sharpen
from mininet.activations import LeakyReLU, ReLU, Sigmoid
from mininet.fast import gram_form

from .augment import record_again
from .terminal import printable

HOP = SAMPLE_RATE // 100  # samples per frame
TINY = 1e-30  # replaces 0 in denominators
# Frames of 10 ms, to 1.9 s: triangular numbers, dense where rhythms are fast
RHYTHM_LAGS = tuple(k * (k + 1) // 2 for k in range(1, 20))
HIDDEN = 500  # units in each hidden layer of the reference network
BANDS = (1, 2, 4, 8, 16, 32, 51)  # Hz, edges of the modulation bands: bins of a window of 1 s


class _Recipe:
    """Training, shared by both recipes. copies: augmented copies of each training clip. views:
    signal (n_samples,) at 44.1 kHz -> a view (n_windows, n_features) for each network."""

    views: Callable[[np.ndarray], list[np.ndarray]]
    copies: int = 0
    epochs: int
    batch_size: int
    learning_rate: float
    decay: float = 0.0
    momentum: float = 0.0

    def window_views(self, signal: np.ndarray, starts: range, n: int) -> list[np.ndarray]:
        """The views of the windows of n samples that begin at starts, (len(starts), n_windows,
        n_features) for each network."""
        return stack_views([self.views(signal[start : start + n]) for start in starts])

    def examples(self, signal: np.ndarray) -> list[np.ndarray]:
        """The views of a clip and of its augmented copies, (1 + copies, n_windows, n_features) for
        each network. The copies depend on nothing but the clip."""
        variants = [signal]
        if self.copies:
            rng = np.random.default_rng(zlib.crc32(signal.tobytes()))
            variants += [record_again(signal, rng) for _ in range(self.copies)]
        return stack_views(list(map(self.views, variants)))

    def fit(
        self,
        network: Sequential,
        x: np.ndarray,
        y: np.ndarray,
        rng: np.random.Generator,
        on_epoch: Callable[[History], object] | None = None,
        held_out: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> History:
        """Train a network, in the Gram form if that is faster; val_loss and val_accuracy in the
        history are measured on held_out = (x, y)."""
        if isinstance(network.layers[0], Dense) and x.shape[0] < x.shape[1]:  # then it is faster
            with gram_form(network, x, None if held_out is None else held_out[0]) as form:
                if held_out is not None:
                    held_out = form.held_out_rows, held_out[1]
                return self.fit(form, form.rows, y, rng, on_epoch, held_out)
        optimizer = SGD(self.learning_rate, self.decay, self.momentum)
        settings = self.epochs, self.batch_size, optimizer, rng, on_epoch
        return network.fit(x, y, *settings, validation_data=held_out)


@dataclass(frozen=True)
class Reference(_Recipe):
    """The recipe of the published tutorial: 13 MFCCs of 20 ms frames every 10 ms, flattened; a
    network 6513-500-500-500-10; 100 epochs of SGD whose learning rate decays as 1/(1 + 0.9t)."""

    n_mfcc: int = 13
    deltas: bool = False
    epochs: int = 100
    batch_size: int = 40
    learning_rate: float = 0.01
    decay: float = 0.9

    name: ClassVar[str] = "reference"
    window_hop: ClassVar[tuple[float, float]] = (DURATION, DURATION / 2)  # s, of a timeline
    networks: ClassVar[tuple[str, ...]] = ("MFCCs",)

    def coefficients(self, signal: np.ndarray) -> np.ndarray:
        """signal (n_samples,) at 44.1 kHz -> (n_mfcc, n_frames): the MFCCs, followed by their first
        and second time derivatives if deltas is set, (3·n_mfcc, n_frames)."""
        cepstra = mfcc.fast.mfcc(signal, SAMPLE_RATE, n_mfcc=self.n_mfcc)
        if not self.deltas:
            return cepstra
        return np.concatenate([cepstra, mfcc.delta(cepstra), mfcc.delta(cepstra, order=2)])

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """The coefficients, flattened: [(1, 13·501)]."""
        return [self.coefficients(signal).reshape(1, -1)]

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        """An untrained reference network for the training examples x (n, n_features)."""
        return reference_network(x.shape[1], n_classes, rng)


def reference_network(n_features: int, n_classes: int, rng: np.random.Generator) -> Sequential:
    """Dense 500, sigmoid, Dense 500, leaky ReLU, Dense 500, ReLU, Dense n_classes (and softmax)."""
    first = [Dense(n_features, HIDDEN, rng=rng), Sigmoid()]
    second = [Dense(HIDDEN, HIDDEN, rng=rng), LeakyReLU(0.3)]
    third = [Dense(HIDDEN, HIDDEN, rng=rng), ReLU()]
    return Sequential([*first, *second, *third, Dense(HIDDEN, n_classes, rng=rng)])


@dataclass(frozen=True)
class Improved(_Recipe):
    """Three small networks on three views of a log-mel spectrogram of 40 bands, trained on each
    clip and four copies as other microphones would record it. The level of the clip is divided out,
    silent ends are cut, and the rest is repeated. "clip": mean, standard deviation and structure
    function (10 ms to 1.28 s) of 20 MFCCs over the whole clip. "windows": level, standard deviation
    and modulation spectrum of each band in windows of 1 s; silent windows are excluded. "rhythm":
    spread and autocorrelation of three loudness curves. Chapter 16."""

    n_mels: int = 40
    top_db: float = 60.0
    n_mfcc: int = 20
    floor: float = 0.1  # dB, added before a logarithm
    window: int = 100  # frames of 10 ms
    hop: int = 50  # frames
    silence: float = 40.0  # dB below the loudest window of the clip
    copies: int = 4
    hidden: int = 100
    dropout: float = 0.3
    learning_rate: float = 0.02
    momentum: float = 0.9
    epochs: int = 12
    batch_size: int = 64

    name: ClassVar[str] = "improved"
    window_hop: ClassVar[tuple[float, float]] = (2.0, 0.5)  # s, of a timeline
    networks: ClassVar[tuple[str, ...]] = ("clip", "windows", "rhythm")

    def views(self, signal: np.ndarray) -> list[np.ndarray]:
        """signal (n_samples,) at 44.1 kHz -> [(1, 200), (9, 320), (1, 66)]."""
        mel = mfcc.fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=self.n_mels)
        return self.mel_views(mel)

    def window_views(self, signal: np.ndarray, starts: range, n: int) -> list[np.ndarray]:
        """The views of windows of a signal whose mel spectrogram is computed once, for all."""
        mel = mfcc.fast.mel_spectrogram(signal, SAMPLE_RATE, n_mels=self.n_mels)
        frames = [(start // HOP, (start + n) // HOP) for start in starts]
        return stack_views([self.mel_views(mel[:, first:last]) for first, last in frames])

    def mel_views(self, mel: np.ndarray) -> list[np.ndarray]:
        """The views of a mel spectrogram (n_mels, n_frames). A gain changes none of them."""
        level = max(float(mel.mean()), TINY)
        log_mel = mfcc.power_to_db(mel / level, top_db=self.top_db)
        log_mel = repeat_sound(log_mel, log_mel.max() - self.top_db, mel.shape[1])
        return [self.clip_view(log_mel), self.window_view(log_mel), self.rhythm_view(log_mel)]

    def clip_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Mean, standard deviation and structure function of each MFCC, (1, n_mfcc·10)."""
        basis = mfcc.dct_matrix(self.n_mfcc, self.n_mels).astype(log_mel.dtype)
        cepstra = mfcc.fast.blocked_product(basis, log_mel)  # (n_mfcc, n_frames)
        changes = np.column_stack([cepstra.std(axis=1), mfcc.structure_function(cepstra)])
        numbers = [cepstra.mean(axis=1), np.log(changes + self.floor)]
        return np.column_stack(numbers).reshape(1, -1)

    def window_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Mean, standard deviation and modulation spectrum of each band in each window,
        (n_windows, n_mels·8); NaN if the window is silent."""
        windows = mfcc.frame(log_mel, self.window, self.hop)  # (n_mels, n_windows, 100)
        windows = windows.swapaxes(0, 1)
        changes = np.dstack([windows.std(axis=2), mfcc.modulation_spectrum(windows, BANDS)])
        numbers = np.dstack([windows.mean(axis=2), np.log(changes + self.floor)])
        view = numbers.reshape(len(windows), -1)
        peak = windows.max(axis=(1, 2))
        view[peak < peak.max() - self.silence] = np.nan
        return view

    def rhythm_view(self, log_mel: np.ndarray) -> np.ndarray:
        """Three loudness curves, of the power in all bands, of the mean of their decibels and of
        how much they rise: log of the standard deviation, maximum and minimum in its unit, and
        autocorrelation to 1.9 s, (1, 66)."""
        power = 10 * np.log10(np.mean(10 ** (log_mel / 10), axis=0))
        rise = np.maximum(np.diff(log_mel, axis=1, prepend=log_mel[:, :1]), 0).mean(axis=0)
        curves = np.stack([power, log_mel.mean(axis=0), rise])  # (3, n_frames), dB
        curves -= curves.mean(axis=1, keepdims=True)
        spread = curves.std(axis=1) + self.floor
        extremes = [curves.max(axis=1) / spread, curves.min(axis=1) / spread]
        shape = np.column_stack([np.log(spread), *extremes])
        return np.hstack([shape, mfcc.autocorrelation(curves, RHYTHM_LAGS)]).reshape(1, -1)

    def build(self, x: np.ndarray, n_classes: int, rng: np.random.Generator) -> Sequential:
        """Normalization (of x, the training examples), Dense 100, ReLU, dropout, Dense."""
        hidden = [Dense(x.shape[1], self.hidden, rng=rng), ReLU(), Dropout(self.dropout)]
        output = Dense(self.hidden, n_classes, rng=rng)
        return Sequential([Normalization.adapt(x), *hidden, output])


def stack_views(views: list[list[np.ndarray]]) -> list[np.ndarray]:
    """The views of several clips or windows, one array per network."""
    return [np.stack(view) for view in zip(*views, strict=True)]


def repeat_sound(log_mel: np.ndarray, silent: float, n_frames: int) -> np.ndarray:
    """Cut the frames at both ends in which no band exceeds `silent` dB, and repeat the rest:
    (n_mels, any) -> (n_mels, n_frames). A clip without such a band stays as it is."""
    loud = np.flatnonzero(log_mel.max(axis=0) > silent)
    first, last = (loud[0], loud[-1]) if len(loud) else (0, log_mel.shape[1] - 1)
    return log_mel[:, first + np.arange(n_frames) % (last + 1 - first)]


Recipe = Reference | Improved
RECIPES: dict[str, type[Recipe]] = {"reference": Reference, "improved": Improved}


class Model(NamedTuple):
    """A trained recipe. Without a threshold its probabilities are not calibrated."""

    recipe: Recipe
    classes: Sequence[str]
    networks: dict[int, Sequential]  # networks[k] is its trained network k; they are averaged
    exponent: float = 1.0  # that sharpens the average of their probabilities
    threshold: float | None = None  # a largest probability below it means "unsure"

    @np.errstate(all="ignore")
    def predict_proba(self, views: Sequence[np.ndarray]) -> np.ndarray:
        """A view (n, W, d) for each network of the recipe -> the probabilities (n, n_classes).
        ValueError: a view of another width, probabilities that are not finite."""
        ensemble = Ensemble(list(self.networks.values()))
        p = ensemble.predict_proba([views[k] for k in self.networks])
        if not np.isfinite(p).all():
            raise ValueError("the probabilities are not finite: the weights are too large")
        return sharpen(p, self.exponent)

    def save(self, path: str | PathLike[str]) -> None:
        """Write a file for read_model."""
        metadata: dict[str, Any] = {"recipe": self.recipe.name, "classes": self.classes}
        metadata |= {"settings": asdict(self.recipe), "chosen": list(self.networks)}
        metadata |= {"exponent": self.exponent, "threshold": self.threshold}
        Ensemble(list(self.networks.values()), metadata).save(path)


@np.errstate(all="ignore")
def read_model(path: str | PathLike[str]) -> Model:
    """Read a model that Model.save wrote, or the one in the folder of a run. ValueError: not such a
    file. OSError: no file."""
    path = Path(path, "model.npz") if Path(path).is_dir() else path
    ensemble = Ensemble.load(path)
    try:
        metadata: Any = ensemble.metadata
        recipe = RECIPES[metadata["recipe"]](**metadata["settings"])
        networks = dict(zip(metadata["chosen"], ensemble.networks, strict=True))
        if {network.n_out for network in ensemble.networks} != {len(metadata["classes"])}:
            raise ValueError("the output width does not match the number of classes")
        if any(name != printable(name) for name in metadata["classes"]):
            raise ValueError("the name of a class is not printable")
        exponent, threshold = metadata["exponent"], metadata["threshold"]
        if threshold is not None and not 0 <= threshold <= 1:
            raise ValueError(f"threshold={threshold!r} must be at least 0 and at most 1")
        model = Model(recipe, metadata["classes"], networks, exponent, threshold)
        silence = recipe.views(np.zeros(round(DURATION * SAMPLE_RATE), np.float32))
        model.predict_proba([view[None] for view in silence])  # settings and widths match
        return model
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a model that ssc wrote: {error!r:.300}") from None

"""The steps of the published tutorial with current versions of its libraries.

    python -m benchmarks.tutorial CATEGORY OUT

librosa computes the features, Keras trains the network, scikit-learn shuffles and counts the
confusion matrix, Matplotlib draws the four pictures: the peer of ssc.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import keras
import librosa
import librosa.display
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.utils import shuffle

from benchmarks.training import keras_network


def extract_features(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(n, 13, 501) MFCCs, (n,) labels and the class names."""
    classes = sorted(path.name for path in folder.iterdir())
    rows, labels = [], []
    for label, name in enumerate(classes):
        for path in sorted((folder / name).glob("*.wav")):
            signal, rate = librosa.load(path, sr=44100)
            n_fft, hop = int(0.02 * rate), int(0.01 * rate)
            rows.append(
                librosa.feature.mfcc(y=signal, sr=rate, n_mfcc=13, n_fft=n_fft, hop_length=hop)
            )
            labels.append(label)
    return np.array(rows), np.array(labels), classes


def draw_features(rows: np.ndarray, labels: np.ndarray, classes: list[str], out: Path) -> None:
    """The first three clips of each class, as images and flattened."""
    examples = [i for label in np.unique(labels) for i in np.flatnonzero(labels == label)[:3]]
    for name in ("mfcc.png", "features.png"):
        plt.figure(figsize=(11.2, 15))
        for panel, i in enumerate(examples, 1):
            axes = plt.subplot(len(classes), 3, panel)
            if name == "mfcc.png":
                librosa.display.specshow(rows[i], vmin=-700, vmax=300)
            else:
                axes.plot(rows[i].ravel())
            axes.set_title(classes[labels[i]])
        plt.tight_layout()
        plt.savefig(out / name)
        plt.close()


def draw_results(history: dict, matrix: np.ndarray, classes: list[str], out: Path) -> None:
    """Loss and accuracy on twin axes, and the confusion matrix."""
    figure, loss_axes = plt.subplots()
    loss_axes.plot(history["loss"], "b")
    loss_axes.twinx().plot(history["accuracy"], "r")
    figure.savefig(out / "curves.png")
    ConfusionMatrixDisplay(matrix, display_labels=classes).plot(xticks_rotation=45)
    plt.savefig(out / "confusion.png")


def main(folder: Path, out: Path) -> None:
    """Everything, from the folder to the pictures and the model file."""
    out.mkdir(parents=True, exist_ok=True)
    rows, labels, classes = extract_features(folder)
    draw_features(rows, labels, classes, out)
    x = rows.reshape(len(rows), -1)
    x, y = shuffle(x, keras.utils.to_categorical(labels), random_state=0)
    model = keras_network(x.shape[1], len(classes))
    history = model.fit(x, y, epochs=100, batch_size=40, shuffle=True, verbose=0).history
    predicted = model.predict(x, verbose=0).argmax(axis=1)
    draw_results(history, confusion_matrix(y.argmax(axis=1), predicted), classes, out)
    model.save(out / "model.keras")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""The whole project in one file: from a folder of WAV files to a confusion matrix, in NumPy.

python docs/whole.py     reads FOLDER, one folder per class: category/dog/1-30226-A.wav, …

soundfile reads the recordings. Numbers in brackets are the chapters of the book in which a step is
derived. `python ssc.py --data category/` is the same experiment from other initial weights; it is
faster and adds checks and figures.
"""

from pathlib import Path

import numpy as np
import soundfile

FOLDER = Path("category")  # your recordings: change this path

# Part 1: from a recording to 13 × 501 coefficients

RATE, N_SAMPLES = 44100, 5 * 44100  # samples per second (Hz), and in a recording of 5 s [1]
N_FFT, HOP = 882, 441  # samples: a frame of 20 ms every 10 ms [2]
N_MELS, N_MFCC, N_HIDDEN = 128, 13, 500  # mel bands [5], coefficients [7], neurons in a layer [9]


def read(path: Path) -> np.ndarray:
    """The samples of a recording, from -1 to 1: mono, cut to 5 s or padded with zeros [1]."""
    channels, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE, f"{path} has a sample rate of {rate} Hz; convert it to {RATE} Hz"
    signal = channels.mean(axis=1)[:N_SAMPLES]
    return np.pad(signal, (0, N_SAMPLES - len(signal)))


# The Hann window fades each frame in and out [2].
window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)  # (882,)

# The power in a mel band is a sum, weighted by a triangle. The edges of the triangles are evenly
# spaced in mel. The scale is linear up to 1000 Hz, which is 15 mel, and logarithmic above [5].
mel = np.linspace(0, 15 + 27 * np.log(RATE / 2 / 1000) / np.log(6.4), N_MELS + 2)
edges = np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))[:, None]  # in Hz
left, center, right = edges[:-2], edges[1:-1], edges[2:]  # (128, 1) each
f = np.arange(N_FFT // 2 + 1) * RATE / N_FFT  # (442,) frequencies of the Fourier transform, Hz [3]
triangles = np.maximum(0, np.minimum((f - left) / (center - left), (right - f) / (right - center)))
filters = triangles * 2 / (right - left)  # (128, 442), of area one

# The rows of the discrete cosine transform are cosines of 0, 1/2, 1, … cycles, with norm one [7].
i, m = np.arange(N_MFCC)[:, None], np.arange(N_MELS)
cosines = np.sqrt(2 / N_MELS) * np.cos(np.pi * i * (2 * m + 1) / (2 * N_MELS))  # (13, 128)
cosines[0] = np.sqrt(1 / N_MELS)


def mfcc(signal: np.ndarray) -> np.ndarray:
    """The mel-frequency cepstral coefficients (13, 501): 13 numbers for each frame [8]."""
    padded = np.pad(signal, N_FFT // 2)  # frame t is centered on sample t · HOP
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]  # (501, 882)
    spectra = np.fft.rfft(frames * window)  # (501, 442): NumPy's FFT; chapter 4 writes one
    power = np.abs(spectra) ** 2 @ filters.T  # (501, 128)
    decibels = 10 * np.log10(np.maximum(1e-10, power))  # [6]
    decibels = np.maximum(decibels, decibels.max() - 80)  # at most 80 dB below the loudest
    return cosines @ decibels.T


# Part 2: a network of four layers, and its training


def initialize(sizes: list[int], rng: np.random.Generator) -> tuple[list[np.ndarray], ...]:
    """Glorot's random weights W and zero biases b, for layers of these sizes [9]."""
    shapes = [(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]  # inputs, outputs
    W = [rng.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape)) for shape in shapes]
    return W, [np.zeros(n_outputs) for _, n_outputs in shapes]


def forward(x: np.ndarray, W: list[np.ndarray], b: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """The outputs of the four layers, for examples in the rows of x [9]."""
    a1 = (1 + np.tanh((x @ W[0] + b[0]) / 2)) / 2  # sigmoid: 1/(1 + exp(-z)), without overflow
    z2 = a1 @ W[1] + b[1]
    a2 = np.where(z2 > 0, z2, 0.3 * z2)  # leaky ReLU
    a3 = np.maximum(0, a2 @ W[2] + b[2])  # ReLU
    z4 = a3 @ W[3] + b[3]
    e = np.exp(z4 - z4.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)  # softmax: a probability for each class [10]
    return a1, a2, a3, p


def update(
    x: np.ndarray, y: np.ndarray, W: list[np.ndarray], b: list[np.ndarray], rate: float
) -> None:
    """One step of gradient descent, in place; the loss is the cross-entropy of p and labels y."""
    a1, a2, a3, p = forward(x, W, b)
    dz4 = (p - y) / len(x)  # gradient of the loss at the inputs of the softmax [10] …
    dz3 = dz4 @ W[3].T * (a3 > 0)  # … and at the other layers, from last to first [11]
    dz2 = dz3 @ W[2].T * np.where(a2 > 0, 1, 0.3)
    dz1 = dz2 @ W[1].T * a1 * (1 - a1)
    for i, (a, dz) in enumerate([(x, dz1), (a1, dz2), (a2, dz3), (a3, dz4)]):
        W[i] -= rate * (a.T @ dz)  # [12]
        b[i] -= rate * dz.sum(axis=0)


# Part 3: read, train, report

if __name__ == "__main__":
    paths = sorted(FOLDER.glob("*/*.wav"))
    assert paths, f"{FOLDER.absolute()} contains no folders with WAV files"
    classes = sorted({path.parent.name for path in paths})
    labels = np.array([classes.index(path.parent.name) for path in paths])
    y = np.eye(len(classes))[labels]  # (400, 10): a one in the column of the class [10]
    x = np.array([mfcc(read(path)).ravel() for path in paths])  # (400, 6513)

    rng = np.random.default_rng(0)
    W, b = initialize([x.shape[1], N_HIDDEN, N_HIDDEN, N_HIDDEN, len(classes)], rng)
    t = 0  # updates so far
    for epoch in range(1, 101):  # each recording once per epoch, in random order [12, 13]
        order = rng.permutation(len(x))
        for start in range(0, len(x), 40):
            rows = order[start : start + 40]
            update(x[rows], y[rows], W, b, rate=0.01 / (1 + 0.9 * t))
            t += 1
        p = forward(x, W, b)[-1]
        loss, accuracy = -np.log(p[y == 1]).mean(), np.mean(p.argmax(axis=1) == labels)
        print(f"epoch {epoch:3}   loss {loss:.4f}   accuracy {accuracy:.4f}")

    # Row: the class of a recording. Column: the class that the network predicts [14].
    confusion = y.T @ np.eye(len(classes))[p.argmax(axis=1)]
    print("On the recordings that it was trained on; held-out accuracy is lower [14]:")
    for name, counts in zip(classes, confusion.astype(int), strict=True):
        print(f"{name:>16}", *(f"{count:4}" for count in counts))

"""The loss: one-hot labels, softmax, cross-entropy, and the two fused. Chapter 10.

Symbols: n examples, C classes; z the logits, p = softmax(z) the probabilities, y one-hot labels.
"""

import numpy as np

from ._checks import ArrayLike, as_float, positive_integer

ROUNDING = 1e-5  # tolerance for the sum of a row of y, which must be 1


def one_hot(labels: ArrayLike, n_classes: int | None = None) -> np.ndarray:
    """y[i, c] = 1 where c = labels[i], 0 elsewhere.

    labels (n,) ints from 0 -> (n, n_classes) float64; n_classes None: the largest label + 1.
    ValueError: labels that are not (n,) ints, n > 0, or not in 0 … n_classes - 1.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) == 0:
        raise ValueError(f"labels {labels.dtype}{labels.shape} must be integers (n,), n > 0")
    low, high = int(labels.min()), int(labels.max())
    count = high + 1 if n_classes is None else positive_integer(n_classes, "n_classes")
    if low < 0 or high >= count:
        raise ValueError(f"labels from {low} to {high} must lie in 0 … {count - 1}")
    return (labels[:, None] == np.arange(count)).astype(np.float64)


def softmax(logits: ArrayLike) -> np.ndarray:
    """p_c = exp(z_c) / Σ_k exp(z_k) over the last axis, from z - max(z), which cannot overflow.

    (..., C) -> (..., C) of the same dtype. ValueError: complex logits.
    Source: Bridle (1990), Probabilistic interpretation of feedforward classification networks.
    """
    z = as_float(logits)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(probabilities: ArrayLike, y: ArrayLike) -> float:
    """L = -1/n Σ_i Σ_c y_ic log p_ic: the mean negative log-probability of the true class.

    probabilities (n, C), y (n,) ints or (n, C) one-hot -> a number >= 0, in nats; infinite if a
    true class has probability 0. ValueError: y of another shape.
    Source: Good (1952), Rational decisions. SoftmaxCrossEntropy is the stable form.
    """
    p = as_float(probabilities)
    y = targets(y, p.shape, p.dtype)
    with np.errstate(divide="ignore"):
        return float(0 - np.sum(y * np.log(np.where(y > 0, p, 1))) / len(p))  # 0 log p is 0


class SoftmaxCrossEntropy:
    """L = 1/n Σ_i (log Σ_c exp z_ic - Σ_c y_ic z_ic): cross-entropy of softmax, from the logits.

    Stable: no logarithm of a probability that may have rounded to 0.
    Source: Bishop (2006), Pattern Recognition and Machine Learning, eqs. 4.108 and 4.109.
    """

    def forward(self, logits: ArrayLike, y: ArrayLike) -> float:
        """logits (n, C), y (n,) ints or (n, C) one-hot -> the loss, >= 0. ValueError: other y."""
        z = as_float(logits)
        self.y, self.p = targets(y, z.shape, z.dtype), softmax(z)
        shifted = z - z.max(axis=1, keepdims=True)  # the shift cancels in the loss
        log_sum = np.log(np.exp(shifted).sum(axis=1))
        true = np.where(self.y > 0, shifted, 0)  # 0 · -inf is 0: a class may be ruled out
        return float(np.mean(log_sum - np.sum(self.y * true, axis=1)))

    def backward(self) -> np.ndarray:
        """dz = (p - y)/n: (n, C), for the logits and labels of the last forward."""
        return (self.p - self.y) / len(self.y)


def targets(y: ArrayLike, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Convert labels, (n,) ints or (n, C) one-hot, to one-hot rows of shape (n, C) and dtype."""
    y = np.asarray(y)
    rows = one_hot(y, shape[1]) if y.ndim == 1 and len(shape) == 2 else y
    if len(shape) != 2 or rows.shape != shape:
        raise ValueError(f"y {y.shape} must be (n,) or (n, n_classes) for predictions {shape}")
    if not (np.all(rows >= 0) and np.all(np.abs(rows.sum(axis=1) - 1) <= ROUNDING)):
        raise ValueError("each row of y must be one-hot: not negative, with sum 1")
    return np.asarray(rows, dtype)

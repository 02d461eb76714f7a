"""Metrics: accuracy and its interval, confusion matrix, precision and recall, calibration.
Chapters 14 and 16."""

from math import inf

import numpy as np

from ._checks import ArrayLike, positive_integer
from .losses import one_hot


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """y_true, y_pred (n,) ints -> the proportion of examples on which they agree.

    ValueError: different shapes, n = 0, labels that are not integers.
    """
    true, predicted = _labels(y_true, y_pred)
    return float(np.mean(true == predicted))


def confusion_matrix(
    y_true: ArrayLike, y_pred: ArrayLike, n_classes: int | None = None
) -> np.ndarray:
    """M = Yᵀ Ŷ for one-hot Y, Ŷ: M[i, j] examples of class i were predicted as class j.

    y_true, y_pred (n,) ints from 0 -> (n_classes, n_classes) ints: rows true, columns predicted;
    n_classes None: the largest label + 1. ValueError: as accuracy, or labels out of range.
    """
    pairs = _labels(y_true, y_pred)
    true, predicted = one_hot(pairs.ravel(), n_classes).reshape(*pairs.shape, -1)
    return (true.T @ predicted).astype(int)


def precision_recall_f1(confusion: ArrayLike) -> np.ndarray:
    """precision = M_cc / Σ_i M_ic,  recall = M_cc / Σ_j M_cj,  F1 = 2 M_cc / (Σ_i M_ic + Σ_j M_cj).

    confusion (C, C), rows true -> (C, 3), one row per class; 0 if the denominator is 0.
    ValueError: not a square matrix, NaN, a negative cell.
    Source: van Rijsbergen (1979), Information Retrieval, ch. 7.
    """
    M = np.asarray(confusion, dtype=np.float64)  # small ints could overflow
    if M.ndim != 2 or M.shape[0] != M.shape[1]:
        raise ValueError(f"confusion has shape {M.shape}; it must be square")
    if not np.all(M >= 0):
        raise ValueError("confusion must have no cells that are NaN or negative")
    correct, predicted, true = np.diag(M), M.sum(axis=0), M.sum(axis=1)
    parts = np.stack([correct, correct, 2 * correct], axis=1)
    wholes = np.stack([predicted, true, predicted + true], axis=1)
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def wilson_interval(proportion: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """(p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n): a confidence interval for a proportion.

    proportion: p, the fraction of successes in n independent trials -> (lower, upper), the bounds
    of all q with |p - q| <= z √(q(1 - q)/n); z = 1.96 gives 95 % confidence.
    ValueError: p outside [0, 1], n not an integer or < 1, not 0 < z < inf.
    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    p, n = proportion, positive_integer(n, "n")
    if not 0 <= p <= 1:
        raise ValueError(f"{proportion=} must be at least 0 and at most 1")
    if not 0 < z < inf:
        raise ValueError(f"{z=} must be positive and finite")
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    lower, upper = (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
    return max(0.0, float(lower)), min(1.0, float(upper))


def reliability(probabilities: ArrayLike, y_true: ArrayLike, n_bins: int = 15) -> np.ndarray:
    """Row b: of the examples whose largest probability p lies in (b/B, (b + 1)/B], their number,
    the mean of p, and the proportion classified correctly.

    probabilities (n, C), y_true (n,) ints -> (n_bins, 3); an empty bin is a row of zeros. In each
    bin of a calibrated classifier the last two numbers are equal. ValueError: as accuracy.
    Source: DeGroot and Fienberg (1983), The comparison and evaluation of forecasters.
    """
    p, n_bins = np.asarray(probabilities, dtype=np.float64), positive_integer(n_bins, "n_bins")
    true, predicted = _labels(y_true, p.argmax(axis=1))
    confidence = p.max(axis=1)
    bins = np.searchsorted(np.arange(1, n_bins) / n_bins, confidence)  # borders below p
    columns = (None, confidence, true == predicted)
    counts, *sums = (np.bincount(bins, column, n_bins) for column in columns)
    return np.stack([counts, *(total / np.maximum(counts, 1) for total in sums)], axis=1)


def calibration_error(reliability: ArrayLike) -> float:
    """ECE = Σ_b n_b/n |accuracy_b - mean p_b|: by how much the probabilities are wrong, on average.

    reliability (n_bins, 3): the table of the function of this name. ValueError: no examples in it.
    Source: Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities.
    """
    counts, confidence, correct = np.asarray(reliability, dtype=np.float64).T
    if not counts.sum() > 0:
        raise ValueError("reliability has no examples")
    return float(np.sum(counts * np.abs(correct - confidence)) / counts.sum())


def _labels(y_true: ArrayLike, y_pred: ArrayLike) -> np.ndarray:
    """Convert both to int64, (2, n)."""
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    kinds = {true.dtype.kind, predicted.dtype.kind}
    if true.shape != predicted.shape or true.ndim != 1 or not true.size or not kinds <= {"i", "u"}:
        found = f"{true.dtype}{true.shape} and {predicted.dtype}{predicted.shape}"
        raise ValueError(f"y_true and y_pred, {found}, must both be integers (n,), n > 0")
    return np.stack([true.astype(np.int64), predicted.astype(np.int64)])

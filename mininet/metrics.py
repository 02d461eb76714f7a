"""Metrics: how good the answers are, in all and class by class.

Before it: optimizers.py. After it: gram.py. Chapter 14.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .layers import number, positive_integer
from .losses import class_count


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """y_true, y_pred (n,) ints -> the share of examples on which they agree.

    ValueError: no fit, n = 0, labels that are not integers.
    Chapter 14.
    """
    y_true, y_pred = _labels(y_true, y_pred)
    return float(np.mean(y_true == y_pred))


def confusion_matrix(
    y_true: ArrayLike, y_pred: ArrayLike, n_classes: int | None = None
) -> np.ndarray:
    """M[i, j] = the number of examples of class i that were taken for class j.

    y_true, y_pred (n,) ints from 0 -> (n_classes, n_classes) ints: rows true, columns predicted;
    n_classes None: the largest label + 1. ValueError: no fit, n = 0, labels out of range.
    Chapter 14.
    """
    y_true, y_pred = _labels(y_true, y_pred)
    n_classes = class_count(n_classes, y_true, y_pred)
    cells = np.bincount(y_true * n_classes + y_pred, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes)


def precision_recall_f1(confusion: ArrayLike) -> np.ndarray:
    """precision = M_cc / Σ_i M_ic,  recall = M_cc / Σ_j M_cj,  F1 = 2 M_cc / (Σ_i M_ic + Σ_j M_cj).

    confusion (C, C), rows true -> (C, 3), a row for each class; 0 where nothing can be divided.
    ValueError: not a square matrix.
    Source: van Rijsbergen (1979), Information Retrieval, ch. 7.
    Chapter 14.
    """
    matrix = np.asarray(confusion, dtype=np.float64)  # in which small ints cannot overflow
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"confusion has shape {matrix.shape}; it must be square")
    right, predicted, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    parts = np.stack([right, right, 2 * right], axis=1)
    wholes = np.stack([predicted, true, predicted + true], axis=1)
    return np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def wilson_interval(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """(p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n): the true shares that p does not refute.

    share: p, the share of successes among n independent trials -> (lower, upper), within [0, 1]:
    the shares q with |p - q| <= z √(q(1 - q)/n), at z = 1.96 those of 95 % confidence.
    ValueError: p outside [0, 1], n no integer or < 1.
    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.
    Chapter 14.
    """
    share = number(share, "share", "at least 0 and at most 1", lambda p: 0 <= p <= 1)
    n = positive_integer(n, "n")
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    lower, upper = (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)
    return max(0.0, float(lower)), min(1.0, float(upper))


def _labels(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != predicted.shape or true.ndim != 1 or len(true) == 0:
        raise ValueError(
            f"y_true {true.shape} and y_pred {predicted.shape} must both be (n,), n > 0"
        )
    if true.dtype.kind not in "iu" or predicted.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers, not {true.dtype} and {predicted.dtype}")
    return true.astype(np.int64), predicted.astype(np.int64)

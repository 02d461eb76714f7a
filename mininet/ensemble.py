"""Ensembles: several networks, each with its own view of an example, averaged. Chapter 16.

Symbols: a view (n, W, d) contains n examples of W windows of d features each; windows with
NaN are left out. p_k are the probabilities of network k, z its logits, C the number of classes.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from . import storage
from ._checks import ArrayLike, as_float, row_blocks
from .losses import softmax
from .network import Sequential, forward_blocks


def valid_windows(view: ArrayLike) -> np.ndarray:
    """Mask of the windows without NaN: view (n, W, d) -> (n, W) bool. ValueError: another shape, an
    example without a valid window."""
    view = as_float(view)
    if view.ndim != 3:
        raise ValueError(f"a view has shape {view.shape}; it must be (n, n_windows, n_features)")
    valid = np.concatenate([~np.isnan(rows).any(axis=2) for rows in row_blocks(view)])
    if not valid.any(axis=1).all():
        raise ValueError("an example has no window without NaN")
    return valid


def window_proba(network: Sequential, view: ArrayLike) -> np.ndarray:
    """p ∝ (Π_w p_w)^(1/W) = softmax(mean over w of z_w): the geometric mean over the windows.

    Log-probabilities are averaged, so that one confident window can veto a class.
    network: d inputs, C outputs. view (n, W, d) -> (n, C), rows sum to one. ValueError: an example
    without a valid window.
    """
    view, valid = as_float(view), valid_windows(view)
    n_valid = valid.sum(axis=1)  # (n,)
    starts = np.cumsum(n_valid) - n_valid  # of each example's windows
    windows = view.reshape(-1, view.shape[2]) if valid.all() else view[valid]  # avoids a copy
    totals = np.add.reduceat(forward_blocks(network, windows), starts, axis=0)  # (n, C)
    return softmax(totals / n_valid[:, None].astype(totals.dtype))


def sharpen(p: ArrayLike, exponent: float) -> np.ndarray:
    """p' = p^β / Σ p^β, β = exponent: in the same order; surer if β > 1, less sure if β < 1.

    An average of networks that disagree is less sure than its accuracy warrants; β is chosen for
    the lowest loss on clips that no network was trained on. p (n, C) -> (n, C), rows sum to one.
    ValueError: an exponent that is not positive.
    Source: Guo, Pleiss, Sun and Weinberger (2017), On calibration: temperature scaling, T = 1/β.
    """
    if not exponent > 0:
        raise ValueError(f"{exponent=} must be above 0")
    p = as_float(p)
    powers = (p / p.max(axis=-1, keepdims=True)) ** exponent  # at least one does not underflow
    return powers / powers.sum(axis=-1, keepdims=True)


class Ensemble:
    """p = 1/K Σ_k p_k: the mean of the probabilities of K networks, each given its own view.

    By Jensen's inequality -log p(true) <= 1/K Σ_k -log p_k(true): the ensemble's loss is at most
    the mean loss of its networks, and lower the more they disagree. metadata: as of Sequential.
    ValueError: no networks.
    Source: Hansen and Salamon (1990), Neural network ensembles.
    """

    def __init__(
        self, networks: Sequence[Sequential], metadata: dict[str, Any] | None = None
    ) -> None:
        self.networks = list(networks)
        self.metadata = {} if metadata is None else metadata
        if not self.networks:
            raise ValueError("networks=[] must contain at least one network")

    def predict_proba(self, views: Sequence[ArrayLike]) -> np.ndarray:
        """One view (n, W, d) per network -> (n, C), rows sum to one. ValueError: another number."""
        if len(views) != len(self.networks):
            raise ValueError(f"views has {len(views)} entries; it must have {len(self.networks)}")
        return np.mean(list(map(window_proba, self.networks, views)), axis=0)

    def save(self, path: str | PathLike[str]) -> None:
        """Write all networks and the metadata to one file; as Sequential.save."""
        storage.save(path, *(network.layers for network in self.networks), metadata=self.metadata)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Ensemble":
        """Load an ensemble or a single network; ValueError and OSError as Sequential.load."""
        return cls(*storage.load(path, Sequential))

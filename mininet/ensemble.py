"""The ensemble: several networks, each with its own view of an example, answer together.

Before it: network.py. After it: display.py. Chapter 16.

Symbols: a view (n, W, d) shows n examples in W windows of d features each; a window that holds a
NaN is left out. p_k is the answer of network k, z its logits, C the number of classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import storage
from .layers import Layer, as_float
from .losses import softmax
from .network import Sequential


def windows_of(view: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """What a network is trained on: every window that is not left out, as an example of its own.

    view (n, W, d), labels (n,) ints or (n, C) one-hot -> the windows (m, d) and their labels.
    ValueError: an example without windows.
    Chapter 16.
    """
    view, labels = as_float(view), np.asarray(labels)
    heard = _heard(view)
    return view[heard], np.repeat(labels, heard.sum(axis=1), axis=0)


def window_proba(network: Sequential, view: ArrayLike) -> np.ndarray:
    """p ∝ (Π_w p_w)^(1/W) = softmax(mean over w of z_w): the geometric mean over the windows.

    Windows are taken as witnesses: their log-probabilities are averaged, so that one which rules a
    class out is heard. softmax(z_w) = exp(z_w) up to a factor, hence the mean of the logits.
    view (n, W, d) -> (n, C), rows sum to one. ValueError: an example without windows.
    Chapter 16.
    """
    view = as_float(view)
    heard = _heard(view)
    starts = np.cumsum(heard.sum(axis=1)) - heard.sum(axis=1)  # of each example's windows
    totals = np.add.reduceat(network.forward(view[heard]), starts, axis=0)  # (n, C)
    return softmax(totals / heard.sum(axis=1, keepdims=True).astype(totals.dtype))


class Ensemble:
    """p = 1/K Σ_k p_k: the mean of what K networks answer to their own views.

    By Jensen's inequality -log p(true) is at most the mean of the -log p_k(true): the ensemble's
    loss is never worse than its networks' mean loss, and better the more they disagree.
    networks: as many as views. ValueError: none.
    Source: Hansen and Salamon (1990), Neural network ensembles.
    Chapter 16.
    """

    def __init__(
        self, networks: Sequence[Sequential], metadata: dict[str, Any] | None = None
    ) -> None:
        self.networks = list(networks)
        self.metadata = {} if metadata is None else metadata
        if not self.networks:
            raise ValueError("networks=[] must hold at least one network")

    def predict_proba(self, views: Sequence[ArrayLike]) -> np.ndarray:
        """views, a (n, W, d) for each network -> (n, C), rows sum to one. ValueError: no fit."""
        if len(views) != len(self.networks):
            raise ValueError(f"{len(views)} views must be one for each of {len(self.networks)}")
        answers = [
            window_proba(network, view) for network, view in zip(self.networks, views, strict=True)
        ]
        return np.mean(answers, axis=0)

    def save(self, path: str | PathLike[str]) -> None:
        """All the networks and the metadata in one file."""
        layers = [layer for network in self.networks for layer in network.layers]
        sizes = [len(network.layers) for network in self.networks]
        storage.save(path, layers, metadata=self.metadata, sizes=sizes)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Ensemble:
        """What save wrote, or the one network that Sequential.save wrote.

        ValueError: another file. OSError: no file.
        """

        def build(layers: list[Layer], header: dict[str, Any]) -> Ensemble:
            sizes, rest = header.get("sizes", [len(layers)]), iter(layers)
            if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
                raise ValueError("its sizes must be a list of integers")
            if any(size < 1 for size in sizes) or sum(sizes) != len(layers):
                raise ValueError(f"its sizes {sizes} must be positive, of sum {len(layers)}")
            stacks = [list(islice(rest, size)) for size in sizes]
            return cls([Sequential(stack) for stack in stacks], header["metadata"])

        return storage.load(path, build)


def _heard(view: np.ndarray) -> np.ndarray:
    """Which windows count, (n, W): those without NaN."""
    if view.ndim != 3:
        raise ValueError(f"a view has shape {view.shape}; it must be (n, n_windows, n_features)")
    heard = ~np.isnan(view).any(axis=2)
    if not heard.any(axis=1).all():
        raise ValueError("an example has no window without NaN")
    return heard

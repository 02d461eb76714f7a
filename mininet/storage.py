"""Storage: layers and their parameters in one file, without pickle.

Before it: gram.py. After it: training.py. network.py and ensemble.py are kept this way. Chapter 13.

The file is NumPy's .npz: a JSON header with a description of each layer, and the arrays param_0,
param_1, … in the order of the layers. Reading it executes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from os import PathLike, fspath
from typing import Any, TypeVar

import numpy as np

from .activations import LeakyReLU, ReLU, Sigmoid
from .dropout import Dropout
from .layers import Dense, Layer
from .normalization import Normalization

FORMAT = "mininet 1"
KINDS = {kind.__name__: kind for kind in (Sigmoid, LeakyReLU, ReLU, Dropout, Normalization)}
Model = TypeVar("Model")


def save(path: str | PathLike[str], layers: Sequence[Layer], **header: Any) -> None:
    """Write the layers, and whatever else the header should hold, as JSON can hold it.

    ValueError: a layer that load could not rebuild, such as one of the reader's own, a network
    within a network, or the Gram form that stands in for a Dense while fit runs.
    """
    foreign = [str(layer) for layer in layers if type(layer) not in (Dense, *KINDS.values())]
    if foreign:
        raise ValueError(f"a model file cannot hold {', '.join(foreign)}")
    described = [{"type": type(layer).__name__, **layer.config()} for layer in layers]
    text = json.dumps({"format": FORMAT, "layers": described, **header})
    params = [param for layer in layers for param in layer.params]
    arrays = {f"param_{i}": param for i, param in enumerate(params)}
    with open(path, "wb") as file:
        np.savez(file, header=np.array(text), **arrays)  # type: ignore[arg-type]


def load(path: str | PathLike[str], build: Callable[[list[Layer], dict[str, Any]], Model]) -> Model:
    """What build makes of the layers and the header that save wrote.

    ValueError: another file, or build raises. OSError: no file.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                header = json.loads(str(archive["header"]))
                if header["format"] != FORMAT:
                    raise ValueError(f"its format is {header['format']!r}, not {FORMAT!r}")
                params = iter([archive[f"param_{i}"] for i in range(len(archive.files) - 1)])
                return build([_rebuilt(config, params) for config in header["layers"]], header)
        except Exception as error:  # zipfile, NumPy and JSON each have errors of their own
            message = f"{fspath(path)} is not a model of this program: {error}"
            raise ValueError(message) from None


def _rebuilt(config: dict[str, Any], params: Any) -> Layer:
    """The layer that a model file describes; Dense takes its two arrays from params."""
    options = dict(config)
    kind = options.pop("type")
    if kind == "Dense":
        return Dense.from_parameters(next(params), next(params))
    return KINDS[kind](**options)

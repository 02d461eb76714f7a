"""Model files: layers and their parameters in one .npz archive, without pickle. Chapter 13.

The archive contains a JSON header, which describes the layers, and arrays param_0, param_1, …
in the order of the layers. Loading never executes code from the file.
"""

import errno
import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from inspect import signature
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from ._checks import all_finite, as_float
from .layers import Dense, Layer

FORMAT = "mininet 1"
MIB = 2**20  # bytes


def save(path: str | os.PathLike[str], *networks: Sequence[Layer], metadata: Any) -> None:
    """Write the layers of one or several networks, and JSON-serializable metadata, atomically.

    ValueError: layers that load cannot rebuild, weights that are not finite. TypeError: metadata.
    OSError: the file cannot be written; an old file is unchanged.
    """
    layers = [layer for network in networks for layer in network]
    params = [param for layer in layers for param in layer.params]
    if not all_finite(params):
        raise ValueError("a model file cannot contain weights that are NaN or infinite")
    header: dict[str, Any] = {"format": FORMAT, "layers": [_describe(layer) for layer in layers]}
    header |= {"metadata": metadata, "sizes": [len(network) for network in networks]}
    text, content = np.array(json.dumps(header)), BytesIO()
    np.savez(content, header=text, **{f"param_{i}": param for i, param in enumerate(params)})  # type: ignore[arg-type]
    write_atomically(path, content.getvalue())


def load(
    path: str | os.PathLike[str], build: Callable[[list[Layer]], Any], n_networks: int | None = None
) -> tuple[list[Any], Any]:
    """Load what save wrote: ([build(layers) of each network], metadata).

    ValueError: not a model file, a damaged one, another number of networks. OSError: no file.
    """
    content = _read(path)
    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > len(content):
                raise ValueError("the unpacked arrays are larger than the file")
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            header = json.loads(str(arrays["header"]))
            params = [arrays[f"param_{i}"] for i in range(len(arrays.files) - 1)]
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, not {FORMAT!r}")
        layers = _rebuild(header["layers"], params)
        sizes = header.get("sizes", [len(layers)])
        if sum(sizes) != len(layers) or n_networks not in (None, len(sizes)):
            expected = "" if n_networks is None else f", expected {n_networks}"
            raise ValueError(f"it contains {len(sizes)} networks of {sizes} layers{expected}")
        rest = iter(layers)
        return [build(list(islice(rest, size))) for size in sizes], header["metadata"]
    except Exception as error:  # NumPy raises many types for damaged files
        raise ValueError(f"{path} is not a mininet model file: {error!s:.300}") from None


def _read(path: str | os.PathLike[str]) -> bytes:
    """The content of a file, or of a pipe up to 1 GiB. ValueError: a device. OSError, with path."""

    def opener(name: str, flags: int) -> int:
        """Open a named pipe without waiting for a writer: it is empty."""
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    try:
        with open(path, "rb", opener=opener) as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode):
                return file.read()
            if not stat.S_ISFIFO(mode):
                raise ValueError(f"{path} is a device, not a file")
            os.set_blocking(file.fileno(), True)
            return b"".join(islice(iter(partial(file.read, MIB), b""), 1024))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def _describe(layer: Layer) -> dict[str, Any]:
    """{"type": class, **config}, if that rebuilds the layer; Dense consists of its parameters."""
    if type(layer) is Dense:
        return {"type": "Dense"}
    described = {"type": type(layer).__name__, **layer.config()}
    try:
        (again,) = _rebuild(json.loads(json.dumps([described])), layer.params)
        if type(again) is not type(layer) or signature(type(layer)).parameters.keys() - described:
            raise ValueError("load would build another layer: see Layer, or rename the class")
    except Exception as error:  # whatever its constructor raises
        raise ValueError(f"a model file cannot contain the layer {layer!r}: {error}") from None
    return described


def _layer_types(base: type[Layer] = Layer) -> dict[str, type[Layer]]:
    """All subclasses of Layer by name, user-defined ones included; if two share a name, the
    package's, else the later one."""
    found = {base.__name__: base}
    for kind in base.__subclasses__():
        for name, each in _layer_types(kind).items():
            if name not in found or not found[name].__module__.startswith(f"{__package__}."):
                found[name] = each
    return found


def _rebuild(described: list[dict[str, Any]], params: list[np.ndarray]) -> list[Layer]:
    """Rebuild the layers that the header describes, with params as their parameters."""
    types, layers, rest = _layer_types(), list[Layer](), iter(params)
    for config in described:
        kind, options = config["type"], {key: config[key] for key in config if key != "type"}
        if kind not in types:
            raise ValueError(f"its layer {kind!r} is unknown: define or import the class first")
        dense = kind == "Dense"  # of any size: its parameters are still to come
        layers.append(Dense.from_parameters([[0]], [0]) if dense else types[kind](**options))
    if sum(len(layer.params) for layer in layers) != len(params) or not layers:
        raise ValueError(f"its {len(described)} layers do not match its {len(params)} arrays")
    return [_with_parameters(layer, list(islice(rest, len(layer.params)))) for layer in layers]


def _with_parameters(layer: Layer, values: list[np.ndarray]) -> Layer:
    """The layer with the given parameters; ValueError: of other shapes, unless it is Dense."""
    if type(layer) is Dense:
        return Dense.from_parameters(*values)
    if values:
        layer.astype(values[0].dtype)
    for param, value in zip(layer.params, values, strict=True):
        param[...] = as_float(value).reshape(param.shape)
    return layer


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file completely or not at all: to a temporary file that is then renamed. OSError,
    with path: the file cannot be written."""
    path = Path(os.path.realpath(path))  # the target of a symbolic link
    temporary = path.with_name(f".{os.urandom(8).hex()}.part")
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "not a regular file")
        temporary.write_bytes(content)
        for _ in range(3):
            with suppress(PermissionError):  # on Windows, while another program has the file open
                os.replace(temporary, path)
                return
            time.sleep(0.2)
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        with suppress(OSError):  # it was renamed or never created
            temporary.unlink()

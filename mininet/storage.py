"""Storage: layers and their parameters in one file, without pickle.

Before it: product.py. After it: training.py. network.py and ensemble.py are kept in its files.
Chapter 13.

The file is NumPy's .npz, a zip archive that compresses nothing: a JSON header with a description of
each layer, and the arrays param_0, param_1, … in the order of the layers. Reading it executes
nothing, and allocates a small multiple of the file's length at most, whatever the file claims.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any, TypeVar
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from .activations import LeakyReLU, ReLU, Sigmoid
from .dropout import Dropout
from .layers import Dense, Layer
from .normalization import Normalization

VERSION = 1
FORMAT = f"mininet {VERSION}"
KINDS = {kind.__name__: kind for kind in (Sigmoid, LeakyReLU, ReLU, Dropout, Normalization)}
Model = TypeVar("Model")
# What stands before the numbers of an array in NumPy's format 1.0, and the types that are kept.
ARRAY = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|=]?[a-zA-Z][0-9]{0,8})',"
    rb" 'fortran_order': (True|False), 'shape': \(([0-9, ]{0,99})\), \} *\n",
    re.DOTALL,
)
TEXT, FLOATS = r"[<>]U[0-9]+", "[<>]f[48]"


def save(path: str | os.PathLike[str], layers: Sequence[Layer], **header: Any) -> None:
    """Write the layers, and whatever else the header should hold, as JSON can hold it.

    The file appears whole or not at all: whatever interrupts, path is as it was before.
    ValueError: layers that load would refuse: one of the reader's own, a network within a network,
    the Gram form that stands in for a Dense while fit runs, weights that are not finite floats.
    """
    foreign = [str(layer) for layer in layers if type(layer) not in (Dense, *KINDS.values())]
    if foreign:
        raise ValueError(f"a model file cannot hold {', '.join(foreign)}")
    params = [param for layer in layers for param in layer.params]
    if not all(param.dtype in (np.float32, np.float64) for param in params):
        raise ValueError("a model file can only hold weights of float32 or float64")
    if not all(layer.finite() for layer in layers):
        raise ValueError("a model file cannot hold weights that are NaN or infinite")
    described = [{"type": type(layer).__name__, **layer.config()} for layer in layers]
    text = json.dumps({"format": FORMAT, "layers": described, **header})
    arrays = {"header": np.array(text), **{f"param_{i}": param for i, param in enumerate(params)}}
    with _replacing(Path(path)) as temporary, ZipFile(temporary, "x") as archive:
        for name, array in arrays.items():  # as numpy.savez, but closed also where the disk is full
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A name beside path for a new file, which takes the place of path when all went well."""
    path = Path(os.path.realpath(path))  # of a link, what it points to
    if os.path.lexists(path) and not path.is_file():
        raise OSError(f"{path} is not a file")
    temporary = path.parent / f".mininet-{os.urandom(8).hex()}"
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(
    path: str | os.PathLike[str], build: Callable[[list[Layer], dict[str, Any]], Model]
) -> Model:
    """What build makes of the layers and the header that save wrote.

    ValueError: another file, a damaged one, one of a later version, or build raises.
    OSError: no file, or one that cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        header, params = _contents(content)
        return build(_rebuilt(header["layers"], params), header)
    except (ValueError, BadZipFile, NotImplementedError, EOFError, struct.error) as error:
        message = f"{os.fspath(path)} is not a model of this program: {error}"
        raise ValueError(message) from None


def _contents(content: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and the parameters. Every byte of an array is under the archive's checksum."""
    with ZipFile(BytesIO(content)) as archive:
        members = archive.infolist()
        if any(m.compress_type != ZIP_STORED or m.file_size != m.compress_size for m in members):
            raise ValueError("its arrays are compressed, which save never does")
        if any(member.flag_bits & 1 for member in members):
            raise ValueError("its arrays are encrypted, which save never does")
        if sum(member.file_size for member in members) > len(content):
            raise ValueError("its arrays claim more bytes than the file has")
        if "header.npy" not in archive.namelist():
            raise ValueError("it has no header")
        header = _header(_array(archive.read("header.npy"), "header", TEXT))
        names = [f"param_{i}" for i in range(len(members) - 1)]
        if sorted(archive.namelist()) != sorted(f"{name}.npy" for name in ["header", *names]):
            raise ValueError("its arrays must be header, param_0, param_1, …")
        return header, [_array(archive.read(f"{name}.npy"), name, FLOATS) for name in names]


def _array(content: bytes, name: str, kind: str) -> np.ndarray:
    """One array of the archive, once its size is found to be what it claims; kind, TEXT or FLOATS,
    is the type that it must have."""
    found = ARRAY.match(content)
    if found is None:
        raise ValueError(f"{name} is no array as NumPy writes it")
    described = found[1].decode()
    if not re.fullmatch(kind, described):
        wanted = "text" if kind == TEXT else "float32 or float64"
        raise ValueError(f"{name} has the type {described!r}, which must be {wanted}")
    dtype, n_bytes = np.dtype(described), len(content) - found.end()
    shape = tuple(int(size) for size in found[3].replace(b",", b" ").split())
    if prod(shape) * dtype.itemsize != n_bytes:
        raise ValueError(f"{name} claims the shape {shape} of {dtype}, but holds {n_bytes} bytes")
    array = np.frombuffer(content, dtype, offset=found.end()).astype(dtype.newbyteorder("="))
    return array.reshape(shape[::-1]).T if found[2] == b"True" else array.reshape(shape)


def _header(array: np.ndarray) -> dict[str, Any]:
    """What the header says, once it is known to be of this version and to have its parts."""
    try:
        header = json.loads(str(array))
    except RecursionError:
        raise ValueError("its header is nested too deeply") from None
    written = header.get("format") if isinstance(header, dict) else None
    later = re.fullmatch(r"mininet ([0-9]{1,9})", written) if isinstance(written, str) else None
    if later and int(later[1]) > VERSION:
        raise ValueError(
            f"it was written by a later version: its format is {written!r}, this reads {FORMAT!r}"
        )
    if written != FORMAT:
        raise ValueError(f"its format is {written!r}, not {FORMAT!r}")
    for part, kind in (("layers", list), ("metadata", dict)):
        if not isinstance(header.get(part), kind):
            raise ValueError(f"its {part} must be a {kind.__name__}")
    return header


def _rebuilt(described: list[Any], params: list[np.ndarray]) -> list[Layer]:
    """The layers that the header describes, with all of params in the Dense ones."""
    kinds: list[Any] = [
        config.get("type") if isinstance(config, dict) else None for config in described
    ]
    for kind in kinds:
        if kind not in ("Dense", *KINDS):
            raise ValueError(f"it has a layer of type {kind!r}, which is unknown here")
    if len(params) != 2 * kinds.count("Dense"):
        raise ValueError(f"its {kinds.count('Dense')} Dense do not fit its {len(params)} arrays")
    rest, layers = iter(params), list[Layer]()
    for kind, config in zip(kinds, described, strict=True):
        options = {name: value for name, value in config.items() if name != "type"}
        try:
            if kind == "Dense":
                layers.append(Dense.from_parameters(next(rest), next(rest), **options))
            else:
                layers.append(KINDS[kind](**options))
        except (TypeError, ValueError) as error:
            raise ValueError(f"its layer {len(layers) + 1}, {kind}: {error}") from None
    if not all(layer.finite() for layer in layers):
        raise ValueError("it has weights that are NaN or infinite")
    return layers

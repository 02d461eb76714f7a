"""Properties of mininet/storage.py: what is saved comes back, and nothing else is read."""

from __future__ import annotations

import io
import json
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from mininet import (
    SGD,
    Dense,
    Dropout,
    Ensemble,
    Layer,
    LeakyReLU,
    Normalization,
    ReLU,
    Sequential,
    storage,
)
from mininet.storage import write_atomically
from tests.mininet.strategies import activations, bits, networks
from tests.oracles import refusal
from tests.strategies import FLOATS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


class Softsign(Layer):
    """A layer of a reader's own, without parameters: out = x/(scale + |x|)."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def forward(self, x: ArrayLike) -> np.ndarray:
        """x/(scale + |x|)"""
        return np.asarray(x) / (self.scale + np.abs(x))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for the tests of this module, of a name without .npz, to which none is added."""
    return tmp_path_factory.mktemp("models") / "model of the day"


def small(**metadata: Any) -> Sequential:
    """A network of two layers."""
    return Sequential([Dense(1, 2, np.random.default_rng(0)), ReLU()], metadata)


# What comes back ---------------------------------------------------------------------------------


@given(
    networks(), activations(), st.dictionaries(st.text(), JSON, max_size=3), st.sampled_from(FLOATS)
)
@settings(max_examples=30)
def test_a_saved_network_comes_back_bit_for_bit(
    path: Path, network: Sequential, last: Layer, metadata: dict[str, Any], dtype: type
) -> None:
    """load(save(network)) has its layers with their options, also those of a reader's own without
    parameters, its parameters to the bit and in their dtype, and its metadata."""
    n_in = network.n_in or 1
    first = Normalization(np.arange(n_in) / 3, np.arange(n_in) / 7)
    layers = [first, *network.layers, Dropout(0.3), last, Softsign(0.5)]
    network = Sequential(layers, metadata)
    network.astype(np.dtype(dtype))
    x = np.ones((2, n_in), dtype)
    for name in (path, str(path)):
        network.save(name)
        again = Sequential.load(name)
        assert repr(again) == repr(network)
        assert bits(again) == bits(network) and again.metadata == metadata
        assert {param.dtype for param in again.params} == {np.dtype(dtype)}
        assert again.forward(x).tobytes() == network.forward(x).tobytes()


def test_a_loaded_network_can_be_trained_on(path: Path) -> None:
    """Saving and loading between two fits changes no bit of the result."""
    network, ends = small(), []
    network.save(path)
    for each in (network, Sequential.load(path)):
        each.fit(np.eye(3)[:, :1], [0, 1, 1], 3, 2, SGD(0.5, momentum=0.5))
        ends.append(bits(each))
    assert ends[0] == ends[1]


def test_a_model_file_holds_no_pickle(path: Path) -> None:
    """The file is an .npz that NumPy reads without pickle: a JSON header and param_0, param_1, …"""
    Sequential([*small().layers, LeakyReLU(0.5)], {"a": [1]}).save(path)
    with np.load(path, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["header", "param_0", "param_1"]
        assert json.loads(str(archive["header"])) == {
            "format": "mininet 1",
            "layers": [{"type": "Dense"}, {"type": "ReLU"}, {"type": "LeakyReLU", "alpha": 0.5}],
            "metadata": {"a": [1]},
            "sizes": [3],
        }


def test_a_network_that_could_not_be_loaded_is_not_saved(path: Path) -> None:
    """A nested network, a layer with parameters that is not Dense, one that has the name of another,
    weights that are not finite or of float16, and metadata that JSON cannot hold are rejected before
    anything is written."""
    small(kept=True).save(path)
    bad, half, nested = small(), small(), Sequential([ReLU()])
    bad.params[1][1] = np.nan
    half.params[0].dtype, half.layers[0].b = np.float64, np.zeros(2, np.float16)  # type: ignore

    class Half(Dense):
        pass

    cannot = "a model file cannot hold"
    other = type("Softsign", (Layer,), {})()  # a later class of that name
    assert storage._layer_types()["Softsign"] is type(other)
    for network, message in (
        (Sequential([nested]), f"{cannot} the layer {nested!r}"),
        (
            Sequential([Half(1, 2, np.random.default_rng(0))]),
            f"{cannot} the layer Half(n_in=1, n_o",
        ),
        (Sequential([Softsign(1.0)]), f"{cannot} the layer Softsign(scale=1.0)"),
        (bad, f"{cannot} weights that are NaN or infinite"),
        (half, "a model file can only hold weights of float32 or float64"),
        (small(bad=object()), f"{cannot} this: Object of type object is not JSON serializable"),
    ):
        assert refusal(network.save, path).startswith(message)
    assert Sequential.load(path).metadata == {"kept": True}
    del other


# A file is written whole or not at all -----------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("before", [None, b"the old file"])
@pytest.mark.parametrize("where", ["write_bytes", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    before: bytes | None,
    where: str,
) -> None:
    """A disk that is full, or an interruption, in the middle of writing or before the renaming,
    leaves the old file, or none, and no temporary one; the error names the file."""
    path, write = tmp_path / "file", Path.write_bytes
    if before is not None:
        path.write_bytes(before)

    def failing(first: Path, second: Any) -> None:
        if where == "write_bytes":
            write(first, b"a half")
        assert path.exists() == (before is not None)
        raise error

    monkeypatch.setattr(*((Path, where) if where == "write_bytes" else (os, where)), failing)
    with pytest.raises(type(error)) as caught:
        write_atomically(path, b"the new file")
    assert isinstance(error, KeyboardInterrupt) or str(caught.value) == (
        f"[Errno 28] No space left on device: {str(path)!r}"
    )
    monkeypatch.undo()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [before] * (before is not None)
    write_atomically(path, b"the new file")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"the new file"]


@pytest.mark.parametrize("n_failures", [1, 3, 4])
def test_a_file_that_another_program_has_open_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_failures: int
) -> None:
    """On Windows the renaming fails while another program has the file open: it is tried four times,
    a fifth of a second apart; then the error names the file."""
    replace, left, waits = os.replace, [n_failures], list[float]()

    def busy(source: Path, target: Path) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise PermissionError(13, "Access is denied", str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(storage.time, "sleep", waits.append)
    path = tmp_path / "file"
    if n_failures < 4:
        write_atomically(path, b"new")
        assert path.read_bytes() == b"new"
    else:
        with pytest.raises(PermissionError) as caught:
            write_atomically(path, b"new")
        assert caught.value.filename == str(path) and not list(tmp_path.iterdir())
    assert waits == [0.2] * min(n_failures, 3)


def test_a_symbolic_link_keeps_pointing_to_the_file_that_is_written(tmp_path: Path) -> None:
    """The file that a link points to is written, whether it exists or not."""
    try:
        (tmp_path / "link").symlink_to(tmp_path / "target")
    except OSError:
        pytest.skip("symbolic links need a privilege here")
    for content in (b"first", b"second"):
        write_atomically(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_bytes() == content


def test_a_path_that_cannot_be_a_file_is_named(tmp_path: Path) -> None:
    """A folder, a missing folder and a file in the place of a folder are an OSError that names the
    path, for writing and reading; nothing is left behind."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name in ("folder", "missing/file", "file/file"):
        with pytest.raises(OSError) as caught:
            small().save(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
        with pytest.raises(OSError, match=name.split("/")[0]):
            Sequential.load(tmp_path / name)
    with pytest.raises(OSError, match="folder is not a regular file"):
        Sequential.load(tmp_path / "folder")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["file", "folder"]


# What is rejected --------------------------------------------------------------------------------


def header_of(**changes: Any) -> np.ndarray:
    """The header of a model with one Dense and one ReLU, changed."""
    layers = [{"type": "Dense"}, {"type": "ReLU"}]
    header = {"format": "mininet 1", "layers": layers, "metadata": {}, **changes}
    return np.array(json.dumps({k: v for k, v in header.items() if v is not None}))


def model(members: dict[str, bytes] | None = None, compression: int = 0, **arrays: Any) -> bytes:
    """A model file with other arrays, None for none, and other members of the archive."""
    right = {"header": header_of(), "param_0": np.ones((1, 2)), "param_1": np.ones(2)}
    files = {f"{k}.npy": npy(v) for k, v in {**right, **arrays}.items() if v is not None}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, each in (files | (members or {})).items():
            archive.writestr(name, each)
    return content.getvalue()


def npy(array: Any) -> bytes:
    """The array as NumPy writes it."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array))
    return file.getvalue()


def layers(*described: Any, **arrays: Any) -> bytes:
    """A model file of these layers."""
    return model(header=header_of(layers=list(described)), **arrays)


def claiming(shape: str, descr: str = "'<f8'") -> dict[str, bytes]:
    """A param_1 of 16 bytes that claims another shape and dtype."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return {
        "param_1.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(16)
    }


class Trap:
    """An object whose pickle calls its class when it is read."""

    calls = 0

    def __new__(cls) -> Trap:
        """Count the calls."""
        cls.calls += 1
        return super().__new__(cls)

    def __reduce__(self) -> tuple[type[Trap], tuple[()]]:
        return Trap, ()


def trap() -> np.ndarray:
    """An array whose pickle is a Trap."""
    return np.array([Trap()], dtype=object)


DENSE, DEEP = {"type": "Dense"}, 100_000
DEFLATED, LZMA = zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA
WRONG: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"Dense 3 2\nReLU\n",
    "npy": lambda: npy(np.ones(3)),
    "zip header": lambda: b"PK\x03\x04" + bytes(100),
    "other archive": lambda: model(header=None, param_0=None, param_1=None, images=np.ones(9)),
    "no header": lambda: model(header=None),
    "pickled header": lambda: model(header=trap()),
    "pickled weights": lambda: model(param_0=trap()),
    "pickle": lambda: model({"param_1.npy": b"\x80\x04K\x01."}),
    "bomb": lambda: model({"param_0.npy": bytes(10**7)}, DEFLATED),
    "LZMA bomb": lambda: model({"param_0.npy": bytes(10**7)}, LZMA),
    "no JSON": lambda: model(header=np.array("no JSON")),
    "nested list": lambda: model(header=np.array("[" * DEEP)),
    "nested dict": lambda: model(header=np.array('{"a":' * DEEP)),
    "JSON list": lambda: model(header=np.array("[]")),
    "header a number": lambda: model(header=np.array(1.0)),
    "other format": lambda: model(header=header_of(format="mininet 2")),
    "no format": lambda: model(header=header_of(format=None)),
    "no metadata": lambda: model(header=header_of(metadata=None)),
    "no layers": lambda: model(header=header_of(layers=None)),
    "layers a number": lambda: model(header=header_of(layers=3)),
    "empty layers": lambda: layers(param_0=None, param_1=None),
    "layer a text": lambda: layers("Dense"),
    "layer without a type": lambda: layers({}),
    "unknown type": lambda: layers({"type": "Unknown"}, param_0=None, param_1=None),
    "type a list": lambda: layers({"type": ["ReLU"]}),
    "unknown option": lambda: layers(DENSE, {"type": "LeakyReLU", "slope": 1}),
    "wrong option": lambda: layers(DENSE, {"type": "Dropout", "rate": 2}),
    "huge option": lambda: layers(DENSE, {"type": "Dropout", "rate": 10**400}),
    "missing option": lambda: layers(DENSE, {"type": "Dropout"}),
    "NaN option": lambda: layers(
        DENSE, {"type": "Normalization", "mean": [np.nan], "variance": [1]}
    ),
    "base class with options": lambda: layers(DENSE, {"type": "Sequential", "layers": [1]}),
    "layers that do not fit": lambda: layers(
        DENSE, DENSE, param_2=np.ones((3, 2)), param_3=np.ones(2)
    ),
    "too few arrays": lambda: layers(DENSE, DENSE),
    "too many arrays": lambda: model(param_2=np.ones(1)),
    "missing bias": lambda: model(param_1=None),
    "missing matrix": lambda: model(param_0=None),
    "other name": lambda: model(other=np.ones(1)),
    "W (2,)": lambda: model(param_0=np.ones(2)),
    "b (3,)": lambda: model(param_1=np.ones(3)),
    "W (0, 2)": lambda: model(param_0=np.ones((0, 2))),
    "complex": lambda: model(param_1=np.ones(2) * 1j),
    "integers": lambda: model(param_1=np.ones(2, int)),
    "texts": lambda: model(param_1=np.array(["1", "2"])),
    "records": lambda: model(param_1=np.ones(2, [("a", float)])),
    "NaN": lambda: model(param_1=np.array([0, np.nan])),
    "infinity": lambda: model(param_0=np.array([[0, -np.inf]])),
    "no array": lambda: model({"param_1.npy": b""}),
    "shape no tuple": lambda: model(claiming("((" * 50)),
    "negative shape": lambda: model(claiming("(-2,)")),
    "long shape": lambda: model(claiming(f"({'1, ' * 99}2)")),
    "huge shape": lambda: model(claiming(f"({'9' * 4000},)")),
    "dtype an expression": lambda: model(claiming("(2,)", "'<f8' + '<f8'")),
    "more than there is": lambda: model(claiming("(3,)")),
    "exabytes": lambda: model(claiming("(1000000000, 1000000000)")),
    **{
        f"sizes {sizes}": lambda sizes=sizes: model(header=header_of(sizes=sizes))  # type: ignore
        for sizes in ([1], [3], [0, 2], [-1, 3], [3, -1], [], 2, "2", [1.0, 1], [[1], 1], [1, 1])
    },
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_that_is_not_a_model_is_rejected(path: Path, kind: str) -> None:
    """One ValueError that names the file, whatever is wrong; no pickle is executed, and no memory is
    used for sizes that are only claimed."""
    path.write_bytes(model())
    assert repr(Sequential.load(path).layers) == "[Dense(n_in=1, n_out=2), ReLU()]"
    path.write_bytes(WRONG[kind]())
    before = Trap.calls
    tracemalloc.start()
    message = refusal(Sequential.load, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message.startswith(f"{path} is not a model of this program: ")
    assert Trap.calls == before and peak < 10**7


def test_the_sizes_divide_the_layers_into_networks(path: Path) -> None:
    """Ensemble.load reads one network or several; a file without sizes holds one."""
    for sizes, expected in (([1, 1], 2), ([2], 1), (None, 1)):
        path.write_bytes(model(header=header_of(sizes=sizes)))
        found = Ensemble.load(path).networks
        assert len(found) == expected
        assert repr([layer for each in found for layer in each.layers]) == repr(
            Ensemble.load(path).networks[0].layers + (found[1].layers if expected == 2 else [])
        )
    Trap()
    assert Trap.calls  # the trap works


@settings(max_examples=300)
@given(data=st.data())
def test_a_damaged_file_is_rejected_or_means_the_same(path: Path, data: st.DataObject) -> None:
    """Bytes flipped, pieces cut out, doubled or appended: the checksums of the archive cover each
    byte of the header and of the weights, so that a model that loads is the one that was saved, bit
    for bit; and no damage raises another error."""
    layers = [
        Normalization([0.5], [2.0]),
        *small().layers,
        Dropout(0.5),
        Dense(2, 1, np.random.default_rng(1)),
    ]
    network = Sequential(layers, {"a": "ä"})
    network.save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        kind = data.draw(st.sampled_from(("flip", "cut", "double", "truncate", "append")))
        if kind == "flip" and start < len(content):
            content[start] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del content[start:end]
        elif kind == "double":
            content[end:end] = content[start:end]
        elif kind == "truncate":
            del content[start:]
        else:
            content += data.draw(st.binary(max_size=30))
    path.write_bytes(content)
    try:
        again = Sequential.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} is not a model of this program: ")
    else:
        assert bits(again) == bits(network) and repr(again) == repr(network)


OPTIONS = st.sampled_from(("alpha", "rate", "mean", "variance", "W", "n_in", "layers", "type"))
KINDS = st.sampled_from(sorted({"Dense", *storage._layer_types()} - {"Layer", "Activation"}))


@settings(max_examples=200)
@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "layers": st.lists(
                st.builds(lambda o, t: {**o, "type": t}, st.dictionaries(OPTIONS, JSON), KINDS)
                | JSON
            ),
            **dict.fromkeys(("sizes", "metadata", "format"), JSON),
        },
    ),
    dtype=st.sampled_from(["f4", "f8", "f2", "i1", "c8", "U2"]),
    shape=st.lists(st.integers(0, 3), max_size=3),
)
def test_a_header_of_any_content_is_rejected_or_gives_a_model(
    path: Path, changes: dict[str, Any], dtype: str, shape: list[int]
) -> None:
    """An intact archive with any header and array: one ValueError that names the file, or finite
    weights in layers that can be saved again."""
    path.write_bytes(model(header=header_of(**changes), param_1=np.zeros(shape, dtype)))
    try:
        again = Ensemble.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} is not a model of this program: ")
    else:
        again.save(path)
        assert repr(Ensemble.load(path).networks) == repr(again.networks)

"""Theorems about mininet/storage.py: what is saved comes back, and nothing else comes in."""

from __future__ import annotations

import io
import json
import os
import re
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
from hypothesis.extra import numpy as hnp
from tests.oracles import refusal
from tests.strategies import FLOATS, activations, networks

from mininet import (
    SGD,
    Dense,
    Dropout,
    Ensemble,
    History,
    Layer,
    LeakyReLU,
    Normalization,
    ReLU,
    Sequential,
    Sigmoid,
)

Write = Callable[[Path], None]


def bits(model: Sequential | Ensemble) -> list[bytes]:
    """The parameters, to be compared bit for bit."""
    networks = model.networks if isinstance(model, Ensemble) else [model]
    return [param.tobytes() for network in networks for param in network.params]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of this module keep a model: a name without .npz, to which none is added."""
    return tmp_path_factory.mktemp("models") / "model of the day"


@given(
    networks(), activations(), st.dictionaries(st.text(), JSON, max_size=3), st.sampled_from(FLOATS)
)
@settings(max_examples=30)
def test_a_saved_network_comes_back_bit_for_bit(
    path: Path, network: Sequential, last: Layer, metadata: dict[str, Any], dtype: type
) -> None:
    """load(save(network)) has its layers with their options, its parameters to the bit and in
    their dtype, and its metadata; path may be a Path or a str."""
    n_in = network.layers[0].n_in or 1
    first = Normalization(np.arange(n_in) / 3, np.arange(n_in) / 7)
    network = Sequential([first, *network.layers, Dropout(0.3), last], metadata)
    for layer in network.layers:
        layer.to_dtype(np.dtype(dtype))
    for name in (path, str(path)):
        network.save(name)
        again = Sequential.load(name)
        assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in network.layers]
        assert [type(layer) for layer in again.layers] == [type(layer) for layer in network.layers]
        assert bits(again) == bits(network) and again.metadata == metadata
        assert {param.dtype for param in again.params} == {np.dtype(dtype)}


def test_a_model_file_holds_no_pickle(path: Path) -> None:
    """The file is an .npz that NumPy reads without pickle: a JSON header and param_0, param_1, …"""
    network = Sequential([Dense(2, 3, np.random.default_rng(0)), LeakyReLU(0.5)], {"a": [1]})
    network.save(path)
    with np.load(path, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["header", "param_0", "param_1"]
        assert json.loads(str(archive["header"])) == {
            "format": "mininet 1",
            "layers": [{"type": "Dense"}, {"type": "LeakyReLU", "alpha": 0.5}],
            "metadata": {"a": [1]},
        }
    assert Sequential([ReLU()]).metadata == {}


def test_what_cannot_be_saved_leaves_the_file_before_it(path: Path) -> None:
    """Metadata that JSON cannot hold are refused before anything is written."""
    network = Sequential([Dense(1, 1, np.random.default_rng(0))], {"kept": True})
    network.save(path)
    network.metadata = {"bad": object()}
    with pytest.raises(TypeError):
        network.save(path)
    assert Sequential.load(path).metadata == {"kept": True}


def test_what_could_not_be_loaded_is_not_saved(path: Path) -> None:
    """A network in a network, a layer of the reader's own, the Gram form while fit runs, weights
    that are not finite and weights of float16 are refused before anything is written."""
    rng = np.random.default_rng(0)
    network = Sequential([Dense(5, 2, rng)], {"kept": True})
    network.save(path)
    bad, half = Dense(2, 2, rng), Dense(2, 2, rng)
    bad.b[1], half.b = np.nan, np.zeros(2, np.float16)

    def save_in_the_middle(history: History) -> None:
        network.save(path)

    own = type("ReLU", (Layer,), {})()
    for call, reason in (
        (lambda: Sequential([Sequential([ReLU()])]).save(path), "Sequential"),
        (lambda: Sequential([Sigmoid(), Layer(), own]).save(path), "Layer, ReLU"),
        (
            lambda: network.fit(np.eye(5)[:3], [0, 1, 0], 1, 1, SGD(), rng, save_in_the_middle),
            "GramDense",
        ),
        (lambda: Sequential([bad]).save(path), "weights that are NaN or infinite"),
    ):
        assert refusal(call) == f"a model file cannot hold {reason}"
    message = refusal(Sequential([half]).save, path)
    assert message == "a model file can only hold weights of float32 or float64"
    assert Sequential.load(path).metadata == {"kept": True}


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full before the end, and an interruption, leave the file as it was
    and no other beside it; without one before, they leave none."""
    path, rng = tmp_path / "model", np.random.default_rng(0)
    network = Sequential([Dense(2, 2, rng)])
    write_array = np.lib.format.write_array
    for before in (None, b"the file before"):
        if before is not None:
            path.write_bytes(before)
        for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

            def failing(file: Any, array: Any, error: BaseException = error, **more: Any) -> None:
                if array.dtype.kind == "f":  # the header before is there already
                    raise error
                write_array(file, array, **more)

            monkeypatch.setattr(np.lib.format, "write_array", failing)
            with pytest.raises(type(error)):
                network.save(path)
            assert [each.name for each in tmp_path.iterdir()] == ["model"][: before is not None]
            assert before is None or path.read_bytes() == before
    monkeypatch.setattr(np.lib.format, "write_array", write_array)
    network.save(path)
    assert bits(Sequential.load(path)) == bits(network)
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_the_old_file_is_there_until_the_new_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the new file is written the old one can be read whole: whoever is killed then has lost
    nothing."""
    path, rng = tmp_path / "model", np.random.default_rng(0)
    first, second = (Sequential([Dense(2, 2, rng)]) for _ in range(2))
    first.save(path)
    write_array, seen = np.lib.format.write_array, []

    def looking(file: Any, array: Any, **more: Any) -> None:
        write_array(file, array, **more)
        seen.append(bits(Sequential.load(path)))

    monkeypatch.setattr(np.lib.format, "write_array", looking)
    second.save(path)
    assert seen == 3 * [bits(first)] and bits(Sequential.load(path)) == bits(second)


def test_what_stands_in_the_place_of_the_file_is_respected(tmp_path: Path) -> None:
    """A link keeps pointing to the file that is written; a folder, a device such as /dev/null, or a
    link to itself is not replaced by a file. The file is as open to others as any made here."""
    network, target = Sequential([Dense(1, 1, np.random.default_rng(0))]), tmp_path / "target"
    (tmp_path / "link").symlink_to(target)
    network.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and bits(Sequential.load(target)) == bits(network)
    (tmp_path / "other").touch()
    assert target.stat().st_mode == (tmp_path / "other").stat().st_mode
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("folder", "pipe", "loop"):
        with pytest.raises(OSError, match=f"{name} is not a file"):
            network.save(tmp_path / name)
        assert not (tmp_path / name).is_file()
    assert len(list(tmp_path.iterdir())) == 6


def test_a_loaded_network_can_be_trained_on(path: Path) -> None:
    """Saving and loading in the middle of a run changes no bit of its end."""
    rng = np.random.default_rng(0)
    network = Sequential([Dense(3, 4, rng), LeakyReLU(), Dense(4, 3, rng)])
    network.save(path)
    ends = []
    for each in (network, Sequential.load(path)):
        each.fit(np.eye(3), [0, 1, 2], 3, 2, SGD(0.5, momentum=0.5), np.random.default_rng(1))
        ends.append(bits(each))
    assert ends[0] == ends[1]


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """No file, or a folder in its place: OSError, as from open."""
    with pytest.raises(FileNotFoundError):
        Sequential.load(tmp_path / "no such file")
    with pytest.raises(OSError):
        Sequential.load(tmp_path)


# What is refused ---------------------------------------------------------------------------------


def assert_refused(path: Path) -> str:
    """One ValueError of one sentence that names the file, and what it says is wrong."""
    message, start = refusal(Sequential.load, path), f"{path} is not a model of this program: "
    assert message.startswith(start) and "\n" not in message
    return message[len(start) :]


def header_of(**changes: Any) -> np.ndarray:
    """The header of a model with one Dense and one ReLU, changed."""
    layers = [{"type": "Dense"}, {"type": "ReLU"}]
    return np.array(
        json.dumps({"format": "mininet 1", "layers": layers, "metadata": {}, **changes})
    )


def with_arrays(**arrays: Any) -> Write:
    """What writes an .npz of a right header, W and b, but for the arrays given; None: none."""
    right = {"header": header_of(), "param_0": np.ones((1, 2)), "param_1": np.ones(2)}
    kept = {name: array for name, array in {**right, **arrays}.items() if array is not None}

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, **kept)

    return write


def with_layer(*layers: Any, **arrays: Any) -> Write:
    """What writes a model of these layers."""
    return with_arrays(header=header_of(layers=list(layers)), **arrays)


def with_member(member: str, content: bytes, **options: Any) -> Write:
    """What writes a right model, but with this content in the place of one member."""

    def write(path: Path) -> None:
        with_arrays()(path)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", **options) as archive:
            for name, kept in (members | {member: content}).items():
                archive.writestr(name, kept)

    return write


def npy(array: np.ndarray) -> bytes:
    """The array as NumPy writes it."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def claiming(shape: str, descr: str = "'<f8'", body: bytes = bytes(16)) -> bytes:
    """An array that claims this shape and dtype, whatever is in it."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def twice(path: Path) -> None:
    """A model with param_1 in it twice, of which nobody knows which is meant."""
    with_arrays()(path)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("param_1.npy", npy(np.zeros(2)))


FLAGS, STORED, SIZE = 8, 20, 24  # where they stand in an entry of an archive's directory


def lying(value: int, *fields: int) -> Write:
    """A right model whose archive claims another value in these fields of each entry."""

    def write(path: Path) -> None:
        with_arrays()(path)
        content = bytearray(path.read_bytes())
        entry = content.find(b"PK\x01\x02")
        while entry >= 0:
            for field in fields:
                struct.pack_into("<H" if field == FLAGS else "<I", content, entry + field, value)
            entry = content.find(b"PK\x01\x02", entry + 1)
        path.write_bytes(content)

    return write


def normalized(mean: Any, variance: Any) -> Write:
    """What writes a model whose one Dense has a Normalization before it."""
    first = {"type": "Normalization", "mean": mean, "variance": variance}
    return with_layer(first, {"type": "Dense"})


DEEP = 100_000
WRITTEN = "is no array as NumPy writes it"
UNKNOWN = "which is unknown here"
SIZES = "must be (n_in, n_out), (n_out,)"


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        # no archive, or not ours
        (lambda path: path.write_bytes(b""), "File is not a zip file"),
        (lambda path: path.write_text("Dense 3 2\nReLU\n"), "File is not a zip file"),
        (lambda path: path.write_bytes(npy(np.ones(3))), "File is not a zip file"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)), "File is not a zip file"),
        (with_arrays(header=None), "it has no header"),
        (with_member("param_0.npy", b"", compression=zipfile.ZIP_DEFLATED), "*are compressed*"),
        (with_member("param_0.npy", bytes(10**7), compression=zipfile.ZIP_LZMA), "*compressed*"),
        (lying(1, FLAGS), "its arrays are encrypted, which save never does"),
        (lying(10**9, SIZE), "its arrays are compressed, which save never does"),
        (lying(10**9, SIZE, STORED), "its arrays claim more bytes than the file has"),
        # a header that does not describe a network
        (with_arrays(header=np.array("no JSON")), "Expecting value*"),
        (with_arrays(header=np.array("[" * DEEP)), "its header is nested too deeply"),
        (with_arrays(header=np.array('{"a":' * DEEP)), "its header is nested too deeply"),
        (with_arrays(header=np.array("[]")), "its format is None, not 'mininet 1'"),
        (with_arrays(header=np.array(1.0)), "header has the type '<f8', which must be text"),
        (with_arrays(header=np.array(["{}"])), "Expecting value*"),
        (with_arrays(header=np.array([{}], dtype=object)), "header has the type '|O'*"),
        (with_arrays(header=header_of(format="mininet 0")), "its format is 'mininet 0', not*"),
        (with_arrays(header=header_of(format="keras 3")), "its format is 'keras 3', not*"),
        (with_arrays(header=header_of(format=["mininet 2"])), "its format is ['mininet 2'], not*"),
        (with_arrays(header=header_of(layers=3)), "its layers must be a list"),
        (with_arrays(header=header_of(metadata=[])), "its metadata must be a dict"),
        (with_arrays(header=np.array('{"format": "mininet 1"}')), "its layers must be a list"),
        # layers that are none
        (with_layer(), "its 0 Dense do not fit its 2 arrays"),
        (with_layer(param_0=None, param_1=None), "layers=[] must hold at least one layer"),
        (with_layer("Dense"), f"it has a layer of type None, {UNKNOWN}"),
        (with_layer({}), f"it has a layer of type None, {UNKNOWN}"),
        (with_layer({"type": "Scale"}), f"it has a layer of type 'Scale', {UNKNOWN}"),
        (with_layer({"type": ["ReLU"]}), f"it has a layer of type ['ReLU'], {UNKNOWN}"),
        (with_layer({"type": "Dense"}, {"type": "LeakyReLU", "slope": 1}), "its layer 2, Leaky*"),
        (with_layer({"type": "Dense"}, {"type": "LeakyReLU", "alpha": None}), "*=None must be a *"),
        (with_layer({"type": "Dense"}, {"type": "LeakyReLU", "alpha": np.nan}), "*finite slope"),
        (with_layer({"type": "Dense"}, {"type": "Dropout"}), "its layer 2, Dropout: *"),
        (with_layer({"type": "Dense"}, {"type": "Dropout", "rate": 2}), "*rate=2 must be *"),
        (with_layer({"type": "Dense"}, {"type": "Dropout", "rate": 10**400}), "*rate=1000*"),
        (with_layer({"type": "Dense"}, {"type": "Dropout", "rate": "0"}), "*rate='0' must be *"),
        (with_layer({"type": "Dense", "n_out": 2}), "its layer 1, Dense: *"),
        (with_layer({"type": "Dense", "W": [[1.0]]}), "its layer 1, Dense: *"),
        (normalized([np.nan], [1]), "its layer 1, Normalization: mean and variance must not be*"),
        (normalized([[1], []], 1), "its layer 1, Normalization: *"),
        # layers that do not fit each other
        (normalized([0] * 3, [1] * 3), "Dense(1, 2) must take the 3 outputs of the layers before*"),
        (
            with_layer(*[{"type": "Dense"}] * 2, param_2=np.ones((3, 2)), param_3=np.ones(2)),
            "Dense(3, 2) must take the 2 outputs of the layers before it",
        ),
        # parameters
        (with_layer(*[{"type": "Dense"}] * 2), "its 2 Dense do not fit its 2 arrays"),
        (with_arrays(param_2=np.ones(1)), "its 1 Dense do not fit its 3 arrays"),
        (with_arrays(param_1=None), "its 1 Dense do not fit its 1 arrays"),
        (with_arrays(param_0=None), "its arrays must be header, param_0, param_1, …"),
        (with_arrays(param_3=np.ones(1)), "its arrays must be header, param_0, param_1, …"),
        (with_arrays(other=np.ones(1)), "its arrays must be header, param_0, param_1, …"),
        (twice, "its arrays must be header, param_0, param_1, …"),
        (with_arrays(param_0=np.ones(2)), f"*W (2,) and b (2,) {SIZES}"),
        (with_arrays(param_1=np.ones(3)), f"*W (1, 2) and b (3,) {SIZES}"),
        (with_arrays(param_0=np.ones((0, 2))), f"*W (0, 2) and b (2,) {SIZES}"),
        (with_arrays(param_0=np.ones((1, 0)), param_1=np.ones(0)), f"*W (1, 0) and b (0,) {SIZES}"),
        (with_arrays(param_1=np.ones(2) * 1j), "*'<c16', which must be float32 or float64"),
        (with_arrays(param_1=np.ones(2, int)), "*'<i8', which must be float32 or float64"),
        (with_arrays(param_1=np.ones(2, np.float16)), "*'<f2', which must be float32 or float64"),
        (with_arrays(param_1=np.ones(2, bool)), "param_1 has the type '|b1', which must be *"),
        (with_arrays(param_1=np.array(["1", "2"])), "*'<U1', which must be float32 or float64"),
        (with_arrays(param_1=np.array([1, "x"], dtype=object)), "*'|O', which must be float*"),
        (with_arrays(param_1=np.ones(2, [("a", float)])), f"param_1 {WRITTEN}"),
        (with_arrays(param_1=np.array([0, np.nan])), "it has weights that are NaN or infinite"),
        (with_arrays(param_0=np.array([[0, -np.inf]])), "it has weights that are NaN or infinite"),
        # arrays that lie
        (with_member("param_1.npy", b""), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", b"\x80\x04K\x01."), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", claiming("((" * 50)), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", claiming("(-2,)")), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", claiming("(2,)", "'<f8' + '<f8'")), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", claiming("(2,)")[:-1]), "*claims the shape (2,) of float64*"),
        (with_member("param_1.npy", claiming("(2,)") + b"\0"), "*but holds 17 bytes"),
        (with_member("param_1.npy", claiming("(1000000000, 1000000000)")), "*but holds 16 bytes"),
        (with_member("param_1.npy", claiming(f"({'9' * 4000},)")), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", claiming(f"({'1, ' * 99}2)")), f"param_1 {WRITTEN}"),
        (with_member("param_1.npy", claiming("(0,)", "'<U0'", b"")), "*which must be float32*"),
        (with_member("header.npy", claiming("()", "'<U0'", b"")), "itemsize*"),
        (with_member("header.npy", claiming("()", "'<U4'", b"\xff" * 16)), "Expecting value*"),
        (with_member("header.npy", claiming("()", "'<U99999999'")), "*but holds 16 bytes"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_model_is_refused(path: Path, write: Write, reason: str) -> None:
    """Another format, another version, something missing, too much, pickled or unfitting, a layer
    that this program does not have, a size that is not there: one sentence, which names the file
    and the reason; a * stands for words of another library's."""
    write(path)
    parts = [re.escape(part) for part in reason.split("*")]
    assert re.fullmatch(".*".join(parts), assert_refused(path))


def test_a_file_of_a_later_version_is_told_so(path: Path) -> None:
    """Whatever else may have changed: the message gives its format and the one that is read."""
    with_arrays(header=header_of(format="mininet 12", layers={}), other=np.ones(2, int))(path)
    assert assert_refused(path) == (
        "it was written by a later version: its format is 'mininet 12', this reads 'mininet 1'"
    )


def test_a_right_file_of_those_is_read(path: Path) -> None:
    """The file from which those above are made is a model: they are refused for their faults.
    Numbers in the other order of bytes, or column after column, are read as well."""
    with_arrays()(path)
    assert repr(Sequential.load(path).layers) == "[Dense(1, 2), ReLU]"
    W = np.arange(6.0).reshape(2, 3)
    for array in (W, np.asfortranarray(W), W.astype(">f8"), W.astype(">f4")):
        with_arrays(param_0=array, param_1=np.zeros(3))(path)
        found = Sequential.load(path).params[0]
        np.testing.assert_array_equal(found, W)
        assert found.dtype.isnative and found.dtype.itemsize == array.dtype.itemsize


def test_a_size_that_is_claimed_is_not_allocated(path: Path) -> None:
    """Neither an array of 8·10¹⁸ bytes nor a bomb, 10⁸ zeros in a few bytes, takes memory: less
    than 10⁶ bytes are held at any time."""
    for write in (
        with_member("param_0.npy", claiming("(1000000000, 1000000000)")),
        with_member("param_0.npy", claiming("(1, 12500000)", body=bytes(10**8)), compression=8),
    ):
        write(path)
        tracemalloc.start()
        assert_refused(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 10**6


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, AttributeError])
def test_an_error_that_is_not_the_files_is_not_taken_for_its(
    path: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory, an interruption, a fault of this program: each stays what it is."""
    with_arrays()(path)

    def raising(network: Sequential, layers: object, metadata: object) -> None:
        raise error

    monkeypatch.setattr(Sequential, "__init__", raising)
    with pytest.raises(error):
        Sequential.load(path)


sprung: list[int] = []


def spring() -> None:
    """What a pickle may do: anything."""
    sprung.append(1)


class Trap:
    """An object whose pickle calls spring when it is read."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return spring, ()


def test_a_pickle_is_refused_before_it_does_anything(path: Path) -> None:
    """No model file can run code: a pickled array is not read at all."""
    for name in ("header", "param_0"):
        with_arrays(**{name: np.array([Trap()], dtype=object)})(path)
        assert_refused(path)
        assert sprung == []
        with np.load(path, allow_pickle=True) as archive:
            archive[name]
        assert sprung.pop() == 1


@pytest.mark.parametrize(
    "sizes", [[1], [3], [0, 2], [-1, 3], [], 2, "2", [True, 1], [1.0, 1], [[1], 1], None]
)
def test_an_ensemble_of_other_sizes_is_refused(path: Path, sizes: Any) -> None:
    """The sizes of the networks must be positive integers that add up to the layers, here 2."""
    with_arrays(header=header_of(sizes=sizes))(path)
    message = refusal(Ensemble.load, path)
    assert message.startswith(f"{path} is not a model of this program: its sizes ")
    with_arrays(header=header_of(sizes=[1, 1]))(path)
    assert [repr(each.layers) for each in Ensemble.load(path).networks] == [
        "[Dense(1, 2)]",
        "[ReLU]",
    ]


# Damage ------------------------------------------------------------------------------------------


def assert_refused_or_same(path: Path, whole: list[bytes]) -> None:
    """Either one ValueError of one sentence, or the very model that was saved."""
    try:
        model = Ensemble.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} is not a model of this program: ")
        assert "\n" not in str(error)
    else:
        assert bits(model) == whole


def small_ensemble() -> Ensemble:
    """Two networks with a layer of each kind."""
    rng = np.random.default_rng(0)
    first = [Normalization([0.5], [2.0]), Dense(1, 2, rng), LeakyReLU(), Dropout(0.5), ReLU()]
    return Ensemble([Sequential(first), Sequential([Dense(2, 1, rng), Sigmoid()])], {"a": "ä"})


@settings(max_examples=200)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_means_the_same(path: Path, data: st.DataObject) -> None:
    """Bytes flipped, pieces cut out, doubled or appended: the archive's checksums cover every byte
    of the header and of the weights, so that a model that is read is the model that was saved, bit
    for bit; and no damage gives another error."""
    small_ensemble().save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        kind = data.draw(st.sampled_from(("flip", "cut", "double", "tail")))
        if kind == "flip" and start < len(content):
            content[start] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del content[start:end]
        elif kind == "double":
            content[end:end] = content[start:end]
        else:
            content += data.draw(st.binary(max_size=30))
    path.write_bytes(content)
    assert_refused_or_same(path, bits(small_ensemble()))


def test_a_truncated_file_is_refused(path: Path) -> None:
    """A model file cut short anywhere is no model, by one byte too."""
    Sequential([Dense(1, 1, np.random.default_rng(0))]).save(path)
    whole = path.read_bytes()
    for length in (*range(0, len(whole), 9), len(whole) - 1):
        path.write_bytes(whole[:length])
        assert_refused(path)


def test_no_single_wrong_byte_changes_a_model(path: Path) -> None:
    """Every third byte of a file in turn, one bit of it: refused, or the same model."""
    network = Sequential([Dense(1, 1, np.random.default_rng(0))])
    network.save(path)
    whole = path.read_bytes()
    for k in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[k] ^= 1 << k % 8
        path.write_bytes(damaged)
        assert_refused_or_same(path, bits(network))


OPTIONS = st.sampled_from(("alpha", "rate", "mean", "variance", "W", "b", "n_in", "type"))
KINDS = st.sampled_from(("Dense", "Sigmoid", "LeakyReLU", "ReLU", "Dropout", "Normalization"))
LAYERS = st.lists(
    st.dictionaries(OPTIONS, JSON, max_size=2).flatmap(
        lambda options: KINDS.map(lambda kind: {**options, "type": kind})
    )
    | JSON,
    max_size=4,
)
ARRAYS: st.SearchStrategy[np.ndarray] = hnp.arrays(
    st.sampled_from([np.dtype(name) for name in ("f4", "f8", "f2", "i1", "c8", "U2")]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)


@settings(max_examples=200)
@given(
    changes=st.fixed_dictionaries(
        {}, optional={"layers": LAYERS, "sizes": JSON, "metadata": JSON, "format": JSON}
    ),
    arrays=st.dictionaries(st.sampled_from(["param_0", "param_1", "param_2"]), ARRAYS),
)
def test_whatever_a_file_says_a_model_that_is_read_is_sound(
    path: Path, changes: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """An undamaged archive with any header and any arrays: one ValueError, or a model with finite
    weights and with layers that fit, so that it can be asked, and saved again."""
    with_arrays(header=header_of(**changes), **arrays)(path)
    try:
        model = Ensemble.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} is not a model of this program: ")
        return
    for network in model.networks:
        assert network.finite()
        with np.errstate(all="ignore"):  # finite numbers may have an infinite product
            assert network.forward(np.zeros((2, network.n_in or 1))).shape == (
                2,
                network.n_out or 1,
            )
    model.save(path)
    assert bits(Ensemble.load(path)) == bits(model)

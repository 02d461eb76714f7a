"""Properties of mininet/storage.py: what is saved comes back, and nothing else is read."""

import errno
import io
import json
import os
import tracemalloc
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

import mininet as mn
from mininet import Dense, Dropout, Layer, ReLU, Sequential, storage
from mininet.storage import write_atomically
from tests.mininet.strategies import Amplifier, Slopes, activations, bits, networks
from tests.oracles import refusal
from tests.strategies import FLOATS


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for the tests of this module, of a name without .npz, to which none is added."""
    return tmp_path_factory.mktemp("models") / "model of the day"


def small(**metadata: Any) -> Sequential:
    """A network of two layers."""
    return Sequential([Dense(1, 2, default_rng(0)), ReLU()], metadata)


@given(networks(), activations(), st.sampled_from(FLOATS), st.text())
@settings(max_examples=30)
def test_a_saved_network_comes_back_bit_for_bit(
    path: Path, network: Sequential, last: Layer, dtype: Any, text: str
) -> None:
    """load(save(network)) has its layers, options, parameters and metadata."""
    n_in, metadata = network.n_in or 1, {text: [text, 0.1, None, {"": True}]}
    x, feature = np.ones((2, n_in), dtype), np.arange(n_in) / 3
    first = mn.Normalization(feature, feature**2)
    own = Slopes(network.n_out or 1), Amplifier(0.5)
    own[0].slopes *= np.pi
    network = Sequential([first, *network.layers, Dropout(0.3), last, *own], metadata)
    network.astype(np.dtype(dtype))
    for name in (path, str(path)):
        network.save(name)
        again = Sequential.load(name)
        assert repr(again) == repr(network) and again.metadata == metadata
        assert bits(again) == bits(network)
        assert {param.dtype for param in again.params} == {np.dtype(dtype)}
        assert again.forward(x).tobytes() == network.forward(x).tobytes()


def test_a_model_file_holds_no_pickle(path: Path) -> None:
    """The file is an .npz that NumPy reads without pickle: a JSON header and param_0, param_1, …"""
    Sequential([*small().layers, Dropout(0.5)], {"a": [1]}).save(path)
    with np.load(path, allow_pickle=False) as archive:
        assert sorted(archive.files) == ["header", "param_0", "param_1"]
        header = json.loads(str(archive["header"]))
        assert header.pop("layers") == [DENSE, {"type": "ReLU"}, {**DROPOUT, "rate": 0.5}]
        assert header == {"format": "mininet 1", "metadata": {"a": [1]}, "sizes": [3]}
    path.write_bytes(model(header=np.array([Trap()])))
    with np.load(path, allow_pickle=True) as archive, pytest.raises(pytest.fail.Exception):
        archive["header"]  # a pickle is executed when it is read


def test_a_network_that_could_not_be_loaded_is_not_saved(path: Path) -> None:
    """What load cannot rebuild is rejected before anything is written."""
    small(kept=True).save(path)
    bad, nested, own = small(), Sequential([ReLU()]), type("Own", (Layer,), {})()
    bad.params[1][1] = np.nan
    later, third = type("Own", (Layer,), {}), type("Third", (Dense,), {})
    taken = type("ReLU", (Layer,), {"forward": np.sin})  # the package's is loaded
    another, amplifier = (
        ": load would build another layer: see Layer, or rename the class",
        Amplifier(2.0),
    )
    array: Any = np.ones(1)
    del amplifier.name  # an argument with a default
    for network, reason in (
        (Sequential([nested]), f"the layer {nested!r}: Object of type ReLU is not JSON serial"),
        (Sequential([third(1, 2, default_rng(0))]), "the layer Third(n_in=1, n_out=2): Dense."),
        (Sequential([own]), f"the layer {later.__name__}(){another}"),
        (Sequential([taken()]), f"the layer ReLU(){another}"),
        (Sequential([amplifier]), f"the layer Amplifier(gain=2.0){another}"),
        (Sequential([Amplifier(array)]), "the layer Amplifier(gain=array([1.]), name='x'): "),
        (bad, "weights that are NaN or infinite"),
    ):
        assert refusal(network.save, path).startswith(f"a model file cannot contain {reason}")
    with pytest.raises(TypeError, match="Object of type object is not JSON serializable"):
        small(bad=object()).save(path)
    assert Sequential.load(path).metadata == {"kept": True}


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), OSError("bad disk"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("before", [[], [b"the old file"]])
@pytest.mark.parametrize(("module", "name"), [(Path, "write_bytes"), (os, "replace")])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: Any, error: Any, before: list[bytes], module: Any, name: str
) -> None:
    """A full disk or an interruption leaves the old file, or none; the error names the file."""
    path, write = tmp_path / "file", Path.write_bytes
    for content in before:
        path.write_bytes(content)

    def failing(first: Path, second: Any) -> None:
        write(first, b"a half")
        assert path.exists() == bool(before)
        raise error

    monkeypatch.setattr(module, name, failing)
    with pytest.raises(type(error)) as caught:
        write_atomically(path, b"the new file")
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert str(caught.value).endswith(f"{error.strerror or error}: {str(path)!r}")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == before
    write_atomically(path, b"the new file")
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"the new file"]


@pytest.mark.parametrize("n_failures", [1, 3, 4])
def test_a_file_that_another_program_has_open_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_failures: int
) -> None:
    """As on Windows: four attempts, a fifth of a second apart; then the error names the file."""
    path, replace, calls, waits = tmp_path / "file", os.replace, list[Path](), list[float]()

    def busy(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) <= n_failures:
            raise PermissionError(13, "Access is denied", str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", busy)
    monkeypatch.setattr(storage.time, "sleep", waits.append)
    with pytest.raises(PermissionError) if n_failures == 4 else nullcontext() as caught:
        write_atomically(path, b"new")
    assert waits == [0.2] * min(n_failures, 3)
    if caught is None:
        assert path.read_bytes() == b"new"
    else:
        assert caught.value.filename == str(path) and not list(tmp_path.iterdir())


def test_a_symbolic_link_keeps_pointing_to_the_file_that_is_written(tmp_path: Path) -> None:
    """The file that a link points to is written, whether it exists or not."""
    link, target = tmp_path / "link", tmp_path / "target"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("symbolic links need a privilege here")
    for content in (b"first", b"second"):
        write_atomically(link, content)
        assert link.is_symlink() and target.read_bytes() == content


def test_a_path_that_cannot_be_a_file_is_named(tmp_path: Path) -> None:
    """A folder, or a missing one, is an OSError that names the path; nothing is left behind."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for name in ("folder", "missing/file", "file/file"):
        with pytest.raises(OSError) as caught:
            small().save(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
        assert name != "folder" or caught.value.args == (errno.EINVAL, "not a regular file")
        with pytest.raises(OSError) as caught:
            Sequential.load(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value).replace("\\\\", "\\")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["file", "folder"]


class Trap:
    """An object whose pickle, when it is read, fails the test."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was executed",)


def model(compression: int = 0, **changes: Any) -> bytes:
    """A model of one Dense and one ReLU with changed entries and arrays; None: without them."""
    header: dict[str, Any] = {"format": "mininet 1", "metadata": {}, "sizes": None}
    header["layers"] = [{"type": "Dense"}, {"type": "ReLU"}]
    header |= {name: changes.pop(name) for name in header.keys() & changes.keys()}
    text = json.dumps({name: value for name, value in header.items() if value is not None})
    right = {"header": text, "param_0": np.ones((1, 2)), "param_1": np.ones(2)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, array in {**right, **changes}.items():
            if array is not None:
                archive.writestr(f"{name}.npy", array if type(array) is bytes else npy(array))
    return content.getvalue()


def npy(array: Any) -> bytes:
    """The array as NumPy writes it."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


DENSE, DROPOUT, THREE = {"type": "Dense"}, {"type": "Dropout"}, np.ones(3)
SLOPES: Any = {"type": "Slopes", "n_units": 2}
SIZES: Any = ([1], [3], [0, 2], [-1, 3], [], 2, "2", [1.0, 1], [1, 1])
WRONG = {
    "text": b"Dense 3 2\nReLU\n",
    "another archive": model(header=None, param_0=None, param_1=None, images=THREE),
    "a pickled header": model(header=np.array([Trap()])),
    "pickled weights": model(param_0=np.array([Trap()])),
    "a bomb": model(zipfile.ZIP_DEFLATED, param_0=npy(np.zeros((1, 10**6)))),
    "a header of NumPy cut short": model(param_1=b"\x93NUMPY\x01\x00\x06\x00{'((\n"),
    "nested lists": model(header="[" * 100_000),
    "another format": model(format="mininet 2"),
    "a long format": model(format="2" * 10**6),
    **{f"no {k}": model(0, **{k: None}) for k in ("format", "layers", "metadata")},
    "no layer": model(layers=[], param_0=None, param_1=None),
    "an unknown type": model(layers=[{"type": "Unknown"}], param_0=None, param_1=None),
    "a missing option": model(layers=[DENSE, DROPOUT]),
    "slopes of three": model(layers=[DENSE, SLOPES], param_2=THREE),
    "complex slopes": model(layers=[DENSE, SLOPES], param_2=np.ones(2, complex)),
    "layers that do not fit": model(layers=[DENSE] * 2, param_2=np.ones((3, 2)), param_3=THREE),
    "too many arrays": model(param_2=THREE),
    "no bias": model(param_1=None),
    "a bias of three": model(param_1=THREE),
    **{f"weights {kind}": model(param_1=np.ones(2, kind)) for kind in ("c16", "U1", "f8,f8")},
    **{f"sizes {sizes}": model(sizes=sizes) for sizes in SIZES},
}
REASONS = {
    "a bomb": ": the unpacked arrays are larger than the file",
    "another format": ": its format is 'mininet 2', not 'mininet 1'",
    "an unknown type": ": its layer 'Unknown' is unknown: define or import the class first",
    "slopes of three": ": cannot reshape array of size 3 into shape (2,)",
    "too many arrays": ": its 2 layers do not match its 3 arrays",
    "no bias": ": its 2 layers do not match its 1 arrays",
    "a bias of three": ": W (1, 2) and b (3,) must be (n_in, n_out) and (n_out,)",
    "sizes [1]": ": it contains 1 networks of [1] layers, expected 1",
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_that_is_not_a_model_is_rejected(path: Path, kind: str) -> None:
    """One ValueError names the file, in a few lines; no pickle is executed, no bomb unpacked."""
    path.write_bytes(model())
    assert repr(Sequential.load(path).layers) == "[Dense(n_in=1, n_out=2), ReLU()]"
    path.write_bytes(WRONG[kind])
    tracemalloc.start()
    message = refusal(Sequential.load, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message.startswith(f"{path} is not a mininet model file: ")
    assert message.endswith(REASONS.get(kind, "")) and len(message) < len(str(path)) + 400
    if kind == "sizes [1]":
        assert refusal(mn.Ensemble.load, path).endswith(": it contains 1 networks of [1] layers")
    assert peak < 10**6 or kind != "a bomb"


@settings(max_examples=300)
@given(st.data(), st.sampled_from(("flip", "truncate", "cut", "double")))
def test_a_damaged_file_is_rejected_or_means_the_same(path: Path, data: Any, kind: str) -> None:
    """The archive's checksums cover each byte of header and weights."""
    network = Sequential([mn.Normalization([0.5], [2.0]), *small().layers, Dropout(0.5)])
    network.save(path)
    content = bytearray(path.read_bytes())
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content) - 1)] * 2)))
    if kind == "flip":
        for k in (start, end):
            content[k] ^= data.draw(st.integers(1, 255))
    elif kind == "double":
        content[end:end] = content[start:end]
    else:
        del content[start : end if kind == "cut" else None]
    path.write_bytes(content)
    try:
        again = Sequential.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{path} is not a mininet model file: ")
    else:
        assert bits(again) == bits(network) and repr(again) == repr(network)

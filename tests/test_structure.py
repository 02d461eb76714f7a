"""The structure: what may import what, every public name is explained, examples run."""

import ast
import doctest
import importlib
import inspect
import pydoc
import re
import subprocess
import sys
import types
from functools import cache
from pathlib import Path

import pytest

import mfcc
import mininet
import ssc

ROOT = Path(__file__).parent.parent
# A file imports only from files that stand before it.
READING_ORDER = {
    "mfcc": "_checks framing fourier mel cepstrum features fast statistics audio display",
    "mininet": "_checks layers activations losses optimizers minibatches checking regularization"
    " metrics storage network ensemble fast display",
    "experiment": "terminal scenes data folds extract augment recipes evaluate output page"
    " data_report prediction explanation report figures cli",
}
PRODUCT = [ROOT / "ssc.py", *sorted(p for name in READING_ORDER for p in ROOT.glob(f"{name}/*.py"))]
OTHERS = sorted(p for name in ("tests", "benchmarks", "docs") for p in ROOT.glob(f"{name}/**/*.py"))
# Third-party modules that a file of mfcc or mininet may import besides NumPy.
EXCEPTIONS = {
    "mfcc/audio.py": {"soundfile", "scipy"},
    "mfcc/display.py": {"matplotlib"},
    "mininet/network.py": {"threadpoolctl"},
    "mininet/display.py": {"matplotlib"},
}
PEERS = {"librosa", "keras", "tensorflow", "torch", "sklearn", "python_speech_features", "jax"}
PEERS |= {"torchaudio", "audioflux", "ducc0", "pyfftw"}
POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "_posixsubprocess"}
POSIX_NAMES = {
    *("fork", "getuid", "geteuid", "mkfifo", "killpg", "sched_getaffinity", "sched_setaffinity"),
    *("SIGKILL", "SIGALRM", "alarm", "pthread_sigmask", "pthread_kill", "sigwait", "setitimer"),
}


def name_of(path: Path) -> str:
    """The path from the root of the project, with slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"))


def imports_of(path: Path) -> list[tuple[str, int]]:
    """(module, level) for each import statement in a file, in order; level 1 is the own package."""
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found.append((node.module, node.level))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            level = getattr(node, "level", 0)
            found += [(alias.name, level) for alias in node.names]
    return found


@pytest.mark.parametrize("package", READING_ORDER)
def test_imports_follow_the_reading_order(package: str) -> None:
    """A file imports only from files before it in READING_ORDER; __init__.py imports in order."""
    order = READING_ORDER[package].split()
    files = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__", "__main__"}
    assert files == set(order), f"add to or remove from READING_ORDER: {files ^ set(order)}"
    for i, name in enumerate(order):
        inside = {m for m, level in imports_of(ROOT / package / f"{name}.py") if level == 1}
        later = inside - set(order[:i])
        assert not later, f"{package}/{name}.py imports {later}: move it behind these"
    imports = imports_of(ROOT / package / "__init__.py")
    exported = list(dict.fromkeys(module for module, level in imports if level == 1))
    expected = [name for name in order if name in exported]
    assert exported == expected, f"sort the imports of {package}/__init__.py: {expected}"


@pytest.mark.parametrize("package", ["mfcc", "mininet"])
def test_the_packages_stand_alone(package: str) -> None:
    """They import NumPy alone, hence not each other, but for reading audio and for figures."""
    for path in (ROOT / package).glob("*.py"):
        allowed = {"numpy"} | EXCEPTIONS.get(name_of(path), set())
        outside = {module.split(".")[0] for module, level in imports_of(path) if level == 0}
        extra = outside - set(sys.stdlib_module_names) - allowed
        assert not extra, f"{name_of(path)} must not import {extra}; experiment/ may"


def test_no_transform_of_a_library_is_used() -> None:
    """Neither NumPy's nor SciPy's FFT or DCT appears in the packages: ours are the subject."""
    for path in PRODUCT:
        nodes = ast.walk(tree_of(path))
        used = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
        found = used & {"np.fft", "numpy.fft", "scipy.fft"}
        found |= {m for m, level in imports_of(path) if level == 0 and "fft" in m.split(".")}
        assert not found, f"{name_of(path)} uses {found}: call mfcc.fft, mfcc.rfft or mfcc.dct"


def test_no_peer_is_imported() -> None:
    """librosa, Keras and the like are imported by benchmarks, studies and data scripts at most."""
    for path in [*PRODUCT, *OTHERS]:
        if path.parent.name in ("benchmarks", "studies") or path.name.startswith("make_"):
            continue
        peers = {module.split(".")[0] for module, level in imports_of(path) if level == 0} & PEERS
        assert not peers, f"{name_of(path)} imports {peers}: freeze their values in tests/data/"


def test_importing_the_packages_loads_neither_scipy_nor_matplotlib() -> None:
    """import mfcc, mininet loads NumPy and no other library."""
    names = "scipy", "matplotlib", "soundfile", "tqdm", "jinja2"
    code = f"import sys, mfcc, mininet; print([m for m in {names} if m in sys.modules])"
    command = [sys.executable, "-c", code]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]", "import these inside the function that needs them"


def test_no_posix_only_name_is_used() -> None:
    """No module and no name of POSIX systems alone, unless the file asks hasattr(module, name)."""
    for path in PRODUCT:
        nodes = list(ast.walk(tree_of(path)))
        used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        used |= {a.name for node in nodes if isinstance(node, ast.ImportFrom) for a in node.names}
        guarded = re.findall(r'hasattr\(\w+, "(\w+)"\)', path.read_text("utf-8"))
        found = (used & POSIX_NAMES) - set(guarded)
        found |= {module for module, level in imports_of(path) if level == 0} & POSIX_MODULES
        assert not found, f"{name_of(path)} uses {found}: find a portable form, or ask hasattr"


@pytest.mark.parametrize("package", [mfcc, mininet])
def test_every_public_name_is_explained(package: types.ModuleType) -> None:
    """Each name of __all__ has a docstring; a function's gives arguments, shapes, ValueErrors."""
    names = {name for name, thing in vars(package).items() if not inspect.ismodule(thing)}
    public = {name for name in names if not name.startswith("_")} | {"fast"}
    assert set(package.__all__) == public, f"mend __all__: {set(package.__all__) ^ public}"
    for name in package.__all__:
        thing = getattr(package, name)
        text = thing.__doc__ or ""  # its own; inspect.getdoc inherits one
        assert len(text) > 40, f"say in the docstring of {name} what it is"
        assert "_SupportsArray" not in pydoc.render_doc(thing), (
            f"import ArrayLike from _checks: {name}"
        )
        if inspect.isfunction(thing):
            unnamed = [
                p for p in inspect.signature(thing).parameters if len(p) > 1 and p not in text
            ]
            assert not unnamed, f"explain the arguments {unnamed} in the docstring of {name}"
            shapes = re.search(r"\([\w./ ]+,|\bshape", text, re.IGNORECASE)
            assert shapes is not None, (
                f"say in the docstring of {name} which shapes go in and come out"
            )
            silent = "raise ValueError" in inspect.getsource(thing) and "ValueError" not in text
            assert not silent, f"say in the docstring of {name} when it raises ValueError"


def test_every_layer_is_public() -> None:
    """Each layer in a file of mininet is in __all__, but for a base class and the Gram form."""
    known = {*mininet.__all__, "Activation", "GramDense", "GramForm"}
    for file in READING_ORDER["mininet"].split():
        for name, thing in vars(importlib.import_module(f"mininet.{file}")).items():
            if inspect.isclass(thing) and issubclass(thing, mininet.Layer) and name[0] != "_":
                assert name in known, f"import {name} in mininet/__init__.py, add it to __all__"


def test_all_versions_are_one() -> None:
    """pyproject.toml reads that of mfcc; mininet cannot import it, nor can CITATION.cff."""
    project, citation = ((ROOT / f).read_text("utf-8") for f in ("pyproject.toml", "CITATION.cff"))
    assert 'version = { attr = "mfcc.__version__" }' in project, "read it from mfcc"
    cited = re.findall(r"^version: (.+)$", citation, re.MULTILINE)
    found = [mininet.__version__, ssc.__version__, *cited]
    assert found == [mfcc.__version__] * 3, "write one version in mfcc, mininet and CITATION.cff"


def numbers_in(text: str) -> set[int]:
    """The numbers of a text such as "11 (backward), 12" or "2, 11–13"."""
    spans = re.findall(r"(\d+)(?:–(\d+))?", text)
    return {n for low, high in spans for n in range(int(low), int(high or low) + 1)}


@pytest.mark.parametrize("package", ["mfcc", "mininet"])
def test_every_module_names_its_chapters(package: str) -> None:
    """A module's docstring ends with the chapters that the table of the README gives."""
    readme, book = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/README.md"))
    known = {int(n) for n in re.findall(r"^\| \[?(\d+) ", book, re.MULTILINE)}
    for name in READING_ORDER[package].split():
        if name.startswith("_"):
            continue
        file = f"{package}/{name}.py"
        row = re.search(rf"^\| `{file}` \|[^|]*\|([^|]*)\|", readme, re.MULTILINE)
        assert row is not None, f"add a row for {file} to the table of README.md"
        opening = (ast.get_docstring(tree_of(ROOT / file)) or "").split("\n\n")[0]
        chapters = numbers_in(opening.partition("hapter")[2])
        assert chapters == numbers_in(row[1]) != set(), f"{file} and README.md name other chapters"
        assert chapters <= known, f"{file} names a chapter that docs/README.md does not list"


WITH_EXAMPLES = [path for path in [*PRODUCT, *OTHERS] if "\n    >>>" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=name_of)
def test_examples_in_docstrings_run(path: Path) -> None:
    """Every >>> example prints what it says."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0, "mend the example; stdout shows how"

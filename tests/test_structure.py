"""The structure: what may import what, every public name is explained, examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import mfcc
import mininet

ROOT = Path(__file__).parent.parent
# A file may import only from files that stand before it.
READING_ORDER = {
    "mfcc": "arguments framing fourier mel spectrogram cepstrum features statistics audio display",
    "mininet": "layers normalization activations dropout losses checking optimizers metrics gram"
    " product storage training summary network ensemble display",
    "experiment": "scenes dataset interruption extraction folds inspection checkup people recipes"
    " improved evaluation models report held_out options",
}
PEERS = {"librosa", "keras", "tensorflow", "torch", "sklearn", "python_speech_features"}
# What each package may import besides the standard library, and the modules that may import more.
ALLOWED = {"mfcc": {"numpy"}, "mininet": {"numpy"}}
EXCEPTIONS = {
    "mfcc/audio.py": {"soundfile", "scipy"},
    "mfcc/display.py": {"matplotlib"},
    "mininet/display.py": {"matplotlib"},
}
FOLDERS = (*READING_ORDER, "tests", "benchmarks", "docs")
SOURCES = [ROOT / "ssc.py", *sorted(p for name in FOLDERS for p in ROOT.glob(f"{name}/**/*.py"))]


def imports_of(path: Path) -> list[tuple[str, int]]:
    """(module, level) for each import statement anywhere in a file; level 1 is the own package."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is None:
            found += [(alias.name, node.level) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((str(node.module), node.level))
    return found


@pytest.mark.parametrize("package", READING_ORDER)
def test_imports_follow_the_reading_order(package: str) -> None:
    """Inside a package a file imports only from files that stand before it; none is left out."""
    order = READING_ORDER[package].split()
    files = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__", "__main__"}
    assert files == set(order)
    for i, name in enumerate(order):
        inside = {
            module for module, level in imports_of(ROOT / package / f"{name}.py") if level == 1
        }
        assert inside <= set(order[:i]), name


@pytest.mark.parametrize("package", ["mfcc", "mininet"])
def test_the_packages_stand_alone(package: str) -> None:
    """They import NumPy alone; SciPy and soundfile to read files, Matplotlib to draw."""
    for path in (ROOT / package).glob("*.py"):
        allowed = ALLOWED[package] | EXCEPTIONS.get(f"{package}/{path.name}", set())
        outside = {module.split(".")[0] for module, level in imports_of(path) if level == 0}
        assert outside - set(sys.stdlib_module_names) <= allowed, path.name


def test_no_transform_of_a_library_is_used() -> None:
    """Neither NumPy's nor SciPy's FFT or DCT appears in the packages: ours are the point."""
    for package in READING_ORDER:
        for path in (ROOT / package).glob("*.py"):
            names = {
                node.attr
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in ("np", "numpy", "scipy")
            }
            assert "fft" not in names, path.name
            assert not [m for m, _ in imports_of(path) if "fft" in m.split(".") and m != "fft"]


def test_no_peer_is_imported() -> None:
    """librosa, Keras and the like are imported by benchmarks and data scripts at most."""
    for path in SOURCES:
        if path.parent.name == "benchmarks" or path.name.startswith("make_"):
            continue
        modules = {module.split(".")[0] for module, level in imports_of(path) if level == 0}
        assert not modules & PEERS, path


def test_importing_the_packages_loads_neither_scipy_nor_matplotlib() -> None:
    """import mfcc, mininet loads NumPy and no other library."""
    code = (
        "import sys, mfcc, mininet; "
        "print([m for m in ('scipy', 'matplotlib', 'soundfile', 'tqdm') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


@pytest.mark.parametrize("package", [mfcc, mininet])
def test_every_public_name_is_explained(package: object) -> None:
    """Each name of __all__ has a docstring; a function's gives shapes, and the errors it raises."""
    for name in package.__all__:  # type: ignore[attr-defined]
        thing = getattr(package, name)
        text = inspect.getdoc(thing) or ""
        assert len(text) > 40, name
        if inspect.isfunction(thing):
            assert "(" in text and ("->" in text or "Returns" in text or "shape" in text), name
            raises = "raise ValueError" in inspect.getsource(thing)
            assert "ValueError" in text or not raises, name


@pytest.mark.parametrize("package", [mfcc, mininet])
def test_all_lists_what_the_package_gives(package: object) -> None:
    """__all__ is sorted, complete and importable."""
    names = [
        name
        for name, thing in vars(package).items()
        if not name.startswith("_") and not inspect.ismodule(thing) and name != "annotations"
    ]
    assert sorted(names) == sorted(package.__all__)  # type: ignore[attr-defined]


def opening(package: str, name: str) -> str:
    """The docstring of a module, in one line."""
    path = ROOT / package / f"{name}.py"
    return " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())


@pytest.mark.parametrize("package", READING_ORDER)
def test_the_modules_are_a_chain(package: str) -> None:
    """Each module names the one before it and the one after it in the reading order: whoever begins
    with the first comes to all, in this order, and so whoever goes back."""
    order = READING_ORDER[package].split()
    for before, name, after in zip([None, *order], order, [*order[1:], None], strict=False):
        text = opening(package, name)
        if before is None:
            assert "First in the reading order" in text and "Before it" not in text
        elif after is None and package != "experiment":
            assert "Before it: all the others" in text and "Nothing comes after it" in text
        else:
            assert re.search(rf"Before it: [^:]*\b{before}\.py", text), name
        if after is not None or package == "experiment":
            assert re.search(rf"(After it:|before) {after or 'ssc'}\.py", text), name


def numbers_in(text: str) -> set[int]:
    """The chapters that a text such as "Chapters 11 (backward), 12 and 13" or a table names."""
    ranges = re.sub(
        r"(\d+)–(\d+)", lambda m: ",".join(map(str, range(int(m[1]), int(m[2]) + 1))), text
    )
    return {int(number) for number in re.findall(r"\d+", ranges)}


def chapters_of(package: str, name: str) -> set[int]:
    """What a module says is its chapter, or are its chapters."""
    text = re.sub(r" \([^)]*\)", "", opening(package, name))  # 6 (decibels) and 7 (the cosine …)
    return numbers_in(" ".join(re.findall(r"[Cc]hapters? ([\d, –and]+)", text)))


@pytest.mark.parametrize("package", ["mfcc", "mininet"])
def test_every_module_names_its_chapters(package: str) -> None:
    """They are those of the README's table, and chapters of the book."""
    readme, book = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/README.md"))
    known = {int(n) for n in re.findall(r"^\| \[?(\d+) ", book, re.MULTILINE)}
    for name in READING_ORDER[package].split():
        row = re.search(rf"^\| `{package}/{name}\.py` \|[^|]*\|([^|]*)\|", readme, re.MULTILINE)
        assert row is not None, name
        assert chapters_of(package, name) == numbers_in(row[1]) != set(), name
        assert numbers_in(row[1]) <= known, name


@pytest.mark.parametrize("package", [mfcc, mininet])
def test_every_public_name_names_its_chapter(package: types.ModuleType) -> None:
    """Each docstring of __all__ says in which chapter it is explained: one of its module's."""
    for name in package.__all__:
        thing = getattr(package, name)
        found = re.search(r"\bChapter (\d+)\.$", inspect.getdoc(thing) or "", re.MULTILINE)
        assert found is not None, name
        assert int(found[1]) in chapters_of(*thing.__module__.split(".")), name


@pytest.mark.parametrize("path", SOURCES)
def test_examples_in_docstrings_run(path: Path) -> None:
    """Every >>> example prints what it says."""
    if ">>>" not in path.read_text("utf-8") or path.name == Path(__file__).name:
        return
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0

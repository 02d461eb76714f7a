"""The documentation: every python block runs, every link and every file it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_block_runs(page: Path) -> None:
    """The python blocks of a page run from top to bottom, as one program."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile("\n".join(blocks), str(page), "exec"), {"__name__": "page"})


def test_the_readme_has_an_example() -> None:
    """The README shows how the packages are used, in a block that the test above runs."""
    assert "```python" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_resolves(page: Path) -> None:
    """Relative links and pictures point to files that exist."""
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_the_reading_order_names_every_module() -> None:
    """The README's table names each module of both packages, and only tests that exist."""
    text = (ROOT / "README.md").read_text("utf-8")
    for package in ("mfcc", "mininet"):
        for path in (ROOT / package).glob("*.py"):
            if not path.name.startswith("__") and path.name != "arguments.py":
                assert f"`{package}/{path.name}`" in text
    for name in re.findall(r"tests/test_\w+\.py", text):
        assert (ROOT / name).exists(), name

"""The book as a site: `python -m docs site` builds build/book/html/ with Sphinx, MyST and Furo.

The pages are written for a repository, whose Markdown has neither players nor equations to link to,
and which shows source files itself. Sphinx reads copies in which sounds have players, equations are
link targets, and linked source files are pages. Requires the extra `docs`.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from docs import navigation

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
# What differs on the site; code and formulas are matched first, so that nothing in them is.
TOKEN = re.compile(
    r"(?P<fence>^```.*?^```$)|(?P<code>`[^`\n]+`)|(?P<display>^\$\$.*?\$\$$)|(?P<inline>\$[^$\n]+\$)"
    r"|\[(?P<text>[^\]]+)\]\((?P<sound>sounds/\w+\.flac)\)(?P<stop>[.,;]?)"
    r"|\]\((?P<outside>\.\./[^)#]+|[\w/]+\.py)\)|\((?P<equation>(?:\d+|A)\.\d+\w?)\)",
    re.MULTILINE | re.DOTALL,
)
PLAYER = (
    '<span class="sound">{text}{stop} '
    '<audio controls preload="metadata" src="{sound}" aria-label="{label}"></audio></span>'
)
SETTINGS = {
    "project": "Sound scene classification",
    "html_title": "Sound scene classification, written out by hand",
    "language": "en",
    "extensions": ["myst_nb", "sphinx-mathjax-offline"],
    "myst_enable_extensions": ["dollarmath"],
    "myst_heading_anchors": 3,
    "mathjax3_config": {"chtml": {"matchFontHeight": False}},
    "nb_execution_mode": "force",
    "nb_execution_raise_on_error": True,
    "nb_execution_timeout": -1,
    "nb_merge_streams": True,
    "html_theme": "furo",
    "html_static_path": [str(FOLDER / "static")],
    "html_css_files": ["book.css"],
    "html_extra_path": ["extra"],
    "html_show_search_summary": False,  # it is fetched, which a page opened as a file cannot do
    "html_copy_source": False,
    "html_show_copyright": False,
}


def for_site(text: str) -> str:
    """The Markdown of a page in docs/ as Sphinx reads it."""
    return TOKEN.sub(replaced, navigation.LINKS.sub("\n", text))


def replaced(token: re.Match[str]) -> str:
    """A player for a sound, a target for an equation, links for its number and for source files."""
    if token["display"]:
        number = re.search(r"\\tag\{([^}]*)\}", token[0])
        target = f"({anchor(number[1])})=\n" if number else ""
        return target + token[0].replace(r"\\", r"\cr ")  # Sphinx wraps \\ so that \tag is an error
    if token["sound"]:
        label = " ".join(token["text"].replace("*", "").split())
        return PLAYER.format(**token.groupdict(), label=label)
    if token["outside"]:
        return f"](source/{page_of((FOLDER / token['outside']).resolve())})"
    if token["equation"]:
        return f"[{token[0]}](#{anchor(token['equation'])})"
    return token[0]


def anchor(number: str) -> str:
    """The link target of the equation with this number."""
    return "equation-" + number.lower().replace(".", "-")


def notebook_for_site(text: str) -> str:
    """The notebook likewise; a picture is described by the heading above it."""
    notebook, heading = json.loads(text), ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = for_site("".join(cell["source"]))
            heading = cell["source"].partition("\n")[0].lstrip("# ")
        else:
            cell["metadata"]["mystnb"] = {"image": {"alt": heading}}
    return json.dumps(notebook)


def page_of(path: Path) -> str:
    """The file below source/ that shows a file of the project, or lists a folder."""
    name = path.relative_to(ROOT).as_posix()
    return name if path.suffix == ".json" else f"{name}.md"


def source_page(path: Path) -> str:
    """The Markdown that shows a file of the project, or lists a folder."""
    if path.is_dir():
        entries = [
            f"- [{file.name}](/source/{page_of(file)})" for file in sorted(path.glob("*.py"))
        ]
        text = "\n".join([f"# {path.name}\n", *entries])
    else:
        text = path.read_text("utf-8")
    if path.suffix == ".py":
        text = f"# {path.relative_to(ROOT).as_posix()}\n\n````python\n{text}````"
    return text if path.suffix == ".json" else f"---\norphan: true\n---\n\n{text}\n"


def appendix() -> list[Path]:
    """The pages that are no chapters, and the notebook."""
    others = {*FOLDER.glob("*.md")} - {*navigation.chapters(), navigation.CONTENTS}
    return [*sorted(others), FOLDER / "tutorial.ipynb"]


def toctree(caption: str, pages: list[Path]) -> str:
    """A part of the contents at the side of each page."""
    entries = "\n".join(page.stem for page in pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def copy(target: Path) -> None:
    """Write what Sphinx reads into a new folder."""
    shutil.copytree(FOLDER, target, ignore=shutil.ignore_patterns("*.py", "*.md", "__pycache__"))
    (target / "extra").mkdir()
    (target / "sounds").rename(target / "extra" / "sounds")
    notebook = target / "tutorial.ipynb"
    notebook.write_text(notebook_for_site(notebook.read_text("utf-8")), "utf-8")
    outside = set()
    for path in FOLDER.glob("*.md"):
        text = path.read_text("utf-8")
        outside |= {FOLDER / token["outside"] for token in TOKEN.finditer(text) if token["outside"]}
        (target / path.name).write_text(for_site(text), "utf-8")
    contents = (target / "README.md").rename(target / "index.md")
    with contents.open("a", encoding="utf-8") as file:
        file.write(toctree("Chapters", navigation.chapters()))
        file.write(toctree("Appendix", appendix()))
    for path in {file.resolve() for link in outside for file in (link, *link.glob("*.py"))}:
        page = target / "source" / page_of(path)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(source_page(path), "utf-8")


def build(folder: Path = ROOT / "build" / "book") -> None:
    """Build the site into folder/html/. SystemExit: Sphinx warns."""
    from sphinx.application import Sphinx

    shutil.rmtree(folder, ignore_errors=True)
    source, site = folder / "source", folder / "html"
    copy(source)
    arguments = source, None, site, folder / "doctrees", "html", SETTINGS
    app = Sphinx(*arguments, status=None, warningiserror=True)
    app.build()
    if app.statuscode:
        raise SystemExit("Sphinx warns, see above")
    print(site / "index.html")

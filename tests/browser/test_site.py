"""The book as a site: Sphinx has no warning, every link resolves, and a browser shows the pages."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import soundfile

pytest.importorskip("docs.site", reason="the book is part of the checkout only")
from docs import navigation, sounds
from docs.site import ROOT, appendix, for_site
from tests.browser.conftest import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

BUILD = "import pathlib, sys; from docs import site; site.build(pathlib.Path(sys.argv[1]))"
SHORT = {"SSC_NOTEBOOK_CLIPS": "1", "SSC_NOTEBOOK_EPOCHS": "2", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages; the notebook has run on one clip a class. A warning is an error."""
    if any(find_spec(name) is None for name in ("furo", "myst_nb", "sphinx-mathjax-offline")):
        pytest.skip("needs Sphinx: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site") / "book"
    command, environment = [sys.executable, "-c", BUILD, str(folder)], os.environ | SHORT
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return folder / "html"


class Tags(HTMLParser):
    """The ids of a page, its links, and the page that follows it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.page, self.next = page, ""
        self.ids, self.links = set[str](), set[str]()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes of one tag."""
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        self.links |= {found[name] for name in ("href", "src") if name in found}
        if found.get("rel") == "next":
            self.next = found["href"]


def test_code_and_formulas_stay_as_they_are() -> None:
    """Only text is changed: a sound gets a player, a number of an equation and a file a link."""
    same = (
        "```text\n(1.2) [a](sounds/a.flac)\n```\n`(1.2)` $f(1.2)$ [b](02-b.md)\n\n$$\n(1.2)\n$$\n"
    )
    assert for_site(same) == same
    assert for_site("by (1.2)") == "by [(1.2)](#equation-1-2)"
    assert for_site("$$\nx \\tag{1.2}\n$$") == "(equation-1-2)=\n$$\nx \\tag{1.2}\n$$"
    assert for_site("[`f`](../ssc.py)") == "[`f`](source/ssc.py.md)"
    player = for_site("[an *a*](sounds/a.flac), x")
    assert player.startswith('<span class="sound">an *a*, <audio') and player.endswith("</span> x")
    assert 'src="sounds/a.flac" aria-label="an a"' in player


def test_every_link_of_the_site_resolves(site: Path) -> None:
    """Each one inside the site leads to a file, and each #part to an id in it."""
    pages = {path: Tags(path) for path in site.rglob("*.html")}
    for path, tags in pages.items():
        for link in (urlsplit(link) for link in tags.links):
            target = (path.parent / unquote(link.path)).resolve() if link.path else path
            if not link.scheme:
                assert target.exists(), (path.name, link)
                assert not link.fragment or link.fragment in pages[target].ids, (path.name, link)


def test_each_page_leads_to_the_next(site: Path) -> None:
    """From the contents through all chapters in order, and the appendix."""
    order, tags = list[str](), Tags(site / "index.html")
    while tags.next:
        order.append(Path(tags.next).stem)
        tags = Tags(site / tags.next)
    assert order == [page.stem for page in [*navigation.chapters(), *appendix()]]


def typeset(page: "Page") -> None:
    """Wait until the formulas are set."""
    wait_until(page, "window.MathJax === undefined || Boolean(window.MathJax.startup?.promise)")
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")


@pytest.mark.browser
def test_every_page_opens_as_a_file(site: Path, page: "Page") -> None:
    """Formulas without errors, pictures with a description, no request but for files."""
    paths = sorted(site.glob("*.html"))
    assert len(paths) > len(navigation.chapters())
    for path in paths:
        page.goto(path.as_uri())
        typeset(page)
        formulas = page.locator(".math").count()
        assert page.locator("mjx-container").count() == formulas, path.name
        assert page.locator("mjx-merror").count() == 0, path.name
        assert page.locator("img:not([alt]), img[alt=''], img[alt^=_images]").count() == 0, path


@pytest.mark.browser
def test_every_sound_has_a_player(site: Path, page: "Page") -> None:
    """Where the chapter links it, as long as the sound."""
    found = dict[str, float]()
    for path in (path for path in site.glob("*.html") if "<audio" in path.read_text("utf-8")):
        page.goto(path.as_uri())
        wait_until(page, "[...document.querySelectorAll('audio')].every(a => a.readyState > 0)")
        found |= page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('audio')]"
            ".map(a => [a.src.split('/').pop(), a.duration]))"
        )
    expected = {file.name: soundfile.info(file).duration for file in sounds.FOLDER.glob("*")}
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.browser
@pytest.mark.parametrize("selector", ["a[href^='#equation-']", "a[href*='.html#equation-']"])
def test_the_number_of_an_equation_leads_to_it(site: Path, page: "Page", selector: str) -> None:
    """On the same page and on another one; the formula is in view when all formulas are set."""
    pages = sorted(site.glob("*.html"))
    linking = [path for path in pages if ".html#equation-" in path.read_text("utf-8")]
    page.goto(linking[0].as_uri())
    typeset(page)
    link = page.locator(selector).last
    number = link.inner_text().strip("()")
    anchor = f"equation-{number.lower().replace('.', '-')}"
    link.click()
    page.wait_for_url(f"**#{anchor}")
    typeset(page)
    formula = page.locator(f"div.math#{anchor}")
    assert f"({number})" in formula.inner_text()
    box = f"document.getElementById('{anchor}').getBoundingClientRect()"
    wait_until(page, f"0 <= {box}.top && {box}.bottom <= innerHeight")


@pytest.mark.browser
def test_a_word_is_found(site: Path, page: "Page") -> None:
    """The search of a page opened as a file: a word of one chapter leads to it."""
    chapter = next(p for p in navigation.chapters() if "dither" in p.read_text("utf-8"))
    page.goto((site / "index.html").as_uri())
    page.locator("input.sidebar-search").fill("dither")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    links = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    assert any(f"/{chapter.stem}.html" in link for link in links)


@pytest.mark.browser
def test_dark_and_narrow(site: Path, page: "Page") -> None:
    """The page follows the system's color scheme, and does not scroll sideways on a telephone."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / navigation.chapters()[0].with_suffix(".html").name).as_uri())
    typeset(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colors = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colors.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colors) == 2

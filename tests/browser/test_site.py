"""The book as a site: Sphinx has no warning, every link resolves, and a browser shows the pages."""

import html
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import soundfile

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


def test_code_and_formulas_stay_as_they_are() -> None:
    """Only text is changed: a sound gets a player, a number of an equation and a file a link."""
    same = (
        "```text\n(1.2) [a](sounds/a.flac)\n```\n`(1.2)` $f(1.2)$ [b](02-b.md)\n\n$$\n(1.2)\n$$\n"
    )
    assert for_site(same) == same
    assert for_site("by (1.2)") == "by [(1.2)](#equation-1-2)"
    assert for_site("$$\nx \\tag{1.2}\n$$") == "(equation-1-2)=\n$$\nx \\tag{1.2}\n$$"
    assert for_site("[`f`](../ssc.py)") == "[`f`](source/ssc.py.md)"
    player = '<audio controls preload="metadata" src="sounds/a.flac" aria-label="an a"></audio>'
    sound = f'<span class="sound">an *a*, {player}</span> x'
    assert for_site("[an *a*](sounds/a.flac), x") == sound


def test_every_link_of_the_site_resolves(site: Path) -> None:
    """Each one inside the site leads to a file, and each #part to an id in it."""
    texts = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    ids = {path: set(re.findall(r'\bid="([^"]*)"', text)) for path, text in texts.items()}
    for path, text in texts.items():
        for link in set(re.findall(r'\b(?:href|src)="([^"]*)"', text)):
            scheme, _, name, _, part = urlsplit(html.unescape(link))
            target = (path.parent / unquote(name)).resolve() if name else path
            assert scheme or target.exists(), (path.name, link)
            assert not part or scheme or part in ids[target], (path.name, link)


def test_each_page_leads_to_the_next(site: Path) -> None:
    """From the contents through all chapters in order, and the appendix."""
    order, name = list[str](), "index"
    while found := re.search(
        r'rel="next"[^>]* href="(.*?)\.html"', (site / f"{name}.html").read_text("utf-8")
    ):
        order.append(name := found[1])
    assert order == [page.stem for page in [*navigation.chapters(), *appendix()]]


def test_the_notebook_has_run(site: Path) -> None:
    """In a new kernel: each picture is shown once, in its section, and the shapes are printed."""
    text = (site / "tutorial.html").read_text("utf-8")
    sections = ["Three clips of each class", "As vectors", "Model", "Training", "Confusion matrix"]
    assert re.findall(r'<img alt="([^"]*)"', text) == [*sections, "How to read it"]
    assert "10 (13, 501)" in text and "3,763,010" in text and "Epoch 2/2" in text


def typeset(page: "Page") -> None:
    """Wait until the formulas are set."""
    wait_until(page, "window.MathJax === undefined || Boolean(window.MathJax.startup?.promise)")
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")


@pytest.mark.browser
def test_every_page_opens_as_a_file(site: Path, page: "Page") -> None:
    """Formulas have no errors, pictures a description, and sounds a player of their length."""
    found = dict[str, float]()
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri())
        typeset(page)
        assert page.locator("mjx-container").count() == page.locator(".math").count(), path.name
        assert page.locator("mjx-merror").count() == 0, path.name
        assert page.locator("img:not([alt]), img[alt=''], img[alt^=_images]").count() == 0, path
        wait_until(page, "[...document.querySelectorAll('audio')].every(a => a.readyState > 0)")
        players = page.locator("audio")
        found |= players.evaluate_all("all => all.map(a => [a.src.split('/').pop(), a.duration])")
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
    number, anchor = link.inner_text(), str(link.get_attribute("href")).partition("#")[2]
    link.click()
    page.wait_for_url(f"**#{anchor}")
    typeset(page)
    assert number in page.locator(f"div.math#{anchor}").inner_text()
    box = f"document.getElementById('{anchor}').getBoundingClientRect()"
    wait_until(page, f"0 <= {box}.top && {box}.bottom <= innerHeight")


@pytest.mark.browser
def test_a_word_is_found(site: Path, page: "Page") -> None:
    """The search of a page opened as a file: a word leads to the chapter that has it."""
    chapter = next(p for p in navigation.chapters() if "formant" in p.read_text("utf-8"))
    page.goto((site / "index.html").as_uri())
    page.locator("input.sidebar-search").fill("formant")
    page.keyboard.press("Enter")
    page.locator(f"#search-results li a[href^='{chapter.stem}.html']").first.wait_for()


@pytest.mark.browser
def test_dark_and_narrow(site: Path, page: "Page") -> None:
    """The page follows the system's color scheme, and does not scroll sideways on a telephone."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / navigation.chapters()[0].with_suffix(".html").name).as_uri())
    typeset(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light

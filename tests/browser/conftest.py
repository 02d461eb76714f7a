"""A real browser for the tests of pages; they skip where Playwright or Chromium is missing."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.experiment.program import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Headless Chromium."""
    reason = "needs Playwright: pip install playwright"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """An empty page. At the end: no message in its console, no error, no request to a network."""
    page, problems, requests = browser.new_page(), list[str](), list[str]()
    page.set_default_timeout(1000 * PATIENCE)
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    yield page
    page.close()
    outside = [url for url in requests if not url.startswith(("file:", "data:", "blob:"))]
    assert (problems, outside) == ([], [])


def wait_until(page: "Page", condition: str) -> None:
    """Wait until a JavaScript condition holds. Playwright's wait_for_function would call eval in
    the page, which its policy forbids."""
    for _ in range(100 * PATIENCE):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(10)
    pytest.fail(f"not within {PATIENCE} s: {condition}")

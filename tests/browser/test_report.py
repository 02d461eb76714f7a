"""report.html in a browser: cells list their clips, players play them, hostile names are text."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from experiment.data import scan
from experiment.recipes import Reference, read_model
from tests import sounds
from tests.experiment.program import process

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform == "win32", reason="its file names cannot be hostile"),
]
IMAGE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in a folder with a Korean name, on three classes with names that are hostile to HTML,
    in four formats: its output folder."""
    root = tmp_path_factory.mktemp("소리")
    for k, suffix in enumerate(("wav", "flac", "ogg", "mp3")):
        sounds.write(root / "소리" / IMAGE / f"\"'&{k}.{suffix}", sounds.tone(2000 + 200 * k))
        sounds.write(root / "소리" / "개" / f"<script>{k}.{suffix}", sounds.tone(200 + 20 * k))
        sounds.write(root / "소리" / "hiss" / f"{k}.{suffix}", sounds.hiss(k))
    arguments = ("--data", root / "소리", "--out", root / "결과", "--epochs", 3)
    finished = process(*arguments, cwd=root)
    assert (finished.returncode, finished.stderr) == (0, "")
    return root / "결과"


def shown(page: "Page") -> list[str]:
    """The names of the clips that are listed now."""
    return page.locator(".clips li:visible h3").all_text_contents()


@pytest.mark.parametrize("key", ["", "Enter"])
def test_a_cell_lists_its_clips(page: "Page", out: Path, key: str) -> None:
    """Each cell, clicked or chosen by keyboard, lists the clips of its true and predicted class,
    which are text whatever they are called; the button brings back the mistakes."""
    dataset, model = scan(out.parent / "소리"), read_model(out / "model.npz")
    views = [Reference().views(dataset.read(i).signal)[0] for i in range(12)]
    predicted = model.predict_proba([np.stack(views)]).argmax(axis=1)
    page.goto((out / "report.html").as_uri())
    mistakes = {dataset.names[i] for i in np.flatnonzero(predicted != dataset.labels)}
    assert set(shown(page)) == mistakes
    cells = page.locator("button[data-cell]").all()
    for cell in cells:
        cell.press(key) if key else cell.click()
        true, guess = map(int, str(cell.get_attribute("data-cell")).split("-"))
        names = [dataset.names[i] for i in np.flatnonzero(dataset.labels == true)]
        names = [n for n in names if predicted[dataset.names.index(n)] == guess]
        assert sorted(shown(page)) == sorted(names) and cell.inner_text() == str(len(names))
        heading = page.locator("#shown").inner_text()
        classes = f"{dataset.classes[true]} predicted as {dataset.classes[guess]}"
        assert heading == f"{len(names)} {classes}"
    page.get_by_role("button", name="Show all mistakes").click()
    assert set(shown(page)) == mistakes
    assert page.locator("img[src=x]").count() == 0


def test_a_player_holds_the_clip(page: "Page", out: Path) -> None:
    """Its duration is that of the clip, 5 s, within a short block of Vorbis (Chromium counts half
    a block before the first sample); it plays."""
    page.goto((out / "report.html").as_uri())
    page.locator(".clips li").evaluate_all("clips => clips.forEach(clip => clip.hidden = false)")
    players = page.locator("audio")
    assert players.count() > 3
    for player in players.all():
        player.scroll_into_view_if_needed()
        player.evaluate("p => p.readyState || new Promise(f => p.onloadedmetadata = f)")
        assert player.evaluate("p => p.duration") == pytest.approx(5, abs=256 / 44100)
    moves = "new Promise(f => p.ontimeupdate = () => p.currentTime > 0.1 && f(true))"
    assert players.first.evaluate(f"p => p.play().then(() => {moves})")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_narrow_screen_and_a_dark_one(
    page: "Page", out: Path, width: int, scheme: str
) -> None:
    """Nothing is wider than the screen; text and background differ as WCAG 2.1, §1.4.3, asks."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto((out / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    colors = page.locator("body, .clips li, .muted").evaluate_all(
        "all => all.map(e => [getComputedStyle(e).color,"
        " getComputedStyle(e.closest('.clips li, body')).backgroundColor])"
    )
    numbers = [[re.findall(r"\d+", color)[:3] for color in pair] for pair in colors]
    rgb = np.array(numbers, float) / 255  # (n, 2, 3)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    low, high = np.sort(linear @ [0.2126, 0.7152, 0.0722], axis=1).T
    assert ((high + 0.05) / (low + 0.05) >= 4.5).all()

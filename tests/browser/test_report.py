"""report.html in a browser: cells list their clips, players play them, hostile names are text."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import ssc
from experiment.data import scan
from experiment.recipes import Reference, read_model
from tests import sounds

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
    assert ssc.main([str(argument) for argument in arguments]) == 0
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
        assert heading == f"{classes} ({len(names)})"
    page.get_by_role("button", name="Show all mistakes").click()
    assert set(shown(page)) == mistakes
    assert page.locator("img[src=x]").count() == 0


def test_a_player_holds_the_clip(page: "Page", out: Path) -> None:
    """Its duration is that of the clip, 5 s, within a short block of Vorbis (Chromium counts half
    a block before the first sample). It plays, until another one does or other clips are listed."""
    page.goto((out / "report.html").as_uri())
    page.locator(".clips li").evaluate_all("clips => clips.forEach(clip => clip.hidden = false)")
    players = page.locator("audio").all()
    assert len(players) > 3
    for player in players:
        player.scroll_into_view_if_needed()
        player.evaluate("p => p.readyState || new Promise(f => p.onloadedmetadata = f)")
        assert player.evaluate("p => p.duration") == pytest.approx(5, abs=512 / 22050)
    moves = "new Promise(f => p.ontimeupdate = () => p.currentTime > 0.1 && f(true))"
    for player in players[:2]:
        assert player.evaluate(f"p => p.play().then(() => {moves})")
    playing = "all => all.map(p => !p.paused)"
    assert page.locator("audio").evaluate_all(playing)[:2] == [False, True]
    page.get_by_role("button", name="Show all mistakes").click()
    assert not any(page.locator("audio").evaluate_all(playing))


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
    elements = page.locator("body, .clips li, .muted, .matrix button")
    colors = elements.evaluate_all(
        """all => {
          const pen = document.createElement("canvas").getContext("2d", {
            willReadFrequently: true,
          });
          const read = (color) => {
            pen.fillStyle = color;
            pen.fillRect(0, 0, 1, 1);
            return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
          };
          const behind = (e) => e.closest(".matrix button, .clips li, body");
          return all.map((e) => [read(getComputedStyle(e).color),
                                 read(getComputedStyle(behind(e)).backgroundColor)]);
        }"""
    )
    rgb = np.array(colors) / 255  # (n, 2, 3)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    low, high = np.sort(linear @ [0.2126, 0.7152, 0.0722], axis=1).T
    assert ((high + 0.05) / (low + 0.05) >= 4.5).all()


def test_the_page_of_a_cross_validation_counts_all_seeds(page: "Page", out: Path) -> None:
    """A cell counts the predictions of all seeds; it lists every clip with one of them, by their
    probability. Pictures have their own alternative texts."""
    arguments = ("--cv", "--folds", 4, "--repeats", 2, "--epochs", 2, "--out", out / "cv")
    assert ssc.main([*map(str, ("--data", out.parent / "소리", *arguments))]) == 0
    page.goto((out / "cv" / "report.html").as_uri())
    texts = [image.get_attribute("alt") for image in page.locator("figure img").all()]
    assert [str(text).split(":")[0] for text in texts] == [
        *("Loss and accuracy over the epochs (curves.png)", "Reliability")
    ]
    cells = page.locator("button[data-cell]").all()
    assert sum(int(cell.inner_text()) for cell in cells) == 24
    for cell in cells:
        cell.click()
        column = int(str(cell.get_attribute("data-cell"))[-1])
        listed = page.locator(".clips li:visible").all()
        p = [json.loads(str(clip.get_attribute("data-p")))[column] for clip in listed]
        assert p == sorted(p, reverse=True) and len(p) <= int(cell.inner_text()) <= 2 * len(p)

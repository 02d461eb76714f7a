"""The page of `ssc.py explain`, in a real browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import mfcc
from experiment.data import read_clip
from experiment.explanation import clip_page, stages
from experiment.recipes import Model, Reference
from mininet import Dense, Sequential
from tests import sounds
from tests.browser.conftest import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RATE = 44100
NAME, HOSTILE = "\"'&.wav", "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Korean name: a recording of 3 s, and its page with the answer of a model."""
    folder = tmp_path_factory.mktemp("소리")
    signal = np.concatenate([sounds.hiss(0, 1.0), sounds.tone(500, 2.0)])
    sounds.write(folder / NAME, signal)
    recipe, rng = Reference(), np.random.default_rng(0)
    network = Sequential([Dense(6513, 2, rng)])
    model = Model(recipe, [HOSTILE, "tone"], {0: network})
    html = clip_page(read_clip(str(folder / NAME)), NAME, 13, model)
    (folder / "explain.html").write_bytes(html)
    return folder


@pytest.fixture
def shown(page: "Page", folder: Path) -> "Page":
    """The page, with its sound ready to play."""
    page.goto((folder / "explain.html").as_uri())
    wait_until(page, "player.readyState === 4")
    return page


def assert_shows(page: "Page", folder: Path, frame: int) -> None:
    """Slider, label, cursor and numbers are those of this frame."""
    signal = read_clip(str(folder / NAME)).signal
    assert page.locator("#slider").input_value() == str(frame)
    assert page.locator("#where").inner_text() == f"frame {frame}, {frame / 100:.2f} s"
    cells = page.locator("#numbers dd").all_inner_texts()
    numbers = [float(cell.replace("−", "-")) for cell in cells]
    expected = mfcc.mfcc(signal, RATE)[:, frame]
    # two decimals, and 1e-3 for the float32 of mfcc
    np.testing.assert_allclose(numbers, expected, rtol=0, atol=0.005 + 1e-3)
    waveform, cursor = (page.locator(f"#{name}").bounding_box() for name in ("waveform", "cursor"))
    assert waveform is not None and cursor is not None
    axis = waveform["width"] - 56 - 20  # px from 0 s to 5 s
    at = cursor["x"] + cursor["width"] / 2 - waveform["x"] - 56
    assert at == pytest.approx(axis * frame / 500, abs=0.1)


def test_the_player_has_the_clip_and_names_are_text(shown: "Page", folder: Path) -> None:
    """5 s, the recording and its padding; the arrays are those that were sent."""
    assert shown.evaluate("player.duration") == pytest.approx(5.0, abs=1e-3)
    assert shown.locator("h1").inner_text() == shown.title() == NAME
    assert shown.locator("img").count() == 0
    assert HOSTILE in shown.locator("#answer").inner_text()
    sent = stages(read_clip(str(folder / NAME)).signal, 13)
    for name, array in sent.items():
        some = slice(array.size // 5, array.size // 5 + 5000)
        values = shown.evaluate(f"Array.from(A.{name}.values.slice({some.start}, {some.stop}))")
        np.testing.assert_array_equal(values, array.ravel()[some].astype(float))


def test_the_keyboard_moves_the_cursor(shown: "Page", folder: Path) -> None:
    """Tab reaches the player and the slider; arrows, Home and End move by a frame and to the ends,
    without sound."""
    stops = set()
    for _ in range(20):
        shown.keyboard.press("Tab")
        stops.add(shown.evaluate("document.activeElement.id"))
        if "slider" in stops:
            break
    assert {"player", "slider"} <= stops
    for keys, frame in (
        (["Home"], 0),
        (["ArrowRight"] * 3, 3),
        (["End"], 500),
        (["ArrowLeft"], 499),
    ):
        for key in keys:
            shown.keyboard.press(key)
        assert_shows(shown, folder, frame)
        assert shown.evaluate("player.currentTime") == pytest.approx(frame / 100)
    assert shown.evaluate("player.paused")


def test_dragging_moves_the_cursor(shown: "Page", folder: Path) -> None:
    """On any picture, beyond its ends to the first and the last frame; not without a button."""
    box = shown.locator("#log-mel").bounding_box()
    assert box is not None
    y, frame_width = box["y"] + box["height"] / 2, (box["width"] - 76) / 500
    shown.mouse.move(box["x"] + 56 + 100 * frame_width, y)
    shown.mouse.down()
    assert_shows(shown, folder, 100)
    shown.mouse.move(box["x"] + 56 + 222 * frame_width, y + 400)
    assert_shows(shown, folder, 222)
    shown.mouse.move(0, y)
    assert_shows(shown, folder, 0)
    shown.mouse.move(box["x"] + box["width"], y)
    assert_shows(shown, folder, 500)
    shown.mouse.up()
    shown.mouse.move(box["x"] + 56 + 100 * frame_width, y)
    assert_shows(shown, folder, 500)


def test_the_cursor_follows_the_sound(shown: "Page", folder: Path) -> None:
    """While it plays, and after a jump; a drag stops it."""
    shown.evaluate("player.play()")
    wait_until(shown, "frame > 20 && player.currentTime > 0.2")
    shown.evaluate("player.currentTime = 3")
    wait_until(shown, "frame > 310")
    # frames of 10 ms; a picture is shown every 17 ms, now and then later on a busy machine
    wait_until(shown, "Math.abs(player.currentTime * 100 - frame) <= 5")
    shown.locator("#slider").press("Home")
    assert shown.evaluate("player.paused")
    assert_shows(shown, folder, 0)


def test_dark_mode_and_narrow_screens(shown: "Page") -> None:
    """Every canvas is drawn again in other colors, and no part is wider than a screen of 390 px.
    Each has an alternative text."""
    draw = "[...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL())"
    light = shown.evaluate(draw)
    shown.emulate_media(color_scheme="dark")
    wait_until(shown, f"{draw}[0] !== {light[0]!r}")
    assert len(light) == 11 and not set(light) & set(shown.evaluate(draw))
    shown.set_viewport_size({"width": 390, "height": 844})
    assert shown.evaluate("document.documentElement.scrollWidth") == 390
    for canvas in shown.locator("canvas").all():
        assert canvas.get_attribute("role") == "img" and canvas.get_attribute("aria-label")

"""The style shared by all figures of the book: sizes, colors, and the PNG files.

A figure is a file beside this one with a function draw() that returns a Matplotlib figure;
`python -m docs` writes them all, `python -m docs NAME` those whose name starts with NAME.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure

FOLDER = Path(__file__).parent
COLOR_MAP = "viridis"  # perceptually uniform, also with color vision deficiency
# Okabe and Ito (2008), Color universal design: distinguishable by nearly everybody.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#595959"

STYLE = {
    "figure.dpi": 110,
    "figure.figsize": (8, 4),
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, RED, GREY]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": COLOR_MAP,
    "image.interpolation": "nearest",
    "lines.linewidth": 1.6,
    "savefig.facecolor": "white",
}


def names() -> list[str]:
    """The names of all figures: the scripts in this folder but this one."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "style")


def png(draw: Callable[[], Figure]) -> bytes:
    """The figure that draw returns, as the bytes of a PNG file; reproducible."""
    matplotlib.use("Agg")
    buffer = io.BytesIO()
    with plt.style.context(["default", STYLE]):
        figure = draw()
        figure.savefig(buffer, format="png")
        plt.close(figure)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    """A PNG file as an array (height, width, 3) from 0 to 255; (0, 0, 3) if it is broken."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"), dtype=float)
    except (OSError, SyntaxError):
        return np.empty((0, 0, 3))


def from_afar(image: np.ndarray) -> np.ndarray:
    """An image (height, width, 3) in squares of 16 by 16 pixels, each of its mean color."""
    height, width = (size // 16 for size in image.shape[:2])
    squares = image[: height * 16, : width * 16].reshape(height, 16, width, 16, 3)
    return squares.mean(axis=(1, 3))


def same(one: bytes, other: bytes) -> bool:
    """Whether two PNG files show the same, up to rounding differences between processors."""
    if one == other:
        return True
    a, b = pixels(one), pixels(other)
    if a.shape != b.shape:
        return False
    return bool(np.abs(a - b).mean() < 0.05 and from_afar(np.abs(a - b)).max() < 2)


def drawn_by(data: bytes) -> str:
    """The Matplotlib version recorded in a PNG file."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return str(image.info.get("Software", ""))

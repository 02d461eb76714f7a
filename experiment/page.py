"""HTML pages that hold everything in one file: text, style, scripts, pictures, sounds. Chapter 13.

A page opens without a network: its policy forbids every request. Jinja2, Matplotlib and Pillow are
imported on first use.
"""

from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np

BLOCK = 2**14  # samples encoded at once; libsndfile's Vorbis encoder fails on long blocks
LEVELS = 41  # colors of an image, 2 dB each in a range of 80 dB; 256 would double its bytes


def render(template: str, **values: Any) -> bytes:
    """Fill in a template of the folder templates/. Every value is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("experiment"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values).encode("utf-8", "backslashreplace")


def data_uri(content: bytes, media_type: str) -> str:
    """The address of content within the page itself (Masinter 1998, RFC 2397)."""
    return f"data:{media_type};base64,{b64encode(content).decode()}"


def binary(array: np.ndarray) -> dict[str, Any]:
    """An array for a script: its dtype, its shape, and its bytes, little-endian, in base64."""
    content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    return {"dtype": array.dtype.name, "shape": array.shape, "base64": b64encode(content).decode()}


def sound(signal: np.ndarray, rate: int, format: str = "ogg", subtype: str = "vorbis") -> str:
    """A signal (n_samples,) at rate Hz as Ogg Vorbis or in another format of soundfile."""
    from soundfile import SoundFile

    content = BytesIO()
    with SoundFile(content, "w", rate, 1, subtype, format=format) as file:
        for start in range(0, len(signal), BLOCK):
            file.write(signal[start : start + BLOCK])
    return data_uri(content.getvalue(), f"audio/{format}")


def image(values: np.ndarray) -> str:
    """Values (n_rows, n_columns) as a PNG of as many pixels in LEVELS colors, row 0 at the bottom,
    from the least value (dark) to the greatest (light)."""
    from matplotlib import colormaps
    from PIL import Image

    content, scaled = BytesIO(), (values - values.min()) / max(np.ptp(values), 1e-9)
    picture = Image.fromarray(np.round(scaled[::-1] * (LEVELS - 1)).astype(np.uint8))
    colors = colormaps["viridis"](np.linspace(0, 1, LEVELS), bytes=True)[:, :3]
    picture.putpalette(colors.tobytes())
    picture.save(content, "PNG")
    return data_uri(content.getvalue(), "image/png")

"""Figures as small pictures inside the page."""

import base64
import io
from pathlib import Path

from PIL import Image

WIDEST = 1200  # pixels: figures are shown at most 864 wide
NARROWER = 900
LARGE = 100_000  # bytes


def picture(png: Path) -> str:
    """Return a PNG file as a ``data:`` URL of a lossless WebP, at most 1200 pixels wide and of 64 colours.

    That is a third of the bytes, and no eye tells: figures are lines and letters on white. What stays large
    is smaller, or is written with loss where that is less (spectrograms).
    """
    with Image.open(png) as opened:
        image = opened.convert("RGB")
    written = _lossless(image, WIDEST)
    if len(written) > LARGE:
        written = min(_lossy(image), _lossless(image, NARROWER), key=len)
    return data_url(written, "image/webp")


def _lossless(image: Image.Image, width: int) -> bytes:
    written = io.BytesIO()
    few = _at_most(image, width).quantize(64, dither=Image.Dither.NONE).convert("RGB")
    few.save(written, "WEBP", lossless=True, quality=100, method=4)
    return written.getvalue()


def _lossy(image: Image.Image) -> bytes:
    written = io.BytesIO()
    _at_most(image, WIDEST).save(written, "WEBP", quality=75, method=4)
    return written.getvalue()


def _at_most(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    return image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)


def data_url(content: bytes, kind: str) -> str:
    """Return bytes of a media type as a ``data:`` URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"

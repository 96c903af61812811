"""Figures as small pictures inside the page."""

import base64
import io
from pathlib import Path

from PIL import Image

WIDEST = 1200  # pixels: figures are shown at most 864 wide


def picture(png: Path) -> str:
    """Return a PNG file as a ``data:`` URL of a lossless WebP, at most 1200 pixels wide and of 64 colours.

    That is a third of the bytes, and no eye tells: figures are lines and letters on white.
    """
    with Image.open(png) as opened:
        image = opened.convert("RGB")
    if image.width > WIDEST:
        image = image.resize((WIDEST, round(image.height * WIDEST / image.width)), Image.Resampling.LANCZOS)
    few = image.quantize(64, dither=Image.Dither.NONE).convert("RGB")
    written = io.BytesIO()
    few.save(written, "WEBP", lossless=True, quality=100, method=4)
    return data_url(written.getvalue(), "image/webp")


def data_url(content: bytes, kind: str) -> str:
    """Return bytes of a media type as a ``data:`` URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"

"""Creates valid and hostile image files for tests."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageDraw


def picture(width: int = 1200, height: int = 800, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """Return a valid image. The image is red at the top and blue at the bottom."""
    image = Image.new(mode, (width, height), "blue" if mode != "L" else 40)
    ImageDraw.Draw(image).rectangle((0, 0, width, height // 2), "red" if mode != "L" else 200)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """Return a PNG file whose header declares the given size. The pixel data is `data`, which can have any length."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><image href="file:///etc/passwd"/></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))

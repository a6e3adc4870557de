"""Creates small image files whose decoding takes much time or memory."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping

from PIL import Image

from tests.images.pictures import picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
START_OF_SCAN = b"\xff\xda"
END_OF_IMAGE = b"\xff\xd9"


def scan_bomb(side: int = 4000, size: int = 2 << 20) -> bytes:
    """Return a progressive JPEG of `size` bytes. Its last scan is repeated until the file has this size.

    The image has one color. A scan of such an image takes few bytes, but the decoder visits every block of the image.
    """
    complete = picture(side, side, progressive=True, quality=30)
    last_scan = complete[complete.rindex(START_OF_SCAN) : -len(END_OF_IMAGE)]
    copies = (size - len(complete)) // len(last_scan)
    return complete[: -len(END_OF_IMAGE)] + last_scan * copies + END_OF_IMAGE


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_with(*chunks: bytes, side: int = 64, pixels: bytes | None = None) -> bytes:
    """Return a PNG with additional chunks before its pixels. `pixels` is the content of its IDAT chunk."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(side * (3 * side + 1))) if pixels is None else pixels
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def packed_zeros(megabytes: int) -> bytes:
    """Return zeros, compressed by a factor of more than two hundred."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def animation(kind: str, frames: int) -> bytes:
    images = [Image.new("RGB", (64, 64), (at % 256, at // 256, 99)) for at in range(frames)]
    file = io.BytesIO()
    images[0].save(file, kind, save_all=True, append_images=images[1:], duration=20)
    return file.getvalue()


def largest(kind: str, mode: str) -> bytes:
    """Return an image of one color, with as many pixels as are allowed."""
    file = io.BytesIO()
    Image.new(mode, (8000, 8000)).save(file, kind)
    return file.getvalue()


def many_app_segments() -> bytes:
    """Return a JPEG with 250 EXIF segments of 64 KB, and with 250 segments of an ICC profile."""
    segment = b"\xff\xe1" + struct.pack(">H", 65_535) + b"Exif\0\0" + bytes(65_527)
    profile = b"\xff\xe2" + struct.pack(">H", 65_535) + b"ICC_PROFILE\0\x01\xff" + bytes(65_519)
    jpeg = picture(64, 64)
    return jpeg[:2] + (segment + profile) * 125 + jpeg[2:]


def exif_bomb() -> bytes:
    """Return a JPEG whose EXIF directory refers to itself. The directory has 65,535 overlapping entries."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    directory = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 5_000) + entry * 5_000 + struct.pack("<I", 8)
    content = b"Exif\0\0" + directory
    jpeg = picture(64, 64)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


HOSTILE: Mapping[str, tuple[Callable[[], bytes], set[str]]] = {
    "JPEG, last scan repeated": (scan_bomb, {"too_slow"}),
    "JPEG, 250 metadata segments": (many_app_segments, {"", "broken_image"}),
    "JPEG, EXIF directory with cycles": (exif_bomb, {"", "broken_image"}),
    "PNG, pixels unpack to 128 MB": (lambda: png_with(pixels=packed_zeros(128)), {"", "broken_image"}),
    "PNG, color profile unpacks to 128 MB": (
        lambda: png_with(chunk(b"iCCP", b"x\0\0" + packed_zeros(128))),
        {"", "broken_image", "not_an_image"},
    ),
    "PNG, text unpacks to 128 MB": (
        lambda: png_with(chunk(b"zTXt", b"x\0\0" + packed_zeros(128))),
        {"", "broken_image", "not_an_image"},
    ),
    "PNG, 100 texts of 1 MB": (
        lambda: png_with(*[chunk(b"zTXt", b"x%d\0\0" % at + packed_zeros(1)) for at in range(100)]),
        {"", "broken_image", "not_an_image"},
    ),
    "PNG, 100,000 empty chunks": (lambda: png_with(*[chunk(b"teSt", b"")] * 100_000), {""}),
    "GIF, 2,000 frames": (lambda: animation("GIF", 2_000), {""}),
    "WebP, 3,000 frames": (lambda: animation("WEBP", 3_000), {""}),
    "AVIF, 300 frames": (lambda: animation("AVIF", 300), {""}),
    "GIF, 64 megapixels": (lambda: largest("GIF", "P"), {""}),
    "AVIF, truncated": (lambda: picture(900, 900, "AVIF")[:-100], {"broken_image", "not_an_image"}),
    "WebP, truncated": (lambda: picture(900, 900, "WEBP")[:-400], {"broken_image"}),
    "GIF, truncated": (lambda: picture(900, 900, "GIF")[:-400], {"broken_image"}),
    "JPEG, truncated": (lambda: picture(900, 900)[:-400], {"broken_image"}),
}
"""Maps a name to a pair: a function that returns a file, and the possible error codes for this file. An empty code
means that the file can be accepted."""

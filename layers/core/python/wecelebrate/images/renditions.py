"""The results of rendering an image: the sizes and files of the renditions, and the reasons why an image is rejected.

This module does not need Pillow or another module of the package. The worker and the process that renders use it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

MAX_BYTES = 20 * 1024 * 1024
"""The largest size of an original file, in bytes."""
MAX_PIXELS = 64_000_000
"""The largest number of pixels of an original image. A decoded pixel takes 3 or 4 bytes of memory."""

TYPES: Mapping[str, str] = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # Some cameras write MPO files. An MPO file contains several JPEG images.
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
"""Maps Pillow's name of each accepted format to its media type. SVG is not accepted, because it can contain scripts."""


@dataclass(frozen=True)
class Size:
    """A size in which images are rendered."""

    name: str
    max_side: int
    """The largest width and height in pixels. Smaller images are not enlarged."""
    quality: int
    """The quality setting of the WebP encoder, up to 100."""

    @property
    def file(self) -> str:
        """The name of the rendered file."""
        return f"{self.name}.webp"


SIZES = (Size("large", 1600, 82), Size("medium", 800, 80), Size("thumb", 320, 75))
"""The sizes of the renditions, from the largest to the smallest. Each rendition is scaled down from the previous
rendition."""

REASONS: Mapping[str, str] = {
    "too_large": f"the image is larger than {MAX_BYTES >> 20} MB",
    "too_many_pixels": f"the image has more than {MAX_PIXELS // 1_000_000} megapixels",
    "not_an_image": "the file is not a JPEG, PNG, WebP, GIF or AVIF image",
    "broken_image": "the image is truncated or damaged",
    "too_slow": "rendering the image takes too much time: save the image again with another program, or send a smaller"
    " image",
    "too_much_memory": "rendering the image takes too much memory: send a smaller image",
}
"""Maps the code of each rejection to its reason, as a text for users."""


class NotRendered(Exception):
    """The file cannot be rendered as an image. If `reason` is empty, the reason is `REASONS[code]`."""

    def __init__(self, code: str, reason: str = "") -> None:
        self.code = code
        self.reason = reason or REASONS[code]
        super().__init__(self.reason)


@dataclass(frozen=True)
class RenditionFile:
    """The file for one size of an image."""

    file: str
    """The name of the file. Sizes with the same dimensions share one file."""
    width: int
    height: int
    bytes: int


@dataclass(frozen=True)
class RenderedImage:
    """An image and its renditions."""

    sha256: str
    """The SHA-256 of the original file."""
    type: str
    width: int
    """The width of the original image in pixels, after the image was turned upright."""
    height: int
    bytes: int
    """The size of the original file, in bytes."""
    renditions: Mapping[str, RenditionFile]


def digest(data: bytes) -> str:
    """Return the SHA-256 of an original file. The folder that contains the renditions has this hash as its name."""
    return hashlib.sha256(data).hexdigest()

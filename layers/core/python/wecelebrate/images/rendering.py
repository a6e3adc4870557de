"""Bytes of strangers become renditions of ours: decoded, turned upright, made smaller, without what came along.

What decodes is Pillow, in this process; what it is let near is bounded by `MOST_PIXELS`, which the header says, and by
the few kinds that are known. JPEG is decoded at a fraction of its size, so 50 megapixels take 40 MB.
"""

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MOST_BYTES = 20 * 1024 * 1024
"""Of an image as it comes."""
MOST_PIXELS = 64_000_000
"""Of an image as it comes: decoded it takes 3 or 4 bytes each."""

TYPES: Mapping[str, str] = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # what some cameras write: a JPEG, and another behind it
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
"""Pillow's name of a kind that is taken → its media type. None of them is text: no SVG, no HTML."""


@dataclass(frozen=True)
class Size:
    """How a rendition is made."""

    name: str
    longest: int
    """Pixels of the longer side, at most: nothing is made larger than it is."""
    quality: int
    """Of WebP, up to 100."""


SIZES = (Size("large", 1600, 82), Size("medium", 800, 80), Size("thumb", 320, 75))
"""From the largest on: each is made of the one before."""
EFFORT = 2
"""WebP's `method`, up to 6: 4 takes half as long again, and saves 7 % of the bytes."""


class NotRendered(Exception):
    """What came is no image that can be shown."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Rendition:
    """One size of an image."""

    file: str
    """What it is called beside the others; a size that has as many pixels as a larger one is that one's file."""
    width: int
    height: int
    bytes: int


@dataclass(frozen=True)
class Rendered:
    """An image and what was made of it."""

    sha256: str
    """Of the bytes that came."""
    type: str
    width: int
    height: int
    """As it is seen: upright."""
    bytes: int
    renditions: Mapping[str, Rendition]


def digest(data: bytes) -> str:
    """What the renditions of these bytes are found by."""
    return hashlib.sha256(data).hexdigest()


def render(data: bytes) -> tuple[Rendered, Mapping[str, bytes]]:
    """Every rendition of an image, and the files to write. Raises NotRendered."""
    if len(data) > MOST_BYTES:
        raise NotRendered("too_large", f"it is larger than {MOST_BYTES >> 20} MB")
    try:
        image, kind = _open(data)
        with image:
            seen = _seen_size(image)
            picture = _prepared(image)
    except NotRendered:
        raise
    except Exception as error:  # decoders raise what they like at hostile bytes
        raise NotRendered("broken_image", "the image is cut off or damaged") from error
    made: dict[str, Rendition] = {}
    files: dict[str, bytes] = {}
    last: Rendition | None = None
    for size in SIZES:
        picture.thumbnail((size.longest, size.longest), Image.Resampling.LANCZOS)
        if last is None or (last.width, last.height) != picture.size:
            file = f"{size.name}.webp"
            files[file] = _webp(picture, size.quality)
            last = Rendition(file, *picture.size, len(files[file]))
        made[size.name] = last
    return Rendered(digest(data), kind, *seen, len(data), made), files


def _open(data: bytes) -> tuple[Image.Image, str]:
    """An image whose header is read and believed no further than it is checked. Raises NotRendered."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is lower
            image = Image.open(io.BytesIO(data), formats=[kind for kind in TYPES if kind != "MPO"])
    except Image.DecompressionBombError as error:
        raise NotRendered("too_many_pixels", _too_many()) from error
    except UnidentifiedImageError as error:
        raise NotRendered("not_an_image", "it is no JPEG, PNG, WebP, GIF or AVIF") from error
    if image.width * image.height > MOST_PIXELS:
        raise NotRendered("too_many_pixels", _too_many())
    return image, TYPES[image.format or ""]


def _too_many() -> str:
    return f"it has more than {MOST_PIXELS // 1_000_000} megapixels"


def _seen_size(image: Image.Image) -> tuple[int, int]:
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if turned else image.size


def _prepared(image: Image.Image) -> Image.Image:
    """The first frame, no larger than the largest rendition, upright, in sRGB, with nothing but its pixels."""
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA", "1", "LA") or "transparency" in image.info:
        picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode.startswith("I") and image.mode != "I":
        picture = image.point(lambda value: value / 256).convert("L")  # 16 bits of grey
    else:
        picture = image
    longest = SIZES[0].longest
    share = min(1, longest / max(picture.size))
    # A JPEG is decoded at a half, a quarter or an eighth, no smaller than is needed.
    picture.draft(None, (int(picture.width * share), int(picture.height * share)))
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    picture = _in_srgb(ImageOps.exif_transpose(picture), profile)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGB")
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    return bare


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colors that a profile means; as they are where it does not fit."""
    if not profile or picture.mode not in ("RGB", "CMYK"):
        return picture
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, meant, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture
    return turned or picture


def _webp(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=quality, method=EFFORT)
    return file.getvalue()

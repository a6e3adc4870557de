"""Renders an untrusted image: decodes it, turns it upright, scales it down, and removes its metadata.

Pillow decodes the image in this process. To limit the risk, only a few formats are accepted. An image is rejected if
its header states more than `MAX_PIXELS` pixels. A large JPEG is scaled down while it is decoded, so that a JPEG with 50
megapixels takes only 40 MB of memory.
"""

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_BYTES = 20 * 1024 * 1024
"""The largest size of an original file, in bytes."""
MAX_PIXELS = 64_000_000
"""The largest number of pixels of an original image. A decoded pixel takes 3 or 4 bytes of memory."""

TYPES: Mapping[str, str] = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # several JPEG images in one file; some cameras write this format
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}
"""Maps Pillow's name of each accepted format to its media type. SVG is not accepted, because it can contain scripts."""

_ORIENTATION = 0x0112
"""The number of the EXIF tag that contains the orientation."""


@dataclass(frozen=True)
class Size:
    """A size in which images are rendered."""

    name: str
    max_side: int
    """The largest width and height in pixels. Smaller images are not enlarged."""
    quality: int
    """The quality setting of the WebP encoder, up to 100."""


SIZES = (Size("large", 1600, 82), Size("medium", 800, 80), Size("thumb", 320, 75))
"""The sizes of the renditions, from the largest to the smallest. Each rendition is scaled down from the previous
rendition."""
WEBP_METHOD = 2
"""The effort setting of the WebP encoder, up to 6. With 4 instead of 2, encoding takes 1.5 times as long, and the files
are 7 % smaller."""


class NotRendered(Exception):
    """The file is not an image that can be rendered."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


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
    """The width of the original image, after it was turned upright."""
    height: int
    bytes: int
    """The size of the original file, in bytes."""
    renditions: Mapping[str, RenditionFile]


def digest(data: bytes) -> str:
    """Return the SHA-256 of an original file. This hash is the name of the folder that contains the renditions."""
    return hashlib.sha256(data).hexdigest()


def render(data: bytes) -> tuple[RenderedImage, Mapping[str, bytes]]:
    """Render an image in all sizes.

    Returns the description of the image, and a mapping from the names of the rendered files to their contents. Raises
    NotRendered.
    """
    if len(data) > MAX_BYTES:
        raise NotRendered("too_large", f"the image is larger than {MAX_BYTES >> 20} MB")
    try:
        image, media_type = _open(data)
        with image:
            width, height = _upright_size(image)
            picture = _prepare(image)
    except NotRendered:
        raise
    except Exception as error:  # for damaged files, decoders raise many types of exceptions
        raise NotRendered("broken_image", "the image is truncated or damaged") from error
    renditions: dict[str, RenditionFile] = {}
    files: dict[str, bytes] = {}
    previous: RenditionFile | None = None
    for size in SIZES:
        picture.thumbnail((size.max_side, size.max_side), Image.Resampling.LANCZOS)
        if previous is None or (previous.width, previous.height) != picture.size:
            file = f"{size.name}.webp"
            files[file] = _webp(picture, size.quality)
            previous = RenditionFile(file, *picture.size, len(files[file]))
        renditions[size.name] = previous
    return RenderedImage(digest(data), media_type, width, height, len(data), renditions), files


def _open(data: bytes) -> tuple[Image.Image, str]:
    """Read the header of an image, and check the format and the number of pixels of the image. Raises NotRendered."""
    try:
        with warnings.catch_warnings():
            # MAX_PIXELS is lower than Pillow's own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=[name for name in TYPES if name != "MPO"])
    except Image.DecompressionBombError as error:
        raise NotRendered("too_many_pixels", _too_many_pixels()) from error
    except UnidentifiedImageError as error:
        raise NotRendered("not_an_image", "the file is not a JPEG, PNG, WebP, GIF or AVIF image") from error
    if image.width * image.height > MAX_PIXELS:
        raise NotRendered("too_many_pixels", _too_many_pixels())
    return image, TYPES[image.format or ""]


def _too_many_pixels() -> str:
    return f"the image has more than {MAX_PIXELS // 1_000_000} megapixels"


def _upright_size(image: Image.Image) -> tuple[int, int]:
    is_rotated = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if is_rotated else image.size


def _prepare(image: Image.Image) -> Image.Image:
    """Return the first frame of an image: in sRGB, upright, without metadata, no larger than the largest of SIZES."""
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA", "1", "LA") or "transparency" in image.info:
        picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode.startswith("I") and image.mode != "I":
        picture = image.point(lambda value: value / 256).convert("L")  # 16-bit grayscale
    else:
        picture = image
    max_side = SIZES[0].max_side
    scale = min(1, max_side / max(picture.size))
    # The JPEG decoder can scale the image by 1/2, 1/4 or 1/8. The result is always at least as large as needed.
    picture.draft(None, (int(picture.width * scale), int(picture.height * scale)))
    picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    picture = _to_srgb(ImageOps.exif_transpose(picture), profile)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGB")
    pixels_only = Image.new(picture.mode, picture.size)
    pixels_only.paste(picture)
    return pixels_only


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert the colors of an image from its color profile to sRGB. Ignores an invalid profile."""
    if not profile or picture.mode not in ("RGB", "CMYK"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture
    return converted or picture


def _webp(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=quality, method=WEBP_METHOD)
    return file.getvalue()

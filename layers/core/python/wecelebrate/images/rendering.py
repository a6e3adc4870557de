"""Renders an untrusted image with Pillow: decodes it, turns it upright, scales it down, and removes its metadata.

Only a few formats are accepted. An image is rejected if its header states more than `MAX_PIXELS` pixels. A large JPEG
is scaled down while it is decoded. Therefore a JPEG with 50 megapixels takes only 40 MB of memory.

A hostile file can still take minutes of CPU time or much memory, or crash a decoder. Workers therefore call
`renderer.render`, which runs this module in a separate process.
"""

import io
import warnings
from collections.abc import Mapping

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from wecelebrate.images.renditions import (
    MAX_BYTES,
    MAX_PIXELS,
    SIZES,
    TYPES,
    NotRendered,
    RenderedImage,
    RenditionFile,
    digest,
)

_ORIENTATION = 0x0112
"""The number of the EXIF tag that contains the orientation."""
WEBP_METHOD = 2
"""The effort of the WebP encoder, from 0 to 6. With 4 instead of 2, encoding would take 1.5 times as long, and the
files would be 7 % smaller."""


def render(data: bytes) -> tuple[RenderedImage, Mapping[str, bytes]]:
    """Render an image in all sizes.

    It returns the description of the image, and a mapping from the names of the rendered files to their contents.
    Raises NotRendered.
    """
    if len(data) > MAX_BYTES:
        raise NotRendered("too_large")
    try:
        image, media_type = _open(data)
        with image:
            width, height = _upright_size(image)
            picture = _prepare(image)
    except NotRendered:
        raise
    except MemoryError as error:
        raise NotRendered("too_much_memory") from error
    # Decoders raise exceptions of many types for damaged files. The decoders of AVIF and WebP do not raise MemoryError
    # if they get no memory, but another exception.
    except Exception as error:
        code = "too_much_memory" if "out of memory" in str(error).lower() else "broken_image"
        raise NotRendered(code) from error
    renditions: dict[str, RenditionFile] = {}
    files: dict[str, bytes] = {}
    previous: RenditionFile | None = None
    for size in SIZES:
        picture.thumbnail((size.max_side, size.max_side), Image.Resampling.LANCZOS)
        if previous is None or (previous.width, previous.height) != picture.size:
            files[size.file] = _webp(picture, size.quality)
            previous = RenditionFile(size.file, *picture.size, len(files[size.file]))
        renditions[size.name] = previous
    return RenderedImage(digest(data), media_type, width, height, len(data), renditions), files


def preload() -> None:
    """Load the decoders of all accepted formats, and everything else that `render` would load later.

    It also disables the threads of the encoders, because the process that renders cannot start threads.
    """
    from PIL import AvifImagePlugin, MpoImagePlugin  # noqa: F401 - loads the decoder

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG", "WEBP", "GIF"):
        file = io.BytesIO()
        Image.new("RGB", (8, 4)).save(file, kind, **({} if kind == "GIF" else {"exif": exif, "icc_profile": profile}))
        render(file.getvalue())


def _open(data: bytes) -> tuple[Image.Image, str]:
    """Read the header of an image, and check the format and the number of pixels of the image. Raises NotRendered."""
    try:
        with warnings.catch_warnings():
            # Pillow's own limit on the number of pixels is higher than MAX_PIXELS.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=[name for name in TYPES if name != "MPO"])
    except Image.DecompressionBombError as error:
        raise NotRendered("too_many_pixels") from error
    except UnidentifiedImageError as error:
        raise NotRendered("not_an_image") from error
    if image.width * image.height > MAX_PIXELS:
        raise NotRendered("too_many_pixels")
    return image, TYPES[image.format or ""]


def _upright_size(image: Image.Image) -> tuple[int, int]:
    is_rotated = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if is_rotated else image.size


def _prepare(image: Image.Image) -> Image.Image:
    """Return the first frame of an image, upright, in sRGB and without metadata. It is scaled down to the largest of
    SIZES.
    """
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA", "1", "LA") or "transparency" in image.info:
        picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode.startswith("I") and image.mode != "I":
        picture = image.point(lambda value: value / 256).convert("L")  # These are the modes of 16-bit grayscale images.
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
    """Convert the colors of an image from its color profile to sRGB. An invalid profile is ignored."""
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

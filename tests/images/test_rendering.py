"""Tests how image files are rendered."""

import io
import random

import pytest
from PIL import Image, ImageCms

from tests.images.pictures import HTML, SVG, opened, picture, png
from wecelebrate.images import renditions
from wecelebrate.images.rendering import render
from wecelebrate.images.renditions import NotRendered


def error_code(data: bytes) -> str:
    with pytest.raises(NotRendered) as error:
        render(data)
    assert error.value.reason
    return error.value.code


def render_one(data: bytes, name: str = "large") -> Image.Image:
    rendered, files = render(data)
    return opened(files[rendered.renditions[name].file])


def test_an_image_is_rendered_in_three_sizes() -> None:
    rendered, files = render(picture(4000, 3000))
    assert (rendered.type, rendered.width, rendered.height) == ("image/jpeg", 4000, 3000)
    sizes = {name: (rendition.width, rendition.height) for name, rendition in rendered.renditions.items()}
    assert sizes == {"large": (1600, 1200), "medium": (800, 600), "thumb": (320, 240)}
    for rendition in rendered.renditions.values():
        data = files[rendition.file]
        assert (opened(data).format, opened(data).size) == ("WEBP", (rendition.width, rendition.height))
        assert len(data) == rendition.bytes


@pytest.mark.parametrize(
    ("size", "files"),
    [
        ((1600, 10), ["large", "medium", "thumb"]),
        ((800, 10), ["large", "thumb"]),
        ((320, 320), ["large"]),
        ((1, 1), ["large"]),
    ],
)
def test_renditions_of_small_images_are_not_enlarged_and_share_one_file(
    size: tuple[int, int], files: list[str]
) -> None:
    rendered, contents = render(picture(*size))
    assert set(contents) == {f"{name}.webp" for name in files}
    assert all(each.width <= size[0] and each.height <= size[1] for each in rendered.renditions.values())
    assert {each.file for each in rendered.renditions.values()} == set(contents)


@pytest.mark.parametrize(
    ("kind", "type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("AVIF", "image/avif"),
        ("MPO", "image/jpeg"),
    ],
)
def test_images_in_supported_formats_are_rendered(kind: str, type: str) -> None:
    rendered, _ = render(picture(kind=kind))
    assert rendered.type == type


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM", "TGA", "PDF", "EPS", "JPEG2000"])
def test_images_in_unsupported_formats_are_rejected(kind: str) -> None:
    assert error_code(picture(64, 64, kind=kind)) == "not_an_image"


@pytest.mark.parametrize("data", [b"", b"GIF89a", SVG, HTML, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", bytes(1000)])
def test_files_that_are_not_images_are_rejected(data: bytes) -> None:
    assert error_code(data) in ("not_an_image", "broken_image")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotated_and_mirrored_images_are_turned_upright(orientation: int) -> None:
    upright = opened(picture(200, 100, "PNG"))
    rotated = upright
    for turn in {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}.get(orientation, []):
        rotated = rotated.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    rotated.save(file, "JPEG", exif=exif)
    rendered, _ = render(file.getvalue())
    assert (rendered.width, rendered.height) == (200, 100)
    image = render_one(file.getvalue()).convert("RGB")
    assert image.size == (200, 100)
    top, bottom = image.getpixel((100, 20)), image.getpixel((100, 80))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] - top[2] > 150 and bottom[2] - bottom[0] > 150


def test_the_metadata_of_an_image_is_removed() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = render_one(picture(exif=exif, icc_profile=profile, comment=b"my camera"))
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info)
    assert not dict(image.getexif())


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "LA", "P", "1", "I;16"])
def test_images_in_every_color_mode_are_rendered(mode: str) -> None:
    source = opened(picture(64, 64, "PNG"))
    if mode == "I;16":
        source = source.convert("L").convert("I").point(lambda value: value * 256)
    file = io.BytesIO()
    source.convert(mode).save(file, "JPEG" if mode == "CMYK" else "PNG")
    result = render_one(file.getvalue()).convert("RGB").resize((1, 2), Image.Resampling.BOX)
    top, bottom = result.getpixel((0, 0)), result.getpixel((0, 1))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > bottom[0]  # Red is lighter than blue, even in grayscale.


def test_a_rendered_image_keeps_its_transparency() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 255, 0, 255), (0, 0, 32, 64))
    for kind in ("PNG", "WEBP", "GIF"):
        file = io.BytesIO()
        (image.convert("P") if kind == "GIF" else image).save(
            file, kind, **({"transparency": 0} if kind == "GIF" else {})
        )
        assert render_one(file.getvalue()).mode == "RGBA"


def test_an_invalid_color_profile_is_ignored() -> None:
    assert render_one(picture(icc_profile=b"no profile")).size == (1200, 800)


@pytest.mark.parametrize(
    "bomb",
    [png(100_000, 100_000), png(2**31 - 1, 2**31 - 1), png(8001, 8000), picture(65_500, 1000, "GIF", "L")],
    ids=["ten thousand megapixels", "largest possible header", "one row too many", "very wide image"],
)
def test_an_image_is_rejected_if_its_header_declares_too_many_pixels(bomb: bytes) -> None:
    assert error_code(bomb) == "too_many_pixels"


def test_a_file_with_too_many_bytes_is_rejected() -> None:
    assert error_code(picture() + bytes(renditions.MAX_BYTES)) == "too_large"


def test_a_truncated_file_is_rejected() -> None:
    complete = picture(400, 400, "PNG")
    assert error_code(complete[: len(complete) // 2]) == "broken_image"
    assert error_code(png(100, 100, b"few")) == "broken_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_damaged_file_is_rejected_or_rendered(kind: str) -> None:
    complete = picture(96, 64, kind)
    generator = random.Random(kind)
    for _ in range(150):
        damaged = bytearray(complete)
        for _ in range(generator.randrange(1, 8)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        try:
            rendered, files = render(bytes(damaged))
        except NotRendered as error:
            assert error.code in ("not_an_image", "broken_image", "too_many_pixels")
        else:
            assert files and max(rendered.renditions["large"].width, rendered.renditions["large"].height) <= 1600

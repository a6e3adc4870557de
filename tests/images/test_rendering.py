"""What becomes of an image's bytes."""

import io
import random

import pytest
from PIL import Image, ImageCms

from tests.images.pictures import HTML, SVG, opened, picture, png
from wecelebrate.images import rendering
from wecelebrate.images.rendering import NotRendered, render


def refusal(data: bytes) -> str:
    with pytest.raises(NotRendered) as refused:
        render(data)
    assert refused.value.reason
    return refused.value.code


def shown(data: bytes, name: str = "large") -> Image.Image:
    rendered, files = render(data)
    return opened(files[rendered.renditions[name].file])


def test_three_sizes_come_of_it() -> None:
    rendered, files = render(picture(4000, 3000))
    assert (rendered.type, rendered.width, rendered.height) == ("image/jpeg", 4000, 3000)
    sizes = {name: (one.width, one.height) for name, one in rendered.renditions.items()}
    assert sizes == {"large": (1600, 1200), "medium": (800, 600), "thumb": (320, 240)}
    for one in rendered.renditions.values():
        image = opened(files[one.file])
        assert (image.format, image.size, len(files[one.file])) == ("WEBP", (one.width, one.height), one.bytes)


@pytest.mark.parametrize(
    ("size", "files"),
    [
        ((1600, 10), ["large", "medium", "thumb"]),
        ((800, 10), ["large", "thumb"]),
        ((320, 320), ["large"]),
        ((1, 1), ["large"]),
    ],
)
def test_nothing_is_made_larger_and_nothing_is_kept_twice(size: tuple[int, int], files: list[str]) -> None:
    rendered, made = render(picture(*size))
    assert set(made) == {f"{name}.webp" for name in files}
    assert all(one.width <= size[0] and one.height <= size[1] for one in rendered.renditions.values())
    assert {one.file for one in rendered.renditions.values()} == set(made)


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
def test_the_kinds_that_are_taken(kind: str, type: str) -> None:
    rendered, _ = render(picture(kind=kind))
    assert rendered.type == type


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM", "TGA", "PDF", "EPS", "JPEG2000"])
def test_other_kinds_are_not(kind: str) -> None:
    assert refusal(picture(64, 64, kind=kind)) == "not_an_image"


@pytest.mark.parametrize("data", [b"", b"GIF89a", SVG, HTML, b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", bytes(1000)])
def test_what_is_no_image_is_not(data: bytes) -> None:
    assert refusal(data) in ("not_an_image", "broken_image")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(orientation: int) -> None:
    upright = opened(picture(200, 100, "PNG"))
    turned = upright
    for turn in {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}.get(orientation, []):
        turned = turned.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    turned.save(file, "JPEG", exif=exif)
    rendered, _ = render(file.getvalue())
    assert (rendered.width, rendered.height) == (200, 100)
    image = shown(file.getvalue()).convert("RGB")
    assert image.size == (200, 100)
    top, below = image.getpixel((100, 20)), image.getpixel((100, 80))
    assert isinstance(top, tuple) and isinstance(below, tuple)
    assert top[0] - top[2] > 150 and below[2] - below[0] > 150


def test_metadata_stays_behind() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = shown(picture(exif=exif, icc_profile=profile, comment=b"my camera"))
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(image.info)
    assert not dict(image.getexif())


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "LA", "P", "1", "I;16"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    source = opened(picture(64, 64, "PNG"))
    if mode == "I;16":
        source = source.convert("L").convert("I").point(lambda value: value * 256)
    file = io.BytesIO()
    source.convert(mode).save(file, "JPEG" if mode == "CMYK" else "PNG")
    result = shown(file.getvalue()).convert("RGB").resize((1, 2), Image.Resampling.BOX)
    top, below = result.getpixel((0, 0)), result.getpixel((0, 1))
    assert isinstance(top, tuple) and isinstance(below, tuple)
    assert top[0] > below[0]  # red is lighter than blue, in grey too


def test_what_is_transparent_stays_so() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 255, 0, 255), (0, 0, 32, 64))
    for kind in ("PNG", "WEBP", "GIF"):
        file = io.BytesIO()
        (image.convert("P") if kind == "GIF" else image).save(
            file, kind, **({"transparency": 0} if kind == "GIF" else {})
        )
        assert shown(file.getvalue()).mode == "RGBA"


def test_a_profile_that_does_not_fit_is_passed_over() -> None:
    assert shown(picture(icc_profile=b"no profile")).size == (1200, 800)


@pytest.mark.parametrize(
    "bomb",
    [png(100_000, 100_000), png(2**31 - 1, 2**31 - 1), png(8001, 8000), picture(65_500, 1000, "GIF", "L")],
    ids=["ten thousand megapixels", "the most that a header says", "just too many", "a long one"],
)
def test_more_pixels_than_are_held_are_refused_by_the_header(bomb: bytes) -> None:
    assert refusal(bomb) == "too_many_pixels"


def test_more_bytes_than_are_taken_are_refused() -> None:
    assert refusal(picture() + bytes(rendering.MOST_BYTES)) == "too_large"


def test_what_is_cut_off_is_refused() -> None:
    whole = picture(400, 400, "PNG")
    assert refusal(whole[: len(whole) // 2]) == "broken_image"
    assert refusal(png(100, 100, b"few")) == "broken_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_damaged_bytes_are_refused_or_shown_and_nothing_else(kind: str) -> None:
    whole = picture(96, 64, kind)
    dice = random.Random(kind)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 8)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            rendered, files = render(bytes(damaged))
        except NotRendered as refused:
            assert refused.code in ("not_an_image", "broken_image", "too_many_pixels")
        else:
            assert files and max(rendered.renditions["large"].width, rendered.renditions["large"].height) <= 1600

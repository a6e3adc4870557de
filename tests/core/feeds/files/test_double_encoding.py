"""Tests files that were encoded twice, and texts in encodings of DOS and Windows with unusual characters."""

import io
import random

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds.files import double_encoding
from wecelebrate.feeds.files.double_encoding import repair

TEXT = "Artikel;Name;Preis\nT-1;Grüße für Ärzte – „groß“;12,50 €\nT-2;Crème brûlée;8,00 €\n"


def twice(text: str, codec: str) -> bytes:
    """Encode a text twice: encode the text in UTF-8, decode the bytes with `codec`, and encode the result in UTF-8."""
    wrong = "".join(
        bytes([byte]).decode(codec) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) or codec != "cp1252" else chr(byte)
        for byte in text.encode()
    )
    return wrong.encode()


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp850", "mac_roman"])
@pytest.mark.parametrize("mark", [b"", "\ufeff".encode()])
def test_a_file_that_was_encoded_twice_is_repaired(codec: str, mark: bytes) -> None:
    products = read(mark + twice(TEXT, codec)).products
    assert [product.name for product in products] == ["Grüße für Ärzte – „groß“", "Crème brûlée"]
    assert [(str(product.price), product.currency) for product in products] == [("12.50", "EUR"), ("8.00", "EUR")]


@pytest.mark.parametrize(
    "name",
    [
        "São João à moda",
        "Ãguas",
        "Âncora €",
        "Ação – “já”",
        "Größe Ã",
        "Ï été",
        "北京烤鸭",
        "Ðjúpivogur",
        "naïve café",
        "½ Maß",
    ],
)
def test_a_file_that_was_encoded_once_is_not_changed(name: str) -> None:
    assert read(f"SKU;Name;Price\nA-1;{name};9,50\n").product.name == name


def test_a_file_is_not_changed_if_one_word_was_encoded_only_once() -> None:
    content = twice(TEXT, "cp1252") + "T-3;Käse;1,00\n".encode()
    assert repair(io.BytesIO(content)) is None


def test_the_block_size_does_not_affect_a_repaired_file(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = random.Random(7)
    text = "".join(generator.choice(("Grüße ", "€", "é", "a", ";", "\n", "Ω", "日本 ")) for _ in range(2_000))
    for size in (1, 7, 64):
        monkeypatch.setattr(double_encoding, "BLOCK", size)
        copy = repair(io.BytesIO(twice(text, "latin-1")))
        assert copy is not None
        with copy:
            copy.seek(0)
            assert copy.read().decode() == text


def test_a_dos_text_with_a_sharp_s_among_capital_letters_is_read() -> None:
    text = "ARTNR;TEXT;VK\nA-1;GROßE SCHÄLCHEN;9,50\nA-2;TELLER Ø 24;8,50\nA-3;MÜHLE FÜR KÖRNER;7,00\n"
    names = [product.name for product in read(text, encoding="cp850").products]
    assert names == ["GROßE SCHÄLCHEN", "TELLER Ø 24", "MÜHLE FÜR KÖRNER"]


def test_a_windows_text_with_a_euro_sign_before_a_slash_is_read() -> None:
    text = "Art;Käse;Preis €/Stück\nA-1;Bergkäse;9,50\nA-2;Schafskäse;8,50\n"
    assert [product.name for product in read(text, encoding="cp1252").products] == ["Bergkäse", "Schafskäse"]

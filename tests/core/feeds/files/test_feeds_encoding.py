"""Tests how the encoding of a file is detected."""

import codecs

import pytest

from tests.core.feeds.feed_reading import read
from wecelebrate.feeds import UnreadableFeed

GERMAN = "Artikelnummer;Bezeichnung;Preis\nA1;Tasse für Größe L;3,50\nA2;Hüte, weiß;2,00\n"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", b""),
        ("utf-32-be", b""),
        ("cp1252", b""),
        ("iso8859_15", b""),
        ("latin-1", b""),
    ],
)
def test_western_text_in_unicode_and_legacy_encodings_is_read(encoding: str, mark: bytes) -> None:
    reading = read(mark + GERMAN.encode(encoding))
    assert [p.name for p in reading.products] == ["Tasse für Größe L", "Hüte, weiß"]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", ["Żółta łódź", "Gęślą jaźń", "Kubek na kawę"]),
        ("cp1250", ["Příliš žluťoučký kůň", "Dárkový hrnek"]),
        ("cp1251", ["Красная кружка", "Подарочный набор чая"]),
        ("cp1252", ["Crème brûlée à la noisette", "Garçon élève"]),
        ("cp1252", ["Niño señor", "Corazón"]),
        ("cp1253", ["Κόκκινη κούπα", "Δώρο γενεθλίων"]),
        ("cp1254", ["K\u0131rm\u0131z\u0131 şişe", "Doğum günü hediyesi"]),
        ("cp932", ["赤いマグカップ", "誕生日プレゼント"]),
        ("gb18030", ["红色马克杯礼品", "生日礼物"]),
        ("big5", ["紅色馬克杯禮品", "生日禮物"]),
        ("cp949", ["빨간 머그컵", "생일 선물"]),
        ("cp850", ["Tasse für Größe L", "Hüte, weiß", "Schlüsselanhänger"]),
    ],
)
def test_a_legacy_encoding_is_detected_from_the_text(encoding: str, names: list[str]) -> None:
    content = "sku;name;price\n" + "".join(f"A{n};{name};1\n" for n, name in enumerate(names))
    assert [p.name for p in read(content, encoding=encoding).products] == names


def test_one_umlaut_after_a_megabyte_of_ascii_determines_the_encoding() -> None:
    rows = "".join(f"S{n};Plain name {n};1,00\n" for n in range(60_000))
    content = ("sku;name;price\n" + rows + "LAST;Tüte;2,00\n").encode("latin-1")
    assert len(content) > 1 << 20
    reading = read(content)
    assert reading.details["encoding"] == "cp1252"
    assert reading.products[-1].name == "Tüte"
    assert not reading.rejected


def test_a_character_that_is_divided_between_two_chunks_is_decoded() -> None:
    rows = "".join(f"S{n},{'名前のマグ' * 30}{n},1\n" for n in range(3_000))
    for shift in range(4):
        content = "sku,name,price\n" + "x" * shift + "A,Mug,1\n" + rows
        assert len(content.encode()) > 1 << 20
        reading = read(content)
        assert reading.details["encoding"] == "utf-8"
        assert not reading.rejected


def test_only_rows_with_invalid_utf8_bytes_are_rejected() -> None:
    rows = "".join(f"S{n},Größe,1\n" for n in range(100))
    reading = read(("sku,name,price\n" + rows).encode() + b"BAD,Gr\xf6\xdfe,1\n")
    assert len(reading.products) == 100
    assert (reading.rejection.line, reading.rejection.sku, reading.rejection.code) == (102, "BAD", "bad_bytes")


def test_the_euro_sign_of_iso_8859_15_is_recognised() -> None:
    reading = read("sku;name;price\nA;Tüte;12,50 €\n", encoding="iso8859_15")
    assert (str(reading.product.price), reading.product.currency) == ("12.50", "EUR")


def test_the_encoding_option_overrides_the_detection() -> None:
    content = "sku;name;price\nA;Ærø;1\n".encode("cp865")
    assert read(content, mapping={"encoding": "cp865"}).product.name == "Ærø"
    with pytest.raises(UnreadableFeed, match='"klingon"'):
        read(content, mapping={"encoding": "klingon"})
    with pytest.raises(UnreadableFeed, match='"base64"'):
        read(content, mapping={"encoding": "base64"})

"""Tests how the encoding of a short text is detected, and which bytes are invalid."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from wecelebrate.feeds import UnreadableFeed
from wecelebrate.feeds.files import encoding as encodings
from wecelebrate.feeds.files.encoding import TextFile, _misplaced, _without_mark, spool


@contextmanager
def spooled(content: bytes, encoding: str | None = None) -> Iterator[TextFile]:
    file = spool(content, io.BytesIO(), encoding)
    with file.file:
        yield file


def facts(content: bytes, encoding: str | None = None, head: int = 1 << 20) -> tuple[str, bool, bool]:
    """Return the encoding, whether the text has invalid bytes, and whether it has NUL characters.

    `head` is the number of bytes that have already been read from the stream.
    """
    file = spool(content[:head], io.BytesIO(content[head:]), encoding)
    with file.file:
        return file.encoding, file.damaged, file.has_nul


@pytest.mark.parametrize(
    ("mark", "codec", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_a_byte_order_mark_determines_the_encoding(mark: bytes, codec: str, encoding: str) -> None:
    assert facts(mark + "sku,Größe\n".encode(codec)) == (encoding, False, False)
    assert facts(mark + "sku,\0\n".encode(codec)) == (encoding, False, True)
    with spooled(mark + "Größe".encode(codec)) as file:
        assert file.open().read() == "Größe"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_utf_16_and_utf_32_are_detected_without_a_byte_order_mark(codec: str) -> None:
    for text in ("sku", "s", "sku;Größe\n", "a" * 101, "sku;Ж\n"):
        assert facts((text + "x" * (-len(text) % 4)).encode(codec)) == (codec, False, False)
    assert facts("sku,name,pri\0ce,size".encode(codec)) == (codec, False, True)


@pytest.mark.parametrize(
    ("content", "nul"),
    [(b"sku,name\n", False), (b"sku,\0ame\n", True), (b"\0ab", True), ("Größe".encode(), False)],
)
def test_a_text_with_at_most_a_few_nul_characters_is_utf_8(content: bytes, nul: bool) -> None:
    assert facts(content) == ("utf-8", False, nul)


@pytest.mark.parametrize(
    ("zeros", "encoding"),
    # For UTF-16-LE, more than 40 % of the bytes at odd positions must be zero, and less than 20 % of the bytes at even
    # positions.
    [(5, "utf-16-le"), (4, "utf-8"), (10, "utf-16-le")],
)
def test_utf_16_is_detected_only_if_many_bytes_at_every_second_position_are_zero(zeros: int, encoding: str) -> None:
    units = [b"a\0"] * zeros + [b"ab"] * (10 - zeros)
    content = b"".join(unit + unit for unit in units)
    assert facts(content)[0] == encoding


@pytest.mark.parametrize(("zeros", "encoding"), [(1, "utf-16-le"), (2, "utf-8")])
def test_utf_16_is_detected_even_if_a_few_characters_are_nul(zeros: int, encoding: str) -> None:
    units = [b"\0\0"] * zeros + [b"a\0"] * (10 - zeros)
    content = b"".join(unit + unit for unit in units)
    assert facts(content)[0] == encoding


def test_a_text_with_few_invalid_bytes_is_utf_8() -> None:
    assert facts("ä".encode() * 21 + b"\xff") == ("utf-8", True, False)
    assert facts("ä".encode() * 20 + b"\xff")[0] != "utf-8"
    assert facts("ä".encode() * 41 + b"\xff,\xff") == ("utf-8", True, False)
    assert facts("ä".encode() * 30 + b"\xff,\xff")[0] != "utf-8"


def test_an_incomplete_character_at_the_end_is_invalid() -> None:
    assert facts("ä".encode() * 30 + "ä".encode()[:1]) == ("utf-8", True, False)


def test_a_character_that_is_divided_between_two_chunks_is_valid() -> None:
    content = "Größe".encode()
    for head in range(1, len(content)):
        assert facts(content, head=head) == ("utf-8", False, False)


def test_a_nul_character_in_any_chunk_is_detected() -> None:
    for content in (b"\0abc", b"abc\0"):
        assert facts(content, head=2) == ("utf-8", False, True)
    assert facts(b"abcd", head=2) == ("utf-8", False, False)


@pytest.mark.parametrize(
    ("encoding", "name", "damaged"),
    [
        ("utf-8", "utf-8-sig", True),
        ("UTF8", "utf-8-sig", True),
        ("latin-1", "iso8859-1", False),
        ("cp1252", "cp1252", False),
    ],
)
def test_the_encoding_of_the_caller_is_used_without_detection(encoding: str, name: str, damaged: bool) -> None:
    assert facts("Größe".encode("latin-1"), encoding) == (name, damaged, False)


@pytest.mark.parametrize("encoding", ["klingon", "base64", "rot13", "", "utf-8\0"])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    if encoding:
        with pytest.raises(UnreadableFeed, match="not a text encoding"):
            facts(b"a", encoding)
    else:
        assert facts(b"a", encoding) == ("utf-8", False, False)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(UnreadableFeed, match="empty"):
        facts(b"")


@pytest.mark.parametrize(
    ("text", "encoding", "detected"),
    [
        ("sku;Tüte\n", "latin-1", "cp1252"),
        ("sku;12,50 €\n", "iso8859_15", "iso8859_15"),
        # In cp1252, the bytes from 80 to 9F are letters and signs such as the euro sign.
        ("sku;Tüte für Käse;12,50 €;¤\n", "cp1252", "cp1252"),
        ("sku;Żółta łódź, gęślą jaźń\n", "cp1250", "cp1250"),
        ("sku;Doğum günü şişesi, k\u0131rm\u0131z\u0131\n", "cp1254", "cp1254"),
        ("sku;赤いマグカップ、誕生日プレゼント\n", "cp932", "cp932"),
    ],
)
def test_a_legacy_encoding_is_detected_from_the_lines_that_are_not_ascii(
    text: str, encoding: str, detected: str
) -> None:
    assert facts(text.encode(encoding))[0] == detected
    assert facts(("plain\n" * 5000 + text).encode(encoding))[0] == detected
    assert facts((text + "plain\r" * 5000).encode(encoding))[0] == detected


def test_the_text_is_read_from_its_start_with_unchanged_line_endings() -> None:
    with spooled(b"a\r\nb\xe4\xff\n", "utf-8") as file:
        with file.open() as reader:
            assert reader.read(2) == "a\r"
        assert file.open().read() == "a\r\nb\ufffd\ufffd\n"


def test_an_invalid_byte_in_the_encoding_of_the_caller_is_reported() -> None:
    assert facts(b"a\xff", "utf-8") == ("utf-8-sig", True, False)
    assert facts(b"a", "utf-8") == ("utf-8-sig", False, False)


def groups(*zeros: int) -> bytes:
    """Return ten groups of four bytes. In the first `zeros[n]` groups, the byte at the position `n` is zero."""
    return b"".join(bytes(0 if group < zeros[n] else 97 for n in range(4)) for group in range(10))


@pytest.mark.parametrize(
    ("zeros", "encoding"),
    [
        ((5, 5, 5, 1), "utf-32-be"),
        ((1, 5, 5, 5), "utf-32-le"),
        ((5, 1, 5, 1), "utf-16-be"),
        ((1, 5, 1, 5), "utf-16-le"),
    ],
)
def test_the_share_of_zero_bytes_at_each_position_determines_utf_16_and_utf_32(
    zeros: tuple[int, ...], encoding: str
) -> None:
    assert _without_mark(groups(*zeros)) == encoding
    for position, count in enumerate(zeros):
        for other in (4, 3) if count == 5 else (2, 3):
            assert _without_mark(groups(*zeros[:position], other, *zeros[position + 1 :])) is None


@pytest.mark.parametrize(
    ("start", "encoding"), [(b"", None), (b"a\0a", None), (b"a\0a\0", "utf-16-le"), (b"a\0a\0\0\0", "utf-16-le")]
)
def test_zero_bytes_are_counted_in_complete_groups_of_four_bytes(start: bytes, encoding: str | None) -> None:
    assert _without_mark(start) == encoding


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("abc", 0.0),
        ("grün", 0.0),
        # A Han character is misplaced beside a Latin letter, but not beside a digit.
        ("gr黱", 1.0),
        ("黱a", 1.0),
        ("5黱5", 0.0),
        ("é黱é", 0.0),
        # A sign is misplaced beside a letter.
        ("³ódka", 0.5),
        ("ódka³", 0.5),
        ("5³ 5", 0.0),
        ("a\u00a0b", 0.0),
        ("\ufffd", 1.0),
        ("a\ufffd ü", 0.5),
        # These letters are rare in Western texts.
        ("ýü", 0.5),
        ("Ýaü", 0.5),
        # A capital letter is misplaced after a small letter if at least one of the two letters is not ASCII.
        ("aB ü", 0.0),
        ("aÄ", 1.0),
        ("äB", 1.0),
        ("äÄ", 0.5),
        ("aÝ", 1.0),
    ],
)
def test_the_share_of_misplaced_characters_is_computed(text: str, share: float) -> None:
    assert _misplaced(text) == share


@pytest.mark.parametrize("chunk", [7, 8, 12, 1 << 20])
@pytest.mark.parametrize(
    ("content", "sample"),
    [
        (b"plain\nT\xfcte\nplain\n", b"T\xfcte\n"),
        (b"T\xfcte", b"T\xfcte"),
        (b"\n\xfc", b"\xfc"),
        (b"\xfc\n\n\xe4", b"\xfc\n\xe4"),
        (b"a\r\xfcb\rc", b"\xfcb\r"),
        (b"\nK\xe4seabc\n", b"K\xe4seabc\n"),
        (b"one\ntwo\nK\xe4se\nthree\nT\xfcte\nend", b"K\xe4se\nT\xfcte\n"),
    ],
)
def test_the_sample_contains_only_the_lines_that_are_not_ascii(
    monkeypatch: pytest.MonkeyPatch, chunk: int, content: bytes, sample: bytes
) -> None:
    monkeypatch.setattr(encodings, "CHUNK", chunk)
    assert encodings._non_ascii_lines(io.BytesIO(content)) == sample


def test_the_sample_omits_the_beginning_of_a_line_that_is_longer_than_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "CHUNK", 7)
    assert encodings._non_ascii_lines(io.BytesIO(b"plain text \xfc\n")) == b"ext \xfc\n"


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("cp1252", "Der grüne Käse schmeckt sehr gut\n"),
        ("cp1250", "kubek niebieski ze złotą obwódką\n"),
        ("cp1254", "şeker çay için güzel ışık\n"),  # noqa: RUF001
        ("cp1253", "κόκκινη κούπα για τον καφέ\n"),  # noqa: RUF001
    ],
)
def test_an_encoding_whose_text_resembles_a_language_is_preferred(encoding: str, line: str) -> None:
    assert facts((line * 3).encode(encoding))[0] == encoding


def test_the_sample_of_lines_has_at_most_16_kib() -> None:
    assert len(encodings._non_ascii_lines(io.BytesIO(b"\xfc" * 20_000 + b"\n"))) == 16_384
    assert len(encodings._non_ascii_lines(io.BytesIO(b"\xfc\n" * 20_000))) == 16_384

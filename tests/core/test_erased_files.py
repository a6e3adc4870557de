"""The search for a person in order files finds whole words. It ignores parts of words and the raw bytes of archives."""

import gzip
import io
import json
import random
import time
import zipfile

import pytest

from wecelebrate.erasures.files import MAX_SEARCHED_BYTES, Needles, _mentions

NEEDLES = Needles(
    [
        "zoë o'quartermain",
        'ann "nan" buyer',
        "zoe@example.test",
        "müller & söhne",
        "4930123456",
        "李小龙先生一号",
        "role",
        "0198",
    ]
)


def zipped(*contents: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.txt", content)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        "order;ZOË O'QUARTERMAIN;1".encode(),
        "order;Zoë O'Quartermain;1".encode("latin-1"),
        "order;Zoë O'Quartermain;1".encode("utf-16"),
        "order;Zoë O'Quartermain;1".encode("utf-16-be"),
        b"<name>M&#252;ller &amp; S\xc3\xb6hne</name>",
        json.dumps({"name": "Müller & Söhne"}).encode(),
        json.dumps({"text": json.dumps(["Müller & Söhne"])}).encode(),
        json.dumps(json.dumps(json.dumps({"name": "Müller & Söhne"}))).encode(),
        json.dumps({"text": json.dumps({"name": 'Ann "Nan" Buyer'})}).encode(),
        json.dumps({"name": 'Ann "Nan" Buyer'}).encode(),
        b"<xml>&lt;name&gt;M&amp;#252;ller &amp;amp; S&amp;ouml;hne&lt;/name&gt;</xml>",
        b"mail <zoe@example.test>",
        b"phone +4930123456.",
        "an 李小龙先生一号街".encode(),
        zipped(b"nothing", zipped(b"zoe@example.test")),
        gzip.compress(b"zoe@example.test", mtime=0),
    ],
)
def test_a_file_that_contains_the_data_of_the_person_as_whole_words_is_found(content: bytes) -> None:
    assert _mentions(content, NEEDLES)


@pytest.mark.parametrize(
    "content",
    [
        b'{"role": "x", "id": "0198aa"}',
        b"joezoe@example.test",
        b"zoe@example.testing",
        b"04930123456",
        b"49301234567",
        zipped(b"role 0198", b"nothing"),
        b"",
    ],
)
def test_a_part_of_a_word_or_a_short_text_does_not_count_as_data_of_the_person(content: bytes) -> None:
    assert not _mentions(content, NEEDLES)


@pytest.mark.parametrize("seed", range(20))
def test_the_bytes_of_an_archive_are_not_searched(seed: int) -> None:
    archive = zipped(random.Random(seed).randbytes(1000)) + b" zoe@example.test "
    assert b"zoe@example.test" in archive
    assert not _mentions(archive, NEEDLES)


@pytest.mark.parametrize("offset", range(-20, 3))
def test_a_text_that_spans_two_parts_of_a_large_file_is_found(offset: int) -> None:
    filler = b"x" * ((1 << 20) + offset)
    assert _mentions(filler + b" zoe@example.test " + filler, NEEDLES)
    assert not _mentions(filler + b"zoe@example.test " + filler, NEEDLES)
    assert not _mentions(filler + b" zoe@example.testx" + filler, NEEDLES)


def test_a_file_that_cannot_be_searched_is_treated_as_if_it_contained_the_person() -> None:
    large = bytes(MAX_SEARCHED_BYTES // 2 + 1)
    assert _mentions(None, NEEDLES)
    assert _mentions(zipped(large, large), NEEDLES)
    assert _mentions(zipped(*(gzip.compress(large) for _ in range(3))), NEEDLES)
    assert _mentions(gzip.compress(bytes(MAX_SEARCHED_BYTES + 1)), NEEDLES)
    assert _mentions(b"PK\x03\x04broken", NEEDLES)
    deep = b"nothing"
    for _ in range(4):
        deep = gzip.compress(deep)
    assert _mentions(deep, NEEDLES)


@pytest.mark.parametrize("name", ["Tracking Number", "status,comment", "Order-Number;Status", "Lieferschein Datum"])
def test_a_name_that_consists_only_of_names_of_columns_is_not_searched_for(name: str) -> None:
    file = f"x;{name};y\r\nA-1;shipped;1\r\n".encode()
    assert not Needles([name.lower()]).occur_in(file)
    assert Needles([f"{name.lower()} quartermain"]).occur_in(f"{name} Quartermain".encode())


def test_the_time_for_a_file_of_backslashes_is_linear_in_its_length() -> None:
    before = time.process_time()
    assert _mentions(b"\\" * 40_000 + b" zoe@example.test", NEEDLES)
    assert time.process_time() - before < 5

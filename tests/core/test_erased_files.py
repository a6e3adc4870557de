"""Tests the search for a person in order files. It finds whole words, and ignores parts of words and the raw bytes of
archives.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import time
import tracemalloc
import zipfile
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from wecelebrate.core import storage
from wecelebrate.core.storage import ObjectVersion
from wecelebrate.erasures import files, sql
from wecelebrate.erasures.files import MAX_OWN_ROWS, MAX_SEARCHED_BYTES, Needles, _mentions

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


def packed(data: bytes, method: int, size: int) -> bytes:
    """Return a zip archive with one entry that declares any size."""
    name = b"a.xml"
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 46, 0, method, 0, 33, 0, len(data), size, len(name), 0) + name
    values = (b"PK\x01\x02", 46, 46, 0, method, 0, 33, 0, len(data), size, len(name), 0, 0, 0, 0, 0, 0)
    directory = struct.pack("<4s6H3I5H2I", *values) + name
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(local) + len(data), 0)
    return local + data + directory + end


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
        b"PK\x07\x08" + zipped(b"zoe@example.test " * 100),
        gzip.compress(b"zoe@example.test", mtime=0),
    ],
)
def test_a_file_with_whole_words_of_the_person_is_found(content: bytes) -> None:
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
def test_parts_of_words_and_short_texts_do_not_identify_the_person(content: bytes) -> None:
    assert not _mentions(content, NEEDLES)


@pytest.mark.parametrize("seed", range(20))
def test_the_raw_bytes_of_an_archive_are_not_searched(seed: int) -> None:
    archive = zipped(random.Random(seed).randbytes(1000)) + b" zoe@example.test "
    assert b"zoe@example.test" in archive
    assert not _mentions(archive, NEEDLES)


@pytest.mark.parametrize("offset", range(-20, 3))
def test_a_text_across_two_parts_of_a_large_file_is_found(offset: int) -> None:
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


CARRIER = Needles(["zoe@example.test"], ["dhl express", "2026-11-27"], ["4711"])
"""The search texts for a guest who has the name of a carrier, and whose order has a short number in the ERP system."""


@pytest.mark.parametrize(
    "content",
    [
        b"order;carrier;at\r\nA-1;DHL Express;2026-11-27\r\n",
        b"4711;DHL\r\n" + b"A-2;DHL;\r\n" * 100 + b"A-1;DHL Express;2026-11-27\r\n",
        b"A-47110;DHL Express;147113\r\n",
    ],
)
def test_a_freely_chosen_text_alone_does_not_identify_the_person(content: bytes) -> None:
    assert not _mentions(content, CARRIER)
    assert not _mentions(content, Needles([], ["dhl express"]))


@pytest.mark.parametrize("filler", [0, 100, (1 << 20) - 20, (1 << 20) - 5])
def test_a_freely_chosen_text_beside_a_short_number_identifies_the_person(filler: int) -> None:
    assert _mentions(b"x" * filler + b" 4711;shipped;DHL Express;ok", CARRIER)
    assert _mentions(b"x" * filler + b"\r\nfor DHL Express;4711\r\n", CARRIER)
    assert not _mentions(b"x" * filler + b" 4711;shipped;DHL;ok", CARRIER)


OTHERS = {"a-1", "2026-ab12cd34"}
OWN = Needles([], [], [], ["zoë o'quartermain", "order number;status"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("number;comment\r\nUNKNOWN-1;for Zoë O'Quartermain\r\nA-1;x\r\n", True),
        ("number;comment\r\nA-1;for Zoë O'Quartermain\r\nUNKNOWN-1;x\r\n", False),
        ("<row><name>Zoë O'Quartermain</name><order>2026-AB12CD34</order></row>", False),
        ("<row><name>Zoë O'Quartermain</name></row>", True),
        ("Order Number;Status\r\n", False),
        ("A-2;Zoë O'Quartermain\r\n" * 300, False),
    ],
)
def test_a_unique_name_identifies_the_person_in_rows_without_other_orders(content: str, expected: bool) -> None:
    OWN.own_rows = []
    assert not _mentions(content.encode(), OWN)
    rows = OWN.own_rows if len(OWN.own_rows) <= MAX_OWN_ROWS else []
    assert any(OTHERS.isdisjoint(row) for row in rows) == expected


def test_a_file_of_backslashes_is_searched_in_linear_time() -> None:
    before = time.process_time()
    assert _mentions(b"\\" * 40_000 + b" zoe@example.test", NEEDLES)
    assert time.process_time() - before < 5


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_methods_without_a_memory_limit_are_not_unpacked(method: int) -> None:
    # `zipfile` adds a header of nine bytes before the data of LZMA.
    raw = [{"id": lzma.FILTER_LZMA1}]
    data = (
        bz2.compress(bytes(1 << 26))
        if method == zipfile.ZIP_BZIP2
        else (b"\x09\x04\x05\x00\x5d\x00\x00\x80\x00" + lzma.compress(bytes(1 << 26), lzma.FORMAT_RAW, filters=raw))
    )
    bomb = packed(data, method, 1000)
    tracemalloc.start()
    assert _mentions(bomb, NEEDLES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_an_archive_with_a_huge_directory_is_not_opened() -> None:
    header = struct.pack("<4s4B4H3L5H2L", b"PK\x01\x02", 20, 3, 20, 0, *[0] * 14)
    directory = header * 200_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, len(directory), 30, 0)
    content = b"PK\x03\x04" + bytes(26) + directory + end
    tracemalloc.start()
    assert _mentions(content, NEEDLES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * len(content)


def test_a_file_of_many_empty_gzip_members_is_not_unpacked() -> None:
    before = time.process_time()
    assert _mentions(gzip.compress(b"", mtime=0) * 500_000, NEEDLES)
    assert time.process_time() - before < 1


class KilledWorker(BaseException):
    """Simulates a killed worker. No exception handler runs."""


class Job:
    """The job of an erasure. Its checkpoint remains after a worker is killed."""

    checkpoint: dict[str, Any]

    def __init__(self, checkpoint: dict[str, Any]) -> None:
        self.checkpoint, self.saved = dict(checkpoint), checkpoint

    def check_lease(self) -> None: ...

    def save(self, _: Any) -> None:
        self.saved = dict(self.checkpoint)


def test_a_file_that_kills_the_worker_is_deleted_and_the_search_continues(monkeypatch: Any) -> None:
    contents = {"a": b"x", "b1": b"bomb", "b2": b"bomb", "c": b"zoe@example.test", "d": b"y"}
    deleted: list[str] = []
    searched: list[str] = []

    def search(content: bytes, needles: Needles) -> bool:
        searched.append(content.decode())
        if content == b"bomb":
            raise KilledWorker
        return _mentions(content, needles)

    now = datetime.now(UTC)
    targets = {"first_order_at": now, "destination_ids": ["destination"], "texts": ["zoe@example.test"]}
    # Two versions of the file `b` kill the worker.
    monkeypatch.setattr(storage, "versions", lambda *_: [
        ObjectVersion(version[0], version, 4, now, is_delete_marker=False)
        for version in contents if version not in deleted
    ])  # fmt: skip
    monkeypatch.setattr(
        storage, "delete_versions", lambda _, versions: deleted.extend(each.version_id for each in versions)
    )
    monkeypatch.setattr(files, "_content", lambda version: contents[version.version_id])
    monkeypatch.setattr(files, "_mentions", search)
    monkeypatch.setattr(files, "writing", lambda _: nullcontext())
    monkeypatch.setattr(sql, "list_runs", lambda *_, **__: [])
    monkeypatch.setattr(sql, "find_files_to_search", lambda *_, **__: targets)
    monkeypatch.setattr(
        sql, "find_phrases_to_search", lambda *_, **__: {"phrases": [], "numbers": [], "own_phrases": []}
    )
    monkeypatch.setattr(sql, "erase_job_of_file", lambda *_, **__: [])
    job = Job({"step": 7})
    for _ in range(4):
        with pytest.raises(KilledWorker):
            files.erase(job, UUID(int=1))  # type: ignore[arg-type]
        job = Job(job.saved)
    assert files.erase(job, UUID(int=1)) == 2  # type: ignore[arg-type]
    assert deleted == ["b1", "b2", "c"]
    assert searched.count("bomb") == 4
    assert searched.count("x") == 1


def test_an_unreadable_file_does_not_cause_the_deletion_of_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def content(version: ObjectVersion) -> bytes:
        if version.key == "b":
            raise ConnectionError
        return b"a file about others"

    now = datetime.now(UTC)
    versions = [ObjectVersion(key, key, 4, now, is_delete_marker=False) for key in "ab"]
    targets = {"first_order_at": now, "destination_ids": ["destination"], "texts": ["zoe@example.test"]}
    phrases: dict[str, list[str]] = {"phrases": [], "numbers": [], "own_phrases": []}
    monkeypatch.setattr(storage, "versions", lambda *_: versions)
    monkeypatch.setattr(storage, "delete_versions", lambda _, deleted: pytest.fail(str(deleted)))
    monkeypatch.setattr(files, "_content", content)
    monkeypatch.setattr(files, "writing", lambda _: nullcontext())
    monkeypatch.setattr(sql, "list_runs", lambda *_, **__: [])
    monkeypatch.setattr(sql, "find_files_to_search", lambda *_, **__: targets)
    monkeypatch.setattr(sql, "find_phrases_to_search", lambda *_, **__: phrases)
    monkeypatch.setattr(sql, "erase_job_of_file", lambda *_, **__: [])
    job = Job({"step": 7})
    for _ in range(4):
        with pytest.raises(ConnectionError):
            files.erase(job, UUID(int=1))  # type: ignore[arg-type]
        job = Job(job.saved)


def test_a_database_error_does_not_count_as_a_killed_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database query for the order numbers in a row fails several times. The file is about another person."""

    def fail(*_: Any, **__: Any) -> bool:
        raise ConnectionError

    version = ObjectVersion("a", "a", 4, datetime.now(UTC), is_delete_marker=False)
    monkeypatch.setattr(files, "_content", lambda _: "A-1;Zoë O'Quartermain".encode())
    monkeypatch.setattr(files, "writing", lambda _: nullcontext())
    monkeypatch.setattr(sql, "has_number_of_others", fail)
    job, last = Job({}), {"key": ""}
    for _ in range(5):
        with pytest.raises(ConnectionError):
            files._must_be_deleted(job, UUID(int=1), version, OWN, last)  # type: ignore[arg-type]
        last = job.saved["search"]
    monkeypatch.setattr(sql, "has_number_of_others", lambda *_, **__: True)
    assert not files._must_be_deleted(job, UUID(int=1), version, OWN, last)  # type: ignore[arg-type]
    monkeypatch.setattr(sql, "has_number_of_others", lambda *_, **__: False)
    assert files._must_be_deleted(job, UUID(int=1), version, OWN, last)  # type: ignore[arg-type]

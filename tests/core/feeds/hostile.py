"""Creates hostile files. As a program, this module reads each file of a folder in a separate process.

    python -m tests.core.feeds.hostile <folder>     prints a line of JSON for each file

The cost of a file is measured as CPU time, because other programs can use the machine at the same time. The CPU time is
the full cost, because the code that reads a file never waits.
"""

import bz2
import gzip
import io
import json
import os
import random
import resource
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.core.feeds.workbooks import by_hand, sheet, text_row, zipped
from tests.core.feeds.xlsx.opendocuments import cell, row, spreadsheet, table
from wecelebrate.feeds import Rejected, UnreadableFeed, open_feed

M = 1_000_000
HEAD = b"sku,name,price\n"


def _bomb(size: int) -> bytes:
    """Return a gzip file that unpacks to `size` zero bytes."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(M)) for _ in range(size // M)) + packer.flush()


def _zip_bomb(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("feed.csv", "w") as entry:
        for _ in range(size // M):
            entry.write(b"," * M)
    return file.getvalue()


def _overlapping() -> bytes:
    """Return a zip archive with two directory entries for the same bytes."""
    content = zipped({"a.csv": HEAD + b"A,b,1\n", "b.csv": b"x" * 100})
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    duplicate = content[first : first + 46] + b"b.csv"
    return content[:second] + duplicate + content[second + len(duplicate) :]


def _wrong_size(size: int) -> bytes:
    """Return a zip archive whose directory states a wrong size for the compressed file."""
    content = bytearray(zipped({"a.csv": HEAD + b"A,b,1\n" * 100}))
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(content)


def _damaged() -> bytes:
    content = bytearray(zipped({"a.csv": HEAD + b"A,b,1\n" * 100}, zipfile.ZIP_STORED))
    content[60] ^= 1
    return bytes(content)


def _link() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("feed.csv")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def _encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": HEAD}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _directory_of(count: int) -> bytes:
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    size = len(entry) * count
    return b"PK\x03\x04" + entry * count + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, size, 4, 0)


def _noise(size: int) -> bytes:
    """Return random bytes. Random bytes cannot be compressed."""
    return random.Random(1).randbytes(size)


def _cells(count: int) -> bytes:
    return b"<row>" + b"<c><v>1</v></c>" * count + b"</row>"


_FIRST_ROWS = text_row(1, "sku", "name", "price") + text_row(2, "A", "b", "1")
_BILLION_LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
    + b"]>"
)
_EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/x">]>'
_STRINGS = b'<sst xmlns="x">%s</sst>'
_HEADER_ROW = b'<row r="1"><c t="inlineStr"><is><t>sku</t></is></c><c t="inlineStr"><is><t>name</t></is></c></row>'

FILES: dict[str, Callable[[], bytes]] = {
    "gzip-bomb.gz": lambda: _bomb(200 * M),
    "gzip-in-gzip.gz": lambda: gzip.compress(_bomb(100 * M)),
    "gzip-in-gzip-in-gzip.gz": lambda: gzip.compress(gzip.compress(gzip.compress(HEAD))),
    "gzip-of-empty-members.gz": lambda: gzip.compress(b"") * 500_000,
    "gzip-of-tiny-members.gz": lambda: gzip.compress(HEAD) + gzip.compress(b"A,b,1\n") * 200_000,
    "gzip-followed-by-other-data.gz": lambda: gzip.compress(HEAD + b"A,b,1\n") + b"x" * 1000,
    "gzip-with-a-wrong-checksum.gz": lambda: gzip.compress(HEAD + b"A,b,1\n")[:-8] + bytes(8),
    "gzip-of-a-zip-bomb.gz": lambda: gzip.compress(_zip_bomb(100 * M)),
    "zip-bomb.zip": lambda: _zip_bomb(100 * M),
    "zip-in-zip.zip": lambda: zipped({"a.zip": zipped({"feed.csv": HEAD})}),
    "zip-with-two-files.zip": lambda: zipped({"a.csv": HEAD, "b.csv": b"code,amount\nX,1\n"}),
    "zip-without-entries.zip": lambda: zipped({}),
    "zip-with-a-parent-path.zip": lambda: zipped({"../../feed.csv": HEAD}),
    "zip-with-an-absolute-path.zip": lambda: zipped({"/etc/feed.csv": HEAD}),
    "zip-with-a-windows-path.zip": lambda: zipped({"C:\\feed.csv": HEAD}),
    "zip-with-a-link.zip": _link,
    "zip-with-overlapping-entries.zip": _overlapping,
    "zip-with-a-size-that-is-too-small.zip": lambda: _wrong_size(10),
    "zip-with-a-size-that-is-too-large.zip": lambda: _wrong_size(4 * M),
    "zip-with-a-wrong-checksum.zip": _damaged,
    "zip-with-encryption.zip": _encrypted,
    "zip-compressed-with-bzip2.zip": lambda: zipped({"feed.csv": bytes(50 * M)}, zipfile.ZIP_BZIP2),
    "zip-truncated.zip": lambda: zipped({"feed.csv": HEAD + _noise(M)})[:-2000],
    "zip-of-a-million-entries.zip": lambda: _directory_of(M),
    "bzip2.csv": lambda: bz2.compress(HEAD),
    "sheet-bomb.xlsx": lambda: by_hand(sheet(_FIRST_ROWS + _cells(10) * 300_000)),
    "sheet-of-a-million-columns.xlsx": lambda: by_hand(sheet(_cells(M))),
    "row-of-a-million-columns.xlsx": lambda: by_hand(sheet(_FIRST_ROWS + _cells(M))),
    "sheet-with-a-cell-of-10-MB.xlsx": lambda: by_hand(sheet(_FIRST_ROWS + text_row(3, "B", "x" * 10 * M, "1"))),
    "sheet-with-a-tag-of-10-MB.xlsx": lambda: by_hand(sheet(_FIRST_ROWS + b'<row a="' + b"x" * 10 * M + b'"/>')),
    "sheet-with-a-comment-of-10-MB.xlsx": lambda: by_hand(sheet(_FIRST_ROWS + b"<!--" + b"x" * 10 * M + b"-->")),
    "sheet-with-a-wrong-dimension.xlsx": lambda: by_hand(
        sheet(_FIRST_ROWS + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>').replace(
            b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>'
        )
    ),
    "sheet-of-two-distant-cells.xlsx": lambda: by_hand(
        sheet(b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    ),
    "sheet-nested-a-million-deep.xlsx": lambda: by_hand(sheet(_FIRST_ROWS + b"<row><c>" * 500_000)),
    "sheet-with-a-million-element-names.xlsx": lambda: by_hand(
        sheet(_FIRST_ROWS + b"".join(b"<a%d/>" % n for n in range(M)))
    ),
    "sheet-truncated.xlsx": lambda: by_hand(sheet(_FIRST_ROWS)[:-30]),
    "sheet-with-a-million-merged-cells.xlsx": lambda: by_hand(
        sheet(_FIRST_ROWS, after=b"".join(b'<mergeCell ref="A%d:A%d"/>' % (n, n + 1) for n in range(0, M, 2)))
    ),
    "sheet-with-billion-laughs.xlsx": lambda: by_hand(sheet(text_row(1, "sku", "&j;"), _BILLION_LAUGHS)),
    "sheet-with-an-external-entity.xlsx": lambda: by_hand(sheet(text_row(1, "sku", "&a;"), _EXTERNAL)),
    "strings-with-billion-laughs.xlsx": lambda: by_hand(
        sheet(_HEADER_ROW + b'<row><c t="s"><v>0</v></c></row>'), _BILLION_LAUGHS + _STRINGS % b"<si><t>&j;</t></si>"
    ),
    "strings-bomb.xlsx": lambda: by_hand(
        sheet(_HEADER_ROW + b'<row><c t="s"><v>9</v></c></row>'), _STRINGS % (b"<si><t>" + b"x" * 50 * M + b"</t></si>")
    ),
    "strings-two-million.xlsx": lambda: by_hand(
        sheet(_HEADER_ROW + b'<row><c t="s"><v>1999999</v></c></row>'), _STRINGS % (b"<si/>" * 2 * M)
    ),
    "strings-that-do-not-exist.xlsx": lambda: by_hand(sheet(_HEADER_ROW + b'<row><c t="s"><v>99999999</v></c></row>')),
    "strings-that-are-long-and-repeated.xlsx": lambda: by_hand(
        sheet(_HEADER_ROW + (b"<row>" + b'<c t="s"><v>0</v></c>' * 150 + b"</row>") * 3_000),
        _STRINGS % (b"<si><t>" + b"x" * 32_000 + b"</t></si>"),
    ),
    "workbook-of-a-million-sheets.xlsx": lambda: by_hand(
        sheet(_FIRST_ROWS), workbook=b"<workbook><sheets>" + b'<sheet name="a"/>' * M + b"</sheets></workbook>"
    ),
    "copies-of-long-cells.ods": lambda: spreadsheet(
        table(row("sku", "name", "price"), row(cell("x" * 32_000, 'table:number-columns-repeated="16000"')))
    ),
    "copies-of-rows.ods": lambda: spreadsheet(
        table(row("sku", "name", "price"), row("A", "b", 1, attributes='table:number-rows-repeated="1048000"'))
    ),
    "copies-of-cells.ods": lambda: spreadsheet(
        table(
            row("sku", "name", "price"),
            row(cell(1, 'table:number-columns-repeated="16384"'), attributes='table:number-rows-repeated="9"') * 5_000,
        )
    ),
    "a-million-empty-rows.ods": lambda: spreadsheet(table(row("sku", "name", "price"), "<table:table-row/>" * M)),
    "spaces-without-end.ods": lambda: spreadsheet(
        table(row("sku", "name", "price"), row(cell("x").replace("x", '<text:s text:c="999999999"/>' * 1_000)))
    ),
    "a-million-columns.csv": lambda: b"sku," + b"c," * M + b"\nA," + b"x," * M,
    "10-MB-of-delimiters.csv": lambda: b"," * 10 * M,
    "10-MB-of-delimiters-in-a-row.csv": lambda: HEAD + b"," * 10 * M + b"\nA,b,1\n",
    "a-cell-of-10-MB.csv": lambda: HEAD + b"A," + b"x" * 10 * M + b",1\nB,b,2\n",
    "a-quoted-cell-of-10-MB.csv": lambda: HEAD + b'A,"' + b"x\n" * 5 * M + b'",1\nB,b,2\n',
    "10-MB-of-blank-lines.csv": lambda: HEAD + b"\n" * 10 * M,
    "10-MB-of-blank-rows.csv": lambda: HEAD + b",,\n" * (10 * M // 3),
    "10-MB-of-quotes.csv": lambda: HEAD + b'"' * 10 * M,
    "a-quote-in-each-line.csv": lambda: HEAD + b'"a\n' * 3 * M,
    "10-MB-of-NULs.csv": lambda: bytes(10 * M),
    "a-number-of-a-million-digits.csv": lambda: HEAD + b"A,b," + b"9" * (M - 1) + b"\n",
    "blanks-in-cells.csv": lambda: b"sku,name,price,image,stock\n" + (b"A,b,1" + b" " * 400_000 + b"1,a\n") * 5,
    "delimiters-in-an-image.csv": lambda: b"sku,name,images\n" + (b"A,b," + b"|a" * 400_000 + b"\n") * 5,
    "a-space-as-delimiter.csv": lambda: b"sep= \n" + b" " * M,
    "a-space-as-delimiter-in-long-lines.csv": lambda: b"sep= \n" + (b" " * 90_000 + b"x\n") * 3,
    "a-space-as-delimiter-and-a-quote.csv": lambda: b"sep= \nsku name\n" + b" " * M + b'x"\n',
    "single-quotes.csv": lambda: b"sku,name\n" + b",'" * M,
    "escaped-quotes-before-blanks.csv": lambda: HEAD + (b'A,"x\\"' + b" " * 90_000 + b'z"\n') * 10,
    "brackets-in-a-column-name.csv": lambda: b"sku,name," + b"(" * M + b"\nA,b,1\n",
    "digits-in-a-column-name.csv": lambda: b"sku,name," + b"1" * M + b"x1\nA,b,1\n",
    "blanks-in-a-column-name.csv": lambda: b"sku,name,a" + b" " * M + b"x1\nA,b,1\n",
    "a-category-with-commas.csv": lambda: b'sku,name,category\nA,b,"' + b", " * M + b'"\n',
    "an-image-with-blanks.csv": lambda: b'sku,name,images\nA,b,"x;' + b" " * M + b'y"\n',
    "many-declarations.xml": lambda: b"<?xml " * (M // 6),
    "many-open-comments.xml": lambda: b"<!DOCTYPE x " + b"<!--" * (M // 4),
    "many-bare-attributes.xml": lambda: b"<a>" + b" a" * M + b"</a>",
    "deep.json": lambda: b'[{"a":' + b"[" * 10 * M,
    "deep-objects.json": lambda: b'{"a":' * 2 * M,
    "a-number-of-10-MB.json": lambda: b'[{"sku":"A","name":"b","price":' + b"9" * 10 * M + b"}]",
    "a-large-exponent.json": lambda: b'[{"sku":"A","name":"b","price":1e999999999}]',
    "a-text-of-10-MB.json": lambda: b'[{"sku":"' + b"x" * 10 * M + b'"}]',
    "many-keys.json": lambda: b"[{" + b",".join(b'"k%d":1' % n for n in range(500_000)) + b"}]",
    "many-lists.json": lambda: b'[{"sku":"A","x":[' + b"[]," * 3 * M + b"[]]}]",
}  # fmt: skip


def outcome(path: Path) -> dict[str, Any]:
    """Read the file in this process, and return the result and the cost. An attempt to open a socket raises an
    error.
    """

    def refuse_sockets(event: str, _: object) -> None:
        if event.startswith("socket."):
            raise RuntimeError(f"{event} was called while a file was read; reading must not use sockets")

    sys.addaudithook(refuse_sockets)
    start = time.process_time()
    counts = {"products": 0, "rejected": 0}
    error_text = None
    try:
        with path.open("rb") as file, open_feed(file, path.name, None, "EUR") as feed:
            for item in feed:
                counts["rejected" if isinstance(item, Rejected) else "products"] += 1
    except UnreadableFeed as error:
        error_text = str(error)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": path.name, "refused": error_text, "seconds": round(seconds, 2), "megabytes": round(peak), **counts}


if __name__ == "__main__":
    for path in sorted(Path(sys.argv[1]).iterdir()):
        if (child := os.fork()) == 0:
            try:
                os.write(1, json.dumps(outcome(path)).encode() + b"\n")
            finally:
                os._exit(0)
        os.waitpid(child, 0)

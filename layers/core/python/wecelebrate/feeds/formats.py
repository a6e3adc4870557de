"""Which format a file is in, by what it holds; its name is no more than a hint."""

import re
from typing import Literal

from wecelebrate.feeds.items import UnreadableFeed

Format = Literal["csv", "json", "ndjson", "xlsx", "xml"]

# First bytes of files that are no text, and what to do about each.
BINARY = (
    (b"BZh", "bzip2-compressed; unpack it and drop the file inside"),
    (b"\xfd7zXZ\x00", "xz-compressed; unpack it and drop the file inside"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed; unpack it and drop the file inside"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it and drop the file inside"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it and drop the file inside"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel or Office file (XLS), or one with a password; save it as XLSX without",
    ),
    (b"%PDF", "a PDF; export the products as CSV"),
    (b"{\\rtf", "an RTF document; export the products as CSV"),
    (b"SQLite format 3\x00", "an SQLite database; export the products as CSV"),
    (b"PAR1", "a Parquet file; export it as CSV or NDJSON"),
    (b"Obj\x01", "an Avro file; export it as CSV or NDJSON"),
    (b"\x89PNG\r\n", "a PNG image; drop the product file itself"),
    (b"\xff\xd8\xff", "a JPEG image; drop the product file itself"),
    (b"GIF8", "a GIF image; drop the product file itself"),
    (b"\x7fELF", "a program; drop the product file itself"),
)

_XML = re.compile(r"<(\?xml|!doctype|!--|[a-z_][\w.:-]*[\s/>])", re.IGNORECASE)
_OBJECT = re.compile(r'\{\s*("|\})')
_ARRAY = re.compile(r"\[\s*([\[{\]]|$)")


def refuse_binary(start: bytes) -> None:
    """Raise UnreadableFeed, naming the format, when the first bytes are those of a known binary one."""
    for magic, what in BINARY:
        if start.startswith(magic):
            raise UnreadableFeed(f"this looks like {what}")


def text_format(start: str, name: str) -> Format:
    """The format of a text file from its first characters. Raises UnreadableFeed for HTML and for blanks."""
    text = start.lstrip("\ufeff \t\r\n\x1a")
    if not text:
        raise UnreadableFeed("the file is empty: it holds nothing but blanks")
    if text.startswith("<") and _XML.match(text):
        if re.match(r"<(!doctype html|html)", text, re.IGNORECASE):
            raise UnreadableFeed("this looks like an HTML page; export the products as CSV, JSON or XML")
        return "xml"
    if _ARRAY.match(text):
        return "json"
    by_lines = name.lower().endswith((".ndjson", ".jsonl", ".jsonlines"))
    if _OBJECT.match(text):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if by_lines or (len(lines) > 1 and lines[0].endswith("}") and lines[1].startswith("{")):
            return "ndjson"
        return "json"
    # The first line of NDJSON may be the broken one.
    return "ndjson" if by_lines else "csv"

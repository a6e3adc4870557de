"""Detects a file's format from its content. The file name is only a hint."""

import re
from typing import Literal

from wecelebrate.feeds.items import UnreadableFeed

Format = Literal["csv", "json", "ndjson", "xlsx", "xml"]

# For each binary format: the first bytes of its files, and a text that names the format and says what to do.
BINARY = (
    (b"BZh", "a bzip2-compressed file; unpack it and upload the file inside"),
    (b"\xfd7zXZ\x00", "an xz-compressed file; unpack it and upload the file inside"),
    (b"\x28\xb5\x2f\xfd", "a zstd-compressed file; unpack it and upload the file inside"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it and upload the file inside"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it and upload the file inside"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel or Office file (XLS), or a file with a password; save it as XLSX without a password",
    ),
    (b"%PDF", "a PDF; export the products as CSV"),
    (b"{\\rtf", "an RTF document; export the products as CSV"),
    (b"SQLite format 3\x00", "an SQLite database; export the products as CSV"),
    (b"PAR1", "a Parquet file; export it as CSV or NDJSON"),
    (b"Obj\x01", "an Avro file; export it as CSV or NDJSON"),
    (b"\x89PNG\r\n", "a PNG image; upload the product file itself"),
    (b"\xff\xd8\xff", "a JPEG image; upload the product file itself"),
    (b"GIF8", "a GIF image; upload the product file itself"),
    (b"\x7fELF", "a program; upload the product file itself"),
)

_XML = re.compile(r"<(\?xml|!doctype|!--|[a-z_][\w.:-]*[\s/>])", re.IGNORECASE)
_OBJECT = re.compile(r'\{\s*("|\})')
_PLACEHOLDER = re.compile(r"\{\}[ \t]*\r?\n\s*[^\s{}\[\]]")
"""An empty JSON object and a text after it. MYOB writes `{}` above the table in its exports. No JSON text begins so."""
_ARRAY = re.compile(r"\[\s*([\[{\]]|$)")


def reject_binary(start: bytes) -> None:
    """Raise UnreadableFeed, with the name of the format, if the file begins like a known binary format."""
    for magic, description in BINARY:
        if start.startswith(magic):
            raise UnreadableFeed(f"this looks like {description}")


def text_format(start: str, name: str) -> Format:
    """Detect the format of a text file from its first characters.

    Raises UnreadableFeed for HTML, and for a text that contains only whitespace.
    """
    text = start.lstrip("\ufeff \t\r\n\x1a")
    if not text:
        raise UnreadableFeed("the file is empty: it contains only whitespace")
    if text.startswith("<") and _XML.match(text):
        if re.match(r"<(!doctype html|html)", text, re.IGNORECASE):
            raise UnreadableFeed("this looks like an HTML page; export the products as CSV, JSON or XML")
        return "xml"
    if _ARRAY.match(text):
        return "json"
    named_ndjson = name.lower().endswith((".ndjson", ".jsonl", ".jsonlines"))
    if _OBJECT.match(text) and not _PLACEHOLDER.match(text):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if named_ndjson or (len(lines) > 1 and lines[0].endswith("}") and lines[1].startswith("{")):
            return "ndjson"
        return "json"
    # If the first line of an NDJSON file is invalid, only the file name shows the format.
    return "ndjson" if named_ndjson else "csv"

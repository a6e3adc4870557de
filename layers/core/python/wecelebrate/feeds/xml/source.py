"""The bytes of an XML file as UTF-8, from its own declaration of encoding; and what may not stand before its root.

Everything is decoded here, so that the parser sees one encoding and the checks see what the parser sees.
"""

import codecs
import io
import re
from collections.abc import Iterator
from html.entities import name2codepoint
from typing import BinaryIO

from wecelebrate.feeds.encoding import MARKS
from wecelebrate.feeds.items import UnreadableFeed, shown

CHUNK = 64 << 10
LONGEST_PROLOG = 256 << 10

_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_MISC = rb"(?:\s++|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->)*+"
_PROLOG = re.compile(
    _MISC + rb"(?P<doctype><!DOCTYPE(?:[^\[\"'<>]|\"[^\"]*+\"|'[^']*+')*+(?P<subset>\[)?>?)?" + _MISC
    + rb"<(?P<root>[^\s/>!?<]++)",
    re.DOTALL,
)  # fmt: skip
_SUBSET = re.compile(_MISC + rb"<!DOCTYPE(?:[^\[\"'<>]|\"[^\"]*+\"|'[^']*+')*+\[", re.DOTALL)
# Entities of HTML, which exporters leave in texts though XML knows but five. These five are the parser's.
_ENTITY = re.compile(rb"&(?!amp;|lt;|gt;|quot;|apos;)([A-Za-z][A-Za-z0-9]{1,7});")
_HTML = {name.encode(): chr(code).encode() for name, code in name2codepoint.items()}


class Broken(Exception):
    """The file cannot be read on from here: in words, and the line."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


class Source:
    """A seekable file of bytes that holds XML.

    Raises UnreadableFeed for an encoding that does not exist, a DOCTYPE that declares anything, and what is no XML.
    """

    def __init__(self, file: BinaryIO, encoding: str | None) -> None:
        self._file = file
        file.seek(0)
        start = file.read(CHUNK)
        self.encoding = _encoding(start, encoding)
        head = b""
        try:
            for chunk in self.chunks():
                head += chunk
                if len(head) >= LONGEST_PROLOG:
                    break
        except Broken:
            pass  # told when the rows are read
        self.head = head
        self.root = _root(head[:LONGEST_PROLOG])

    def chunks(self) -> Iterator[bytes]:
        """The text from its start. Raises Broken at bytes that are no text."""
        self._file.seek(0)
        decoder = codecs.getincrementaldecoder(self.encoding)()
        lines = 1
        left = b""
        first = True
        while True:
            at = self._file.tell()
            block = self._file.read(CHUNK)
            broken = False
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                text, broken = error.object[: error.start].decode(self.encoding, "ignore"), True
            chunk = left + text.encode("utf-8", "replace")
            if first:
                # A blank line above the declaration is what templates leave there.
                chunk, first = chunk.lstrip("\ufeff \t\r\n\x1a".encode()), not chunk
            # Half an entity waits for the rest of it.
            cut = chunk.rfind(b"&", -10)
            chunk, left = (chunk, b"") if cut < 0 or b";" in chunk[cut:] or not block else (chunk[:cut], chunk[cut:])
            if b"&" in chunk:
                chunk = _ENTITY.sub(lambda match: _HTML.get(match[1], match[0]), chunk)
            if chunk:
                lines += chunk.count(b"\n")
                yield chunk
            if broken:
                name = self.encoding.removesuffix("-sig")
                raise Broken(
                    f"a byte is no text in {name}, the encoding that the file declares or has by default", lines
                )
            if not block:
                return
            self._file.seek(at + len(block))  # somebody else may have read in between


def _encoding(start: bytes, told: str | None) -> str:
    marked = next((name for mark, name in MARKS if start.startswith(mark)), None)
    declared = _DECLARED.search(start[:1_000].replace(b"\0", b""))
    wide = _wide(start[:4])
    if told:
        name = told
    elif marked or wide:
        name = marked or wide or ""
    elif declared:
        name = declared[1].decode().lower()
        if name.startswith(("utf-16", "utf-32", "ucs")):
            name = "utf-8"  # it was a string in a program; what was written is bytes of one each
    else:
        name = "utf-8"
    try:
        known = codecs.lookup(name)
        io.TextIOWrapper(io.BytesIO(b""), name).read()
    except (LookupError, TypeError, ValueError) as error:
        raise UnreadableFeed(f"the file declares an encoding of text that does not exist: {shown(name)}") from error
    # What calls itself Latin-1 holds the euro sign and quotes of Windows, if anything at all at those places.
    return {"utf-8": "utf-8-sig", "iso8859-1": "cp1252", "ascii": "utf-8-sig"}.get(known.name, known.name)


def _wide(start: bytes) -> str | None:
    """UTF-16 and UTF-32 without a byte order mark: the file begins with < or a blank."""
    zeros = "".join("0" if byte == 0 else "x" for byte in start)
    return {"0x0x": "utf-16-be", "x0x0": "utf-16-le", "000x": "utf-32-be", "x000": "utf-32-le"}.get(zeros)


REFUSED = {
    "html": "an HTML page",
    "Workbook": "a workbook of Excel 2003 in XML; save it as XLSX",
    "svg": "an SVG image",
    "schema": "an XML schema",
    "Envelope": "a SOAP message",
}


def _root(head: bytes) -> str:
    if _SUBSET.match(head):
        raise UnreadableFeed(
            "the file's DOCTYPE declares entities or structure of its own ([ … ]), which is not read; leave the "
            "declarations out of it"
        )
    match = _PROLOG.match(head)
    if not match:
        raise UnreadableFeed("the file begins like XML, but no element is found where its first one should stand")
    name = match["root"].decode("utf-8", "replace").rpartition(":")[2]
    if name in REFUSED:
        raise UnreadableFeed(f"this looks like {REFUSED[name]}; export the products as CSV, JSON or XML")
    return name[:100]

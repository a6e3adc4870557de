"""Decodes an XML file with the encoding that it declares, and checks the text before its root element.

This module converts the whole file to UTF-8. Therefore the parser needs only one encoding, and reads exactly the text
that was checked.
"""

import codecs
import io
import re
from collections.abc import Iterator
from html.entities import name2codepoint
from typing import BinaryIO

from wecelebrate.feeds.files.encoding import MARKS
from wecelebrate.feeds.items import UnreadableFeed, quoted
from wecelebrate.feeds.xml.other_documents import other_document

CHUNK = 64 << 10
MAX_PROLOG_LENGTH = 256 << 10

_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_MISC = rb"(?:\s++|<\?(?:(?!\?>).)*+\?>|<!--(?:(?!-->).)*+-->)*+"
_PROLOG = re.compile(
    _MISC + rb"(?P<doctype><!DOCTYPE(?:[^\[\"'<>]|\"[^\"]*+\"|'[^']*+')*+(?P<subset>\[)?>?)?" + _MISC
    + rb"<(?P<root>[^\s/>!?<]++)",
    re.DOTALL,
)  # fmt: skip
_SUBSET = re.compile(_MISC + rb"<!DOCTYPE(?:[^\[\"'<>]|\"[^\"]*+\"|'[^']*+')*+\[", re.DOTALL)
# Declarations that can be removed, because nothing in the document refers to them. Only other
# declarations can use a parameter entity. BMEcat declares the names of its own fields (USERDEFINES) in this way.
_HARMLESS_SUBSET = re.compile(
    _MISC + rb"<!DOCTYPE(?:[^\[\"'<>]|\"[^\"]*+\"|'[^']*+')*+(?P<subset>\[(?:\s++|<!--(?:(?!-->).)*+-->"
    rb"|<!ENTITY\s++%\s++[\w.:-]++\s++(?:\"[^\"%&]*+\"|'[^'%&]*+')\s*+>"
    rb"|<!(?:ELEMENT|ATTLIST|NOTATION)\s(?:[^\"'<>%&]|\"[^\"%&]*+\"|'[^'%&]*+')*+>)*+\])",
    re.DOTALL,
)  # fmt: skip
# The entities of HTML, which some exports contain. XML defines only five entities, which the parser resolves.
_ENTITY = re.compile(rb"(&(?!amp;|lt;|gt;|quot;|apos;)[A-Za-z][A-Za-z0-9]{1,7};)")
XML_NAME = re.compile(r"[\w.\u00b7-]+")
"""The characters of a local name. The parser refuses other characters, such as control characters."""
_HTML = {f"&{name};".encode(): chr(code).encode() for name, code in name2codepoint.items()}


class BrokenXml(Exception):
    """The file cannot be read beyond line number `line`. `problem` says why."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


class XmlSource:
    """A seekable XML file.

    Raises UnreadableFeed for an unknown encoding, for a DOCTYPE that declares entities, and for a file that is not XML.
    """

    def __init__(self, file: BinaryIO, encoding: str | None) -> None:
        self._file = file
        file.seek(0)
        start = file.read(CHUNK)
        self.encoding = _encoding(start, encoding)
        self._subset = (0, 0)
        head = b""
        try:
            for chunk in self.chunks():
                head += chunk
                if len(head) >= MAX_PROLOG_LENGTH:
                    break
        except BrokenXml:
            pass  # the error is reported when the rows are read
        if harmless := _HARMLESS_SUBSET.match(head):
            self._subset = harmless.span("subset")
            head = _without(head, *self._subset)
        self.head = head
        self.root = _root(head[:MAX_PROLOG_LENGTH])

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole text in chunks of UTF-8, without harmless declarations of the DOCTYPE.

        Raises BrokenXml at the first byte that is not valid.
        """
        start, end = self._subset
        position = 0
        for chunk in self._decoded_chunks():
            if position < end:
                yield _without(chunk, max(start - position, 0), min(max(end - position, 0), len(chunk)))
            else:
                yield chunk
            position += len(chunk)

    def _decoded_chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        decoder = codecs.getincrementaldecoder(self.encoding)()
        lines = 1
        rest = b""
        first = True
        while True:
            position = self._file.tell()
            block = self._file.read(CHUNK)
            invalid = False
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                text, invalid = error.object[: error.start].decode(self.encoding, "ignore"), True
            chunk = rest + text.encode("utf-8", "replace")
            if first:
                # Templates often leave blank lines above the XML declaration.
                chunk, first = chunk.lstrip("\ufeff \t\r\n\x1a".encode()), not chunk
            # If the chunk ends inside an entity, keep the start of the entity for the next chunk.
            cut = chunk.rfind(b"&", -10)
            chunk, rest = (chunk, b"") if cut < 0 or b";" in chunk[cut:] or not block else (chunk[:cut], chunk[cut:])
            if b"&" in chunk:
                parts = _ENTITY.split(chunk)
                parts[1::2] = map(_HTML.get, parts[1::2], parts[1::2])
                chunk = b"".join(parts)
            if chunk:
                lines += chunk.count(b"\n")
                yield chunk
            if invalid:
                name = self.encoding.removesuffix("-sig")
                raise BrokenXml(
                    f"a byte is not valid {name}, which is the declared or default encoding; correct the declaration",
                    lines,
                )
            if not block:
                return
            self._file.seek(position + len(block))  # the caller can have moved the file position


def _without(text: bytes, start: int, end: int) -> bytes:
    """Replace the bytes from `start` to `end` by spaces. Line ends are kept, so line numbers do not change."""
    return text[:start] + re.sub(rb"[^\n]", b" ", text[start:end]) + text[end:] if start < end else text


def _encoding(start: bytes, option: str | None) -> str:
    """Return the file's encoding. `option` overrides the byte order mark and the declaration."""
    marked = next((name for mark, name in MARKS if start.startswith(mark)), None)
    declared = _DECLARED.search(start[:1_000].replace(b"\0", b""))
    wide = _wide_encoding(start[:4])
    if option:
        name = option
    elif marked or wide:
        name = marked or wide or ""
    elif declared:
        name = declared[1].decode().lower()
        if name.startswith(("utf-16", "utf-32", "ucs")):
            name = "utf-8"  # the bytes are not UTF-16: the program that wrote the file used UTF-16 only in memory
    else:
        name = "utf-8"
    try:
        codec = codecs.lookup(name)
        io.TextIOWrapper(io.BytesIO(b""), name).read()
    except (LookupError, TypeError, ValueError) as error:
        raise UnreadableFeed(
            f"the file's encoding, {quoted(name)}, is not a text encoding; declare one such as UTF-8"
        ) from error
    # Most files that declare Latin-1 are in fact encoded in cp1252, the Windows encoding, which has more characters.
    return {"utf-8": "utf-8-sig", "iso8859-1": "cp1252", "ascii": "utf-8-sig"}.get(codec.name, codec.name)


def _wide_encoding(start: bytes) -> str | None:
    """Detect UTF-16 or UTF-32 without a byte order mark, from the zero bytes in the first character."""
    zeros = "".join("0" if byte == 0 else "x" for byte in start)
    return {"0x0x": "utf-16-be", "x0x0": "utf-16-le", "000x": "utf-32-be", "x000": "utf-32-le"}.get(zeros)


def _root(head: bytes) -> str:
    """Return the local name of the root element.

    Raises UnreadableFeed if the DOCTYPE declares entities, or if the file is not a product feed (for example HTML).
    """
    if _SUBSET.match(head):
        raise UnreadableFeed(
            "the file's DOCTYPE declares entities ([ <!ENTITY … ] ), which is not allowed; remove the declarations"
        )
    match = _PROLOG.match(head)
    if not match:
        raise UnreadableFeed("the file starts like XML, but it has no element; export the products again")
    name = match["root"].decode("utf-8", "replace").rpartition(":")[2]
    if not XML_NAME.fullmatch(name):
        raise UnreadableFeed(
            f"the file starts like XML, but {quoted(name)} is not a valid name of an element; export the products again"
        )
    if document := other_document(name, head):
        raise UnreadableFeed(f"this looks like {document}; export the products as CSV, JSON or XML")
    return name[:100]

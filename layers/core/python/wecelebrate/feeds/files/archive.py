"""Reads zip archives, which can be hostile. The directory is checked before any entry is unpacked.

An archive is refused if it contains a name that leads out of the archive, a link, overlapping entries, an encrypted
entry, or a wrong size or checksum. A compressed entry must use the method deflate. With other compression
methods, a few bytes can unpack to any size.
"""

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import IO

from wecelebrate.feeds.files.formats import BINARY
from wecelebrate.feeds.files.limits import MAX_RATIO, check_unpacked_size
from wecelebrate.feeds.items import UnreadableFeed, quoted

MAX_ENTRIES = 1_000
MAX_DIRECTORY_BYTES = 1 << 20
"""The maximum size of the directory, in bytes. The module `zipfile` reads the whole directory at once.

The directory of an archive with 1,000 entries has a tenth of this size.
"""
READABLE_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 99: "AES encryption"}

# Entries that are not data files: files of the operating system, README files and licences.
_NOT_DATA = re.compile(
    r"(.*/)?(__macosx/.*|\..*|thumbs\.db|desktop\.ini"
    r"|(read[ _-]?me|lies[ _-]?mich|lisez[ _-]?moi|license|licence|copying|notice)[^/]*?"
    r"(\.(txt|md|html?|rtf|pdf|docx?))?)",
    re.IGNORECASE | re.DOTALL,
)
_NOTE = re.compile(r"[^.]+|.*\.(?:txt|md|rtf)", re.IGNORECASE | re.DOTALL)
"""Names of text files that people read, such as notes."""
_SEPARATOR = re.compile(rb"[^;,\t|](?:[;\t|]|,(?! ))")
_DELIMITER = re.compile(rb"[;,\t|]")
MAX_PARTS = 50
"""How many CSV files with the same columns are read as one."""
MAX_FIRST_LINE = 64 << 10
_OFFICE = (
    ("xl/workbook.bin", "a binary Excel file (XLSB); save it as XLSX"),
    ("word/document.xml", "a Word document; put the products into an XLSX or CSV file"),
    ("ppt/presentation.xml", "a presentation; put the products into an XLSX or CSV file"),
    ("content.xml", "an OpenDocument file (ODS); save it as XLSX"),
    ("Index/Document.iwa", "a Numbers file; export it as XLSX or CSV"),
)

ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError, EOFError,
    OverflowError, IndexError, KeyError, OSError, lzma.LZMAError,
)  # fmt: skip
"""The exceptions that the module `zipfile` raises for invalid archives, with any compression method."""


class Archive:
    """An open zip archive. Raises UnreadableFeed if the archive is damaged or suspicious."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(BoundedFile(file, MAX_DIRECTORY_BYTES))
        except ZIP_ERRORS as error:
            raise _damaged(error) from error
        self.entries = {info.filename: info for info in self._zip.infolist()}
        if len(self._zip.infolist()) > MAX_ENTRIES:
            raise _too_many_entries()
        for info in self._zip.infolist():
            _check_entry(info)
        self._check_overlaps()
        for part, description in _OFFICE:
            if part in self.entries and ("mimetype" in self.entries or part != "content.xml"):
                raise UnreadableFeed(f"this looks like {description}")

    @property
    def is_workbook(self) -> bool:
        return "[Content_Types].xml" in self.entries and any(name.lower() == "xl/workbook.xml" for name in self.entries)

    def data_files(self) -> list[zipfile.ZipInfo]:
        """Return the only data file, or all data files if they are CSV files with the same columns and different rows.

        Raises UnreadableFeed if there is no data file, or several with different columns.
        """
        files = [info for info in self._zip.infolist() if not info.is_dir() and info.file_size]
        if not files:
            raise UnreadableFeed("the zip archive is empty")
        data = [info for info in files if not _NOT_DATA.fullmatch(info.filename)] or files
        if len(data) > 1:
            data = [info for info in data if not self._is_binary(info)] or data
        if 1 < len(data) <= MAX_PARTS:
            first_lines = {info.filename: self._first_line(info) for info in data}
            tables = [info for info in data if _SEPARATOR.search(first_lines[info.filename])]
            others = [info for info in data if info not in tables]
            if tables and all(_NOTE.fullmatch(info.filename) for info in others):
                data = tables  # a text file beside the tables is a description for people
            if len({first_lines[info.filename] for info in data}) == 1 and self._have_own_rows(data):
                return data
        if len(data) > 1:
            names = ", ".join(quoted(info.filename) for info in data[:10]) + (" …" if len(data) > 10 else "")
            raise UnreadableFeed(f"the zip archive contains {len(data)} data files ({names}); upload them one by one")
        return data

    def _have_own_rows(self, data: Sequence[zipfile.ZipInfo]) -> bool:
        """Return whether each value in the first column is in only one of the files.

        Two files with the old and the new prices of the same products would have the same values there.
        """
        seen: set[bytes] = set()
        for info in data:
            lines = self.open(info).read(MAX_FIRST_LINE).splitlines()[1:]
            keys = {_DELIMITER.split(line, maxsplit=1)[0].strip(b'" ') for line in lines if line.strip()}
            if not seen.isdisjoint(keys):
                return False
            seen |= keys
        return True

    def open_parts(self, parts: Sequence[zipfile.ZipInfo]) -> "ZipMember | JoinedMembers":
        """Open the data files as one stream. Only the first file keeps its first line."""
        return self.open(parts[0]) if len(parts) == 1 else JoinedMembers([self.open(info) for info in parts])

    def _first_line(self, info: zipfile.ZipInfo) -> bytes:
        """Return the first line.

        If the entry does not begin with a short line of a table, return the name of the entry, which is unique.
        """
        line, end, _ = self.open(info).read(MAX_FIRST_LINE).partition(b"\n")
        line = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r ")
        return line if end and b"\0" not in line and not line.startswith((b"{", b"[", b"<")) else info.filename.encode()

    def open(self, info: zipfile.ZipInfo, ratio: int = MAX_RATIO) -> "ZipMember":
        """Open the entry's content as a stream.

        Reading raises UnreadableFeed if the content is larger than `ratio` times the packed size.
        """
        try:
            return ZipMember(self._zip.open(info), info, ratio)
        except ZIP_ERRORS as error:
            raise _damaged(error) from error

    def _is_binary(self, info: zipfile.ZipInfo) -> bool:
        """Return whether the entry is a binary file such as an image or a PDF. A binary file is never the data file."""
        start = self.open(info).read(64)
        return any(start.startswith(magic) for magic, _ in BINARY)

    def _check_overlaps(self) -> None:
        """Raise UnreadableFeed if several entries use the same bytes.

        An archive of 1 MB with entries of this kind can unpack to terabytes.
        """
        spans = []
        for info in self._zip.infolist():
            self._file.seek(max(0, info.header_offset))
            header = self._file.read(30)
            if len(header) < 30 or header[:4] != b"PK\x03\x04":
                raise UnreadableFeed(
                    f"the zip archive is damaged: the entry {quoted(info.filename)} is not where the directory says; "
                    "pack it again"
                )
            name, extra = struct.unpack("<HH", header[26:30])
            spans.append((info.header_offset, info.header_offset + 30 + name + extra + info.compress_size))
        spans.append((self._zip.start_dir, self._zip.start_dir))
        spans.sort()
        if any(end > start for (_, end), (start, _) in pairwise(spans)):
            raise UnreadableFeed("the zip archive is damaged: its entries overlap; pack it again")


class ZipMember:
    """Unpacks an entry. Compares the unpacked size with the size in the directory, and with the packed size."""

    def __init__(self, stream: IO[bytes], info: zipfile.ZipInfo, ratio: int) -> None:
        self._stream, self._info, self._ratio = stream, info, ratio
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes. Raises UnreadableFeed for a damaged entry and for a zip bomb."""
        try:
            part = self._stream.read(1 << 20 if size < 0 else size)
        except ZIP_ERRORS as error:
            raise _damaged(error) from error
        self._size += len(part)
        check_unpacked_size(self._size, self._info.compress_size, "zip", self._ratio)
        if not part and size and self._size != self._info.file_size:
            raise UnreadableFeed(
                f"the zip archive is damaged: {quoted(self._info.filename)} is not as long as the directory says; "
                "pack it again"
            )
        return part


class JoinedMembers:
    """Reads several CSV files with the same columns as one file. Later files are read without their first lines."""

    def __init__(self, members: list[ZipMember]) -> None:
        self._members = members
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes. Returns less than `size` at the end of a file."""
        while self._members:
            if part := self._members[0].read(size):
                self._last = part[-1:]
                return part
            self._members.pop(0)
            if self._members:
                rest = self._members[0].read(MAX_FIRST_LINE).partition(b"\n")[2]
                part = rest if self._last == b"\n" else b"\n" + rest
                self._last = part[-1:]
                if part:
                    return part
        return b""


class BoundedFile:
    """The archive's file. Reading more than `max_bytes` at once raises UnreadableFeed.

    The module `zipfile` reads the whole directory at once. The archive itself declares the directory's size, so an
    attacker can choose this size.
    """

    def __init__(self, file: IO[bytes], max_bytes: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > self._max_bytes:
            raise _too_many_entries()
        return self._file.read(size)

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing, because the code that opened the file closes it."""


def _check_entry(info: zipfile.ZipInfo) -> None:
    """Raise UnreadableFeed for an entry that is not a regular file, or that cannot be read."""
    name = quoted(info.filename)
    parts = re.split(r"[/\\]", info.filename)
    if ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", info.filename):
        raise UnreadableFeed(f"the zip archive contains {name}, a name that leads out of the archive; pack it again")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnreadableFeed(f"the zip archive contains {name}, which is a link; pack the file itself")
    if info.flag_bits & 0x41:
        raise UnreadableFeed(f"the zip archive is encrypted ({name}); pack it without a password")
    if info.compress_type not in READABLE_METHODS:
        method = METHOD_NAMES.get(info.compress_type, f"method {info.compress_type}")
        raise UnreadableFeed(f"{name} is compressed by {method} in the zip archive; pack it with the method Deflate")


def _too_many_entries() -> UnreadableFeed:
    return UnreadableFeed(f"the zip archive has more than {MAX_ENTRIES:,} entries; upload only the data file")


def _damaged(error: Exception) -> UnreadableFeed:
    return UnreadableFeed(f"the zip archive is damaged or incomplete ({quoted(str(error), 100)}); upload it again")

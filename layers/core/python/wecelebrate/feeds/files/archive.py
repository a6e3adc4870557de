"""Finds the data files in a zip archive."""

import re
import zipfile
from collections.abc import Sequence
from typing import IO

from wecelebrate.feeds.files.formats import BINARY
from wecelebrate.feeds.files.zip_reader import ZipMember, ZipReader
from wecelebrate.feeds.items import UnreadableFeed, quoted

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
"""The maximum number of CSV files with the same columns that are read as one file."""
MAX_FIRST_LINE = 64 << 10
_OFFICE = (
    ("xl/workbook.bin", "a binary Excel file (XLSB); save it as XLSX"),
    ("word/document.xml", "a Word document; put the products into an XLSX or CSV file"),
    ("ppt/presentation.xml", "a presentation; put the products into an XLSX or CSV file"),
    ("content.xml", "an OpenDocument file that is no spreadsheet; put the products into a spreadsheet"),
    ("Index/Document.iwa", "a Numbers file; export it as XLSX or CSV"),
)

_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"


class Archive(ZipReader):
    """An open zip archive. Raises UnreadableFeed if the archive is damaged or suspicious."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.is_opendocument = self._is_opendocument()
        """Whether the archive is a spreadsheet of OpenDocument (ODS)."""
        for part, description in _OFFICE:
            if part == "content.xml" and (self.is_opendocument or "mimetype" not in self.entries):
                continue
            if part in self.entries:
                raise UnreadableFeed(f"this looks like {description}")

    def _is_opendocument(self) -> bool:
        kind = self.entries.get("mimetype")
        return kind is not None and "content.xml" in self.entries and self.open(kind).read(200).startswith(_SPREADSHEET)

    @property
    def is_workbook(self) -> bool:
        """Whether the archive is a workbook: XLSX, XLSM or ODS."""
        if self.is_opendocument:
            return True
        return "[Content_Types].xml" in self.entries and any(name.lower() == "xl/workbook.xml" for name in self.entries)

    def data_files(self) -> list[zipfile.ZipInfo]:
        """Return the only data file, or all data files if they are CSV files with the same columns and different rows.

        Raises UnreadableFeed if there is no data file, or several with different columns.
        """
        files = [info for info in self.infos if not info.is_dir() and info.file_size]
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
                data = tables  # text files beside tables are notes for people
            if len({first_lines[info.filename] for info in data}) == 1 and self._have_own_rows(data):
                return data
        if len(data) > 1:
            names = ", ".join(quoted(info.filename) for info in data[:10]) + (" …" if len(data) > 10 else "")
            raise UnreadableFeed(f"the zip archive contains {len(data)} data files ({names}); upload them one by one")
        return data

    def _have_own_rows(self, data: Sequence[zipfile.ZipInfo]) -> bool:
        """Return whether each value in the first column is in only one of the files.

        Otherwise, the files are not parts of one table. They can be the old and the new prices of the same products.
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
        """Return the first line of the entry.

        If the entry does not begin with a short line of a table, return the name of the entry, because it is unique.
        """
        line, end, _ = self.open(info).read(MAX_FIRST_LINE).partition(b"\n")
        line = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r ")
        return line if end and b"\0" not in line and not line.startswith((b"{", b"[", b"<")) else info.filename.encode()

    def _is_binary(self, info: zipfile.ZipInfo) -> bool:
        """Return whether the entry is a binary file such as an image or a PDF. A binary file is never the data file."""
        start = self.open(info).read(64)
        return any(start.startswith(magic) for magic, _ in BINARY)


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

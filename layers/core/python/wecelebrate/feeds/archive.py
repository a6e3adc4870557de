"""A zip archive that may be hostile: its directory is checked before anything is unpacked.

What is refused: names that lead elsewhere, links, overlapping entries, encryption, methods other than deflate (the
others have no bound on what a few bytes unpack to), sizes and checksums that are not true.
"""

import re
import stat
import struct
import zipfile
import zlib
from itertools import pairwise
from typing import IO

from wecelebrate.feeds.formats import BINARY
from wecelebrate.feeds.items import UnreadableFeed, shown
from wecelebrate.feeds.limits import MOST_RATIO, within

MOST_ENTRIES = 1_000
MOST_OF_DIRECTORY = 1 << 20
"""Bytes that are read at once: a directory of 1,000 entries is a tenth of it."""
READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 99: "AES encryption"}

# Entries that systems and people put beside the data.
_ASIDE = re.compile(
    r"(.*/)?(__macosx/.*|\..*|thumbs\.db|desktop\.ini"
    r"|(read[ _-]?me|lies[ _-]?mich|lisez[ _-]?moi|license|licence|copying|notice)[^/]*?"
    r"(\.(txt|md|html?|rtf|pdf|docx?))?)",
    re.IGNORECASE | re.DOTALL,
)
_OFFICE = (
    ("xl/workbook.bin", "a binary Excel file (XLSB); save it as XLSX"),
    ("word/document.xml", "a Word document; put the products into an XLSX or CSV file"),
    ("ppt/presentation.xml", "a presentation; put the products into an XLSX or CSV file"),
    ("content.xml", "an OpenDocument file (ODS); save it as XLSX"),
    ("Index/Document.iwa", "a Numbers file; export it as XLSX or CSV"),
)

_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError, EOFError,
    OverflowError, IndexError, KeyError,
)  # fmt: skip
"""What zipfile raises for archives that are none."""


class Archive:
    """Raises UnreadableFeed for an archive that is damaged, or up to something."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(_Bounded(file))
        except _BROKEN as error:
            raise _damaged(error) from error
        self.entries = {info.filename: info for info in self._zip.infolist()}
        if len(self._zip.infolist()) > MOST_ENTRIES:
            raise UnreadableFeed(f"the zip archive has more than {MOST_ENTRIES:,} entries; drop the data file alone")
        for info in self._zip.infolist():
            _honest(info)
        self._apart()
        for part, what in _OFFICE:
            if part in self.entries and ("mimetype" in self.entries or part != "content.xml"):
                raise UnreadableFeed(f"this looks like {what}")

    @property
    def is_workbook(self) -> bool:
        return "[Content_Types].xml" in self.entries and any(name.lower() == "xl/workbook.xml" for name in self.entries)

    def data_file(self) -> zipfile.ZipInfo:
        """The one entry that is data. Raises UnreadableFeed when it is not clear which."""
        files = [info for info in self._zip.infolist() if not info.is_dir() and info.file_size]
        if not files:
            raise UnreadableFeed("the zip archive is empty")
        data = [info for info in files if not _ASIDE.fullmatch(info.filename)] or files
        if len(data) > 1:
            data = [info for info in data if not self._other_kind(info)] or data
        if len(data) > 1:
            names = ", ".join(shown(info.filename) for info in data[:10]) + (" …" if len(data) > 10 else "")
            raise UnreadableFeed(f"the zip archive holds {len(data)} data files ({names}); drop them one by one")
        return data[0]

    def open(self, info: zipfile.ZipInfo, ratio: int = MOST_RATIO) -> "Member":
        """The entry's content, as a stream."""
        try:
            return Member(self._zip.open(info), info, ratio)
        except _BROKEN as error:
            raise _damaged(error) from error

    def _other_kind(self, info: zipfile.ZipInfo) -> bool:
        """Whether it is a picture, a PDF or the like: beside a feed, no feed itself."""
        start = self.open(info).read(64)
        return any(start.startswith(magic) for magic, _ in BINARY)

    def _apart(self) -> None:
        """Entries that share bytes make an archive of a megabyte unpack to terabytes."""
        spans = []
        for info in self._zip.infolist():
            self._file.seek(max(0, info.header_offset))
            header = self._file.read(30)
            if len(header) < 30 or header[:4] != b"PK\x03\x04":
                raise UnreadableFeed(
                    f"the zip archive is damaged: it has no entry where {shown(info.filename)} should be"
                )
            name, extra = struct.unpack("<HH", header[26:30])
            spans.append((info.header_offset, info.header_offset + 30 + name + extra + info.compress_size))
        spans.append((self._zip.start_dir, self._zip.start_dir))
        spans.sort()
        if any(end > start for (_, end), (start, _) in pairwise(spans)):
            raise UnreadableFeed("the zip archive is damaged: its entries overlap")


class Member:
    """An entry as it unpacks: its size against what it says, and against what it is packed in."""

    def __init__(self, stream: IO[bytes], info: zipfile.ZipInfo, ratio: int) -> None:
        self._stream, self._info, self._ratio = stream, info, ratio
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """Raises UnreadableFeed for damage and for bombs."""
        try:
            part = self._stream.read(1 << 20 if size < 0 else size)
        except _BROKEN as error:
            raise _damaged(error) from error
        self._size += len(part)
        within(self._size, self._info.compress_size, "zip", self._ratio)
        if not part and size and self._size != self._info.file_size:
            raise UnreadableFeed(f"the zip archive is damaged: {shown(self._info.filename)} is not as long as it says")
        return part


class _Bounded:
    """The archive's file. The directory is read in one piece, whose size a hostile archive may choose."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > MOST_OF_DIRECTORY:
            raise UnreadableFeed(f"the zip archive has more than {MOST_ENTRIES:,} entries; drop the data file alone")
        return self._file.read(size)

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Left to whoever opened it."""


def _honest(info: zipfile.ZipInfo) -> None:
    """Raises UnreadableFeed for an entry that is no plain file or cannot be read."""
    name = shown(info.filename)
    parts = re.split(r"[/\\]", info.filename)
    if ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", info.filename):
        raise UnreadableFeed(f"the zip archive holds {name}, a name that leads out of it; pack it again")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnreadableFeed(f"the zip archive holds {name}, which is a link and no file; pack the file itself")
    if info.flag_bits & 0x41:
        raise UnreadableFeed(f"the zip archive is encrypted ({name}); pack it without a password")
    if info.compress_type not in READABLE:
        method = METHODS.get(info.compress_type, f"method {info.compress_type}")
        raise UnreadableFeed(
            f"{name} is compressed by {method} in the zip archive; pack it with the usual method, Deflate"
        )


def _damaged(error: Exception) -> UnreadableFeed:
    return UnreadableFeed(f"the zip archive is damaged or breaks off ({shown(str(error), 100)}); transfer it again")

"""Opens zip archives, which can be hostile. Only this module reads with `zipfile`, and a test checks this rule.

The directory of an archive has a limited size, and it is checked before any entry is unpacked. An archive is refused if
it contains a path outside the archive, a link, overlapping entries, an encrypted entry, or a wrong size or checksum.

An entry must be stored, or compressed by the method deflate. It is unpacked in pieces of a limited size. For other
methods, `zipfile` unpacks without a limit, so a few bytes could fill the memory.
"""

import lzma
import re
import stat
import struct
import zipfile
import zlib
from itertools import pairwise
from typing import IO

from wecelebrate.feeds.files.limits import MAX_RATIO, check_unpacked_size
from wecelebrate.feeds.items import UnreadableFeed, quoted

MAX_ENTRIES = 1_000
MAX_DIRECTORY_BYTES = 1 << 20
"""The maximum size of the directory, in bytes. The module `zipfile` reads the whole directory at once.

The directory of an archive with 1,000 entries needs a tenth of this size.
"""
READABLE_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
METHOD_NAMES = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 99: "AES encryption"}
PIECE_BYTES = 1 << 20

_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError, EOFError,
    OverflowError, IndexError, KeyError, OSError, lzma.LZMAError,
)  # fmt: skip
"""The exceptions that the module `zipfile` raises for invalid archives."""


class ZipReader:
    """An open zip archive. Raises UnreadableFeed if the archive is damaged or suspicious."""

    def __init__(
        self, file: IO[bytes], max_entries: int = MAX_ENTRIES, max_directory_bytes: int = MAX_DIRECTORY_BYTES
    ) -> None:
        self._file = file
        try:
            self._zip = zipfile.ZipFile(BoundedFile(file, max_directory_bytes, max_entries))
        except _ZIP_ERRORS as error:
            raise _damaged(error) from error
        self.infos = self._zip.infolist()
        self.entries = {info.filename: info for info in self.infos}
        if len(self.infos) > max_entries:
            raise _too_many_entries(max_entries)
        for info in self.infos:
            _check_entry(info)
        self._check_overlaps()

    def open(self, info: zipfile.ZipInfo, ratio: int = MAX_RATIO) -> "ZipMember":
        """Open the entry's content as a stream.

        Reading raises UnreadableFeed if the content is larger than `ratio` times the packed size.
        """
        try:
            return ZipMember(self._zip.open(info), info, ratio)
        except _ZIP_ERRORS as error:
            raise _damaged(error) from error

    def _check_overlaps(self) -> None:
        """Raise UnreadableFeed if several entries use the same bytes.

        An archive of 1 MB with overlapping entries can unpack to terabytes.
        """
        spans = []
        for info in self.infos:
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
            part = self._stream.read(PIECE_BYTES if size < 0 else size)
        except _ZIP_ERRORS as error:
            raise _damaged(error) from error
        self._size += len(part)
        check_unpacked_size(self._size, self._info.compress_size, "zip", self._ratio)
        if not part and size and self._size != self._info.file_size:
            raise UnreadableFeed(
                f"the zip archive is damaged: {quoted(self._info.filename)} is not as long as the directory says; "
                "pack it again"
            )
        return part

    def read_whole(self, max_bytes: int) -> bytes | None:
        """Return the content of the entry. It returns None if the content has more than `max_bytes` bytes."""
        parts, left = [], max_bytes
        while part := self.read():
            left -= len(part)
            if left < 0:
                return None
            parts.append(part)
        return b"".join(parts)


class BoundedFile:
    """The archive's file. Reading more than `max_bytes` at once raises UnreadableFeed.

    The module `zipfile` reads the whole directory at once. The archive itself declares the directory's size, so an
    attacker can choose this size.
    """

    def __init__(self, file: IO[bytes], max_bytes: int, max_entries: int) -> None:
        self._file = file
        self._max_bytes, self._max_entries = max_bytes, max_entries
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size > self._max_bytes:
            raise _too_many_entries(self._max_entries)
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


def _too_many_entries(max_entries: int) -> UnreadableFeed:
    return UnreadableFeed(f"the zip archive has more than {max_entries:,} entries; upload only the data file")


def _damaged(error: Exception) -> UnreadableFeed:
    return UnreadableFeed(f"the zip archive is damaged or incomplete ({quoted(str(error), 100)}); upload it again")

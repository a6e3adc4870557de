"""Unpacks gzip and zip files while they are read. Sizes and names that an archive declares are not trusted.

A file can be packed twice (`prices.csv.gz` in a zip file). This module never uses a name from an archive to
create a file.
"""

import errno
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, BinaryIO, Protocol

from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.limits import check_unpacked_size
from wecelebrate.feeds.items import UnreadableFeed

CHUNK = 64 << 10
HEAD_BYTES = 64 << 10
GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
MAX_LAYERS = 2
MAX_MEMORY_BYTES = 2 << 20
"""A temporary file up to this size, in bytes, is kept in memory."""
UNCHECKED_MEMBERS = 1_000
MIN_MEMBER_BYTES = 1_000
"""The minimum average size of unpacked gzip members, in bytes. Checked after the first UNCHECKED_MEMBERS members.

A file with millions of empty members is an attack.
"""


class Readable(Protocol):
    """A stream that can be read only once."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(slots=True)
class UnpackedFile:
    """A data file, unpacked from its containers. A workbook stays packed, because a workbook itself is an archive."""

    stream: Readable
    """The content after `head`."""
    head: bytes
    name: str
    """The name of the uploaded file, or the name of the data file in the archive. It is only a hint to the format."""
    layers: tuple[str, ...] = ()
    """The names of the containers (gzip, zip). The outermost container is the first."""
    workbook: Archive | None = None
    files: list[IO[bytes]] = field(default_factory=list)
    """The temporary files that `stream` reads from."""
    _gzip: "list[GzipStream]" = field(default_factory=list)
    _limited: "_LimitedStream | None" = None

    @property
    def truncated(self) -> bool:
        """Whether a gzip layer is incomplete, or `limit` has cut the file."""
        return any(layer.truncated for layer in self._gzip) or (self._limited is not None and self._limited.truncated)

    def limit(self, size: int) -> None:
        """Read at most `size` bytes after the head."""
        self.stream = self._limited = _LimitedStream(self.stream, size)

    def close(self) -> None:
        for file in self.files:
            file.close()


def unpack(stream: BinaryIO, name: str) -> UnpackedFile:
    """Find the data file in a stream that can be read only once. Raises UnreadableFeed if unpacking fails."""
    counting = _CountingStream(stream)
    unpacked = UnpackedFile(counting, b"", name)
    packed_bytes: Callable[[], int] = lambda: counting.bytes_read  # noqa: E731  (replaced below)
    try:
        while True:
            unpacked.head = _read_head(unpacked.stream)
            if unpacked.head.startswith(GZIP):
                _check_layers(unpacked.layers)
                layer = GzipStream(unpacked.head, unpacked.stream, packed_bytes)
                unpacked._gzip.append(layer)
                unpacked.stream = layer
                unpacked.layers += ("gzip",)
                unpacked.name = unpacked.name[:-3] if unpacked.name.lower().endswith(".gz") else unpacked.name
            elif unpacked.head.startswith(ZIP):
                archive = Archive(_spool(unpacked))
                if archive.is_workbook:
                    unpacked.workbook = archive
                    return unpacked
                if "zip" in unpacked.layers:
                    raise UnreadableFeed("the zip archive contains another zip archive; upload the inner archive")
                _check_layers(unpacked.layers)
                parts = archive.data_files()
                unpacked.stream, unpacked.name = archive.open_parts(parts), parts[0].filename
                size_of_parts = sum(part.compress_size for part in parts)
                packed_bytes = lambda size=size_of_parts: size  # type: ignore[misc]  # noqa: E731
                unpacked.layers += ("zip",)
            elif not unpacked.head and unpacked.truncated:
                raise UnreadableFeed("the gzip file is incomplete: it ends before its content starts; upload it again")
            else:
                return unpacked
    except BaseException:
        unpacked.close()
        raise


def _check_layers(layers: tuple[str, ...]) -> None:
    if len(layers) >= MAX_LAYERS:
        raise UnreadableFeed(f"the file is packed more than {MAX_LAYERS} times; unpack it and upload the file inside")


def _read_head(stream: Readable) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (chunk := stream.read(HEAD_BYTES - len(head))):
        head += chunk
    return head


def _spool(unpacked: UnpackedFile) -> IO[bytes]:
    """Copy the stream to a temporary file, because the directory of an archive is at the archive's end."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115  (outlives this call)
    unpacked.files.append(file)
    chunk = unpacked.head
    with report_full_disk():
        while chunk:
            file.write(chunk)
            chunk = unpacked.stream.read(1 << 20)
    return file


@contextmanager
def report_full_disk() -> Iterator[None]:
    """Raise UnreadableFeed if the disk has no space for the file."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise UnreadableFeed(
                "the file does not fit on the worker's disk; split it into smaller files and upload them one by one"
            ) from error
        raise


class _CountingStream:
    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.bytes_read += len(chunk)
        return chunk


class _LimitedStream:
    def __init__(self, stream: Readable, size: int) -> None:
        self._stream, self._remaining = stream, size
        self.truncated = False

    def read(self, size: int = -1) -> bytes:
        limit = min(self._remaining, size) if size >= 0 else self._remaining
        chunk = self._stream.read(limit) if self._remaining else b""
        self._remaining -= len(chunk)
        self.truncated = not self._remaining
        return chunk


class GzipStream:
    """Unpacks gzip members. The stream ends early if a member is incomplete. Damaged data raises UnreadableFeed.

    `packed_bytes` returns the number of packed bytes read so far.
    """

    def __init__(self, head: bytes, stream: Readable, packed_bytes: Callable[[], int]) -> None:
        self._stream, self._packed_bytes = stream, packed_bytes
        self._input = head
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1
        self._size = 0
        self.truncated = False

    def read(self, size: int = -1) -> bytes:
        size = CHUNK if size < 0 else size
        try:
            while self._has_more():
                data = self._input or self._stream.read(CHUNK)
                part = self._member.decompress(data, size)
                self._input = self._member.unconsumed_tail
                self._size += len(part)
                if part:
                    check_unpacked_size(self._size, self._packed_bytes(), "gzip")
                    return part
                if not data and not self._member.eof:
                    self.truncated = True
                    return b""
        except zlib.error as error:
            raise UnreadableFeed(f"the gzip file is damaged ({error}); upload it again, in binary mode") from error
        return b""

    def _has_more(self) -> bool:
        """Return whether this gzip member or another member has more data. Zero bytes between members are skipped."""
        if not self._member.eof:
            return True
        rest = self._member.unused_data or self._input
        while not (rest := rest.lstrip(b"\0")):
            if not (rest := self._stream.read(CHUNK)):
                return False
        if len(rest) == 1:
            rest += self._stream.read(1)
        if not rest.startswith(GZIP):
            raise UnreadableFeed("the gzip file is damaged: other data follows its end; pack it again")
        self._members += 1
        if self._members > UNCHECKED_MEMBERS + self._size // MIN_MEMBER_BYTES:
            raise UnreadableFeed("the gzip file consists of thousands of tiny members; pack it again as one member")
        self._member, self._input = zlib.decompressobj(wbits=31), rest
        return True

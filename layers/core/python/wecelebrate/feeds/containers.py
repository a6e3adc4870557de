"""What a file comes in: gzip and zip, unpacked while they are read. Nothing that an archive says of itself is trusted.

A file may be wrapped twice (`prices.csv.gz` in a zip). Nothing is ever written under a name from an archive.
"""

import errno
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, BinaryIO, Protocol

from wecelebrate.feeds.archive import Archive
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.limits import within

CHUNK = 64 << 10
SAMPLE = 64 << 10
GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
MOST_LAYERS = 2
KEPT_IN_MEMORY = 2 << 20
FREE_MEMBERS = 1_000
LEAST_OF_A_MEMBER = 1_000
"""Bytes that gzip members unpack to on average, once there are many: millions of empty ones are an attack."""


class Readable(Protocol):
    """A stream that can be read once."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(slots=True)
class Unpacked:
    """A file out of its containers. A workbook, which is an archive itself, stays packed."""

    stream: Readable
    """Its bytes behind `head`."""
    head: bytes
    name: str
    """No more than a hint: the file's own, or the one that its archive gives it."""
    layers: tuple[str, ...] = ()
    """What it came in, the outermost first: gzip, zip."""
    workbook: Archive | None = None
    files: list[IO[bytes]] = field(default_factory=list)
    """Temporary files that this one is read from."""
    _gzip: "list[Gunzipped]" = field(default_factory=list)
    _cut: "_Cut | None" = None

    @property
    def broke_off(self) -> bool:
        """Whether the stream ended before its gzip did, or before the file did."""
        return any(layer.broke_off for layer in self._gzip) or (self._cut is not None and self._cut.broke_off)

    def cut_at(self, size: int) -> None:
        """Read no more than so many bytes behind the head."""
        self.stream = self._cut = _Cut(self.stream, size)

    def close(self) -> None:
        for file in self.files:
            file.close()


def unpack(stream: BinaryIO, name: str) -> Unpacked:
    """The data file in a stream that can be read once. Raises UnreadableFeed for what cannot be unpacked."""
    counted = _Counted(stream)
    found = Unpacked(counted, b"", name)
    packed: Callable[[], int] = lambda: counted.read_so_far  # noqa: E731  (it is replaced below)
    try:
        while True:
            found.head = _head(found.stream)
            if found.head.startswith(GZIP):
                _may_unpack(found.layers)
                layer = Gunzipped(found.head, found.stream, packed)
                found._gzip.append(layer)
                found.stream = layer
                found.layers += ("gzip",)
                found.name = found.name[:-3] if found.name.lower().endswith(".gz") else found.name
            elif found.head.startswith(ZIP):
                archive = Archive(_kept(found))
                if archive.is_workbook:
                    found.workbook = archive
                    return found
                if "zip" in found.layers:
                    raise UnreadableFeed("the archive holds another zip archive; drop the file that is in there")
                _may_unpack(found.layers)
                member = archive.data_file()
                found.stream, found.name = archive.open(member), member.filename
                packed = lambda size=member.compress_size: size  # type: ignore[misc]  # noqa: E731
                found.layers += ("zip",)
            elif not found.head and found.broke_off:
                raise UnreadableFeed("the gzip file breaks off before anything of what is in it; transfer it again")
            else:
                return found
    except BaseException:
        found.close()
        raise


def _may_unpack(layers: tuple[str, ...]) -> None:
    if len(layers) >= MOST_LAYERS:
        raise UnreadableFeed(f"the file is packed more than {MOST_LAYERS} times; unpack it and drop the file inside")


def _head(stream: Readable) -> bytes:
    head = b""
    while len(head) < SAMPLE and (chunk := stream.read(SAMPLE - len(head))):
        head += chunk
    return head


def _kept(found: Unpacked) -> IO[bytes]:
    """The rest of the stream in a temporary file: an archive's directory stands at its end."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115  (outlives this call)
    found.files.append(file)
    chunk = found.head
    with room():
        while chunk:
            file.write(chunk)
            chunk = found.stream.read(1 << 20)
    return file


@contextmanager
def room() -> Iterator[None]:
    """Say it when the disk is too small for the file."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise UnreadableFeed(
                "the file does not fit on the worker's disk; split it into smaller files and drop them one by one"
            ) from error
        raise


class _Counted:
    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.read_so_far = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.read_so_far += len(chunk)
        return chunk


class _Cut:
    def __init__(self, stream: Readable, size: int) -> None:
        self._stream, self._left = stream, size
        self.broke_off = False

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(min(self._left, size) if size >= 0 else self._left) if self._left else b""
        self._left -= len(chunk)
        self.broke_off = not self._left
        return chunk


class Gunzipped:
    """Reads what gzip members unpack to. One that breaks off ends the stream early; damage raises UnreadableFeed.

    `packed` tells how many bytes of the file it came from so far.
    """

    def __init__(self, head: bytes, stream: Readable, packed: Callable[[], int]) -> None:
        self._stream, self._packed = stream, packed
        self._input = head
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1
        self._size = 0
        self.broke_off = False

    def read(self, size: int = -1) -> bytes:
        size = CHUNK if size < 0 else size
        try:
            while self._goes_on():
                data = self._input or self._stream.read(CHUNK)
                part = self._member.decompress(data, size)
                self._input = self._member.unconsumed_tail
                self._size += len(part)
                if part:
                    within(self._size, self._packed(), "gzip")
                    return part
                if not data and not self._member.eof:
                    self.broke_off = True
                    return b""
        except zlib.error as error:
            raise UnreadableFeed(f"the gzip file is damaged ({error}); transfer it again in binary mode") from error
        return b""

    def _goes_on(self) -> bool:
        """Whether more is to come: of this member, or of a next one behind it and its padding."""
        if not self._member.eof:
            return True
        rest = self._member.unused_data or self._input
        while not (rest := rest.lstrip(b"\0")):
            if not (rest := self._stream.read(CHUNK)):
                return False
        if len(rest) == 1:
            rest += self._stream.read(1)
        if not rest.startswith(GZIP):
            raise UnreadableFeed("the gzip file is damaged: something else follows its end; pack it again")
        self._members += 1
        if self._members > FREE_MEMBERS + self._size // LEAST_OF_A_MEMBER:
            raise UnreadableFeed("the gzip file is made of thousands of tiny pieces; pack it again in one")
        self._member, self._input = zlib.decompressobj(wbits=31), rest
        return True

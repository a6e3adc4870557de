"""Repairs a UTF-8 file that a program has read in another encoding and saved in UTF-8 again.

Such a file contains `KÃ¼che` instead of `Küche`. The file is repaired only if the double encoding is certain. Each
sequence of non-ASCII characters must become valid UTF-8 when it is written in the other encoding. Words of real
languages do not become valid UTF-8, because the bytes of UTF-8 look like letters with symbols in other encodings.
"""

import io
import re
import tempfile
from collections.abc import Iterator
from typing import IO

from wecelebrate.feeds.files.containers import MAX_MEMORY_BYTES, report_full_disk

CODECS = ("cp1252", "cp850", "mac_roman")
"""The encodings in which programs read UTF-8 by mistake."""
BLOCK = 1 << 20
MAX_RUN = 4_096
"""A sequence of non-ASCII characters that is longer than this can be divided at the end of a block."""
_RUN = re.compile(r"[^\x00-\x7f]+")
_CONTROL = range(0x80, 0xA0)
"""Bytes that are control characters in Latin-1. In cp1252, only five of these bytes are control characters."""


def repair(file: IO[bytes]) -> IO[bytes] | None:
    """Return a copy of the file with the original characters, or None if the file was encoded only once."""
    codec = next((codec for codec in CODECS if _is_double(file, codec)), None)
    if codec is None:
        return None
    copy: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_MEMORY_BYTES)  # noqa: SIM115  (outlives this call)
    try:
        with report_full_disk():
            for block in _blocks(file):
                copy.write(_RUN.sub(lambda run: _bytes(run[0], codec).decode(), block).encode())
    except BaseException:
        copy.close()
        raise
    return copy


def _is_double(file: IO[bytes], codec: str) -> bool:
    """Return whether the whole file is encoded twice. Reading stops at the first character that contradicts this."""
    has_runs = False
    for block in _blocks(file):
        for run in _RUN.finditer(block):
            try:
                _bytes(run[0], codec).decode()
            except UnicodeError:
                return False
            has_runs = True
    return has_runs


def _bytes(text: str, codec: str) -> bytes:
    """Return the original bytes, which the program has read as this text. Raises UnicodeEncodeError."""
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return b"".join(bytes([ord(char)]) if ord(char) in _CONTROL else char.encode(codec) for char in text)


def _blocks(file: IO[bytes]) -> Iterator[str]:
    """Yield the text in blocks. A block ends with an ASCII character, so that no sequence of other characters is
    divided.

    A byte order mark is skipped.
    """
    file.seek(0)
    reader = io.TextIOWrapper(io.BufferedReader(_Borrowed(file)), "utf-8-sig", newline="")
    rest = ""
    while block := reader.read(BLOCK):
        block = rest + block
        end = max(
            (at for at in range(len(block), max(0, len(block) - MAX_RUN), -1) if block[at - 1].isascii()), default=0
        )
        if not end and len(block) > BLOCK + MAX_RUN:  # a long sequence of non-ASCII characters
            end = len(block)
        rest = block[end:]
        yield block[:end]
    yield rest


class _Borrowed(io.RawIOBase):
    """Reads a file, but does not close it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

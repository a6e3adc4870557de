"""Creates randomly damaged files for tests."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Iterator

from tests.core.feeds.workbooks import zipped

PACK_INTERVAL = 4
"""In every group of PACK_INTERVAL mutations, one mutation compresses the file and damages the compressed file."""
PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda content: gzip.compress(content, mtime=0),
    lambda content: zipped({"feed": content}),
    lambda content: content,
)
SPECIAL_BYTES = [
    b'"', b"'", b"\0", b"\xff", b"\xc3", b"\r", b"\n", b"\x1a", b",", b";", b"\t", b"\\", b"{", b"]",
    b"\xef\xbb\xbf", b'"\n', b'""', b"\\ud800", b"1e999", b"-", b"NaN", b"\xe2\x80\xa8", b"9" * 500,
    b'"' * 7, b";" * 50, b"\n\n\n",
]  # fmt: skip
ENCODINGS = ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1251", "gb18030"]


def mutations(content: bytes, seed: str, count: int) -> Iterator[bytes]:
    """Yield `count` damaged versions of a file. Two calls with the same seed yield the same versions."""
    generator = random.Random(seed)
    is_workbook = content.startswith(b"PK")
    for number in range(count):
        if is_workbook and number % PACK_INTERVAL:
            yield mutated_workbook(content, generator)
        elif number % PACK_INTERVAL == 0:
            yield mutated(generator.choice(PACKERS)(content), generator)
        else:
            yield mutated(content, generator)


def mutated_workbook(content: bytes, generator: random.Random) -> bytes:
    """Return the workbook with one damaged XML part. The parser reads the damaged part, because all checksums are
    valid.
    """
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    name = generator.choice([name for name in parts if name.startswith("xl/")])
    parts[name] = mutated(parts[name], generator)
    return zipped(parts)


def mutated(content: bytes, generator: random.Random) -> bytes:
    """Return the content with one to five random changes."""
    changes = [_flip_bit, _flip_bit, _cut, _truncate, _repeat, _move, _insert, _insert, _recode]
    for _ in range(generator.randrange(1, 6)):
        content = generator.choice(changes)(content, generator)
    return content


def _piece(data: bytes, generator: random.Random) -> tuple[int, int]:
    start = generator.randrange(len(data) + 1)
    return start, min(len(data), start + generator.randrange(1, 400))


def _flip_bit(data: bytes, generator: random.Random) -> bytes:
    if not data:
        return data
    at = generator.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << generator.randrange(8))]) + data[at + 1 :]


def _cut(data: bytes, generator: random.Random) -> bytes:
    start, end = _piece(data, generator)
    return data[:start] + data[end:]


def _truncate(data: bytes, generator: random.Random) -> bytes:
    return data[: generator.randrange(len(data) + 1)]


def _repeat(data: bytes, generator: random.Random) -> bytes:
    start, end = _piece(data, generator)
    return data[:end] + data[start:end] * generator.randrange(1, 4) + data[end:]


def _move(data: bytes, generator: random.Random) -> bytes:
    start, end = _piece(data, generator)
    rest = data[:start] + data[end:]
    at = generator.randrange(len(rest) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def _insert(data: bytes, generator: random.Random) -> bytes:
    at = generator.randrange(len(data) + 1)
    return data[:at] + generator.choice(SPECIAL_BYTES) + data[at:]


def _recode(data: bytes, generator: random.Random) -> bytes:
    text = data.decode("utf-8", "ignore")
    return text.encode(generator.choice(ENCODINGS), "replace")

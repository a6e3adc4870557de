"""Reads the shared strings of a workbook.

The strings are kept in a temporary file. Parsing stops after the last string that the sheet uses.
"""

import json
import tempfile
from array import array
from collections.abc import Iterator
from functools import lru_cache

from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.xlsx.cells import unescaped
from wecelebrate.feeds.xlsx.parts import MAX_DEPTH, MAX_NAMES, Attributes, bad_structure, parse_part

MAX_TEXT_LENGTH = 32_767
"""The maximum number of characters in a cell. Excel has the same limit."""
BLOCK_SIZE = 64
"""The number of strings that are written and read together, as a block."""
CACHE_CHARACTERS = 8 << 20
"""The approximate number of characters in the blocks that are cached in memory."""


class SharedStrings:
    """The shared strings. `strings[n]` is the string with the number n, or None if this string is too long.

    Raises IndexError if there is no string with the number n.
    """

    def __init__(self, archive: Archive, part: str | None) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (closed with this object)
        self._starts = array("Q", [0])
        self._size = 0
        self._largest_block = 1
        self._last_block: list[str | None] = []
        self._parsing = self._parse(archive, part) if part else iter(())
        self._cached_block = lru_cache(maxsize=512)(self._load)

    def __getitem__(self, number: int) -> str | None:
        block = number // BLOCK_SIZE
        while block >= len(self._starts) - 1:
            if next(self._parsing, self) is self:
                return self._last_block[number - (len(self._starts) - 1) * BLOCK_SIZE]
        return self._cached_block(block)[number % BLOCK_SIZE]

    def close(self) -> None:
        self._file.close()

    def _load(self, block: int) -> list[str | None]:
        self._file.seek(self._starts[block])
        loaded: list[str | None] = json.loads(self._file.read(self._starts[block + 1] - self._starts[block]))
        return loaded

    def _write_block(self) -> None:
        """Write a full block to the file. If this block is much larger than earlier blocks, cache fewer blocks."""
        content = json.dumps(self._last_block).encode()
        self._file.seek(self._size)
        self._file.write(content)
        self._size += len(content)
        self._starts.append(self._size)
        self._last_block = []
        if len(content) > 2 * self._largest_block:
            self._largest_block = len(content)
            cached_blocks = max(4, min(512, CACHE_CHARACTERS // len(content)))
            self._cached_block = lru_cache(maxsize=cached_blocks)(self._load)

    def _parse(self, archive: Archive, part: str) -> Iterator[None]:
        pieces: list[str] = []
        other_names: set[str] = set()
        size = phonetic_depth = depth = 0
        in_text = False

        def start(name: str, _: Attributes) -> None:
            nonlocal in_text, size, phonetic_depth, depth
            if name == "t":
                in_text = not phonetic_depth
            elif name == "si":
                pieces.clear()
                size = 0
            elif name == "rPh":  # a pronunciation aid, which is not part of the text
                phonetic_depth += 1
            else:
                other_names.add(name)
            depth += 1
            if depth > MAX_DEPTH or len(other_names) > MAX_NAMES:
                raise bad_structure(part)

        def text(data: str) -> None:
            nonlocal size
            if in_text:
                size += len(data)
                if size <= MAX_TEXT_LENGTH:
                    pieces.append(data)

        def end(name: str) -> None:
            nonlocal in_text, phonetic_depth, depth
            depth -= 1
            if name == "t":
                in_text = False
            elif name == "si":
                self._last_block.append(unescaped("".join(pieces)) if size <= MAX_TEXT_LENGTH else None)
                if len(self._last_block) == BLOCK_SIZE:
                    self._write_block()
            elif name == "rPh":
                phonetic_depth -= 1

        yield from parse_part(archive, part, start, end, text, bounded=True)

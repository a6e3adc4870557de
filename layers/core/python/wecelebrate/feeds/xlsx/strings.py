"""Shared strings: the texts of a workbook, kept on disk and read no further than the sheet asks for."""

import json
import tempfile
from array import array
from collections.abc import Iterator
from functools import lru_cache

from wecelebrate.feeds.archive import Archive
from wecelebrate.feeds.xlsx.cells import unescaped
from wecelebrate.feeds.xlsx.parts import DEEPEST, MOST_NAMES, Attributes, events, no_sheet

LONGEST = 32_767
"""Characters of a cell: Excel holds no more."""
BLOCK = 64
"""Strings that are kept, and read again, together."""
CACHED = 8 << 20
"""Characters of blocks that are held in memory, about."""


class SharedStrings:
    """`strings[n]` is the text; None for one that is too long. IndexError for one that is not there."""

    def __init__(self, archive: Archive, part: str | None) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (goes with this object)
        self._starts = array("Q", [0])
        self._size = 0
        self._longest = 1
        self._last: list[str | None] = []
        self._more = self._read(archive, part) if part else iter(())
        self._cached = lru_cache(maxsize=512)(self._load)

    def __getitem__(self, number: int) -> str | None:
        block = number // BLOCK
        while block >= len(self._starts) - 1:
            if next(self._more, self) is self:
                return self._last[number - (len(self._starts) - 1) * BLOCK]
        return self._cached(block)[number % BLOCK]

    def close(self) -> None:
        self._file.close()

    def _load(self, block: int) -> list[str | None]:
        self._file.seek(self._starts[block])
        loaded: list[str | None] = json.loads(self._file.read(self._starts[block + 1] - self._starts[block]))
        return loaded

    def _keep(self) -> None:
        """A full block to the file. The cache holds as many as the largest of them allows."""
        content = json.dumps(self._last).encode()
        self._file.seek(self._size)
        self._file.write(content)
        self._size += len(content)
        self._starts.append(self._size)
        self._last = []
        if len(content) > 2 * self._longest:
            self._longest = len(content)
            self._cached = lru_cache(maxsize=max(4, min(512, CACHED // len(content))))(self._load)

    def _read(self, archive: Archive, part: str) -> Iterator[None]:
        pieces: list[str] = []
        others: set[str] = set()
        size = spoken = around = 0
        inside = False

        def start(name: str, _: Attributes) -> None:
            nonlocal inside, size, spoken, around
            if name == "t":
                inside = not spoken
            elif name == "si":
                pieces.clear()
                size = 0
            elif name == "rPh":  # how a text is spoken, beside the text
                spoken += 1
            else:
                others.add(name)
            around += 1
            if around > DEEPEST or len(others) > MOST_NAMES:
                raise no_sheet(part)

        def text(data: str) -> None:
            nonlocal size
            if inside:
                size += len(data)
                if size <= LONGEST:
                    pieces.append(data)

        def end(name: str) -> None:
            nonlocal inside, spoken, around
            around -= 1
            if name == "t":
                inside = False
            elif name == "si":
                self._last.append(unescaped("".join(pieces)) if size <= LONGEST else None)
                if len(self._last) == BLOCK:
                    self._keep()
            elif name == "rPh":
                spoken -= 1

        yield from events(archive, part, start, end, text, bounded=True)

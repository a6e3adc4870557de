"""Divides printed lists with aligned rows whose header or pages are too irregular for `fixed_width`.

    Shop of Ann Ray                 Page 1
    Item no.  Description      Cost  Price Stock         the names are divided by one space
    =============================================        one line below all columns
    00210     Bridle, black   7,415 14,900     6
    Shop of Ann Ray                 Page 2               the head of each page is repeated

The columns are divided at places where all rows have two spaces or more. The header, the lines between pages and the
lines of dashes are ignored. In lists of Japan, China and Korea, a character is as wide as two letters.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wecelebrate.feeds.files.fixed_width import HEADER_SEARCH_LINES, MIN_COLUMNS, MIN_KNOWN, SEPARATOR

MAX_LINES = 200
MAX_LINE_LENGTH = 2_000
MIN_GAP = 2
MIN_ROWS = 2
MAX_FOOTER = 6
"""The maximum number of lines below the last line of dashes that are read as a footer."""
MOST = 0.8
_FILLER = "\x1e"
"""This character is added after each wide character, so that the position of a character is its column on paper."""
_RULE = re.compile(r"[-=_+|\s\u2500\u2550]+")
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r" {2,}")


@dataclass(frozen=True, slots=True)
class AlignedRows:
    """The layout of a printed list. Like `fixed_width.Layout`, it divides lines into cells."""

    gaps: tuple[tuple[int, int], ...]
    is_wide: bool
    page_heads: frozenset[str]
    """The lines above the header, without digits. They are repeated on each page."""

    def divided(self, line: str) -> str:
        text = line.rstrip("\r\n")
        end = line[len(text) :] or "\n"
        if _RULE.fullmatch(text[:MAX_LINE_LENGTH]) or _without_digits(text) in self.page_heads:
            return end
        return SEPARATOR.join(self.cells(text)) + end

    def cells(self, text: str) -> list[str]:
        text = _on_paper(text) if self.is_wide else text
        cells, start = [], 0
        for first, last in self.gaps:
            at = text.find(" ", first, last) if first < len(text) else len(text)
            if at < 0:  # a word is in two columns: divide the line at the last space before the gap
                at = text.rfind(" ", start, first)
                at = last if at < 0 else at
            cells.append(text[start:at])
            start = at
        cells.append(text[start:])
        return [cell.replace(_FILLER, "").strip() for cell in cells]


def detect(lines: Sequence[str], count_known: Callable[[Sequence[str]], int]) -> AlignedRows | None:
    """Return the layout whose header has the most known names, or None if the lines are not a printed list."""
    texts = [line.rstrip() for line in lines[:MAX_LINES] if len(line) <= MAX_LINE_LENGTH and "\t" not in line]
    best: tuple[int, AlignedRows] | None = None
    for is_wide in (False, True) if not all(map(str.isascii, texts)) else (False,):
        for at, header in enumerate(texts[:HEADER_SEARCH_LINES]):
            if not _SPACES.search(header.strip()) or any(map(str.isdigit, header)):
                continue
            layout = _layout(texts, at, is_wide=is_wide)
            count = count_known(layout.cells(header)) if layout else 0
            if layout and count >= MIN_KNOWN and (best is None or count > best[0]):
                best = count, layout
    return best[1] if best else None


def _layout(texts: Sequence[str], header: int, *, is_wide: bool) -> AlignedRows | None:
    heads = frozenset(filter(None, map(_without_digits, texts[:header])))
    rows = [
        text for text in texts[header + 1 : _end_of_rows(texts, header)]
        if text.strip() and text != texts[header] and not _RULE.fullmatch(text) and _without_digits(text) not in heads
        and _SPACES.search(text.strip())
    ]  # fmt: skip
    if len(rows) < MIN_ROWS:
        return None
    gaps = _common_gaps([_on_paper(row) if is_wide else row for row in rows])
    return AlignedRows(gaps, is_wide, heads) if len(gaps) + 1 >= MIN_COLUMNS else None


def _end_of_rows(texts: Sequence[str], header: int) -> int:
    """Return the number of the last line of dashes if totals and legends follow it, otherwise the number of lines."""
    rules = [at for at in range(header + 1, len(texts)) if texts[at].strip() and _RULE.fullmatch(texts[at])]
    is_below_rows = len(rules) > 1 and rules[-1] - rules[-2] > MIN_ROWS
    return rules[-1] if is_below_rows and len(texts) - rules[-1] <= MAX_FOOTER else len(texts)


def _common_gaps(rows: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return the gaps between columns: the places where all rows have two spaces or more.

    A gap can also be between two digits.
    """
    width = max(map(len, rows))
    filled = [any(at < len(row) and row[at] != " " for row in rows) for at in range(width)]
    gaps, start = [], 0
    for at in range(1, width):
        if filled[at - 1] and not filled[at]:
            start = at
        elif filled[at] and not filled[at - 1] and start and at - start >= MIN_GAP:
            gaps.append((start, at))
    return tuple(gaps)


def _on_paper(text: str) -> str:
    if text.isascii():
        return text
    return "".join(char + _FILLER if unicodedata.east_asian_width(char) in "WF" else char for char in text)


def _without_digits(text: str) -> str:
    return " ".join(_DIGITS.sub("", text[:MAX_LINE_LENGTH]).split())

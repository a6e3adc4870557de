"""Divides the lines of a file whose columns are aligned with spaces, as in printed lists and exports of mainframes.

    ART-NR   BEZEICHNUNG          PREIS   BESTAND
    -------  ------------------  ------  --------
    0004711  KAFFEEBECHER WEISS    9,90        12

The header can have several lines directly above the line of dashes. These lines are joined, even if a printed list
repeats them on each page:

    ITEM     DESCRIPTION          RETAIL     COST
                                 INC VAT   EX VAT
    -------  ------------------  -------  -------

The line of dashes shows the columns. Without a line of dashes, the columns are divided at the places where the header
and all lines below it have two spaces or more. A cell can be longer than its column, because a word is never divided.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

SEPARATOR = "\x1f"
"""The character that `divided` writes between the cells of a line. No text file that people read contains it."""
MIN_COLUMNS = 3
MIN_KNOWN = 2
"""The minimum number of known names in the header."""
MIN_GAP = 2
MAX_LINES = 100
MAX_HEADING = 4
"""The maximum number of lines of a header."""
HEADER_SEARCH_LINES = 20
MAX_LINE_LENGTH = 2_000
_RULE = re.compile(r"\s*[-=_]{2,}(?:[ +|]+[-=_]{2,}){2,}\s*")
_SPACES = re.compile(r"\s{2,}")
_DASHES = re.compile(r"[-=_]+")


@dataclass(frozen=True, slots=True)
class Layout:
    gaps: tuple[tuple[int, int], ...]
    """The start and the end of the spaces between two columns."""
    heading: tuple[str, ...] = ()
    """The lines of a header that has several lines. The first line is read as the joined names, and the other lines are
    read as blank lines."""

    def divided(self, line: str) -> str:
        """Return the line with a separator between its cells.

        If a word extends over two columns, the line is divided at two spaces or more.
        """
        text = line.rstrip("\r\n")
        end = line[len(text) :]
        if self.heading and text.rstrip() in self.heading:
            return (self._joined_heading() if text.rstrip() == self.heading[0] else "") + (end or "\n")
        return SEPARATOR.join(self._cells(text)) + (end or "\n")

    def has_names(self, text: str) -> bool:
        """Return whether a line above the dashes can be a part of the header: no digit, and no word in two columns."""
        is_cut = any(len(text) > last and " " not in text[first:last] for first, last in self.gaps)
        return not is_cut and not any(map(str.isdigit, text))

    def _joined_heading(self) -> str:
        """Return the header as one line. The names of a column in several lines are joined, as in `RETAIL INC VAT`."""
        return SEPARATOR.join(
            " ".join(filter(None, names)) for names in zip(*map(self._cut, self.heading), strict=True)
        )

    def _cut(self, text: str) -> list[str]:
        """Return the cells of a line, cut in the middle of each gap, because a name can be wider than its column."""
        starts = [0, *((first + last) // 2 for first, last in self.gaps), len(text)]
        return [text[start:end].strip() for start, end in pairwise(starts)]

    def _cells(self, text: str) -> list[str]:
        cells, start = [], 0
        for first, last in self.gaps:
            if first >= len(text):
                at = len(text)
            else:
                at = text.find(" ", first, last)
                if at < 0 and last < len(text):
                    return _SPACES.split(text.strip())
                at = len(text) if at < 0 else at
            cells.append(text[start:at].strip())
            start = at
        cells.append(text[start:].strip())
        return cells


def detect(lines: Sequence[str], count_known: Callable[[Sequence[str]], int]) -> Layout | None:
    """Return the layout of the columns, or None if the lines have no header with known names in aligned columns."""
    texts = [line.rstrip() for line in islice(lines, MAX_LINES) if len(line) <= MAX_LINE_LENGTH and "\t" not in line]
    rule = next((at for at, text in enumerate(texts[:HEADER_SEARCH_LINES]) if at and _RULE.fullmatch(text)), None)
    if rule is not None:
        spans = [(match.start(), match.end()) for match in _DASHES.finditer(texts[rule])]
        layout = Layout(tuple((end, start + 1) for (_, end), (start, _) in pairwise(spans)))
        header = _header(texts[:rule], count_known)
        if header is None or not _is_header(layout, texts[header], count_known):
            return None
        return _with_heading(layout, texts, rule)
    header = _header(texts[:HEADER_SEARCH_LINES], count_known)
    if header is None:
        return None
    aligned = [text for text in texts[header:] if "  " in text.strip()]
    layout = Layout(_common_gaps(aligned))
    return layout if len(aligned) > 1 and _is_header(layout, texts[header], count_known) else None


def _with_heading(layout: Layout, texts: Sequence[str], rule: int) -> Layout:
    """Return the layout with all lines of the header, if several lines are between a blank line and the dashes.

    If the first of these lines contains a digit, or a word in two columns, it is a title and not a part of the header.
    """
    first = rule
    while first > 0 and rule - first < MAX_HEADING and texts[first - 1].strip():
        first -= 1
    lines = texts[first:rule]
    while len(lines) > 1 and not layout.has_names(lines[0]):
        lines = lines[1:]
    if len(lines) < 2 or len(set(lines)) < len(lines) or not all(map(layout.has_names, lines)):
        return layout
    return replace(layout, heading=tuple(lines))


def _header(texts: Sequence[str], count_known: Callable[[Sequence[str]], int]) -> int | None:
    """Return the line with the most known names, if these names are separated by two spaces or more."""
    counts = [count_known(_SPACES.split(text.strip())) for text in texts]
    best = max(counts, default=0)
    return counts.index(best) if best >= MIN_KNOWN else None


def _is_header(layout: Layout, text: str, count_known: Callable[[Sequence[str]], int]) -> bool:
    cells = layout.divided(text).rstrip("\n").split(SEPARATOR)
    return len(layout.gaps) + 1 >= MIN_COLUMNS and count_known(cells) >= MIN_KNOWN


def _common_gaps(texts: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return the places between two columns, where all lines have spaces."""
    width = max(map(len, texts), default=0)
    filled = [False] * width
    for text in texts:
        for at, char in enumerate(text):
            if char != " ":
                filled[at] = True
    gaps, start = [], 0
    for at in range(1, width):
        if filled[at - 1] and not filled[at]:
            start = at
        elif filled[at] and not filled[at - 1] and start and at - start >= MIN_GAP:
            gaps.append((start, at))
    return tuple(gaps)

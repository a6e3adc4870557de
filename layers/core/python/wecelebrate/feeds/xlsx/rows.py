"""Rows of a sheet, one by one, whatever size it says it has."""

import re
from collections.abc import Iterator
from typing import Literal

from wecelebrate.feeds.csv_rows import LONGEST_RECORD, MOST_COLUMNS
from wecelebrate.feeds.items import Rejected, UnreadableFeed, shown
from wecelebrate.feeds.limits import MOST_UNPACKED
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.cells import unescaped
from wecelebrate.feeds.xlsx.parts import Attributes, events, open_part
from wecelebrate.feeds.xlsx.strings import LONGEST

MOST_MERGED = 100_000
LAST_ROW = 9_999_999
LONG = 1_000
"""Characters from which on a shared text counts towards what a workbook may unpack to."""

_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]{0,100}?ref=[\"']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?[A-Z]{1,3}\$?(\d{1,7})"
)
_DIGITS = "0123456789"
_TOO_LONG = " " * (LONGEST + 1)

Flaw = tuple[str, str]
"""Code and words for what a cell lacks."""
Numbered = tuple[int, list[str]]


class Noted(list[str]):
    """Cells of which some need a second look, once it is known what their columns feed."""

    flaws: dict[int, Flaw]
    thousandths: set[int]
    """Numbers of three decimals: as text they would pass for thousands."""


def merged(book: Book, sheet: Sheet) -> dict[int, list[tuple[int, int]]]:
    """Column to the first and last rows of cells that are merged downward, by reading the sheet to its end.

    They stand behind the rows. Whether the sheet is whole shows on the way, so nothing is taken from one that is not.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    stream = open_part(book.archive, sheet.part)
    before = b""
    count = 0
    while chunk := stream.read(1 << 18):
        if b"mergeCell" in before + chunk[:20] or b"mergeCell" in chunk:
            whole = before + chunk
            end = 0
            for match in _MERGED.finditer(whole):
                end = match.end()
                count += 1
                first, last = int(match[2]), int(match[3])
                if last > first:
                    found.setdefault(_column(match[1].decode()), []).append((first, last))
            before = whole[max(end, len(whole) - 200) :]
        else:
            before = chunk[-200:]
        if count > MOST_MERGED:
            raise UnreadableFeed(
                f"the sheet has more than {MOST_MERGED:,} merged cells; unmerge them and save it again"
            )
    for spans in found.values():
        spans.sort(reverse=True)
    return found


class SheetRows:
    """Iterates over `(row number, cells)`, cells without blanks at the end, and rejections of rows.

    Cells are texts as a person sees them. A cell that is merged downward counts for every row it spans. Rows of
    nothing are left out, and so are columns beyond those any product file has, but for the rejection they cause.
    """

    def __init__(self, book: Book, sheet: Sheet, spans: dict[int, list[tuple[int, int]]] | None = None) -> None:
        self._book, self._sheet = book, sheet
        self._spans = {column: list(rows) for column, rows in (spans or {}).items()}
        self._held: dict[int, tuple[int, str]] = {}
        self._texts = 0
        self.widest = 0

    def __iter__(self) -> Iterator[Numbered | Rejected]:
        ready: list[Numbered | Rejected] = []
        for _ in self._events(ready):
            yield from ready
            ready.clear()

    # One function of closures: a sheet of a million rows is forty million calls of these.
    def _events(self, ready: list[Numbered | Rejected]) -> Iterator[None]:  # noqa: PLR0915
        strings, reader_of = self._book.strings, self._book.number_reader
        columns: dict[str, int] = {}
        line = column = size = 0
        cells: list[str] = []
        flaws: dict[int, Flaw] = {}
        thousandths: set[int] = set()
        problem: Flaw | None = None
        kind, style = "n", None
        value = formula = ""
        into: Literal["value", "formula", ""] = ""
        spoken = in_cell = has_formula = False

        def start(name: str, attributes: Attributes) -> None:
            nonlocal line, column, size, cells, flaws, thousandths, problem, kind, style, value, formula, into
            nonlocal spoken, in_cell, has_formula
            if name == "c":
                place = attributes.get("r")
                if place:
                    letters = place.rstrip(_DIGITS)
                    found = columns.get(letters)
                    if found is None:
                        found = _column(letters)
                        if len(columns) < MOST_COLUMNS:
                            columns[letters] = found
                    column = found
                else:
                    column += 1
                kind, style = attributes.get("t", "n"), attributes.get("s")
                value = formula = ""
                has_formula, in_cell = False, True
            elif name == "v" or (name == "t" and in_cell and not spoken):
                into = "value"
            elif name == "f":
                into, has_formula = "formula", True
            elif name == "row":
                number = attributes.get("r", "")
                line = min(int(number), LAST_ROW) if number.isdigit() and len(number) < 8 else line + 1
                cells, column, size, problem = [], -1, 0, None
                if flaws or thousandths:
                    flaws, thousandths = {}, set()
            elif name == "rPh":
                spoken = True

        def text(data: str) -> None:
            nonlocal value, formula
            if into == "value":
                if len(value) <= LONGEST:
                    value += data
            elif into and len(formula) < 100:
                formula += data

        def end(name: str) -> None:
            nonlocal into, spoken, in_cell
            if name == "c":
                in_cell = False
                put()
            elif name in {"v", "t", "f"}:
                into = ""
            elif name == "row":
                if problem:
                    reason = f"row {line}: {problem[1]}"
                    ready.append(Rejected(line, 1, None, reason, problem[0], [cell[:200] for cell in cells[:50]]))
                elif cells:
                    ready.append((line, noted() if flaws or thousandths else cells))
            elif name == "rPh":
                spoken = False

        def noted() -> Noted:
            row = Noted(cells)
            row.flaws, row.thousandths = flaws, thousandths
            return row

        def put() -> None:  # noqa: PLR0912  (one branch a kind of cell)
            nonlocal size, problem
            flaw: Flaw | None = None
            if kind == "s":
                found = strings[int(value)] if value.isascii() and value.isdigit() and len(value) < 10 else ""
                content = _TOO_LONG if found is None else found
                if len(content) > LONG:
                    self._texts += len(content)
            elif kind == "n":
                if not value:
                    if not has_formula:
                        return
                    flaw = (
                        "no_value",
                        f"the formula {shown('=' + formula)} has no stored value; open it in Excel and save",
                    )
                    content = ""
                else:
                    content = reader_of(style)(value.strip())
                    if content[-4:-3] == ".":
                        thousandths.add(column)
            elif kind == "b":
                content = "true" if value.strip() == "1" else "false"
            elif kind == "e":
                content, flaw = "", ("formula_error", f"{shown(value)} is an error of the spreadsheet")
            elif kind == "d":
                content = value.strip().removesuffix("Z").removesuffix(".000").removesuffix("T00:00:00")
            else:
                content = unescaped(value)
            if not content and flaw is None:
                return
            if column >= MOST_COLUMNS:
                self.widest = max(self.widest, column + 1)
                problem = problem or ("too_many_cells", f"it goes beyond {MOST_COLUMNS:,} columns")
                return
            size += len(content)
            if len(content) > LONGEST or size > LONGEST_RECORD:
                problem = problem or ("too_long", f"a cell is longer than {LONGEST:,} characters, or the row too long")
                return
            if flaw:
                flaws[column] = flaw
            missing = column - len(cells)
            if missing >= 0:
                if missing:
                    cells.extend([""] * missing)
                cells.append(content)
            else:
                cells[column] = content

        try:
            for _ in events(self._book.archive, self._sheet.part, start, end, text):
                if self._spans or self._held:
                    self._fill(ready)
                if self._texts > MOST_UNPACKED:
                    raise UnreadableFeed("the workbook repeats long texts too often to be a file of products")
                yield
        except IndexError as error:
            raise UnreadableFeed("the workbook is damaged: a cell refers to a text that is not there") from error

    def _fill(self, ready: list[Numbered | Rejected]) -> None:
        """Complete rows from cells that are merged downward into them."""
        for row in ready:
            if isinstance(row, Rejected):
                continue
            line, cells = row
            for column, spans in list(self._spans.items()):
                while spans and spans[-1][0] <= line:
                    first, last = spans.pop()
                    if first == line and column < len(cells) and cells[column]:
                        self._held[column] = (last, cells[column])
                if not spans:
                    del self._spans[column]
            for column, (last, text) in list(self._held.items()):
                if line > last:
                    del self._held[column]
                elif column >= len(cells):
                    cells.extend([*[""] * (column - len(cells)), text])
                else:
                    cells[column] = cells[column] or text


def _column(letters: str) -> int:
    """`A` is 0, `XFD` 16,383; what is no column is one beyond all."""
    number = 0
    for letter in letters.upper()[:4]:
        if not "A" <= letter <= "Z":
            return MOST_COLUMNS
        number = number * 26 + ord(letter) - 64
    return number - 1 if letters else MOST_COLUMNS

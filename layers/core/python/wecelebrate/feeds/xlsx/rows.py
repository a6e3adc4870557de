"""Rows of a sheet, one by one, whatever size it says it has."""

import re
from collections.abc import Iterator

from wecelebrate.feeds.csv_rows import LONGEST_RECORD, MOST_COLUMNS, limited
from wecelebrate.feeds.items import Rejected, UnreadableFeed, shown
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.cells import number, unescaped
from wecelebrate.feeds.xlsx.parts import DEEPEST, MOST_NAMES, Attributes, events, no_sheet, open_part
from wecelebrate.feeds.xlsx.strings import LONGEST

MOST_MERGED = 100_000
LAST_ROW = 9_999_999
LAST_COLUMN = 16_383
LONG = 1_000
"""Characters from which on a shared text counts towards MOST_REPEATED."""
MOST_REPEATED = 1 << 30
"""Characters that cells may repeat of long shared texts: one of 32,000 in each of a million rows would be terabytes."""
SHORT = 200
MOST_RECENT = 8_192
"""Shared texts that are at hand, as long as they are short."""

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
        readers, recall = self._book.number_readers, self._recall
        columns: dict[str, int] = {}
        recent: dict[str, str] = {}
        others: set[str] = set()
        line = column = size = around = 0
        cells: list[str] = []
        flaws: dict[int, Flaw] = {}
        thousandths: set[int] = set()
        problem: Flaw | None = None
        kind: str | None = None
        style: str | None = None
        value = formula = into = ""
        spoken = in_row = in_cell = has_formula = False

        def start(name: str, attributes: Attributes) -> None:
            nonlocal line, column, size, cells, flaws, thousandths, problem, kind, style, value, formula, into
            nonlocal spoken, in_row, in_cell, has_formula, around
            if name == "c" and not in_cell:
                in_cell = True
                get = attributes.get
                place = get("r")
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
                kind, style = get("t"), get("s")
                value = formula = ""
                has_formula = False
            elif (name == "v" or (name == "t" and in_cell and not spoken)) and not into:
                into = "v"
            elif name == "f" and not into:
                into, has_formula = "f", True
            elif name == "row" and not in_row:
                in_row = True
                number = attributes.get("r", "")
                line = min(int(number), LAST_ROW) if number.isdigit() and len(number) < 8 else line + 1
                cells, column, size, problem = [], -1, 0, None
                if flaws or thousandths:
                    flaws, thousandths = {}, set()
            else:
                if name == "rPh":  # how a text is spoken, beside the text
                    spoken = True
                around += 1
                others.add(name)
                if around > DEEPEST or len(others) > MOST_NAMES:
                    raise no_sheet(self._sheet.part)

        def text(data: str) -> None:
            nonlocal value, formula
            if into == "v":
                if not value:
                    value = data
                elif len(value) <= LONGEST:
                    value += data
            elif into and len(formula) < 100:
                formula += data

        def end(name: str) -> None:
            nonlocal into, spoken, in_row, in_cell, around
            if name == "v":
                into = ""
            elif name == "c":
                in_cell = False
                if value or has_formula:
                    put()
            elif name == "row":
                in_row = False
                if problem:
                    reason = f"row {line}: {problem[1]}"
                    ready.append(Rejected(line, 1, None, reason, problem[0], [cell[:200] for cell in cells[:50]]))
                elif cells:
                    ready.append((line, noted() if flaws or thousandths else cells))
            elif name in {"t", "f"}:
                into = ""
            else:
                around -= 1
                spoken = spoken and name != "rPh"

        def noted() -> Noted:
            row = Noted(cells)
            row.flaws, row.thousandths = flaws, thousandths
            return row

        def put() -> None:  # noqa: PLR0912  (one branch a kind of cell)
            nonlocal size, problem
            if kind == "s":
                known = recent.get(value)
                if known is None:
                    content = recall(value)
                    if len(content) < SHORT:
                        if len(recent) >= MOST_RECENT:
                            recent.clear()
                        recent[value] = content
                else:
                    content = known
            elif kind is None or kind == "n":
                if value:
                    content = readers.get(style, number)(value)
                    if content[-4:-3] == ".":
                        thousandths.add(column)
                else:
                    content = ""
                    flaws[column] = (
                        "no_value",
                        f"the formula {shown('=' + formula)} has no stored value; open it in Excel and save it",
                    )
            elif kind == "b":
                content = "true" if value.strip() == "1" else "false"
            elif kind == "e":
                content = ""
                flaws[column] = ("formula_error", f"{shown(value)} is an error of the spreadsheet")
            elif kind == "d":
                content = value.strip().removesuffix("Z").removesuffix(".000").removesuffix("T00:00:00")
            else:
                content = unescaped(value)
            if column >= MOST_COLUMNS:
                self.widest = max(self.widest, column + 1)
                if column > LAST_COLUMN:
                    limited(column + 1)
                problem = problem or ("too_many_cells", f"it goes beyond {MOST_COLUMNS:,} columns")
                return
            size += len(content)
            if len(content) > LONGEST or size > LONGEST_RECORD:
                problem = problem or ("too_long", f"a cell is longer than {LONGEST:,} characters, or the row too long")
                return
            missing = column - len(cells)
            if missing >= 0:
                if missing:
                    cells.extend([""] * missing)
                cells.append(content)
            else:
                cells[column] = content

        for _ in events(self._book.archive, self._sheet.part, start, end, text, bounded=True):
            if self._spans or self._held:
                self._fill(ready)
            if self._texts > MOST_REPEATED:
                raise UnreadableFeed("the workbook repeats long texts too often to be a file of products")
            yield

    def _recall(self, value: str) -> str:
        """A shared text by its number."""
        try:
            text = self._book.strings[int(value)]
        except (IndexError, ValueError) as error:
            raise UnreadableFeed("the workbook is damaged: a cell refers to a text that is not there") from error
        if text is None:
            return _TOO_LONG
        if len(text) > LONG:
            self._texts += len(text)
        return text

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

"""Reads the rows of a sheet one by one. The number of rows and columns that the sheet declares is ignored."""

import re
from collections.abc import Callable, Iterator

from wecelebrate.feeds.files.csv_rows import MAX_COLUMNS, MAX_RECORD_LENGTH, check_column_count
from wecelebrate.feeds.items import NumberText, Rejected, UnreadableFeed, quoted
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.cells import number, unescaped
from wecelebrate.feeds.xlsx.parts import MAX_DEPTH, MAX_NAMES, Attributes, bad_structure, open_part, parse_part
from wecelebrate.feeds.xlsx.strings import MAX_TEXT_LENGTH

MAX_MERGED_CELLS = 100_000
MAX_FILLED_CELLS = 20_000_000
"""The maximum number of cells that get values of merged cells. A text counts again for each LONG_TEXT characters.

Without this limit, a file of 1 MB could fill two billion cells, with 2,000 merged cells of a million rows each.
"""
LAST_ROW = 9_999_999
LAST_COLUMN = 16_383
LONG_TEXT = 1_000
"""Shared texts with more characters than this are counted for MAX_REPEATED_CHARACTERS."""
MAX_REPEATED_CHARACTERS = 1 << 30
"""The maximum number of characters of all cells with long shared texts.

A text of 32,000 characters that is used in a million rows would add 32 billion characters.
"""
SHORT_TEXT = 200
MAX_RECENT_TEXTS = 8_192
"""The maximum number of short shared texts that are cached in memory."""

_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]{0,100}?ref=[\"']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?[A-Z]{1,3}\$?(\d{1,7})"
)
_DIGITS = "0123456789"
_TOO_LONG = " " * (MAX_TEXT_LENGTH + 1)

Flaw = tuple[str, str]
"""The code and the description of an error."""
Numbered = tuple[int, list[str]]
"""The number of a row, and the cells of this row."""
Spans = dict[int, list[tuple[int, int]]]
"""Maps each column to a list of its merged cells. For each merged cell, the list has the first row and the last row.

The list begins with the lowest merged cell of the sheet.
"""


class FlawedCells(list[str]):
    """The cells of a row. Some cells must be checked later, when the fields of the columns are known."""

    flaws: dict[int, Flaw]
    three_decimals: set[int]
    """The columns in which this row has a number with three decimals.

    In the text of such a number, the point could be read as a thousands separator.
    """


def merged_spans(book: Book, sheet: Sheet) -> Spans:
    """Return the cells that are merged over several rows.

    The sheet is read to its end, because merged cells are listed after the rows. Raises UnreadableFeed if any part of
    the sheet is damaged, so that no row of a damaged sheet is used.
    """
    spans: Spans = {}
    stream = open_part(book.archive, sheet.part)
    before = b""
    count = 0
    while chunk := stream.read(1 << 18):
        if b"mergeCell" in before + chunk[:20] or b"mergeCell" in chunk:
            text = before + chunk
            end = 0
            for match in _MERGED.finditer(text):
                end = match.end()
                count += 1
                first, last = int(match[2]), int(match[3])
                if last > first:
                    spans.setdefault(_column_number(match[1].decode()), []).append((first, last))
            before = text[max(end, len(text) - 200) :]
        else:
            before = chunk[-200:]
        if count > MAX_MERGED_CELLS:
            raise UnreadableFeed(
                f"the sheet has more than {MAX_MERGED_CELLS:,} merged cells; unmerge them and save it again"
            )
    for rows in spans.values():
        rows.sort(reverse=True)
    return spans


class SheetRows:
    """Iterates over the rows: `(row number, cells)`, or a Rejected.

    Each cell has the text that Excel shows. Blank cells at the end of a row are left out, and rows without values are
    skipped. The value of a merged cell is used in every row of the merged cell. A row with more than MAX_COLUMNS
    columns is rejected.
    """

    def __init__(self, book: Book, sheet: Sheet, spans: Spans | None = None, marked: bool = False) -> None:
        """If `marked` is set, the cells with numbers are objects of NumberText."""
        self._book, self._sheet, self._marked = book, sheet, marked
        # The last item is the merged cell that begins first.
        self._spans = sorted(
            ((first, column, last) for column, rows in (spans or {}).items() for first, last in rows), reverse=True
        )
        self._filled = 0
        self._open_spans: dict[int, tuple[int, str]] = {}
        """Maps a column to the last row and the value of its merged cell, if a merged cell spans the current row."""
        self.widest = 0
        """The number of columns of the widest row, if it has more than MAX_COLUMNS. Otherwise 0."""

    def __iter__(self) -> Iterator[Numbered | Rejected]:
        parser = _RowParser(self._book, self._sheet.part, self._marked)
        handlers = parser.start, parser.end, parser.text
        for _ in parse_part(self._book.archive, self._sheet.part, *handlers, bounded=True):
            self.widest = parser.widest
            if self._spans or self._open_spans:
                self._fill_merged(parser.rows)
            if parser.repeated > MAX_REPEATED_CHARACTERS:
                raise UnreadableFeed(
                    "the workbook repeats long texts too often for a file of products; remove columns with long texts"
                )
            yield from parser.rows
            parser.rows.clear()

    def _fill_merged(self, rows: list[Numbered | Rejected]) -> None:
        """Fill blank cells with the values of merged cells that start in a row above."""
        for row in rows:
            if isinstance(row, Rejected):
                continue
            line, cells = row
            while self._spans and self._spans[-1][0] <= line:
                first, column, last = self._spans.pop()
                if first == line and column < len(cells) and cells[column]:
                    self._open_spans[column] = (last, cells[column])
            for column, (last, text) in list(self._open_spans.items()):
                if line > last:
                    del self._open_spans[column]
                    continue
                self._filled += 1 + len(text) // LONG_TEXT
                if self._filled > MAX_FILLED_CELLS:
                    raise UnreadableFeed(
                        f"the merged cells of the sheet fill more than {MAX_FILLED_CELLS:,} cells; unmerge them and "
                        "save it again"
                    )
                if column >= len(cells):
                    cells.extend([*[""] * (column - len(cells)), text])
                else:
                    cells[column] = cells[column] or text


class _RowParser:
    """Builds `rows` from the XML events of a sheet. For a million rows, expat calls the methods forty million times."""

    __slots__ = (
        "_cell_type", "_cells", "_column", "_columns", "_depth", "_flaws", "_formula", "_has_formula", "_in_cell",
        "_in_phonetic", "_in_row", "_line", "_number_readers", "_other_names", "_part", "_problem", "_recent", "_size",
        "_strings", "_style", "_target", "_three_decimals", "_value", "repeated", "rows", "widest",
    )  # fmt: skip

    def __init__(self, book: Book, part: str, marked: bool) -> None:
        self.rows: list[Numbered | Rejected] = []
        """The complete rows. The caller reads these rows after each chunk, and then clears the list."""
        self.widest = self.repeated = 0
        self._strings, self._part = book.strings, part
        self._number_readers: dict[str | None, Callable[[str], str]] = book.number_readers
        if marked:
            self._number_readers = {style: _marking(read) for style, read in book.number_readers.items()}
        self._columns: dict[str, int] = {}
        self._recent: dict[str, str] = {}
        self._other_names: set[str] = set()
        self._depth = 0
        self._in_row = self._in_cell = self._in_phonetic = False
        # The state of the current row
        self._line = self._column = self._size = 0
        self._cells: list[str] = []
        self._flaws: dict[int, Flaw] = {}
        self._three_decimals: set[int] = set()
        self._problem: Flaw | None = None
        # The state of the current cell
        self._cell_type: str | None = None
        self._style: str | None = None
        self._value = self._formula = self._target = ""
        self._has_formula = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c" and not self._in_cell:
            self._in_cell = True
            get = attributes.get
            reference = get("r")
            if reference:
                letters = reference.rstrip(_DIGITS)
                column = self._columns.get(letters)
                self._column = self._new_column(letters) if column is None else column
            else:
                self._column += 1
            self._cell_type, self._style = get("t"), get("s")
            self._value = ""
            self._has_formula = False
        elif (name == "v" or (name == "t" and self._in_cell and not self._in_phonetic)) and not self._target:
            self._target = "v"
        elif name == "f" and not self._target:
            if not self._has_formula:
                self._has_formula, self._formula = True, ""
            self._target = "f"
        elif name == "row" and not self._in_row:
            self._start_row(attributes)
        else:
            self._start_other(name)

    def text(self, data: str) -> None:
        if self._target == "v":
            if not self._value:
                self._value = data
            elif len(self._value) <= MAX_TEXT_LENGTH:
                self._value += data
        elif self._target and len(self._formula) < 100:
            self._formula += data

    def end(self, name: str) -> None:
        if name == "v":
            self._target = ""
        elif name == "c":
            self._in_cell = False
            if self._value or self._has_formula:
                self._add_cell()
        elif name == "row":
            self._end_row()
        elif name in {"t", "f"}:
            self._target = ""
        else:
            self._depth -= 1
            self._in_phonetic = self._in_phonetic and name != "rPh"

    def _new_column(self, letters: str) -> int:
        column = _column_number(letters)
        if len(self._columns) < MAX_COLUMNS:
            self._columns[letters] = column
        return column

    def _start_row(self, attributes: Attributes) -> None:
        self._in_row = True
        row = attributes.get("r", "")
        self._line = min(int(row), LAST_ROW) if row.isdigit() and len(row) < 8 else self._line + 1
        self._cells, self._column, self._size, self._problem = [], -1, 0, None
        if self._flaws or self._three_decimals:
            self._flaws, self._three_decimals = {}, set()

    def _start_other(self, name: str) -> None:
        if name == "rPh":  # a pronunciation aid, which is not part of the text
            self._in_phonetic = True
        self._depth += 1
        self._other_names.add(name)
        if self._depth > MAX_DEPTH or len(self._other_names) > MAX_NAMES:
            raise bad_structure(self._part)

    def _end_row(self) -> None:
        self._in_row = False
        if self._problem:
            code, problem = self._problem
            raw = [cell[:200] for cell in self._cells[:50]]
            self.rows.append(Rejected(self._line, 1, None, f"row {self._line}: {problem}", code, raw))
        elif self._flaws or self._three_decimals:
            if self._cells:
                cells = FlawedCells(self._cells)
                cells.flaws, cells.three_decimals = self._flaws, self._three_decimals
                self.rows.append((self._line, cells))
        elif self._cells:
            self.rows.append((self._line, self._cells))

    def _add_cell(self) -> None:
        """Add the current cell to the row."""
        cell_type, value, column = self._cell_type, self._value, self._column
        if cell_type == "s":
            recent = self._recent.get(value)
            content = self._shared_text(value) if recent is None else recent
        elif value and (cell_type is None or cell_type == "n"):
            content = self._number_readers.get(self._style, number)(value)
            if content[-4:-3] == "." and content[-3:].isdigit():  # `.5 $` and `.25%` do not match
                self._three_decimals.add(column)
        else:
            content = self._other_content(cell_type, value)
        if column >= MAX_COLUMNS:
            self._add_wide_cell(column)
            return
        self._size += len(content)
        if len(content) > MAX_TEXT_LENGTH or self._size > MAX_RECORD_LENGTH:
            self._problem = self._problem or (
                "too_long",
                f"a cell is longer than {MAX_TEXT_LENGTH:,} characters, or the row is longer than "
                f"{MAX_RECORD_LENGTH:,}",
            )
            return
        cells = self._cells
        missing = column - len(cells)
        if missing >= 0:
            if missing:
                cells.extend([""] * missing)
            cells.append(content)
        else:
            cells[column] = content

    def _add_wide_cell(self, column: int) -> None:
        self.widest = max(self.widest, column + 1)
        if column > LAST_COLUMN:
            check_column_count(column + 1)
        self._problem = self._problem or ("too_many_cells", f"it has more than {MAX_COLUMNS:,} columns")

    def _other_content(self, cell_type: str | None, value: str) -> str:
        """Return the content of a cell of any type except shared text and number."""
        if cell_type is None or cell_type == "n":
            formula = quoted("=" + self._formula)
            self._flaws[self._column] = (
                "no_value", f"the formula {formula} has no stored value; open the file in Excel and save it",
            )  # fmt: skip
            return ""
        if cell_type == "b":
            return "true" if value.strip() == "1" else "false"
        if cell_type == "e":
            self._flaws[self._column] = (
                "formula_error", f"{quoted(value)} is an error in the spreadsheet; correct the formula",
            )  # fmt: skip
            return ""
        if cell_type == "d":
            return value.strip().removesuffix("Z").removesuffix(".000").removesuffix("T00:00:00")
        return unescaped(value)

    def _shared_text(self, value: str) -> str:
        """Return the shared text with this number. Short texts are cached."""
        try:
            text = self._strings[int(value)]
        except (IndexError, ValueError) as error:
            raise UnreadableFeed(
                "the workbook is damaged: a cell refers to a text that does not exist; open it in Excel and save it "
                "again"
            ) from error
        if text is None:
            return _TOO_LONG
        if len(text) > LONG_TEXT:
            self.repeated += len(text)
        elif len(text) < SHORT_TEXT:
            if len(self._recent) >= MAX_RECENT_TEXTS:
                self._recent.clear()
            self._recent[value] = text
        return text


def _marking(read: Callable[[str], str]) -> Callable[[str], str]:
    """Return a function that reads a number with `read`, and returns its text as NumberText."""
    return lambda raw: NumberText(read(raw))


def _column_number(letters: str) -> int:
    """Convert letters to a column number: `A` becomes 0, `XFD` becomes 16,383. Invalid letters become MAX_COLUMNS."""
    number = 0
    for letter in letters.upper()[:4]:
        if not "A" <= letter <= "Z":
            return MAX_COLUMNS
        number = number * 26 + ord(letter) - 64
    return number - 1 if letters else MAX_COLUMNS

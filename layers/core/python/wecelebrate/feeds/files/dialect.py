"""Detects the dialect of a delimited file (delimiter, quote and escape character) and its header row.

csv.Sniffer guesses from letter frequencies, and fails on short or quoted files. Other general detectors ignore the
meaning of the cells. This module uses the column names: it chooses the delimiter that gives the header the most known
product columns. If no column is known, it chooses the delimiter with which the widths of the rows differ least. A file
without a delimiter can have aligned columns (`fixed_width`).
"""

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wecelebrate.feeds.files import aligned_rows, fixed_width, written_lists
from wecelebrate.feeds.files.aligned_rows import AlignedRows
from wecelebrate.feeds.files.fixed_width import Layout
from wecelebrate.feeds.files.written_lists import WrittenList

DELIMITERS = (",", ";", "\t", "|", ":", "^", "~", "§", "¦", "\x1f", "\x01", "#", "!")
SAMPLE_ROWS = 100
HEADER_SEARCH_ROWS = 20

_NO_QUOTE = "\x02"

ColumnCounter = Callable[[Sequence[str]], int]
"""A function that counts how many cells are names of known columns."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The parameters of csv.reader. The documentation of the module `csv` explains these parameters."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    skip_space: bool = False
    layout: Layout | AlignedRows | WrittenList | None = None
    """The layout of aligned columns in a file without delimiters, or of a list that a person has written.

    The lines of such a file are divided before csv.reader reads them.
    """

    def parameters(self) -> dict[str, object]:
        return {
            "delimiter": self.delimiter,
            "quotechar": self.quote,
            "escapechar": self.escape,
            "skipinitialspace": self.skip_space,
        }


def detect(sample: list[str], count_known: ColumnCounter, delimiter: str | None = None) -> Dialect:
    """Detect the dialect from the sample's lines.

    `delimiter` comes from a setting or from a `sep=` line in the file. It overrides the detection of the delimiter.
    """
    candidates = [delimiter] if delimiter else [char for char in DELIMITERS if any(char in line for line in sample)]
    best, best_score = Dialect(delimiter or ","), (0.0, -1.0)
    for candidate in candidates:
        dialect = _quoting(sample, candidate)
        rows = [row for row in read(sample, dialect)[:SAMPLE_ROWS] if any(cell.strip() for cell in row)]
        score = (float(_known_names(rows, count_known)), _evenness(rows))
        if score > best_score:
            best, best_score = dialect, score
    if delimiter is None and best_score[0] < fixed_width.MIN_KNOWN and (layout := _aligned(sample, count_known)):
        return Dialect(fixed_width.SEPARATOR, _NO_QUOTE, layout=layout)
    if delimiter is None and best_score[0] < fixed_width.MIN_KNOWN and (written := written_lists.detect(sample)):
        return Dialect(written_lists.SEPARATOR, _NO_QUOTE, layout=written)
    return best


def _aligned(sample: list[str], count_known: ColumnCounter) -> Layout | AlignedRows | None:
    """Return the layout of aligned columns. Of two possible layouts, the layout with more known names is used."""
    neat, loose = fixed_width.detect(sample, count_known), aligned_rows.detect(sample, count_known)
    if neat is None or loose is None:
        return neat or loose
    return loose if _known_in(loose, sample, count_known) > _known_in(neat, sample, count_known) else neat


def _known_in(layout: Layout | AlignedRows, sample: list[str], count_known: ColumnCounter) -> int:
    rows = (layout.divided(line).rstrip().split(fixed_width.SEPARATOR) for line in sample[:HEADER_SEARCH_ROWS])
    return max(map(count_known, rows), default=0)


def _known_names(rows: Sequence[Sequence[str]], count_known: ColumnCounter) -> int:
    """Return how many known names the header has.

    A row that is shorter than most rows is not a header if it has only one known name. A comma in a title, as in
    `Prices incl. VAT, by weight`, must not make the comma the delimiter of a file whose amounts also have commas.
    """
    first_rows = rows[:HEADER_SEARCH_ROWS]
    counts = [count_known(row) for row in first_rows]
    best = max(counts, default=0)
    if best != 1:
        return best
    widths = Counter(map(len, rows))
    usual = max(widths, key=lambda width: (widths[width], width))
    return int(any(count == 1 and len(row) >= usual for count, row in zip(counts, first_rows, strict=True)))


def read(lines: list[str], dialect: Dialect) -> list[list[str]]:
    """Parse the lines as rows. Stops at the first parse error."""
    return [row for row, _ in read_numbered(lines, dialect)]


def read_numbered(lines: list[str], dialect: Dialect) -> Iterator[tuple[list[str], int]]:
    """Parse the lines as rows. Yields `(number of lines read so far, row)`. Stops at the first parse error."""
    if dialect.layout is not None:
        lines = list(map(dialect.layout.divided, lines))
    reader = csv.reader(lines, **dialect.parameters())  # type: ignore[arg-type]
    with contextlib.suppress(csv.Error):  # a sample can consist of the rows before the error
        for row in reader:
            yield row, reader.line_num


MAX_WORDS_OF_DATA = 3
"""The maximum number of known names that a row of data contains by chance."""
MIN_DATA = 2
MAX_DATA = 40


def find_header(rows: list[list[str]], count_known: ColumnCounter) -> int:
    """Return the index of the header row. Titles, dates and blank rows can be above the header row.

    The header is the row with the most known columns. A row with only one known column is not the header if a row above
    it has the same number of cells. If no column is known, the header is the row with the most cells that are not
    blank. If several rows are equally good, the first of these rows is the header.
    """
    first_rows = rows[:HEADER_SEARCH_ROWS]
    known_counts = [count_known(row) for row in first_rows]
    best = max(known_counts, default=0)
    if best == 1:
        # A row with one known name can be a row of data, in which a cell reads `Material`.
        return _first_row_as_full(first_rows, known_counts.index(best))
    if best:
        row = known_counts.index(best)
        return row if best > MAX_WORDS_OF_DATA else _row_above_data(first_rows, row)
    widths = [sum(1 for cell in row if cell.strip()) for row in first_rows]
    return widths.index(max(widths)) if widths else 0


def _row_above_data(rows: list[list[str]], row: int) -> int:
    """Return the index of the header if the row with the index `row` contains data, and otherwise `row`.

    If no header is above the row, `row` is returned too. A row of data can contain several words that are also column
    names, for example `Lager` (a department) and `active`.
    """
    filled = [cell for cell in rows[row] if cell.strip()]
    if sum(map(_is_data, filled)) < MIN_DATA:
        return row
    for number, cells in enumerate(rows[:row]):
        names = [cell for cell in cells if cell.strip()]
        if len(names) >= len(filled) and not any(map(_is_data, names)):
            return number
    return row


def _is_data(cell: str) -> bool:
    """Return whether a cell is a number, a date or a code with several digits, and not the name of a column."""
    text = cell.strip()[:MAX_DATA]
    return sum(map(str.isdecimal, text)) >= MIN_DATA and sum(map(str.isalpha, text)) <= len(text) / 2


def _first_row_as_full(rows: list[list[str]], row: int) -> int:
    """Return the index of the first row that has at least as many filled cells as the row with the index `row`.

    Returns `row` if that row has fewer than two filled cells.
    """
    filled = [sum(1 for cell in cells if cell.strip()) for cells in rows[: row + 1]]
    return row if filled[row] < 2 else next(number for number, count in enumerate(filled) if count >= filled[row])


def _evenness(rows: list[list[str]]) -> float:
    """Return a score. The score is higher if more rows have the same width.

    The score is (most common width - 1) × (share of rows with this width)². Rows of one column have the score 0.
    """
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (width - 1) * (count / len(rows)) ** 2


def _quoting(sample: list[str], delimiter: str) -> Dialect:
    text = "".join(sample)
    mark = re.escape(delimiter)
    quote = '"'
    single = len(re.findall(rf"(?:^|{mark})'[^'\r\n]*'(?=\r?$|\r?\n|{mark})", text, re.MULTILINE))
    if single > len(sample) / 2 and single > text.count('"'):
        quote = "'"
    # MySQL and some ERP systems write \" for a quote inside a quoted cell. A backslash at the end of a cell is no
    # escape character: it is the end of a path such as C:\dir\.
    escaped = re.search(rf"[^\\{mark}]\\{quote}(?!\s*(?:{mark}|$))", text, re.MULTILINE)
    dialect = Dialect(delimiter, quote, "\\" if escaped else None)
    if _has_padded_quotes(text, delimiter, quote) and (delimiter == " " or _has_padded_cells(sample, dialect)):
        return replace(dialect, skip_space=True)
    return dialect


def _has_padded_cells(sample: list[str], dialect: Dialect) -> bool:
    """Return whether a cell begins with spaces and a quote. Quotes inside a quoted cell do not count."""
    cells = (cell for row in read(sample, dialect) for cell in row if cell.startswith(" "))
    return any(cell.lstrip(" ").startswith(dialect.quote) for cell in cells)


def _has_padded_quotes(text: str, delimiter: str, quote: str) -> bool:
    """Return whether there are spaces between a delimiter and the next quote.

    The next quote can also be the closing quote of a cell. No regular expression is used, because its time would grow
    with the square of the length of a run of spaces if the delimiter is a space.
    """
    for before in text.split(quote)[:-1]:
        bare = before.rstrip(" ")
        spaces = len(before) - len(bare)
        if spaces > 1 if delimiter == " " else spaces and bare.endswith(delimiter):
            return True
    return False

"""Opens a CSV file or a workbook as a plain table. The cells are not interpreted.

The reader of product feeds (`tables.source`) interprets a list. For example, a ditto mark such as `Same` has the value
of the cell above. A row can be an instruction or the header of another table. Titles explain units and prices.

In a table of orders, such rules are wrong. For example, a customer can have the name Sama, and a row must never get the
data of another row. Therefore the two readers share only the lower layers: archives, encodings, the dialect of a CSV
file, and the parts of a workbook.

The caller says which columns it knows (`PlainColumns`). The header is the row with the most known names among the first
rows of the file.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from wecelebrate.core.formula_quotes import unquoted, unquoted_start
from wecelebrate.feeds.files import dialect as dialects
from wecelebrate.feeds.files import encoding
from wecelebrate.feeds.files.archive import Archive
from wecelebrate.feeds.files.containers import UnpackedFile
from wecelebrate.feeds.files.csv_rows import CsvRows, check_column_count, sample_lines
from wecelebrate.feeds.files.formats import reject_binary, text_format
from wecelebrate.feeds.items import Rejected, Row, UnreadableFeed, quoted
from wecelebrate.feeds.plan.plan import REPORT_COLUMN_PREFIX
from wecelebrate.feeds.tables.table import (
    MAX_SAMPLE_LINE_LENGTH,
    SAMPLE_CHARACTERS,
    column_names,
    positions,
    without_blank_tail,
)
from wecelebrate.feeds.xlsx.book import Book, Sheet
from wecelebrate.feeds.xlsx.opendocument import xlsx_archive
from wecelebrate.feeds.xlsx.rows import SheetRows, Spans, merged_spans

HEADER_SEARCH_ROWS = 20
PREVIEW_ROWS = 40
DETECTION_LINES = 200
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*$', re.IGNORECASE)
_UNREADABLE = "\ufffd"


@dataclass(frozen=True, slots=True)
class PlainColumns:
    """The columns that the reader of a plain table knows."""

    count_names: dialects.ColumnCounter
    """Counts the cells of a row that are names of columns."""
    key_of: Callable[[Sequence[str]], int | None]
    """Returns the number of the key column, which identifies the record of a row, or None if the header has no key.

    Only the sheets of a workbook with a key column are read. A merged cell of the key is valid in each of its rows. Any
    other merged cell is valid only in its first row, because its amount must be counted once.
    """


@dataclass(slots=True)
class PlainTable:
    header: list[str]
    rows: Callable[[], Iterator[Row | Rejected]]
    """Iterates once over the rows. A row can be shorter or longer than the header.

    The numbers of a workbook are objects of NumberText. A row of a workbook can be an object of FlawedCells. The `raw`
    of a rejected row has the cells that could be read, in the order of the header.
    """
    is_complete: Callable[[], bool]
    """Returns whether the file was read to its end. Called after the last row."""
    close: Callable[[], None]


def open_plain(unpacked: UnpackedFile, columns: PlainColumns) -> PlainTable:
    """Open an unpacked CSV file or workbook. `close` of the table closes `unpacked`, too. Raises UnreadableFeed."""
    if unpacked.workbook:
        return _open_workbook(xlsx_archive(unpacked, unpacked.workbook), columns, unpacked)
    reject_binary(unpacked.head)
    text = encoding.spool(unpacked.head, unpacked.stream, None)
    try:
        if text_format(text.open().read(encoding.FORMAT_SAMPLE), "") != "csv":
            raise UnreadableFeed("the file is no table; send CSV, XLSX, JSON or NDJSON")
        return _open_csv(text, columns, unpacked)
    except BaseException:
        text.file.close()
        raise


def _open_csv(text: encoding.TextFile, columns: PlainColumns, unpacked: UnpackedFile) -> PlainTable:
    lines = sample_lines(text.open(), SAMPLE_CHARACTERS)
    match = _SEPARATOR_LINE.match(lines[0])
    skipped = int(match is not None)
    detection_lines = [line[:MAX_SAMPLE_LINE_LENGTH] for line in lines[skipped : skipped + DETECTION_LINES]]
    dialect = _dialect(detection_lines, columns.count_names, match[1] if match else None)
    sample, starts = positions(lines[skipped:], dialect)
    sample = [without_blank_tail(row) for row in sample]
    header_row = _header_row(sample, columns.count_names)
    if header_row is None:
        raise UnreadableFeed("the file has no header; put the column names into the first line")
    header = column_names(sample[header_row], sample[header_row + 1 :])
    check_column_count(len(header))
    unquote = unquoted if _is_own_file(header) else unquoted_start
    first_line = skipped + starts[header_row + 1]
    reader = CsvRows(text, dialect, len(header), first_line, is_plain=True, unquote=unquote)

    def rows() -> Iterator[Row | Rejected]:
        for row in reader.rows():
            if text.damaged and not isinstance(row, Rejected) and any(_UNREADABLE in cell for cell in row[1] if cell):
                problem = f"line {row[0]} has characters that cannot be read as {text.encoding}; save the file as UTF-8"
                yield Rejected(row[0], 1, None, problem, "bad_encoding", [cell or "" for cell in row[1]])
            else:
                yield row

    def close() -> None:
        text.file.close()
        unpacked.close()

    return PlainTable(header, rows, lambda: reader.ended_cleanly and not unpacked.truncated, close)


def _is_own_file(header: Sequence[str]) -> bool:
    """Return whether wecelebrate has written a file: an export of orders or lines, or a file of rejected rows."""
    return {"client_id", "site_id"} <= set(header) or any(name.startswith(REPORT_COLUMN_PREFIX) for name in header)


def _dialect(lines: list[str], count_names: dialects.ColumnCounter, delimiter: str | None) -> dialects.Dialect:
    """Return the dialect of a CSV file.

    JSON in a cell also has backslashes before quotes. A backslash is an escape character only if the lines are not
    well-formed without it.
    """
    dialect = dialects.detect(lines, count_names, delimiter)
    if dialect.escape is None:
        return dialect
    plain = replace(dialect, escape=None)
    try:
        for _ in csv.reader(lines, strict=True, **plain.parameters()):  # type: ignore[arg-type]
            pass
    except csv.Error as error:
        # The sample can end in the middle of a cell.
        return plain if "unexpected end of data" in str(error) else dialect
    return plain


def _header_row(rows: Sequence[Sequence[str]], count_names: dialects.ColumnCounter) -> int | None:
    """Return the first row with the largest number of known names, or else the first row that is not blank."""
    first_rows = rows[:HEADER_SEARCH_ROWS]
    counts = [count_names(row) for row in first_rows]
    if any(counts):
        return counts.index(max(counts))
    return next((at for at, row in enumerate(first_rows) if any(cell.strip() for cell in row)), None)


@dataclass(frozen=True, slots=True)
class _PlainSheet:
    sheet: Sheet
    header: list[str]
    header_line: int
    """The number of the row with the header."""
    key: int | None
    has_rows: bool


def _open_workbook(archive: Archive, columns: PlainColumns, unpacked: UnpackedFile) -> PlainTable:
    book = Book(archive)
    try:
        sheets = _chosen([preview for sheet in book.sheets if (preview := _preview(book, sheet, columns))])
        # The sheets are read to their ends first, so that no row of a damaged sheet is used.
        spans = [_spans_of_key(merged_spans(book, each.sheet), each.key) for each in sheets]
    except BaseException:
        book.close()
        raise

    def rows() -> Iterator[Row | Rejected]:
        for each, merged in zip(sheets, spans, strict=True):
            for row in SheetRows(book, each.sheet, merged, marked=True):
                if (row.line if isinstance(row, Rejected) else row[0]) > each.header_line:
                    yield row

    def close() -> None:
        book.close()
        unpacked.close()

    return PlainTable(sheets[0].header, rows, lambda: not unpacked.truncated, close)


def _spans_of_key(spans: Spans, key: int | None) -> Spans:
    return {key: spans[key]} if key is not None and key in spans else {}


def _preview(book: Book, sheet: Sheet, columns: PlainColumns) -> _PlainSheet | None:
    """Return the header of a sheet. None if the sheet is hidden or blank."""
    if sheet.hidden and not all(each.hidden for each in book.sheets):
        return None
    reader = SheetRows(book, sheet)
    top: list[tuple[int, list[str]]] = []
    for row in reader:
        if not isinstance(row, Rejected):
            top.append(row)
        if len(top) == PREVIEW_ROWS:
            break
    check_column_count(reader.widest)
    at = _header_row([cells for _, cells in top], columns.count_names)
    if at is None:
        return None
    header = column_names(top[at][1], [cells for _, cells in top[at + 1 :]])
    return _PlainSheet(sheet, header, top[at][0], columns.key_of(header), at + 1 < len(top))


def _chosen(previews: Sequence[_PlainSheet]) -> list[_PlainSheet]:
    """Return the sheets that are read: the sheets that have a key column, and the same columns.

    If no sheet has a key column, the first sheet is returned. Raises UnreadableFeed.
    """
    if not previews:
        raise UnreadableFeed("the workbook has no header; put the column names into the first row")
    keyed = [preview for preview in previews if preview.key is not None]
    chosen = [preview for preview in keyed if preview.has_rows] or keyed[:1] or list(previews[:1])
    if any(preview.header != chosen[0].header for preview in chosen):
        names = ", ".join(quoted(preview.sheet.name, 40) for preview in chosen[:10])
        raise UnreadableFeed(f"several sheets have rows ({names}) and different columns; upload the sheets one by one")
    return chosen

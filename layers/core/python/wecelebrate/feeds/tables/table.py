"""Opens a file of any format as a table: its columns, a sample of its rows, and an iterator over all rows."""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from wecelebrate.core.formula_quotes import unquoted, unquoted_start
from wecelebrate.feeds.columns.names import count_known_columns, fold
from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.files import dialect as dialects
from wecelebrate.feeds.files.csv_rows import MAX_COLUMNS, CsvRows, check_column_count, sample_lines
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.files.formats import Format
from wecelebrate.feeds.items import Cells, DeclaredMode, Records, Rejected, Row, UnreadableFeed, quoted
from wecelebrate.feeds.json.false_values import columns_with_false, without_false
from wecelebrate.feeds.json.rows import JsonRows
from wecelebrate.feeds.plan.plan import OPTIONS, REPORT_COLUMN_PREFIX
from wecelebrate.feeds.plan.profiles import known_names
from wecelebrate.feeds.prices.notes import (
    NO_NOTES,
    Notes,
    notes_of_footer,
    notes_of_groups,
    notes_of_members,
    notes_of_titles,
)
from wecelebrate.feeds.tables.codes import MAX_ROWS, Legend, legend_of
from wecelebrate.feeds.tables.continued import continued_rows, continued_sample, further_columns
from wecelebrate.feeds.tables.headers import read_header
from wecelebrate.feeds.tables.other_lists import refuse_document

SAMPLE_CHARACTERS = 256 << 10
SAMPLE_RECORDS = 1_000
SAMPLE_CELLS = 200_000
MAX_SAMPLE_LINE_LENGTH = 100_000
TAIL = 4_096
"""The number of bytes at the end of the file that are searched for notes below the table."""
_UNCLEAR = re.compile(r"(?<![\d.,])\d{1,3}[.,]\d{3}(?!\d)", re.ASCII)


@dataclass(slots=True)
class Table:
    header: list[str]
    sample: list[Cells]
    rows: Callable[[], Iterator[Row | Rejected]]
    """Iterates over the unchanged rows. CSV rows can have any width. JSON rows can add new keys to the header."""
    ended_cleanly: Callable[[], bool]
    details: dict[str, Any]
    profile: Profile | None = None
    """The profile, if the format determines the profile. None if it must be recognised from the columns."""
    declared_mode: DeclaredMode | None = None
    """The mode that the file declares: `full` (the whole catalog) or `delta` (only changes). None if undeclared."""
    notes: Notes = NO_NOTES
    """Statements about all prices of the file, from outside of its rows."""
    has_groups: bool = False
    """Whether the header has two rows. The names of groups are then parts of the names of columns."""
    legend: Legend = field(default_factory=dict)
    """The codes that rows above or below the table explain."""
    close: Callable[[], None] = lambda: None
    """Deletes the table's own temporary files."""
    problem: Callable[[], str] = lambda: ""
    """Returns where and why the sample ends before the end of the file, or "" if the sample is not damaged."""
    read_again: Callable[[], Iterator[Row | Rejected]] | None = None
    """Iterates over all rows, before `rows` is called. None if the sample has all rows, or only one pass is possible.

    Rows without a number such as `1.250` can be left out.
    """
    every_row: Callable[[], Iterator[Row | Rejected]] | None = None
    """Iterates over all rows, before `rows` is called. None if only one pass is possible."""


def known_column_counter(mapping: Mapping[str, str | None]) -> dialects.ColumnCounter:
    """Return a function that counts the known names in a row: usual names, and names from profiles or the mapping."""
    mapped = frozenset(fold(column) for name, column in mapping.items() if column and name not in OPTIONS)
    return partial(count_known_columns, also=known_names() | mapped)


def open_csv(text: TextFile, mapping: Mapping[str, str | None]) -> Table:
    """Open a CSV file. Raises UnreadableFeed if the file has no header or too many columns."""
    reader = text.open()
    lines = sample_lines(reader, SAMPLE_CHARACTERS)
    delimiter = mapping.get("delimiter")
    skipped = 0
    if match := re.match(r'\ufeff?"?sep=(.)"?\s*$', lines[0], re.IGNORECASE):
        delimiter, skipped = delimiter or match[1], 1
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise UnreadableFeed(
            f"`delimiter` in the sync settings is {quoted(delimiter)}; it must be a single character other than a quote"
        )
    count_known = known_column_counter(mapping)
    detection_lines = [line[:MAX_SAMPLE_LINE_LENGTH] for line in lines[skipped : skipped + 200]]
    dialect = dialects.detect(detection_lines, count_known, delimiter)
    rows, starts = positions(lines[skipped:], dialect)
    # Only wecelebrate's files of rejected rows have added quotes inside of texts. Other files have them at the start
    # of a text.
    unquote = unquoted if any(REPORT_COLUMN_PREFIX in cell for row in rows for cell in row) else unquoted_start
    rows = [[unquote(cell) for cell in without_blank_tail(row)] for row in rows]
    header_row = dialects.find_header(rows, count_known)
    if not rows or not any(cell.strip() for cell in rows[header_row]):
        raise UnreadableFeed(
            "the file has no header: its first lines are blank; put the column names into the first line"
        )
    head = read_header(rows, header_row, count_known)
    if not mapping.get("sku"):
        refuse_document(rows[: head.titles], head.names)
    notes = notes_of_titles(rows[: head.titles])
    data = [row for row in rows[head.first_row :] if any(row)]
    header = column_names(head.names, data)
    own_width = len(header)
    numbered = list(zip(starts[head.first_row + 1 :], rows[head.first_row :], strict=False))
    header = unique_names([*header, *map(_clean, further_columns(numbered, header, count_known))])
    further = len(header) - own_width
    check_column_count(len(header))
    first_line = skipped + starts[head.first_row]
    readers: list[CsvRows] = []

    def read_rows(readers: list[CsvRows]) -> Iterator[Row | Rejected]:
        readers.append(CsvRows(text, dialect, own_width, first_line, unquote=unquote))
        return continued_rows(readers[-1].rows(), header, count_known, further=further)

    def read_again() -> Iterator[Row | Rejected]:
        return read_rows([]) if _has_unclear_number(text) else iter(())

    is_complete = sum(map(len, lines)) < SAMPLE_CHARACTERS
    last_rows = data if is_complete else _last_rows(text, dialect)
    notes = notes_of_footer(last_rows, notes_of_groups(data, notes))
    details = {
        "delimiter": None if dialect.layout else dialect.delimiter, "quote": dialect.quote, "escape": dialect.escape,
        "header_line": None if head.last_row is None else skipped + starts[head.last_row] + 1,
    }  # fmt: skip
    sample = continued_sample(numbered, header, count_known, further)
    table = Table(
        header, sample, lambda: read_rows(readers), lambda: all(reader.ended_cleanly for reader in readers), details
    )  # fmt: skip
    table.read_again = None if is_complete else read_again
    table.notes, table.legend = notes, legend_of([*rows[: head.titles], *last_rows[-MAX_ROWS:]])
    table.every_row, table.has_groups = (lambda: read_rows([])), head.has_groups
    return table


def _last_rows(text: TextFile, dialect: dialects.Dialect) -> list[list[str]]:
    """Return the last rows of the file.

    The first row after the seek position is left out, because it can be incomplete.
    """
    size = text.file.seek(0, io.SEEK_END)
    text.file.seek(max(0, size - TAIL) // 4 * 4)  # a character of UTF-32 has four bytes
    lines = text.file.read().decode(text.encoding, "replace").splitlines(keepends=True)[1:]
    return [row for row, _ in dialects.read_numbered(lines, dialect)]


def _has_unclear_number(text: TextFile) -> bool:
    """Return whether the text contains a number such as `1.250`, whose separator is decimal or groups thousands."""
    reader, rest = text.open(), ""
    while chunk := reader.read(1 << 20):
        if _UNCLEAR.search(rest + chunk):
            return True
        rest = chunk[-10:]
    return False


def positions(lines: list[str], dialect: dialects.Dialect) -> tuple[list[list[str]], list[int]]:
    """Return the sample's rows, and the number of lines above each row.

    The list of numbers has one more entry: the number of all lines.
    """
    rows, starts = [], [0]
    for row, end in dialects.read_numbered(lines, dialect):
        rows.append(row)
        starts.append(end)
    return rows, starts


def without_blank_tail(row: list[str]) -> list[str]:
    """Drop the cells after the last allowed column, if all these cells are blank.

    A line of delimiters can have millions of blank cells. One cell more than allowed is kept, because the row must
    still be recognised as too wide.
    """
    return row[: MAX_COLUMNS + 1] if len(row) > MAX_COLUMNS and not any(row[MAX_COLUMNS:]) else row


def column_names(cells: list[str], data: list[list[str]]) -> list[str]:
    """Return the column names of the header row. Names are cleaned and made unique. Unnamed columns get a number.

    Blank names at the end are left out if no row of `data` has a value in these columns. Some spreadsheets write
    thousands of blank names. Without a header, `cells` is empty, and each column that has values gets a number.
    """
    cells = cells or [""] * max(map(len, data), default=0)
    check_column_count(1 + max((n for n, cell in enumerate(cells) if cell.strip()), default=-1))
    names = [_clean(cell) for cell in cells]
    used = 1 + max((n for n, name in enumerate(names) if name), default=-1)
    for row in data:
        filled = (n for n in range(min(len(row), len(names)) - 1, used - 1, -1) if row[n].strip())
        used = 1 + next(filled, used - 1)
    return unique_names(names[:used])


def unique_names(names: list[str]) -> list[str]:
    """Number the unnamed columns, and append ` (2)`, ` (3)` and so on to repeated names."""
    used: set[str] = set()
    unique = []
    for number, name in enumerate(names, 1):
        label = plain = name or f"column {number}"
        repeat = 2
        while label in used:
            label, repeat = f"{plain} ({repeat})", repeat + 1
        used.add(label)
        unique.append(label)
    return unique


def _clean(cell: str) -> str:
    visible = "".join(char if char.isprintable() else " " for char in cell)
    return " ".join(visible.split()).strip("\"' \ufeff\u200b")[:300]


def open_json(text: TextFile, file_format: Format) -> Table:
    """Open a JSON or NDJSON file.

    Raises UnreadableFeed if the file is not JSON, has no list of objects, or has no records.
    """
    source = JsonRows(text, file_format)
    table = table_of_records(
        iter(source), lambda: source.ended_cleanly, {}, again=lambda: _read_again(text, file_format)
    )
    table.notes = notes_of_members(source.members)
    if columns := columns_with_false(table.header, table.sample):
        _read_false_as_blank(table, columns)
    return table


def _read_false_as_blank(table: Table, columns: frozenset[int]) -> None:
    rows, every_row = table.rows, table.every_row
    table.sample = [row[1] for row in without_false(((0, cells) for cells in table.sample), columns)
                    if not isinstance(row, Rejected)]  # fmt: skip
    table.rows = lambda: without_false(rows(), columns)
    table.every_row = None if every_row is None else lambda: without_false(every_row(), columns)


def _read_again(text: TextFile, file_format: Format) -> Iterator[Records | Rejected]:
    """Read all records once more. Then restore the file position for the reader that has read the sample."""
    position = text.file.tell()
    try:
        yield from JsonRows(text, file_format)
    finally:
        text.file.seek(position)


def table_of_records(
    stream: Iterator[Records | Rejected],
    ended_cleanly: Callable[[], bool],
    details: dict[str, Any],
    columns: Iterable[str] = (),
    again: Callable[[], Iterator[Records | Rejected]] | None = None,
) -> Table:
    """Return a table of the records, whose keys can differ. The header always contains all names in `columns`.

    `again` reads the records once more, before the rows of the table are read.

    Raises UnreadableFeed if there are no records.
    """
    header: dict[str, int] = {name: number for number, name in enumerate(columns)}
    sample = _sample_records(stream, header)
    records = [record for entry in sample if not isinstance(entry, Rejected) for record in entry[1]]
    if not records:
        first = next((entry.reason for entry in sample if isinstance(entry, Rejected)), "it is empty")
        raise UnreadableFeed(f"the file contains no records: {first}")

    # Messages and the error file show the clean names. The list `header` contains the original keys.
    names = unique_names([_clean(key) for key in header])

    def rows() -> Iterator[Row | Rejected]:
        while sample:
            yield from rows_of(sample.pop(0))
        for entry in stream:
            yield from rows_of(entry)

    def rows_of(entry: Records | Rejected) -> Iterator[Row | Rejected]:
        if isinstance(entry, Rejected):
            yield entry
            return
        number, records = entry
        for record in records:
            if not record.keys() <= header.keys():
                for key in record:
                    if key not in header and len(header) < MAX_COLUMNS:
                        header[key] = len(header)
                        names.append(unique_names([*names, _clean(key)])[-1])
            get = record.get
            yield number, [get(key) for key in header]

    def problem() -> str:
        stopped = next((entry for entry in sample if isinstance(entry, Rejected) and entry.code == "stopped"), None)
        return stopped.reason if stopped else ""

    rows_of_sample: list[Cells] = [[record.get(key) for key in header] for record in records]
    table = Table(names, rows_of_sample, rows, ended_cleanly, details, problem=problem)
    if again is not None:
        table.every_row = lambda: (row for entry in again() for row in rows_of(entry))
    return table


def _sample_records(stream: Iterator[Records | Rejected], header: dict[str, int]) -> list[Records | Rejected]:
    """Read the first records of the stream, up to the limits of a sample, and add their keys to the header."""
    sample: list[Records | Rejected] = []
    cells = characters = 0
    for entry in islice(stream, SAMPLE_RECORDS):
        sample.append(entry)
        if isinstance(entry, Rejected):
            characters += sum(map(len, entry.raw))
        else:
            for record in entry[1]:
                cells += len(record)
                characters += sum(map(len, record.values()))
                for key in record:
                    header.setdefault(key, len(header))
            check_column_count(len(header))
        if cells > SAMPLE_CELLS or characters > 10 * SAMPLE_CHARACTERS:
            break
    return sample

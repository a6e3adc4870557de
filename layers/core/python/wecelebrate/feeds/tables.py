"""A file as a table: its columns, a sample of rows, and all rows one by one, whatever the format."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Literal

from wecelebrate.feeds import dialect as dialects
from wecelebrate.feeds.columns import folded, known_columns
from wecelebrate.feeds.csv_rows import MOST_COLUMNS, CsvRows, limited, sample_lines
from wecelebrate.feeds.encoding import Text
from wecelebrate.feeds.formats import Format
from wecelebrate.feeds.items import Cells, Rejected, Row, UnreadableFeed, shown
from wecelebrate.feeds.json_rows import JsonRows, Record
from wecelebrate.feeds.plan import OPTIONS
from wecelebrate.feeds.profile import Profile
from wecelebrate.feeds.profiles import names_known

SAMPLE_CHARACTERS = 256 << 10
SAMPLE_RECORDS = 1_000
SAMPLE_CELLS = 200_000
LONGEST_SAMPLE_LINE = 100_000


@dataclass(slots=True)
class Table:
    header: list[str]
    sample: list[Cells]
    rows: Callable[[], Iterator[Row | Rejected]]
    """Rows as they come: of any width in CSV; in JSON the header may have grown by new keys."""
    ended_cleanly: Callable[[], bool]
    details: dict[str, Any]
    profile: Profile | None = None
    """What the file is known to be by more than its columns."""
    nature: Literal["full", "delta"] | None = None
    """Whether it says of itself that it is the whole catalog, or what has changed in it."""
    close: Callable[[], None] = lambda: None
    """Drops what the table keeps on disk beside the file."""


def known_by(mapping: Mapping[str, str | None]) -> dialects.Known:
    """How many of a row's cells are names of columns: of products in general, of an export, or of the mapping."""
    mapped = frozenset(folded(column) for name, column in mapping.items() if column and name not in OPTIONS)
    return partial(known_columns, also=names_known() | mapped)


def open_csv(text: Text, mapping: Mapping[str, str | None]) -> Table:
    """Raises UnreadableFeed for a file without a header or with too many columns."""
    reader = text.open()
    lines = sample_lines(reader, SAMPLE_CHARACTERS)
    told = mapping.get("delimiter")
    skipped = 0
    if match := re.match(r'\ufeff?"?sep=(.)"?\s*$', lines[0], re.IGNORECASE):
        told, skipped = told or match[1], 1
    if told is not None and (len(told) != 1 or told in '"\r\n'):
        raise UnreadableFeed(f"the sync settings name {shown(told)} as the delimiter; it must be a single character")
    known = known_by(mapping)
    looked_at = [line[:LONGEST_SAMPLE_LINE] for line in lines[skipped : skipped + 200]]
    dialect = dialects.detect(looked_at, known, told)
    rows, starts = _positions(lines[skipped:], dialect)
    at = dialects.header_at(rows, known)
    if not rows or not any(cell.strip() for cell in rows[at]):
        raise UnreadableFeed("the file has no header: its first lines are blank")
    data = [row for row in rows[at + 1 :] if any(row)]
    header = named(rows[at], data)
    limited(len(header))
    source = CsvRows(text, dialect, len(header), skipped + starts[at + 1])
    details = {
        "delimiter": dialect.delimiter, "quote": dialect.quote, "escape": dialect.escape,
        "header_line": skipped + starts[at] + 1,
    }  # fmt: skip
    return Table(header, list(data), source.rows, lambda: source.ended_cleanly, details)


def _positions(lines: list[str], dialect: dialects.Dialect) -> tuple[list[list[str]], list[int]]:
    """The sample's rows, and how many lines stand above each; a last entry for the end."""
    rows, starts = [], [0]
    for row, end in dialects.read_numbered(lines, dialect):
        rows.append(row)
        starts.append(end)
    return rows, starts


def named(cells: list[str], data: list[list[str]]) -> list[str]:
    """The header's names: cleaned, unnamed columns numbered, doubled ones told apart.

    Blank names at the end are dropped when no row has anything there: spreadsheets leave thousands.
    """
    limited(1 + max((n for n, cell in enumerate(cells) if cell.strip()), default=-1))
    names = [_clean(cell) for cell in cells]
    used = 1 + max((n for n, name in enumerate(names) if name), default=-1)
    for row in data:
        filled = (n for n in range(min(len(row), len(names)) - 1, used - 1, -1) if row[n].strip())
        used = 1 + next(filled, used - 1)
    return distinct(names[:used])


def distinct(names: list[str]) -> list[str]:
    seen: set[str] = set()
    unique = []
    for number, name in enumerate(names, 1):
        label = plain = name or f"column {number}"
        repeat = 2
        while label in seen:
            label, repeat = f"{plain} ({repeat})", repeat + 1
        seen.add(label)
        unique.append(label)
    return unique


def _clean(cell: str) -> str:
    visible = "".join(char if char.isprintable() else " " for char in cell)
    return " ".join(visible.split()).strip("\"' \ufeff\u200b")[:300]


def open_json(text: Text, kind: Format) -> Table:
    """Raises UnreadableFeed for a file that is not JSON, holds no list of objects, or no records."""
    source = JsonRows(text, kind)
    return of_records(iter(source), lambda: source.ended_cleanly, {})


def of_records(
    stream: Iterator[tuple[int, list[Record]] | Rejected],
    ended_cleanly: Callable[[], bool],
    details: dict[str, Any],
    columns: Iterable[str] = (),
) -> Table:
    """The table of records that each have keys of their own; `columns` are there from the start.

    Raises UnreadableFeed when there are no records.
    """
    header: dict[str, int] = {name: number for number, name in enumerate(columns)}
    ahead: list[tuple[int, list[Record]] | Rejected] = []
    cells = characters = 0
    for entry in islice(stream, SAMPLE_RECORDS):
        ahead.append(entry)
        if isinstance(entry, Rejected):
            characters += sum(map(len, entry.raw))
        else:
            for record in entry[1]:
                cells += len(record)
                characters += sum(map(len, record.values()))
                for key in record:
                    header.setdefault(key, len(header))
            limited(len(header))
        if cells > SAMPLE_CELLS or characters > 10 * SAMPLE_CHARACTERS:
            break
    good = [record for entry in ahead if not isinstance(entry, Rejected) for record in entry[1]]
    if not good:
        first = next((entry.reason for entry in ahead if isinstance(entry, Rejected)), "it is empty")
        raise UnreadableFeed(f"the file holds no records: {first}")

    # Messages and the error file show clean names; a record is looked up by its own.
    names = distinct([_clean(key) for key in header])

    def rows() -> Iterator[Row | Rejected]:
        while ahead:
            yield from spread(ahead.pop(0))
        for entry in stream:
            yield from spread(entry)

    def spread(entry: tuple[int, list[Record]] | Rejected) -> Iterator[Row | Rejected]:
        if isinstance(entry, Rejected):
            yield entry
            return
        number, records = entry
        for record in records:
            if not record.keys() <= header.keys():
                for key in record:
                    if key not in header and len(header) < MOST_COLUMNS:
                        header[key] = len(header)
                        names.append(distinct([*names, _clean(key)])[-1])
            get = record.get
            yield number, [get(key) for key in header]

    return Table(names, [[record.get(key) for key in header] for record in good], rows, ended_cleanly, details)

"""Reads the rows of a delimited file with their line numbers. Memory use is bounded for any content."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice

from wecelebrate.core.formula_quotes import unquoted
from wecelebrate.feeds.files.dialect import Dialect
from wecelebrate.feeds.files.encoding import TextFile
from wecelebrate.feeds.items import Rejected, Row, UnreadableFeed, quoted

MAX_CELL_LENGTH = 1_000_000
MAX_RECORD_LENGTH = 5_000_000
MAX_COLUMNS = 2_000
# After a quote that is never closed, lines are read a second time. These two constants limit the cost.
MAX_RECOVERIES = 10_000
MAX_REREAD_CHARACTERS = 20_000_000
MAX_BLANK_ROWS = 1_100_000
"""The maximum number of blank rows. No program writes more, because a spreadsheet has at most 1,048,576 rows."""


class CsvRows:
    """Reads the rows below the first `skip_lines` lines. Yields `(line, cells)`, or a Rejected for a bad row.

    `unquote` removes a `'` before a text that a spreadsheet would execute as a formula (`core.formula_quotes`). Exports
    of wecelebrate and of WooCommerce contain such quotes.

    If a quote is opened and never closed, csv.reader adds the rows below the quote to the record with the quote. This
    record then has several lines, and at least one of these statements is true:

    - The record is not well-formed.
    - The record is too long.
    - The record's width differs from the header's width, but its second line has the header's width.

    Only the first line of this record is rejected. Reading continues with the second line.

    In a plain table (`tables.plain`), a line with a broken quote is always rejected, even if it is the last line, which
    can be cut off. `raw` then contains the cells of the line, and the last cell begins at the broken quote.
    """

    def __init__(
        self,
        text: TextFile,
        dialect: Dialect,
        width: int,
        skip_lines: int,
        *,
        is_plain: bool = False,
        unquote: Callable[[str], str] = unquoted,
    ) -> None:
        reader = text.open()
        layout = dialect.layout
        self._readline: Callable[[int], str] = reader.readline
        if layout is not None:
            self._readline = lambda limit: layout.divided(line) if (line := reader.readline(limit)) else ""
        self._dialect = dialect
        self._width = width
        self._is_plain = is_plain
        self._unquote = unquote
        plain = dialect.quote == '"' and dialect.escape is None and dialect.layout is None
        mark = re.escape(dialect.delimiter)
        self._stray = re.compile(rf'[^{mark}"]"[^{mark}"\r\n]') if plain else None
        self._pending: list[str] = []  # lines to be read again; the last line of the list is read first
        self._record: list[str] = []  # lines of the current record
        self._size = 0
        self._line = 0
        self._recoveries = self._reread = self._blank = 0
        self.ended_cleanly = True
        for _ in islice(self._lines(), skip_lines):
            self._record.clear()

    def rows(self) -> Iterator[Row | Rejected]:  # noqa: PLR0912  (one flat loop, for speed)
        record, stray, unquote = self._record, self._stray, self._unquote
        while True:
            reader = csv.reader(self._lines(), **self._dialect.parameters())  # type: ignore[arg-type]
            try:
                for cells in reader:
                    if len(record) == 1:
                        if (
                            self._is_plain
                            and self._dialect.quote in record[0]
                            and (problem := self._problem_of_quotes(record[0]))
                        ):
                            yield self._recover(problem)
                            break
                        if cells and (cells[0] or any(cells)):
                            is_stray = stray is not None and '"' in record[0] and stray.search(record[0])
                            row = self._repaired(record[0], cells) if is_stray else cells
                            yield self._line, [unquote(cell) for cell in row] if "'" in record[0] else row
                        else:
                            self._blank += 1
                            if self._blank > MAX_BLANK_ROWS:
                                yield self._stop(f"more than {MAX_BLANK_ROWS:,} rows are blank; remove the blank rows")
                                return
                    elif self._has_open_quote(cells):
                        yield self._recover("a quote is opened here and not closed properly")
                        break
                    else:
                        yield self._line - len(record) + 1, [unquote(cell) for cell in cells]
                    record.clear()
                else:
                    return
            except (csv.Error, _RecordTooLong) as error:
                # Without `strict`, csv.reader raises an error only for a cell longer than csv.field_size_limit.
                part, limit = (
                    ("a cell", MAX_CELL_LENGTH) if isinstance(error, csv.Error) else ("the row", MAX_RECORD_LENGTH)
                )
                if len(record) > 1:
                    yield self._recover(f"a quote is opened here and not closed within {limit:,} characters")
                else:
                    yield self._reject_line(f"{part} is longer than {limit:,} characters")
            if self._recoveries > MAX_RECOVERIES or self._reread > MAX_REREAD_CHARACTERS:
                yield self._stop(
                    "quotes are broken in too many places; export the file again with every quote inside a cell doubled"
                )
                return

    def _lines(self) -> Iterator[str]:
        record, pending, readline = self._record, self._pending, self._readline
        while line := pending.pop() if pending else readline(MAX_RECORD_LENGTH + 1):
            self._line += 1
            record.append(line)
            self._size = len(line) if len(record) == 1 else self._size + len(line)
            if self._size > MAX_RECORD_LENGTH:
                raise _RecordTooLong
            yield line

    def _repaired(self, line: str, cells: list[str]) -> list[str]:
        """Return the cells of a line whose quoted cells contain quotes that are not doubled: `"1/2" tee, brass"`.

        Such a cell ends at the first quote before a delimiter. If the line is well-formed, or would not get as many
        cells as the header, `cells` is returned.
        """
        try:
            list(csv.reader([line], strict=True, **self._dialect.parameters()))  # type: ignore[arg-type]
        except csv.Error:
            divided = _divided(line.rstrip("\r\n"), self._dialect.delimiter)
            return divided if len(divided) == self._width else cells
        return cells

    def _problem_of_quotes(self, line: str) -> str:
        """Return the problem with the quotes of a record of one line, or "" if there is no problem."""
        try:
            list(csv.reader([line], strict=True, **self._dialect.parameters()))  # type: ignore[arg-type]
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                return "a quote is opened here, and the file ends before it is closed"
            if len(_divided(line.rstrip("\r\n"), self._dialect.delimiter)) != self._width:
                return "a quote inside of a cell is not doubled"
        return ""

    def _has_open_quote(self, cells: list[str]) -> bool:
        """Return True if the record has several lines because of a broken quote.

        Return False if the record has several lines because a cell contains line breaks.
        """
        try:
            list(csv.reader(self._record, strict=True, **self._dialect.parameters()))  # type: ignore[arg-type]
        except csv.Error:
            return True
        if len(cells) == self._width:
            return False
        try:
            second_line = next(csv.reader(self._record[1:2], strict=True, **self._dialect.parameters()), [])  # type: ignore[arg-type]
        except csv.Error:
            return False
        return len(second_line) == self._width

    def _recover(self, problem: str) -> Rejected:
        """Reject the first line of the record, and queue the other lines to be read again."""
        self._recoveries += 1
        self._reread += self._size
        line = self._line - len(self._record) + 1
        first = self._record[0]
        self._pending.extend(reversed(self._record[1:]))
        self._line = line
        self._record.clear()
        raw = [first[:MAX_CELL_LENGTH].rstrip("\r\n")]
        if self._is_plain:
            raw = next(csv.reader(raw, **self._dialect.parameters()), raw)  # type: ignore[arg-type]
        return Rejected(
            line, 1, None, f"line {line}: {problem}: {quoted(first.strip())}", "unclosed_quote", raw
        )  # fmt: skip

    def _stop(self, problem: str) -> Rejected:
        self.ended_cleanly = False
        line = self._line + 1
        return Rejected(line, 0, None, f"reading stopped before line {line}: {problem}", "stopped", [])

    def _reject_line(self, problem: str) -> Rejected:
        line = self._record[0]
        # If the line was cut at the maximum length, skip its rest.
        while line and line[-1] not in "\r\n":
            line = self._pending.pop() if self._pending else self._readline(MAX_RECORD_LENGTH)
        start = self._record[0][:200]
        self._record.clear()
        return Rejected(self._line, 1, None, f"line {self._line}: {problem}: {quoted(start)}", "too_long", [start])


def _divided(line: str, delimiter: str) -> list[str]:
    """Divide a line into cells. A quoted cell ends at the first quote before a delimiter, or at the end of the line."""
    cells: list[str] = []
    at, end, closing = 0, len(line), f'"{delimiter}'
    while at <= end:
        if line.startswith('"', at):
            stop = line.find(closing, at + 1)
            if stop < 0:
                stop = end - 1 if line.endswith('"') and end - 1 > at else end
            cells.append(line[at + 1 : stop].replace('""', '"'))
            at = stop + 2
        else:
            stop = line.find(delimiter, at)
            stop = end if stop < 0 else stop
            cells.append(line[at:stop])
            at = stop + 1
    return cells


class _RecordTooLong(Exception):
    """The current record exceeds MAX_RECORD_LENGTH."""


def check_column_count(count: int) -> None:
    """Raise UnreadableFeed if there are more columns than in any real product file."""
    if count > MAX_COLUMNS:
        raise UnreadableFeed(
            f"the file has {count:,} columns, more than {MAX_COLUMNS:,}; check the delimiter, or leave columns out"
        )


def sample_lines(text: io.TextIOWrapper, characters: int) -> list[str]:
    """Return the first lines of the text, with a total length of at least `characters`. Stops at the text's end."""
    lines: list[str] = []
    size = 0
    while size < characters and (line := text.readline(MAX_RECORD_LENGTH)):
        lines.append(line)
        size += len(line)
    return lines


csv.field_size_limit(MAX_CELL_LENGTH)

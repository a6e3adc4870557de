"""Rows of a delimited file with their line numbers, in bounded memory whatever the file holds."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from wecelebrate.feeds.dialect import Dialect
from wecelebrate.feeds.encoding import Text
from wecelebrate.feeds.items import Rejected, Row, UnreadableFeed, shown

LONGEST_CELL = 1_000_000
LONGEST_RECORD = 5_000_000
MOST_COLUMNS = 2_000
# Reading on after a quote that never closes means reading lines again: no more often and no more characters than these.
MOST_RECOVERIES = 10_000
MOST_READ_AGAIN = 20_000_000
MOST_BLANK = 1_100_000
"""Rows of nothing: more than a spreadsheet has rows, so no program has saved them."""


class CsvRows:
    """Reads a text's rows after the first `skip_lines` lines: `(line, cells)`, or the rejection of a row.

    A quote that is opened and never closed would swallow the rows below it. Such a record gives itself away: it spans
    lines and is not well-formed, or is too long, or has the wrong width while its next line alone has the right one.
    Then its first line alone is rejected and reading goes on with the next.
    """

    def __init__(self, text: Text, dialect: Dialect, width: int, skip_lines: int) -> None:
        self._text = text.open()
        self._dialect = dialect
        self._width = width
        self._again: list[str] = []  # lines to read once more, the next one last
        self._record: list[str] = []  # lines of the record that is being read
        self._size = 0
        self._line = 0
        self._recoveries = self._read_again = self._blank = 0
        self.ended_cleanly = True
        for _ in islice(self._lines(), skip_lines):
            self._record.clear()

    def rows(self) -> Iterator[Row | Rejected]:  # noqa: PLR0912  (the loop over all lines: flat)
        record = self._record
        while True:
            reader = csv.reader(self._lines(), **self._dialect.parameters())  # type: ignore[arg-type]
            try:
                for cells in reader:
                    if len(record) == 1:
                        if cells and (cells[0] or any(cells)):
                            yield self._line, cells
                        else:
                            self._blank += 1
                            if self._blank > MOST_BLANK:
                                yield self._stop(f"more than {MOST_BLANK:,} rows are blank; leave them out")
                                return
                    elif self._swallowed(cells):
                        yield self._recover("a quote is opened here and not closed properly")
                        break
                    else:
                        yield self._line - len(record) + 1, cells
                    record.clear()
                else:
                    return
            except (csv.Error, _TooLong) as error:
                # Without `strict` the reader has one error: a cell longer than csv.field_size_limit.
                what, limit = ("a cell", LONGEST_CELL) if isinstance(error, csv.Error) else ("the row", LONGEST_RECORD)
                if len(record) > 1:
                    yield self._recover(f"a quote is opened here and not closed within {limit:,} characters")
                else:
                    yield self._reject_line(f"{what} is longer than {limit:,} characters")
            if self._recoveries > MOST_RECOVERIES or self._read_again > MOST_READ_AGAIN:
                yield self._stop(
                    "quotes are broken in too many places; export the file again with every quote inside a cell doubled"
                )
                return

    def _lines(self) -> Iterator[str]:
        record, again, readline = self._record, self._again, self._text.readline
        while line := again.pop() if again else readline(LONGEST_RECORD + 1):
            self._line += 1
            record.append(line)
            self._size = len(line) if len(record) == 1 else self._size + len(line)
            if self._size > LONGEST_RECORD:
                raise _TooLong
            yield line

    def _swallowed(self, cells: list[str]) -> bool:
        """Whether a record of several lines is one with a broken quote rather than one with line breaks in a cell."""
        try:
            list(csv.reader(self._record, strict=True, **self._dialect.parameters()))  # type: ignore[arg-type]
        except csv.Error:
            return True
        if len(cells) == self._width:
            return False
        try:
            alone = next(csv.reader(self._record[1:2], strict=True, **self._dialect.parameters()), [])  # type: ignore[arg-type]
        except csv.Error:
            return False
        return len(alone) == self._width

    def _recover(self, problem: str) -> Rejected:
        """Reject the record's first line, and hand the others back to be read again."""
        self._recoveries += 1
        self._read_again += self._size
        line = self._line - len(self._record) + 1
        first = self._record[0]
        self._again.extend(reversed(self._record[1:]))
        self._line = line
        self._record.clear()
        return Rejected(
            line, 1, None, f"line {line}: {problem}: {shown(first.strip())}", "unclosed_quote",
            [first[:LONGEST_CELL].rstrip("\r\n")],
        )  # fmt: skip

    def _stop(self, problem: str) -> Rejected:
        self.ended_cleanly = False
        line = self._line + 1
        return Rejected(line, 0, None, f"reading stopped before line {line}: {problem}", "stopped", [])

    def _reject_line(self, problem: str) -> Rejected:
        line = self._record[0]
        # The rest of a line that was cut at the limit belongs to it.
        while line and line[-1] not in "\r\n":
            line = self._again.pop() if self._again else self._text.readline(LONGEST_RECORD)
        start = self._record[0][:200]
        self._record.clear()
        return Rejected(self._line, 1, None, f"line {self._line}: {problem}: {shown(start)}", "too_long", [start])


class _TooLong(Exception):
    """A record passed the limit while it was read."""


def limited(count: int) -> None:
    """Raise UnreadableFeed for more columns than any product file has."""
    if count > MOST_COLUMNS:
        raise UnreadableFeed(
            f"the file has {count:,} columns, more than {MOST_COLUMNS:,}; check the delimiter, or leave columns out"
        )


def sample_lines(text: io.TextIOWrapper, characters: int) -> list[str]:
    """The first lines up to about so many characters; a line cut by the limit only when it is the first."""
    lines: list[str] = []
    size = 0
    while size < characters and (line := text.readline(LONGEST_RECORD)):
        lines.append(line)
        size += len(line)
    return lines


csv.field_size_limit(LONGEST_CELL)

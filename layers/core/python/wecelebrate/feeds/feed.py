"""A file opened as a feed: format, encoding, dialect and columns settled, items read one by one."""

import weakref
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self

from wecelebrate.feeds import numbers
from wecelebrate.feeds.checks import BROKE_OFF, SAMPLE_ENDS, cut_off, fitting, sound, storable
from wecelebrate.feeds.formats import Format
from wecelebrate.feeds.groups import Grouped
from wecelebrate.feeds.items import Item, Rejected, Row
from wecelebrate.feeds.plan import Plan, extended, make_plan
from wecelebrate.feeds.products import Build, builder
from wecelebrate.feeds.source import Source, open_source


def open_feed(stream: BinaryIO, name: str, mapping: Mapping[str, str | None] | None, currency: str) -> "Feed":
    """Read the stream to its end into a temporary file and settle how to read it.

    `name` is the file's, no more than a hint. `mapping` is the catalog's: field to column (None: leave the field out),
    and for what detection gets wrong the options of `plan.OPTIONS`. `currency` is the catalog's.
    Raises UnreadableFeed when the file as a whole cannot be read.
    """
    settings = dict(mapping or {})
    source = open_source(stream, name, settings, currency)
    try:
        plan = make_plan(list(source.table.header), settings, currency, source.table.profile)
        return Feed(source, plan, settings, currency)
    except BaseException:
        source.close()
        raise


class Feed:
    """Iterates once over a file's items, lazily; the temporary copy goes with the end of it, or with `close`."""

    def __init__(self, source: Source, plan: Plan, mapping: Mapping[str, str | None], currency: str) -> None:
        self._source, self._table, self._plan = source, source.table, plan
        self._finalizer = weakref.finalize(self, source.close)
        self.format: Format = source.format
        told = mapping.get("decimal")
        self._mark: numbers.DecimalMark | None = "," if told == "," else "." if told == "." else self._seen_mark()
        self._own = currency
        self._stopped = False
        self.nature: Literal["full", "delta"] | None = self._table.nature
        """Whether the file says itself that it holds all there is, or changes alone."""
        self.rows_read = 0
        """Rows read so far; at the end, what the rows of all items add up to."""

    @property
    def header(self) -> list[str]:
        """The file's columns; in JSON the keys met so far."""
        return self._table.header

    @property
    def ended_cleanly(self) -> bool:
        """False when the file could not be read to its end; then its last item says where and why."""
        return self._table.ended_cleanly() and not self._stopped

    @property
    def details(self) -> dict[str, Any]:
        """How the file is read, for the job's result: JSON-able."""
        return {
            "format": self.format,
            "packed": list(self._source.layers),
            "encoding": self._source.encoding,
            "profile": self._plan.profile.name if self._plan.profile else "plain",
            "columns": self.header,
            "mapping": self._plan.details(),
            "decimal": self._mark,
            "nature": self.nature,
            **self._table.details,
        }

    def __iter__(self) -> Iterator[Item]:
        try:
            yield from self._items()
        finally:
            self.close()

    def close(self) -> None:
        """Drop the temporary copy."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _items(self) -> Iterator[Item]:
        profile = self._plan.profile
        if profile and profile.variants:
            return Grouped(self._plan, profile.variants, self._builder).items(self._counted())
        return self._plain()

    def _builder(self, plan: Plan) -> Build:
        return builder(plan, self._own, self._mark)

    def _plain(self) -> Iterator[Item]:
        build = self._builder(self._plan)
        width = len(self._plan.header)
        for row in self._counted():
            if isinstance(row, Rejected):
                yield row
                continue
            line, cells = row
            if len(cells) > width:  # a key that no earlier JSON record had
                self._plan = extended(self._plan, list(self._table.header), self._own)
                build, width = self._builder(self._plan), len(self._plan.header)
            yield build(line, [cell and cell.strip() for cell in cells], cells)

    def _counted(self) -> Iterator[Row | Rejected]:
        for row in self._checked():
            if isinstance(row, Rejected):
                self.rows_read += row.rows
                self._stopped = self._stopped or row.code == "stopped"
            else:
                self.rows_read += 1
            yield row

    def _checked(self) -> Iterator[Row | Rejected]:
        rows, text = self._table.rows(), self._source.text
        if self._source.broke_off:
            rows = cut_off(rows, SAMPLE_ENDS if self._source.is_sample else BROKE_OFF)
        if self.format == "csv":
            rows = fitting(rows, self._plan)
        elif self.format == "xlsx":
            rows = sound(rows, self._plan)
        unsound = text is not None and (text.damaged or text.has_nul)
        if self.format in ("json", "ndjson", "xlsx") or (self.format == "csv" and unsound):
            rows = storable(rows, self._plan, text.encoding if text and text.damaged else None)
        return rows

    def _seen_mark(self) -> numbers.DecimalMark | None:
        columns = [price.column for price in self._plan.prices]
        sample = self._table.sample
        return numbers.decimal_mark(cell for row in sample for n in columns if n < len(row) and (cell := row[n]))

"""A file opened as a feed: format, encoding, dialect and columns settled, items read one by one."""

import weakref
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, cast

from wecelebrate.feeds import encoding, numbers
from wecelebrate.feeds.checks import fitting, storable
from wecelebrate.feeds.formats import Format, refuse_binary, text_format
from wecelebrate.feeds.groups import Grouped
from wecelebrate.feeds.items import Item, Rejected, Row, UnreadableFeed, shown
from wecelebrate.feeds.plan import Plan, extended, make_plan
from wecelebrate.feeds.products import Build, builder
from wecelebrate.feeds.tables import Table, open_csv, open_json


def open_feed(stream: BinaryIO, name: str, mapping: Mapping[str, str | None] | None, currency: str) -> "Feed":
    """Read the stream to its end into a temporary file and settle how to read it.

    `name` is the file's, no more than a hint. `mapping` is the catalog's: field to column (None: leave the field out),
    and for what detection gets wrong `decimal` ("," or "."), `delimiter`, `encoding`. `currency` is the catalog's.
    Raises UnreadableFeed when the file as a whole cannot be read.
    """
    settings = dict(mapping or {})
    head = b""
    while len(head) < encoding.SAMPLE and (chunk := stream.read(encoding.SAMPLE - len(head))):
        head += chunk
    refuse_binary(head)
    if settings.get("decimal") not in (None, ",", "."):
        raise UnreadableFeed(f"the sync settings name {shown(str(settings['decimal']))} as decimal mark; it is , or .")
    text = encoding.spool(head, stream, settings.get("encoding"))
    try:
        return Feed(text, name, settings, currency)
    except BaseException:
        text.file.close()
        raise


class Feed:
    """Iterates once over a file's items, lazily; the temporary copy goes with the end of it, or with `close`."""

    def __init__(self, text: encoding.Text, name: str, mapping: Mapping[str, str | None], currency: str) -> None:
        self._text = text
        self._finalizer = weakref.finalize(self, text.file.close)
        reader = text.open()
        start = reader.read(encoding.SAMPLE)
        self.format: Format = text_format(start, name)
        self._table: Table = self._opened(mapping, currency)
        self._plan = make_plan(list(self._table.header), mapping, currency, self._table.profile)
        told = mapping.get("decimal")
        self._mark: numbers.DecimalMark | None = "," if told == "," else "." if told == "." else self._seen_mark()
        self._own = currency
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
        return self._table.ended_cleanly()

    @property
    def details(self) -> dict[str, Any]:
        """How the file is read, for the job's result: JSON-able."""
        return {
            "format": self.format,
            "encoding": self._text.encoding,
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

    def _opened(self, mapping: Mapping[str, str | None], currency: str) -> Table:
        if self.format == "csv":
            return open_csv(self._text, mapping)
        if self.format == "xml":
            from wecelebrate.feeds.xml import open_xml

            return open_xml(cast(BinaryIO, self._text.file), mapping, currency)
        return open_json(self._text, self.format)

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
            self.rows_read += 1 if type(row) is tuple else row.rows  # type: ignore[union-attr]
            yield row

    def _checked(self) -> Iterator[Row | Rejected]:
        csv = self.format == "csv"
        rows = self._table.rows()
        if csv:
            rows = fitting(rows, self._plan)
        if self.format in ("json", "ndjson") or (csv and (self._text.damaged or self._text.has_nul)):
            rows = storable(rows, self._plan, self._text)
        return rows

    def _seen_mark(self) -> numbers.DecimalMark | None:
        columns = [price.column for price in self._plan.prices]
        sample = self._table.sample
        return numbers.decimal_mark(cell for row in sample for n in columns if n < len(row) and (cell := row[n]))

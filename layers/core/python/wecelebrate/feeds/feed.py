"""Opens a file as a feed. It detects the format, the encoding, the dialect and the columns, and reads items lazily."""

import weakref
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, BinaryIO, Self

from wecelebrate.core.types.normal_forms import TOO_MANY_MARKS, has_too_many_marks, nfc_of_safe
from wecelebrate.feeds.columns.profile import VariantRule
from wecelebrate.feeds.columns.visibility import Disclosure
from wecelebrate.feeds.files.evidence import encoding_question
from wecelebrate.feeds.files.formats import Format
from wecelebrate.feeds.items import BadCell, Cells, DeclaredMode, Item, Rejected, Row
from wecelebrate.feeds.plan.decimals import decide_numbers
from wecelebrate.feeds.plan.details import plan_table
from wecelebrate.feeds.plan.plan import Plan, extend_plan, raise_unreadable
from wecelebrate.feeds.plan.second_names import warn_of_second_line
from wecelebrate.feeds.prices.offers import with_late_columns
from wecelebrate.feeds.questions import Change, Question
from wecelebrate.feeds.reading import (
    changes,
    describe,
    had_offers,
    remembered_columns,
    remembered_mark,
    remembered_order,
)
from wecelebrate.feeds.rows.checks import (
    SAMPLE_ENDS,
    TRUNCATED,
    check_characters,
    check_flaws,
    check_width,
    mark_decimals,
    reject_last_row,
    reject_superseded,
    rejected_row,
)
from wecelebrate.feeds.rows.groups import VariantGrouper
from wecelebrate.feeds.rows.notes import note_finder
from wecelebrate.feeds.rows.parents import CODE, Families, counted_with_products, with_options
from wecelebrate.feeds.rows.products import BuildProduct, product_builder
from wecelebrate.feeds.rows.regrouping import regrouped
from wecelebrate.feeds.rows.sheets import of_one_sheet
from wecelebrate.feeds.rows.styles import complete_rows, find_styles
from wecelebrate.feeds.rows.validity import valid_today
from wecelebrate.feeds.states.unread import warn_of_unread_marks
from wecelebrate.feeds.stock.beyond import below_zero_question
from wecelebrate.feeds.stock.columns import StockColumns
from wecelebrate.feeds.stock.places import is_place
from wecelebrate.feeds.stock.plan_columns import stock_columns_of_plan
from wecelebrate.feeds.stock.reader import StockReader
from wecelebrate.feeds.stock.sums import add_place, combine_neighbours, place_reader
from wecelebrate.feeds.tables.source import FeedSource, open_source
from wecelebrate.feeds.tables.table import Table
from wecelebrate.feeds.transformations.computed import ComputedColumns
from wecelebrate.feeds.transformations.settings import Entry, file_settings
from wecelebrate.feeds.warnings import Warnings


def open_feed(
    stream: BinaryIO,
    name: str,
    mapping: Mapping[str, Entry] | None,
    currency: str,
    *,
    memory: Mapping[str, Any] | None = None,
    disclosure: Disclosure | None = None,
) -> "Feed":
    """Copy the stream to a temporary file, and determine how to read this file.

    `name` is the file's name, and is only a hint. `currency` is the catalog's currency. `memory` is the `reading` of
    the catalog's previous file, or None.

    `mapping` is the catalog's mapping, which maps fields to columns, or to transformations of columns
    (`core.types.transformations`). A field that is mapped to None is left out. The mapping can contain
    the options in `plan.model.OPTIONS` too. These options override the detection.

    `disclosure` decides which columns become public attributes.

    Raises UnreadableFeed if the file as a whole cannot be read.
    """
    settings = file_settings(mapping, disclosure.transformations if disclosure else {})
    source = open_source(stream, name, settings.for_opening, currency)
    try:
        plan, evidence = plan_table(
            source.table,
            settings,
            currency,
            remembered_columns(memory),
            _problem(source.table),
            disclosure=disclosure,
            earlier_order=remembered_order(memory),
        )
        return Feed(source, plan, evidence, settings.plain, currency, memory)
    except BaseException:
        source.close()
        raise


def _problem(table: Table) -> Callable[[str], None]:
    """Return the function that reports a problem of the mapping or the columns, before the rows are read.

    If the file is damaged, columns can be missing because of the damage. In this case, the message begins with the
    place of the damage.
    """

    def report(problem: str) -> None:
        broken = table.problem()
        raise_unreadable(f"{broken}; {problem}" if broken else problem)

    return report


class Feed:
    """Reads the items of a file lazily, and only once.

    The temporary copy of the file is deleted after the last item, or by `close`.
    """

    def __init__(  # noqa: PLR0917
        self,
        source: FeedSource,
        plan: Plan,
        evidence: Table,
        mapping: Mapping[str, str | None],
        currency: str,
        memory: Mapping[str, Any] | None = None,
    ) -> None:
        plan.ends_offers = plan.offers is None and bool(plan.prices) and had_offers(memory)
        self._source, self._table, self._plan = source, source.table, plan
        self._evidence = evidence
        self._finalizer = weakref.finalize(self, source.close)
        self.format: Format = source.format
        if self.format in ("json", "ndjson", "xml"):  # a list of categories became a cell with several lines
            plan.list_separators += "\n"
        self._numbers = decide_numbers(plan, self._evidence, mapping.get("decimal"), remembered_mark(memory), currency)
        self._currency = currency
        self.warnings = Warnings()
        """Counts values that were not understood, but did not cause a rejection. The counts are complete after the last
        item."""
        warn_of_unread_marks(plan, self._evidence.sample, self.warnings)
        warn_of_second_line(plan, self._evidence.sample, self.warnings)
        self.reading: dict[str, Any] = describe(
            plan, self._evidence, self.format, mapping, self._numbers, currency, memory
        )
        """How the file is read, with JSON-compatible values. It is the `memory` of the catalog's next file."""
        self._mapping = mapping
        styles, stock = (self._numbers.price, self._numbers.stock), self._stock_columns(plan)
        self.questions: tuple[Question, ...] = (
            *encoding_question(source.text.doubts if source.text else ()),
            *plan.questions, *(style.question for style in styles if style.question is not None),
            *below_zero_question(plan.header, self._evidence.sample, stock.count, stock.below_zero),
        )  # fmt: skip
        """Questions that the file does not answer. The feed is read with the first choice of each question."""
        self.changes: tuple[Change, ...] = changes(self.reading, memory)
        """The differences between this file and the catalog's previous file."""
        self._file_plan, self._stopped = plan.of_file(), False
        self._stock_readers: list[StockReader] = []
        self.declared_mode: DeclaredMode | None = self._table.declared_mode
        """The mode that the file declares: `full` (the whole catalog) or `delta` (only changes). None if undeclared."""
        self.rows_read = 0
        """The number of rows read so far. At the end, this number equals the sum of `item.rows` over all items."""

    @property
    def header(self) -> list[str]:
        """The names of the file's columns. For a JSON file, the keys that were read so far."""
        return self._table.header

    @property
    def other_identifier(self) -> str | None:
        """The column of an identifier other than the SKU. See `Profile.other_identifier`."""
        return self._plan.profile.other_identifier if self._plan.profile else None

    @property
    def ended_cleanly(self) -> bool:
        """False if reading stopped before the end of the file. In this case the last item says where and why."""
        return self._table.ended_cleanly() and not self._stopped

    @property
    def states_stock(self) -> bool:
        """Whether any row read so far had a cell for the stock, even if this cell was blank."""
        return any(reader.has_stated for reader in self._stock_readers)

    @property
    def has_places(self) -> bool:
        """Whether a column contains the place of each stock. In such a file, a SKU can have several rows."""
        return bool(self._plan.places)

    @property
    def keeps_places(self) -> bool:
        """Whether the stock of each place is stored.

        For lots and bins, only the sum of the stocks is stored, because lots and bins change often.
        """
        return self.has_places and all(is_place(self.header[number]) for number in self._plan.places)

    @property
    def details(self) -> dict[str, Any]:
        """A description of how the file is read, for the job's result. All values are JSON-compatible."""
        return {
            "format": self.format,
            "packed": list(self._source.layers),
            "encoding": self._source.encoding,
            "profile": self._plan.profile.name if self._plan.profile else "plain",
            "columns": self.header,
            "mapping": self._plan.details() | self._stock_details(),
            "attributes": {label: self._plan.column_name(number) for number, label in self._plan.attributes},
            "decimal": self._numbers.mark,
            **({"decimal_of_earlier_file": [*remembered]} if (remembered := self._numbers.remembered) else {}),
            "nature": self.declared_mode,
            "warnings": self.warnings.as_json(),
            **self._table.details,
            **({"separate_prices": True} if self._plan.profile and self._plan.profile.separate_prices else {}),
        }

    def __iter__(self) -> Iterator[Item]:
        try:
            yield from self._items()
        finally:
            self.close()

    def close(self) -> None:
        """Delete the temporary copy of the file."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _items(self) -> Iterator[Item]:
        profile = self._plan.profile
        if profile and profile.variants and not self._plan.parent:
            return self._variants(profile.variants)
        items = counted_with_products(self._families()) if self._plan.parent else self._plain_items()
        return combine_neighbours(items) if self._plan.places else items

    def _variants(self, rule: VariantRule) -> Iterator[Item]:
        passed: list[Rejected] = []

        def rows() -> Iterator[Row | Rejected]:
            for row in self._counted_rows():
                if isinstance(row, Rejected):
                    passed[:] = [row]
                yield row

        grouped = regrouped(rows(), self._table.every_row, self._plan, rule)
        for item in VariantGrouper(self._plan, rule, self._builder).items(grouped):
            # The grouper yields the rejected rows of the file unchanged. Only rows that the grouper itself rejects
            # contain computed cells.
            if self._plan.computed and isinstance(item, Rejected) and not any(item is row for row in passed):
                item.raw = self._plan.computed.without(item.raw)
            yield item

    def _builder(self, plan: Plan) -> BuildProduct:
        columns = self._stock_columns(plan)
        is_sum = plan.sums_stock or (
            plan.profile is not None and "inventory_count" in plan.profile.joined_fields and len(columns.count) > 1
        )
        stock = StockReader(
            columns, self._numbers.stock.mark, is_sum=is_sum, arithmetic=plan.stock_arithmetic, reserved=plan.reserved
        )
        self._stock_readers.append(stock)
        find_note = note_finder(plan, self._table.sample)
        mark = self._numbers.price.mark
        return product_builder(plan, self._currency, mark, stock, self.warnings, find_note=find_note)

    def _stock_columns(self, plan: Plan) -> StockColumns:
        return stock_columns_of_plan(plan, self._mapping, self._evidence.sample)

    def _stock_details(self) -> dict[str, str | list[str]]:
        """Return the columns that decide whether the stock is tracked. The column of the stock count is left out.

        The result has the format of `Plan.details`.
        """
        names = [self._plan.header[number] for number in self._stock_columns(self._plan).beside]
        return {"inventory_policy": names[0] if len(names) == 1 else names} if names else {}

    def _families(self) -> Iterator[Item | None]:
        """Yield the items of a file whose variants name their parents.

        Yields None for a row that is not sold: a parent that only groups its variants.
        """
        families = Families(self._counted_rows(), self._plan)
        try:
            self._extend(self._table.header)
            build = self._builder(self._plan)
            read_place = place_reader(self._plan.places)
            for member in families.members(self._plan):
                if isinstance(member, Rejected):
                    yield member
                elif member.problem:
                    raw = self._plan.computed.without(member.raw) if self._plan.computed else member.raw
                    yield rejected_row(self._file_plan, member.line, raw, member.problem, CODE)
                elif not member.is_sold:
                    yield None
                else:
                    cells = [cell and cell.strip() for cell in member.cells]
                    item = with_options(build(member.line, cells, member.raw), member.options, self._plan.disclosure)
                    yield add_place(item, read_place(member.raw))
        finally:
            families.close()

    def _extend(self, header: list[str]) -> None:
        """Add the columns of the new keys of a JSON record to the plan."""
        computed = self._plan.computed
        extended = computed.header(header) if computed else list(header)
        if len(extended) > len(self._plan.header):
            self._plan = extend_plan(self._plan, extended, self._currency)
            self._plan.offers = with_late_columns(self._plan, extended)

    def _plain_items(self) -> Iterator[Item]:
        build = self._builder(self._plan)
        width = len(self._plan.header)
        read_place = place_reader(self._plan.places) if self._plan.places else None
        for row in self._counted_rows():
            if isinstance(row, Rejected):
                yield row
                continue
            line, cells = row
            if len(cells) > width:  # the JSON record has a new key
                self._extend(self._table.header)
                build, width = self._builder(self._plan), len(self._plan.header)
            item = build(line, [cell and cell.strip() for cell in cells], cells)
            yield item if read_place is None else add_place(item, read_place(cells))

    def _counted_rows(self) -> Iterator[Row | Rejected]:
        for row in map(self._in_nfc, self._checked_rows()):
            if isinstance(row, Rejected):
                self.rows_read += row.rows
                self._stopped = self._stopped or row.code == "stopped"
                yield row
            elif self._plan.computed is None:
                self.rows_read += 1
                yield row
            else:
                self.rows_read += 1
                yield self._computed_row(*row, self._plan.computed)

    def _computed_row(self, line: int, cells: Cells, computed: ComputedColumns) -> Row | Rejected:
        try:
            return line, computed.cells(cells)
        except BadCell as error:
            reason = f"{self._plan.column_name(error.columns[0])}: {error.problem}"
            return rejected_row(self._file_plan, line, cells, reason, error.code)

    def _in_nfc(self, row: Row | Rejected) -> Row | Rejected:
        """Return the row with its cells in the Unicode form NFC, or the row as a Rejected.

        Different programs write the same character in different Unicode forms. In NFC, equal SKUs are equal texts.
        """
        if isinstance(row, Rejected):
            return row
        line, cells = row
        try:
            text = "".join(cells)  # type: ignore[arg-type]
        except TypeError:  # if a record lacks a key, its cell is None
            text = "".join(filter(None, cells))
        if text.isascii():
            return row
        if has_too_many_marks(text):  # combining marks of joined cells can also form a run
            for number, cell in enumerate(cells):
                if cell and has_too_many_marks(cell):
                    name = self._plan.column_name(number) if number < len(self._plan.header) else "a key"
                    reason = f"{name}: the cell {TOO_MANY_MARKS}"
                    return rejected_row(self._file_plan, line, cells, reason, "too_many_marks")
        return line, [cell and nfc_of_safe(cell) for cell in cells]

    def _checked_rows(self) -> Iterator[Row | Rejected]:
        rows, text, plan = self._table.rows(), self._source.text, self._file_plan
        if self._source.truncated:
            rows = reject_last_row(rows, SAMPLE_ENDS if self._source.is_sample else TRUNCATED)
        if self.format == "csv":
            rows = check_width(rows, plan)
        elif self.format == "xlsx":
            rows = check_flaws(rows, plan)
        elif self.format in ("json", "ndjson"):
            rows = mark_decimals(rows, plan)
        if self.format in ("csv", "xlsx") and (styles := find_styles(plan, self._table.sample)) is not None:
            rows = complete_rows(rows, styles)
        rows = rows if plan.sheet is None else of_one_sheet(rows, plan, plan.sheet)
        rows = reject_superseded(rows, plan)
        if plan.validity is not None:
            rows = valid_today(rows, plan, plan.validity)
        bad_characters = text is not None and (text.damaged or text.has_nul)
        if self.format in ("json", "ndjson", "xlsx") or (self.format == "csv" and bad_characters):
            rows = check_characters(rows, plan, text.encoding if text and text.damaged else None)
        return rows

"""Prints the products and the rejected rows that `wecelebrate read` has found, row by row, in constant memory.

The printers do not know the fields of a product: they print all fields that the feed returns.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Protocol

import orjson

from infra.command import output
from infra.command.job_texts import at_line, count_rows
from infra.command.output import Column, Json, Styled
from wecelebrate.core.formula_quotes import quoted_cells
from wecelebrate.feeds import Feed, Item, Product, Proposal, Rejected
from wecelebrate.feeds.columns.synonyms import FIELDS
from wecelebrate.ingestion.merge.bounds import check_header, cut_off, oversized

NO_PRODUCTS = frozenset(("no_product", "not_sold_itself"))
"""The codes of rows that are rejected because they are not products. Such rows contain no error."""
_SAMPLE_ROWS = 100
"""The number of rows that decide the columns of a table and their widths."""
_NAMES = tuple(each.name for each in fields(Product) if each.name not in ("line", "rows", "source", "fields_set"))
"""The attributes of a product that are fields of the catalog."""
_OPTIONAL = frozenset((*FIELDS, "attributes"))
"""The fields that a row sets only if `fields_set` contains them."""
_LONG_FIELDS = ("description", "images")
"""The fields that have no separate column in a table, because their values are long."""
_MAX_COLUMN_WIDTH = 30
"""The maximum width of the column with the names, in characters. If a name is wider, the reason after the name is not
aligned."""
_TEXTS = ("name", "category", "brand")
"""The fields that a narrow terminal shortens. Prices and SKUs are not shortened, because a shortened price or SKU would
be wrong."""
_FACTS = ("format", "packed", "encoding", "delimiter", "decimal", "sheet", "profile")
"""The attributes of a proposal that say how the file is read."""


@dataclass
class Counts:
    """The numbers of rows that were read, accepted and rejected: accepted + rejected = read."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    products: int = 0
    """The number of products. It can be lower than `accepted`, because a product with variants or several images can
    have several rows."""
    codes: dict[str, int] = field(default_factory=dict)
    """Maps each code to the number of rows that were rejected with this code."""
    no_products: int = 0
    """The number of correct rows that are rejected because they are not products: totals, notes and parents of
    variants."""

    @property
    def faulty(self) -> int:
        """The number of rejected rows that contain an error. If the file has no product, all rejected rows count."""
        return self.rejected - self.no_products if self.accepted else self.rejected

    def add(self, item: Item) -> None:
        """Count an item."""
        self.read += item.rows
        if isinstance(item, Rejected):
            self.rejected += item.rows
            self.codes[item.code] = self.codes.get(item.code, 0) + item.rows
            self.no_products += item.rows * (item.code in NO_PRODUCTS)
        else:
            self.accepted += item.rows
            self.products += 1


@dataclass
class Rows:
    """The rows of a feed, for printing. They can be read only once."""

    rows: Iterator[Json]
    feed: Feed
    counts: Counts
    has_more: bool = False
    """Whether the limit has cut the rows. If so, the counts do not contain the rest of the file."""


def rows_of(feed: Feed, *, only_rejected: bool, limit: int | None) -> Rows:
    """Return the rows of a feed: products, and rejected rows with their reasons."""
    result = Rows(iter(()), feed, Counts())

    def rows() -> Iterator[Json]:
        printed = 0
        check_header(feed.header)
        for raw_item in feed:
            item = _stored(raw_item)
            is_printed = isinstance(item, Rejected) or not only_rejected
            if is_printed and limit is not None and printed == limit:
                result.has_more = True
                return
            result.counts.add(item)
            if is_printed:
                printed += 1
                yield _row(item, feed.header)
        check_header(feed.header)

    result.rows = rows()
    return result


def _stored(item: Item) -> Item:
    """Return the item. As in a sync, replace a product that is too large for the database by a rejected row."""
    if isinstance(item, Rejected):
        return item
    texts = [orjson.dumps(value).decode() for value in (item.images, item.attributes, item.source)]
    reason = oversized(item, *texts)
    if reason is None:
        return item
    return Rejected(item.line, item.rows, item.sku, reason, "too_long", list(cut_off(item.source).values()))


def _row(item: Item, header: Sequence[str]) -> Json:
    position = {"line": item.line, "rows": item.rows}
    if isinstance(item, Product):
        return {**position, "product": _fields(item)}
    raw = dict(zip(header, item.raw, strict=False))
    return {**position, "sku": item.sku, "code": item.code, "reason": item.reason, "raw": raw}


def _fields(product: Product) -> Json:
    """Return the fields that the row sets, in the same form as the API. For example, amounts are decimal strings."""
    values: Json = {}
    for name in _NAMES:
        value = getattr(product, name)
        if name in product.fields_set or (value and name not in _OPTIONAL):
            values[name] = str(value) if isinstance(value, Decimal) else value
    if "offers" in values:
        values["offers"] = [offer.as_json() for offer in product.offers or ()]
    return values


Questions = Sequence[Any]
"""Questions of a feed (`wecelebrate.feeds.questions.Question`)."""


class Printer(Protocol):
    """Prints how a file is read, and then its rows."""

    def print_reading(self, proposal: Proposal, questions: Questions) -> None:
        """Print how the file is read, and the open questions about the file. The rows are read with the first choice of
        each question."""

    def print_rows(self, rows: Rows) -> Counts:
        """Print the rows, and then their counts. Return the counts."""


class TablePrinter:
    """Prints text for people."""

    def print_reading(self, proposal: Proposal, questions: Questions) -> None:
        _print_reading(proposal, questions, output.result)

    def print_rows(self, rows: Rows) -> Counts:
        sample = list(islice(rows.rows, _SAMPLE_ROWS))
        products = [row["product"] for row in sample if "product" in row]
        columns = [name for name in FIELDS if name not in _LONG_FIELDS and any(name in each for each in products)]
        shown = [Column("line", right=True), *(Column(name, shorten=name in _TEXTS) for name in columns)]
        shown.append(Column("other fields", shorten=True))
        table = output.Table(shown, (_cells(row, columns) for row in sample if "product" in row))
        if products:
            table.print_header()
        for row in chain(sample, rows.rows):
            if "product" in row:
                table.print_row(_cells(row, columns))
            else:
                output.marked("✗", "red", output.printable(_rejection(row)))
        output.result()
        _print_end(rows, output.result)
        return rows.counts


class JsonPrinter:
    """Prints one JSON document. Each row of the document is printed in a separate line."""

    def __init__(self) -> None:
        self._reading: Json = {}

    def print_reading(self, proposal: Proposal, questions: Questions) -> None:
        reading = {name: value for name, value in proposal.as_json().items() if name != "rows"}
        self._reading = {**reading, "questions": [asdict(question) for question in questions]}

    def print_rows(self, rows: Rows) -> Counts:
        output.write(f'{{"read_as": {_json(self._reading)}, "data": [')
        for number, row in enumerate(rows.rows):
            output.write(f"{',' if number else ''}\n{_json(row)}")
        output.write(f'], "has_more": {_json(rows.has_more)}, "ended_cleanly": {_json(rows.feed.ended_cleanly)}')
        output.write(f', "counts": {_json(asdict(rows.counts))}}}\n')
        return rows.counts


class LinePrinter:
    """Prints one JSON object in each line. Everything else is printed to stderr."""

    def print_reading(self, proposal: Proposal, questions: Questions) -> None:
        _print_reading(proposal, questions, output.note)

    def print_rows(self, rows: Rows) -> Counts:
        for row in rows.rows:
            output.write(f"{_json(row)}\n")
        _print_end(rows, output.note)
        return rows.counts


class CsvPrinter(LinePrinter):
    """Prints the rows as CSV. Everything else is printed to stderr."""

    def print_rows(self, rows: Rows) -> Counts:
        columns = ["line", *_NAMES, "code", "reason", "raw"]
        clean: Callable[[str], str] = output.printable if sys.stdout.isatty() else str
        writer = csv.DictWriter(_Stdout(), columns, lineterminator="\n")
        writer.writeheader()
        for row in rows.rows:
            values = row.get("product") or {name: row[name] for name in ("sku", "code", "reason", "raw")}
            cells = quoted_cells(clean(_text(value)) for value in values.values())
            writer.writerow({"line": row["line"], **dict(zip(values, cells, strict=True))})
        _print_end(rows, output.note)
        return rows.counts


PRINTERS: Mapping[str, Callable[[], Printer]] = {
    "table": TablePrinter,
    "json": JsonPrinter,
    "ndjson": LinePrinter,
    "csv": CsvPrinter,
}
"""Maps the values of --format to the printers."""


class _Stdout:
    """A text file for `csv.writer`."""

    def write(self, text: str) -> None:
        output.write(text)


def _print_reading(proposal: Proposal, questions: Questions, line: Callable[[str], None]) -> None:
    """Print the format, the columns of the fields, the questions and the warnings."""
    facts = {name: getattr(proposal, name) for name in _FACTS}
    for name, value in facts.items():
        if value:
            line(output.printable(f"{name:<16} {', '.join(value) if isinstance(value, list) else _visible(value)}"))
    columns = {each.field: ", ".join(each.columns) or "–" for each in proposal.fields}
    width = min(max(map(len, columns.values())), _MAX_COLUMN_WIDTH)
    for each in proposal.fields:
        line(output.printable(f"{each.field:<16} {columns[each.field]:<{width}}  {each.reason}"))
    used = {column for each in proposal.fields for column in each.columns}
    for column in proposal.columns:
        if column.name not in used:
            use, reason = getattr(column, "use", "other column"), getattr(column, "reason", "")
            use = getattr(column, "target", use) if use == "field" else use
            line(output.printable(f"{use:<16} {column.name:<{width}}  {reason}".rstrip()))
    if proposal.missing:
        line(f"{'missing':<16} {', '.join(proposal.missing)}: a row without these fields cannot create a product")
    for question in questions:
        _print_question(question, line)
    line("")
    for warning in proposal.warnings:
        output.warning(warning)


def _print_question(question: Any, line: Callable[[str], None]) -> None:
    """Print a question, and the options that answer it."""
    line(output.printable(f"{'question':<16} {question.text}"))
    parameter = "--mapping" if question.key in FIELDS else "--option"
    for choice in question.choices:
        examples = f", e.g. {'; '.join(choice.examples)}" if choice.examples else ""
        label = choice.label.removesuffix(".") if examples else choice.label
        # The answer that the file is wrong is no setting.
        option = "" if choice.refuses_file else f"{parameter} {question.key}={choice.value}  "
        line(output.printable(f"{'':<16} {option}{label}{examples}"))


def _print_end(rows: Rows, line: Callable[[str], None]) -> None:
    """Print the counts."""
    counts = rows.counts
    products = "1 product" if counts.products == 1 else f"{counts.products:,} products"
    of_these = f" ({counts.no_products:,} of these: no products)" if counts.no_products else ""
    accepted = f"{counts.accepted:,} accepted as {products}"
    line(f"{count_rows(counts.read)} read: {accepted}, {counts.rejected:,} rejected{of_these}")
    for code, number in sorted(counts.codes.items(), key=lambda each: -each[1]):
        line(f"  {number:,} {code}")
    if rows.has_more:
        output.note("the file has more rows: without --limit, all rows are read")
    elif not rows.feed.ended_cleanly:
        output.warning("the file was not read to its end: the last rejected row says why")


def _visible(value: str) -> str:
    """Return a value, or its Python literal if the value contains invisible characters, e.g. a tab."""
    return value if value.isprintable() and value.strip() else repr(value)


def _cells(row: Json, columns: Sequence[str]) -> list[output.Cell]:
    """Return the cells of a product in a table. The last cell contains the fields that have no separate column."""
    product = row["product"]
    others = {name: value for name, value in product.items() if name not in columns}
    text = "; ".join(f"{name}: {_text(value)}" for name, value in others.items() if value not in (None, [], {}))
    return [str(row["line"]), *(_text(product.get(name)) for name in columns), Styled(text)]


def _rejection(row: Json) -> str:
    """Return a rejected row as one line."""
    return f"{at_line(row['line'], row['reason'], row['sku'])} [{row['code']}]"


def _text(value: Any) -> str:
    """Return a value as the text of a cell: None is empty, and lists and objects are JSON."""
    return "" if value is None else value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)

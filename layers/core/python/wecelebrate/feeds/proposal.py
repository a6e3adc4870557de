"""What detection would do with a file: for whoever sets up a catalog's mapping, before anything is read in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, BinaryIO, Literal

from wecelebrate.feeds.checks import SAMPLE_ENDS
from wecelebrate.feeds.columns import FIELDS, meaning
from wecelebrate.feeds.feed import Feed
from wecelebrate.feeds.items import Cells, Item, Product, Rejected, shown
from wecelebrate.feeds.plan import Plan, make_plan
from wecelebrate.feeds.source import open_source

SAMPLE = 1 << 20
"""Bytes of a text that are looked at. Of a workbook it is the first rows of its sheets."""
MOST_ROWS = 20
MOST_SAMPLES = 3
LONGEST_SAMPLE = 100
NEEDED = ("sku", "name", "price")
"""What a new product cannot be without."""

By = Literal["mapping", "profile", "name", "none"]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    samples: list[str]
    """Its first values that are not blank."""


@dataclass(frozen=True, slots=True)
class Field:
    field: str
    columns: list[str]
    by: By
    confidence: float
    """0 to 1: 1 for the catalog's own mapping, 0.95 for a known export, less the rarer a name has this meaning."""
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """How a file would be read. `as_json` is what the API answers with."""

    format: str
    packed: list[str]
    encoding: str | None
    delimiter: str | None
    decimal: str | None
    sheet: str | None
    sheets: list[dict[str, Any]]
    profile: str
    columns: list[Column]
    fields: list[Field]
    missing: list[str]
    """Fields that new products need and no column feeds."""
    rows: list[dict[str, Any]]
    """The first rows: `{line, product}` or `{line, error, code, sku}`."""
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def propose(stream: BinaryIO, name: str, mapping: Mapping[str, str | None] | None, currency: str) -> Proposal:
    """What `open_feed` would make of the file, from a sample of it. What is wrong with the mapping is a warning.

    Raises UnreadableFeed for a file that no mapping makes readable.
    """
    settings = dict(mapping or {})
    warnings: list[str] = []
    source = open_source(stream, name, settings, currency, sample=SAMPLE)
    try:
        plan = make_plan(list(source.table.header), settings, currency, source.table.profile, warnings.append)
        with Feed(source, plan, settings, currency) as feed:
            rows = [_row(item) for item in islice(_read(feed), MOST_ROWS)]
            details = feed.details
            columns = _columns(source.table.header, source.table.sample)
            return Proposal(
                format=feed.format,
                packed=details["packed"],
                encoding=details["encoding"],
                delimiter=details.get("delimiter"),
                decimal=details["decimal"],
                sheet=details.get("sheet"),
                sheets=details.get("sheets", []),
                profile=details["profile"],
                columns=columns,
                fields=[_field(name, plan, settings) for name in FIELDS],
                missing=[name for name in NEEDED if name not in plan.mapped and not (name == "sku" and plan.keyed)],
                rows=rows,
                warnings=warnings + _further(details["profile"], columns, rows),
            )
    finally:
        source.close()


def _read(feed: Feed) -> Any:
    """The feed's items but for the last row of a sample that ends inside it."""
    return (item for item in feed if not (isinstance(item, Rejected) and SAMPLE_ENDS in item.reason))


def _columns(header: Sequence[str], sample: Sequence[Cells]) -> list[Column]:
    found = []
    for number, name in enumerate(header):
        cells = (cell.strip() for row in sample if number < len(row) and (cell := row[number]) and cell.strip())
        found.append(Column(name, [cell[:LONGEST_SAMPLE] for cell in islice(cells, MOST_SAMPLES)]))
    return found


def _field(name: str, plan: Plan, mapping: Mapping[str, str | None]) -> Field:
    columns = [plan.header[number] for number in plan.mapped.get(name, [])]
    if name in mapping and (columns or mapping[name] is None):
        reason = "the catalog's mapping names it" if columns else "the catalog's mapping leaves it out"
        return Field(name, columns, "mapping", 1.0, reason)
    if not columns:
        if name == "sku" and plan.keyed:
            return Field(name, [], "profile", 0.95, "the handle and options of each variant stand for its SKU")
        return Field(name, [], "none", 0.0, "no column of this file is known to hold it")
    if plan.profile:
        return Field(name, columns, "profile", 0.95, f"a column of exports of the kind: {plan.profile.name}")
    rank = next((rank for field, rank, _ in meaning(columns[0]) if field == name), 1_000)
    # Ranks are ten apart: the first names in the list of synonyms mean nothing else.
    confidence = round(max(0.5, 0.9 - rank / 10 * 0.005), 2)
    return Field(name, columns, "name", confidence, f"{shown(columns[0], 40)} is a usual name for it")


def _row(item: Item) -> dict[str, Any]:
    if isinstance(item, Rejected):
        return {"line": item.line, "error": item.reason, "code": item.code, "sku": item.sku}
    return {"line": item.line, "product": _product(item)}


def _product(product: Product) -> dict[str, Any]:
    """What the row says, as the API writes it: a field that it does not speak of is absent."""
    values = {name: getattr(product, name) for name in FIELDS if name in product.given}
    if product.price is not None:
        values["price"] = f"{product.price:.2f}"
    if "attributes" in product.given:
        values["attributes"] = product.attributes
    return values


def _further(profile: str, columns: list[Column], rows: list[dict[str, Any]]) -> list[str]:
    found = []
    bad = sum(1 for row in rows if "error" in row)
    if rows and bad * 2 > len(rows):
        found.append(f"{bad} of the first {len(rows)} rows would be refused; look at their errors")
    if not rows:
        found.append("the file has a header and no rows")
    if len(columns) == 1 and profile == "plain":
        found.append("only one column was found; if there are more, name the delimiter in the options")
    return found

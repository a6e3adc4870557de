"""Shows how a file would be read, for the person who sets up a catalog's mapping. Nothing is imported."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, BinaryIO, Literal

from wecelebrate.feeds.columns.synonyms import FIELDS
from wecelebrate.feeds.columns.visibility import Disclosure, private_part, same_name
from wecelebrate.feeds.feed import Feed
from wecelebrate.feeds.items import Cells, Item, Product, Rejected, quoted
from wecelebrate.feeds.notation.convert import attributes_of_lines
from wecelebrate.feeds.plan.details import plan_table
from wecelebrate.feeds.plan.plan import REPORT_COLUMN_PREFIX, Plan
from wecelebrate.feeds.questions import Change, Question
from wecelebrate.feeds.reading import remembered_columns, remembered_order
from wecelebrate.feeds.rows.checks import SAMPLE_ENDS
from wecelebrate.feeds.tables.source import open_source
from wecelebrate.feeds.transformations.settings import Entry, file_settings
from wecelebrate.feeds.transformations.text import MAX_PREVIEW_SECONDS
from wecelebrate.feeds.warnings import text_of

SAMPLE = 1 << 20
"""The number of bytes that are read from a text file. From a workbook, the first rows of each sheet are read."""
MAX_ROWS = 20
MAX_COLUMN_SAMPLES = 3
MAX_SAMPLE_LENGTH = 100
REQUIRED_FIELDS = ("sku", "name", "price")
"""The fields that a new product must have."""

AssignedBy = Literal["mapping", "profile", "name", "none"]
ColumnUse = Literal["field", "attribute", "private"]


@dataclass(frozen=True, slots=True)
class ProposedColumn:
    name: str
    samples: list[str]
    """The column's first values that are not blank."""
    use: ColumnUse
    """`field` and `attribute` are public. The values of a private column are stored only as source data."""
    target: str | None
    """The name of the field or of the attribute. None for a private column, and for a cell with several attributes."""
    reason: str


@dataclass(frozen=True, slots=True)
class ProposedField:
    field: str
    columns: list[str]
    by: AssignedBy
    confidence: float
    """The score is 1 for a column from the mapping, 0.95 for a known export, and 0 without a column.

    For a usual column name, it is 0.05 to 0.95. Unusual names, and values that contradict the field, have lower scores.
    """
    reason: str
    reasons: list[str]
    """The evidence in the name and the values of the first column."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Describes how a file would be read. `as_json` returns the API's response."""

    format: str
    packed: list[str]
    encoding: str | None
    delimiter: str | None
    decimal: str | None
    sheet: str | None
    sheets: list[dict[str, Any]]
    profile: str
    columns: list[ProposedColumn]
    fields: list[ProposedField]
    missing: list[str]
    """The required fields that have no column."""
    rows: list[dict[str, Any]]
    """The first rows, each as `{line, product}` or `{line, error, code, sku}`."""
    warnings: list[str]
    reading: dict[str, Any]
    """How the file is read, with scores and reasons. See `reading`."""
    questions: list[Question]
    """The questions that the file does not answer."""
    changes: list[Change]
    """The differences between this file and the catalog's previous file."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self, dict_factory=_without_refusals)


def _without_refusals(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a dataclass without `refuses_file`, because only jobs use this field."""
    return {name: value for name, value in items if name != "refuses_file"}


def propose(
    stream: BinaryIO,
    name: str,
    mapping: Mapping[str, Entry] | None,
    currency: str,
    *,
    memory: Mapping[str, Any] | None = None,
    disclosure: Disclosure | None = None,
) -> Proposal:
    """Read a sample, and show how `open_feed` would read the file. Problems of the mapping are returned as warnings.

    `memory` is the `reading` of the catalog's previous file, or None.

    Raises UnreadableFeed for a file that cannot be read with any mapping.
    """
    settings = file_settings(mapping, disclosure.transformations if disclosure else {}, MAX_PREVIEW_SECONDS)
    warnings: list[str] = []
    source = open_source(stream, name, settings.for_opening, currency, sample=SAMPLE)
    try:
        plan, evidence = plan_table(
            source.table,
            settings,
            currency,
            remembered_columns(memory),
            warnings.append,
            disclosure=disclosure,
            earlier_order=remembered_order(memory),
        )
        samples = list(source.table.sample)
        with Feed(source, plan, evidence, settings.plain, currency, memory) as feed:
            inputs = _inputs(plan)
            rows = [_row(item, inputs, feed.header) for item in islice(_complete_items(feed), MAX_ROWS)]
            details = feed.details
            columns = _columns(plan, source.table.header, samples)
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
                fields=[_field(name, plan, settings.plain, feed.reading) for name in FIELDS],
                missing=[
                    name
                    for name in REQUIRED_FIELDS
                    if name not in plan.field_columns and not (name == "sku" and plan.has_handles)
                ],
                rows=rows,
                warnings=[
                    *warnings,
                    *_attribute_warnings(plan, source.table.header, samples),
                    *_row_warnings(details["profile"], columns, rows),
                    *map(text_of, feed.warnings.as_json()),
                    *_legend_warnings(details),
                ],
                reading=feed.reading,
                questions=list(feed.questions),
                changes=list(feed.changes),
            )
    finally:
        source.close()


def _complete_items(feed: Feed) -> Iterator[Item]:
    """Return the feed's items. If the sample ends inside its last row, the last row is left out."""
    return (item for item in feed if not (isinstance(item, Rejected) and SAMPLE_ENDS in item.reason))


def _columns(plan: Plan, header: Sequence[str], sample: Sequence[Cells]) -> list[ProposedColumn]:
    of_file = plan.of_file()
    fields = {number: field for field, numbers in reversed(of_file.field_columns.items()) for number in numbers}
    labels = dict(of_file.attributes)
    for price in plan.prices:
        fields |= dict.fromkeys(price.arithmetic.divisors.values() if price.arithmetic else (), "price")
    for number, label in plan.computed_attributes:
        labels |= dict.fromkeys(plan.computed.in_file(number) if plan.computed else (), label)
    columns = []
    for number, name in enumerate(header):
        texts = [cell[:MAX_SAMPLE_LENGTH] for cell in islice(_filled_cells(sample, number), MAX_COLUMN_SAMPLES)]
        columns.append(ProposedColumn(name, texts, *_use(plan, number, name, fields, labels)))
    return columns


def _filled_cells(sample: Sequence[Cells], number: int) -> Iterator[str]:
    return (text for row in sample if number < len(row) and (cell := row[number]) and (text := cell.strip()))


def _use(
    plan: Plan, number: int, column: str, fields: Mapping[int, str], labels: Mapping[int, str]
) -> tuple[ColumnUse, str | None, str]:
    """Describe how a column is used. Return its use, its target and the reason."""
    if number in fields:
        return "field", fields[number], "this field is read from the column"
    if number in plan.pair_columns:
        return "attribute", None, "each line is an attribute; only known properties and chosen attributes are public"
    if number in labels:
        label = labels[number]
        if label in plan.disclosure.transformations:
            return "attribute", label, "the catalog's settings compute this attribute from the column"
        by_name = plan.disclosure.decide(column)
        decision = by_name if by_name.label == label else plan.disclosure.decide(column, label)
        return "attribute", label, decision.reason
    if column.startswith(REPORT_COLUMN_PREFIX):
        return "private", None, "private: error files have this column"
    decision = plan.disclosure.decide(column)
    if decision.label is None:
        return "private", None, decision.reason
    profile = plan.profile.name if plan.profile else "plain"
    return "private", None, f"private: {profile} exports do not show this column, unless the settings name it"


def _attribute_warnings(plan: Plan, header: Sequence[str], sample: Sequence[Cells]) -> list[str]:
    """Return the warnings about the attributes in the catalog's settings."""
    pairs = (cell for number in plan.pair_columns for cell in _filled_cells(sample, number))
    names = dict.fromkeys([*header, *(name for cell in pairs for name in attributes_of_lines(cell))])
    decisions = {name: plan.disclosure.decide(name) for name in names}
    warnings = [decision.warning for decision in decisions.values() if decision.warning]
    for label, column in plan.disclosure.chosen.items():
        if not any(same_name(column, name) for name in names):
            warnings.append(
                f"the settings take the attribute {quoted(label, 40)} from the column {quoted(column, 40)}, which the "
                "file does not have"
            )
    return [*warnings, *_private_inputs(plan)]


def _private_inputs(plan: Plan) -> list[str]:
    """Return warnings about public values that are computed from private columns."""
    return [
        f"the settings compute {name} from the column {quoted(column, 40)}, but a name with {quoted(part)} usually "
        "means a private value"
        for name, columns in _inputs(plan).items()
        for column in columns
        if (part := private_part(column)) and name != "inventory_count"
    ]


def _field(name: str, plan: Plan, mapping: Mapping[str, str | None], reading: Mapping[str, Any]) -> ProposedField:
    columns = plan.file_columns(name)
    if plan.computed and any(plan.computed.get(number) for number in plan.field_columns.get(name, [])):
        reason = "the catalog's mapping computes this field"
        return ProposedField(name, columns, "mapping", 1.0, reason, [reason])
    if name in mapping and (columns or mapping[name] is None):
        reason = "the catalog's mapping names this column" if columns else "the catalog's mapping leaves this field out"
        return ProposedField(name, columns, "mapping", 1.0, reason, [reason])
    if not columns:
        if name == "sku" and plan.has_handles:
            reason = "it is computed from each variant's handle and options"
            return ProposedField(name, [], "profile", 0.95, reason, [reason])
        reason = "no column has a usual name for this field"
        return ProposedField(name, [], "none", 0.0, reason, [reason])
    entry = reading["columns"][name][0]
    by: AssignedBy = "profile" if plan.profile else "name"
    return ProposedField(name, columns, by, entry["score"], entry["reasons"][0], entry["reasons"])


def _inputs(plan: Plan) -> dict[str, list[str]]:
    """Return the columns of the file that are the inputs of transformations of fields and attributes."""
    if plan.computed is None:
        return {}
    computed = plan.computed
    inputs = {
        name: plan.file_columns(name)
        for name, numbers in plan.field_columns.items()
        if any(computed.get(number) for number in numbers)
    }
    for number, label in plan.computed_attributes:
        inputs[f"attributes.{label}"] = column.source_names if (column := computed.get(number)) else []
    return inputs


def _row(item: Item, inputs: Mapping[str, Sequence[str]], header: Sequence[str]) -> dict[str, Any]:
    """Return a row of the proposal. `transformed` contains the cells from which the fields of the row are read."""
    cells = dict(zip(header, item.raw, strict=False)) if isinstance(item, Rejected) else item.source
    row: dict[str, Any] = {"line": item.line}
    if isinstance(item, Rejected):
        row |= {"error": item.reason, "code": item.code, "sku": item.sku}
    else:
        row |= {"product": _product(item)}
    if inputs:
        row["transformed"] = {
            name: {column: cell[:MAX_SAMPLE_LENGTH] for column in columns if (cell := cells.get(column)) is not None}
            for name, columns in inputs.items()
        }
    return row


def _product(product: Product) -> dict[str, Any]:
    """Return the product in the format of the API. Fields that the row does not have are left out."""
    values = {name: getattr(product, name) for name in FIELDS if name in product.fields_set}
    if product.price is not None:
        values["price"] = f"{product.price:f}"
    if product.inventory_policy is not None:
        values["inventory_policy"] = product.inventory_policy
    if "attributes" in product.fields_set:
        values["attributes"] = product.attributes
    if "offers" in product.fields_set:
        values["offers"] = [offer.as_json() for offer in product.offers or ()]
    return values


def _legend_warnings(details: Mapping[str, Any]) -> list[str]:
    legend = details.get("colour_legend")
    return [f"the workbook says {quoted(legend, 60)}, but colours of cells are not read"] if legend else []


def _row_warnings(profile: str, columns: list[ProposedColumn], rows: list[dict[str, Any]]) -> list[str]:
    warnings = []
    bad_rows = sum(1 for row in rows if "error" in row)
    if rows and bad_rows * 2 > len(rows):
        warnings.append(f"{bad_rows} of the first {len(rows)} rows would be rejected; see their errors")
    if not rows:
        warnings.append("the file has a header but no rows")
    if len(columns) == 1 and profile == "plain":
        warnings.append("only one column was detected; if the file has more columns, set `delimiter` in the options")
    return warnings

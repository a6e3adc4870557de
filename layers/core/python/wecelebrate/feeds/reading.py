"""Describes how a file is read. The description of the catalog's next file is compared with this description.

A description (`reading`) is a JSON object:

| key        | value                                                                                             |
|------------|---------------------------------------------------------------------------------------------------|
| `format`   | `csv`, `json`, `ndjson`, `xlsx` or `xml`                                                          |
| `profile`  | the known export, or `plain`                                                                      |
| `columns`  | for each field, a list of `{column, score, reasons}`, the best column first                       |
| `decimal`  | `{mark, by, reason}`: `mark` is `,`, `.`, or null if no number has a decimal separator            |
| `currency` | `{source, code, reason}`: `column`, `name`, `cell`, `note`, `catalog`; `partial` is true if some  |
|            | prices of the sample state no currency                                                            |
| `price`    | `{kind, unit_column}`: `gross`, `plain`, `net`, `offer`, `list` or `purchase`; null without prices |
| `kind`     | `full` or `delta` if the file declares it, otherwise null                                         |
| `month_first` | whether the month is before the day in dates of offers and of periods of prices, from the last file  |
|            | that showed it, or null                                                                           |
| `second_name` | the column of options that is public because it distinguishes products with the same name       |
| `by_place` | true if a SKU had one row for each place of its stock, in this file or in an earlier one          |

A file without prices, such as a file of stocks, does not show how prices are read. Its description contains the entries
of the previous file's description. A copied entry has the key `earlier` with the value true.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.plan.decimals import FileNumbers
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.prices.names import KIND_TEXTS
from wecelebrate.feeds.questions import Change, Subject
from wecelebrate.feeds.tables.table import Table

Memory = Mapping[str, Any]

_SUBJECTS: dict[str, Subject] = {"sku": "identity", "price": "money", "currency": "money", "is_active": "visibility"}
_COMPARED = ("sku", "price", "name", "inventory_count", "is_active")
"""The fields whose columns are compared with the columns of the previous file."""
SAMPLE_ROWS = 300


def describe(  # noqa: PLR0917
    plan: Plan,
    table: Table,
    file_format: str,
    mapping: Mapping[str, str | None],
    file_numbers: FileNumbers,
    currency: str,
    memory: Memory | None,
) -> dict[str, Any]:
    """Return the description of how the file is read. All its values are JSON-compatible."""
    columns = {name: _field(name, numbers, plan, mapping) for name, numbers in plan.field_columns.items()}
    mark = file_numbers.price if plan.prices or file_numbers.price.mark else file_numbers.stock
    reading: dict[str, Any] = {
        "format": file_format,
        "profile": plan.profile.name if plan.profile else "plain",
        "columns": columns,
        "decimal": {"mark": mark.mark, "by": mark.by, "reason": mark.reason},
        "currency": _currency(plan, table, currency) if plan.prices else None,
        "price": {
            "kind": plan.prices[0].kind,
            "unit_column": None if plan.price_unit is None else plan.column_name(plan.price_unit),
        } if plan.prices else None,
        "kind": table.declared_mode,
        "month_first": _order_of_days(plan, memory),
        "second_name": _second_name(plan) or remembered_second_name(memory),
        "by_place": bool((memory or {}).get("by_place")),
    }  # fmt: skip
    if file_numbers.price.question or file_numbers.stock.question:
        reading["decimal"]["by"] = "nothing"
    return _with_earlier(reading, memory or {})


def _second_name(plan: Plan) -> str | None:
    return next((plan.header[number] for number, _ in plan.attributes if number == plan.second_name), None)


def remembered_second_name(memory: Memory | None) -> str | None:
    """Return the column that was public in an earlier file because it distinguished products with the same name."""
    name = (memory or {}).get("second_name")
    return name if isinstance(name, str) else None


def _order_of_days(plan: Plan, memory: Memory | None) -> bool | None:
    shown = (days.stated_order for days in (plan.offers, plan.validity) if days)
    return next((order for order in shown if order is not None), remembered_order(memory))


def _field(name: str, numbers: Sequence[int], plan: Plan, mapping: Mapping[str, str | None]) -> list[dict[str, Any]]:
    by_number = {reason.column: reason for reason in plan.reasons.get(name, [])}
    entries = []
    for number in numbers:
        column = plan.column_name(number)
        if plan.computed and plan.computed.get(number):
            score, reasons = 1.0, ["the catalog's mapping computes the value from this column"]
        elif name in mapping:
            score, reasons = 1.0, ["the catalog's mapping names this column"]
        elif plan.profile:
            score, reasons = 0.95, [f"{plan.profile.name} exports use this column"]
        elif number in by_number:
            score, reasons = by_number[number].score, list(by_number[number].reasons)
        else:
            score, reasons = 0.5, [f"{quoted(column, 40)} is a usual name for this field"]
        entries.append({"column": column, "score": score, "reasons": reasons})
    return entries


def _currency(plan: Plan, table: Table, currency: str) -> dict[str, Any]:
    """Return where the currency of the prices comes from. The function reads the first rows of the sample."""
    price = plan.prices[0]
    if price.currency and plan.currency_note:
        return {"source": "note", "code": price.currency, "reason": f"the file says {plan.currency_note}"}
    if price.currency:
        name = quoted(plan.column_name(price.column), 40)
        return {"source": "name", "code": price.currency, "reason": f"the name of the column {name} contains it"}
    rows = table.sample[:SAMPLE_ROWS]
    code_column = plan.currency if price.currency_column is None else price.currency_column
    priced = [row for row in rows if price.column < len(row) and (row[price.column] or "").strip()]
    if code_column is not None:
        reason = f"the column {quoted(plan.column_name(code_column), 40)} contains it"
        cells = [row[code_column] if code_column < len(row) else None for row in priced]
        if stated := _stated("column", cells, currency, reason):
            return stated
    signs = ["".join(char for char in row[price.column] or "" if not _is_amount(char)) for row in priced]
    if stated := _stated("cell", signs, currency, "the prices contain it"):
        return stated
    return {"source": "catalog", "code": currency, "reason": "the file names no currency, so it is the catalog's"}


def _is_amount(char: str) -> bool:
    return char.isdigit() or char in ".,'\u2019+-\u2212 \u00a0\u202f"


def _stated(source: str, cells: Sequence[str | None], currency: str, reason: str) -> dict[str, Any] | None:
    """Return the currency in the rows with a price. A blank cell means the catalog's currency."""
    codes = [numbers.currency_code(cell, currency) if cell and cell.strip() else None for cell in cells]
    names = sorted({code for code in codes if code})
    if not names:
        return None
    stated = {"source": source, "code": names[0] if len(names) == 1 else None, "reason": reason}
    return stated if all(codes) else stated | {"partial": True}


def refused_currency(reading: Mapping[str, Any] | None, catalog_currency: str | None) -> str | None:
    """Return why a catalog with prices in one currency refuses all prices of a file, or None."""
    currency = _mapping((reading or {}).get("currency"))
    code = currency.get("code")
    if catalog_currency is None or not code or code == catalog_currency:
        return None
    if currency.get("earlier") or currency.get("partial"):
        return None
    return (
        f"The prices of the file are in {code} ({currency.get('reason')}), and the catalog has prices in "
        f"{catalog_currency}. Each row with a price would be rejected."
    )


def _with_earlier(reading: dict[str, Any], memory: Memory) -> dict[str, Any]:
    """Copy the entries of the previous file's description for fields that this file does not have."""
    earlier_columns = _mapping(memory.get("columns"))
    for name, entries in earlier_columns.items():
        if name not in reading["columns"] and isinstance(entries, list):
            kept = [{**entry, "earlier": True} for entry in entries if isinstance(entry, Mapping)]
            reading["columns"][name] = kept
    for key in ("currency", "price"):
        if reading[key] is None and isinstance(memory.get(key), Mapping):
            reading[key] = {**memory[key], "earlier": True}
    earlier = _mapping(memory.get("decimal"))
    if reading["decimal"]["by"] == "nothing" and earlier.get("mark") in (",", ".") and earlier.get("by") != "nothing":
        reading["decimal"] = {**earlier, "earlier": True}
    return reading


def had_offers(memory: Memory | None) -> bool:
    """Return whether the previous file had columns of offers."""
    entries = _mapping((memory or {}).get("columns")).get("offers")
    return isinstance(entries, list) and any(isinstance(each, Mapping) and not each.get("earlier") for each in entries)


def remembered_order(memory: Memory | None) -> bool | None:
    """Return whether the month was before the day in dates of earlier files, or None if no date has shown the order."""
    order = (memory or {}).get("month_first")
    return order if isinstance(order, bool) else None


def remembered_mark(memory: Memory | None) -> str | None:
    """Return the decimal separator of the previous file, if it was decided."""
    decimal = _mapping((memory or {}).get("decimal"))
    mark = decimal.get("mark")
    return mark if mark in (",", ".") and decimal.get("by") != "nothing" else None


def remembered_columns(memory: Memory | None) -> dict[str, list[str]]:
    """Return the columns of each field in the previous file."""
    columns = _mapping((memory or {}).get("columns"))
    second_name = remembered_second_name(memory)
    return {
        **({"second_name": [second_name]} if second_name else {}),
        **_columns_of_fields(columns),
    }


def _columns_of_fields(columns: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        name: [str(entry.get("column")) for entry in entries if isinstance(entry, Mapping)]
        for name, entries in columns.items()
        if isinstance(entries, list)
    }


def changes(reading: Mapping[str, Any], memory: Memory | None) -> tuple[Change, ...]:
    """Return the differences between this file and the previous file. Fields that only one file has are left out."""
    if not memory:
        return ()
    differences = [*_column_changes(reading, memory), *_decimal_changes(reading, memory)]
    before, now = _mapping(memory.get("currency")), _mapping(reading.get("currency"))
    if not now.get("earlier") and before.get("code") and now.get("code") and before["code"] != now["code"]:
        text = f"The prices are in {now['code']}, and before in {before['code']}."
        differences.append(Change("currency", "money", before["code"], now["code"], text))
    before, now = _mapping(memory.get("price")), _mapping(reading.get("price"))
    if _has_other_price_kind(reading, memory) and not any(change.key == "price" for change in differences):
        earlier_kind = KIND_TEXTS.get(before["kind"], "another one")
        text = f"The price is {KIND_TEXTS[now['kind']]}, and before it was {earlier_kind}."
        differences.append(Change("price_kind", "money", before["kind"], now["kind"], text))
    shown = reading.get("second_name")
    if shown and shown != remembered_second_name(memory):
        text = f"The column {quoted(shown, 40)} is public, because it distinguishes products with the same name."
        differences.append(Change("second_name", "visibility", remembered_second_name(memory), shown, text))
    for key, subject in (("format", "other"), ("profile", "other"), ("kind", "visibility")):
        if key in memory and memory[key] != reading[key]:
            values = reading[key] or "not declared", memory[key] or "not declared"
            text = f"The {_KEY_TEXTS[key]} is {values[0]}, and before it was {values[1]}."
            differences.append(Change(key, subject, memory[key], reading[key], text))  # type: ignore[arg-type]
    return tuple(differences)


_KEY_TEXTS = {"format": "format of the file", "profile": "known export", "kind": "kind of the file (full or delta)"}


def _column_changes(reading: Mapping[str, Any], memory: Memory) -> list[Change]:
    before, differences = remembered_columns(memory), []
    for name in _COMPARED:
        entries = reading["columns"].get(name, [])
        now = [entry["column"] for entry in entries if not entry.get("earlier")]
        if not now or not before.get(name) or now[0] == before[name][0]:
            continue
        if fold(now[0]) == fold(before[name][0]):
            continue
        columns = quoted(now[0], 40), quoted(before[name][0], 40)
        text = f"The {_FIELD_TEXTS[name]} is read from the column {columns[0]}, and before from {columns[1]}."
        differences.append(Change(name, _subject(name, now[0], reading, memory), before[name][0], now[0], text))
    return differences


def _subject(name: str, column: str, reading: Mapping[str, Any], memory: Memory) -> Subject:
    """Return which kind of data a wrong column would damage.

    Another column with a price of the same kind causes no damage, because the columns have the same meaning. A
    different column for the SKU is expected if the file comes from a different system, because each known export has
    its own columns.
    """
    if name == "price" and not _has_other_price_kind(reading, memory):
        return "other"
    is_known_export = reading["profile"] != "plain" or (memory.get("profile") != "plain" and "sku" in fold(column))
    if name == "sku" and reading["profile"] != memory.get("profile") and is_known_export:
        return "other"
    return _SUBJECTS.get(name, "other")


def _has_other_price_kind(reading: Mapping[str, Any], memory: Memory) -> bool:
    before, now = _mapping(memory.get("price")), _mapping(reading.get("price"))
    return bool(not now.get("earlier") and before.get("kind") and now.get("kind") and before["kind"] != now["kind"])


_FIELD_TEXTS = {"sku": "SKU", "price": "price", "name": "name", "inventory_count": "stock", "is_active": "state"}


def _decimal_changes(reading: Mapping[str, Any], memory: Memory) -> list[Change]:
    before, now = remembered_mark(memory), reading["decimal"]
    if now.get("earlier") or before is None or now["mark"] is None or now["mark"] == before:
        return []
    names = {",": "comma", ".": "point"}
    text = f"The decimal separator is a {names[now['mark']]}, and before it was a {names[before]}."
    return [Change("decimal", "money", before, now["mark"], text)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

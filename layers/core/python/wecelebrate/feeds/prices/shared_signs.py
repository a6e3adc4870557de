"""Decides which currency a sign such as `$` means in a file. Several currencies share such a sign.

| file                                                     | `$` in a catalog in USD                  |
|----------------------------------------------------------|------------------------------------------|
| `Precio Bruto (CLP)` with amounts such as `$ 29.990`     | CLP, also in the other columns           |
| the title `Precios en MXN`, the column `Precio $`        | MXN                                      |
| `$ 29.990`, `$ 4.590`: no decimals, and grouped by dots  | a question, because USD has decimals     |
| `Price $ inc GST`                                        | a question, because USD has no GST       |
| other amounts with `$`                                   | USD                                      |
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import is_bare_sign, stated_currency
from wecelebrate.feeds.prices.notes import Notes
from wecelebrate.feeds.questions import Choice, Question

MAX_CELLS = 50
MAX_NAME = 60
MIN_AMOUNTS = 2
_SIGNS = {"$": numbers.SHARED_SIGNS["$"], "¥": numbers.SHARED_SIGNS["¥"]}
_GROUPED = re.compile(r"\D*\d{1,3}(?:\.\d{3})+\D*", re.ASCII)
_WHOLE = re.compile(r"\D*\d{1,3}(?:\.?\d{3})*\D*", re.ASCII)
_FOREIGN_TAX = re.compile(r"\b(?:gst|hst|pst|qst|tps|tvq|itbis)\b", re.IGNORECASE)
"""Taxes of countries whose currency has the sign `$`, but is not the US dollar."""


def notes_and_currency(columns: Columns, notes: Notes, currency: str) -> tuple[Notes, str]:
    """Return the notes, and the currency of shared signs. A currency other than the catalog's is added to the notes."""
    local = local_currency(columns, notes, currency)
    if local == currency or notes.currency:
        return notes, local
    name = next(name for name in columns.header if stated_currency(name) == local)
    return replace(notes, currency=local, text=name), local


def local_currency(columns: Columns, notes: Notes, currency: str) -> str:
    """Return the currency that a shared sign means in this file: the catalog's currency, unless the file names another.

    The column names or a title must name exactly one other currency with this sign. If only a column name contains the
    currency, the amounts in this column must have the sign.
    """
    for sign, codes in _SIGNS.items():
        if currency not in codes:
            continue
        noted = numbers.currency_code(notes.currency or "", currency) if notes.currency not in (None, sign) else None
        named = {number: stated_currency(name) for number, name in enumerate(columns.header)}
        others = {code for code in named.values() if code in codes}
        if noted in codes and others <= {noted}:
            return noted
        has_sign = any(
            sign in cell
            for number, code in named.items()
            if code in others
            for cell in columns[number].cells[:MAX_CELLS]
        )
        if len(others) == 1 and has_sign and notes.currency is None:
            return others.pop()
    return currency


def sign_question(plan: Plan, columns: Columns, currency: str) -> list[Question]:
    """Return a question if amounts with `$`, or their tax, do not fit the catalog's currency."""
    if currency != "USD" or len(plan.prices) != 1 or any(one.subject == "money" for one in plan.questions):
        return []
    price = plan.prices[0]
    name, cells = plan.column_name(price.column), columns[price.column].cells[:MAX_CELLS]
    is_stated = price.currency not in (None, currency) or (price.currency and not is_bare_sign(name))
    if is_stated or price.currency_column is not None or plan.currency is not None or plan.computed:
        return []
    signed = [cell for cell in cells if "$" in cell and not re.search(r"[^\W\d_]", cell)]
    if not (is_bare_sign(name) or 2 * len(signed) > len(cells)):
        return []
    if _FOREIGN_TAX.search(" ".join(plan.header)[: MAX_NAME * MAX_NAME]):
        reason = "the file has a tax that does not exist there"
    elif _are_whole_groups(cells):
        reason = "they have no decimals, and dots group their digits"
    else:
        return []
    text = (
        f"Prices such as {quoted(cells[0] if cells else name, 20)} have a sign that several currencies share, and "
        f"{reason}. Are they in {currency}? Otherwise, add a constant `currency` to the mapping."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, f"The prices are in {currency}.", tuple(cells[:3])),
    )
    return [Question("price", "money", text, choices, tuple(cells[:3]))]


def _are_whole_groups(cells: Sequence[str]) -> bool:
    """Return whether amounts such as `$ 29.990` have no decimals, and dots group their digits."""
    grouped = sum(_GROUPED.fullmatch(cell) is not None for cell in cells)
    return grouped >= MIN_AMOUNTS and 2 * grouped > len(cells) and all(map(_WHOLE.fullmatch, cells))

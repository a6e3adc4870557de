"""Decides which currency a sign such as `$` means in a file. Several currencies share such a sign.

| file                                                     | `$` in a catalog in USD                  |
|----------------------------------------------------------|------------------------------------------|
| `Precio Neto` $ 25.202, `Precio Bruto (CLP)` $ 29.990    | CLP: the amounts differ by the tax       |
| `Price` $19.99, `Price CAD` $26.99                       | USD: they differ by a rate of exchange   |
| `Price` $19.99, `Price CAD` $19.99 or $20.99             | a question                               |
| `Price` $19.99, `Cost CAD` $9.00                         | USD                                      |
| the title `Precios en MXN`, the column `Precio $`        | MXN                                      |
| `$ 29.990`, `$ 4.590`: no decimals, and grouped by dots  | a question, because USD has decimals     |
| `Price $ inc GST`, or a column `HST` with 13             | a question, because USD has no such tax  |
| other amounts with `$`                                   | USD                                      |
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.visibility import internal_part
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.notation import numbers
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import is_bare_sign, name_of_price, share_of_amounts, stated_currency
from wecelebrate.feeds.prices.compared import amount_of
from wecelebrate.feeds.prices.conditional import is_for_members
from wecelebrate.feeds.prices.names import PriceName
from wecelebrate.feeds.prices.notes import Notes
from wecelebrate.feeds.prices.taxes import have_usual_rates
from wecelebrate.feeds.prices.tiers import is_for_a_measure, names_a_package, quantity_in_name
from wecelebrate.feeds.questions import Choice, Question
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

MAX_CELLS = 50
MAX_NAME = 60
MIN_AMOUNTS = 2
MIN_ROWS = 3
MIN_SHARE = 0.5
_SOLD = ("gross", "plain", "net")
_SIGNS = {"$": numbers.SHARED_SIGNS["$"], "¥": numbers.SHARED_SIGNS["¥"]}
UNITS = {
    "USD": 1, "CAD": 1.4, "AUD": 1.5, "NZD": 1.7, "HKD": 7.8, "SGD": 1.3, "MXN": 19, "ARS": 1300, "CLP": 950,
    "COP": 4100, "TWD": 32, "JPY": 150, "CNY": 7.2,
}  # fmt: skip
"""About how many units are one US dollar. Only the magnitude matters (`MAX_DEVIATION`)."""
MAX_DEVIATION = 2.5
"""By which factor the ratio of two amounts can deviate from the usual rate of exchange."""
MIN_DIFFERENCE = 0.02
"""If the amounts of two columns are closer than this, they are the same prices."""
_GROUPED = re.compile(r"\D*\d{1,3}(?:\.\d{3})+\D*", re.ASCII)
_WHOLE = re.compile(r"\D*\d{1,3}(?:\.?\d{3})*\D*", re.ASCII)
_FOREIGN_TAX = re.compile(r"\b(?:gst|hst|pst|qst|tps|tvq|itbis)\b", re.IGNORECASE)
"""Taxes of countries whose currency has the sign `$`, but is not the US dollar."""
_RATES: dict[str, set[float | None]] = {
    "gst": {5, 7, 8, 9, 10, 15}, "tps": {5}, "hst": {12, 13, 14, 15}, "pst": {6, 7, 8, 10}, "qst": {9.975, 9.98},
    "tvq": {9.975, 9.98}, "itbis": {16, 18},
}  # fmt: skip
"""The rates of these taxes, in percent. India also has a GST, with rates of 12, 18 and 28 %, but another sign."""
_OF_TAXES = words("gst hst pst qst tps tvq itbis tax rate rates percent pct taux tasa vat % applied applicable code")


def notes_and_currency(columns: Columns, notes: Notes, currency: str) -> tuple[Notes, str]:
    """Return the notes, and the currency of shared signs. A currency other than the catalog's is added to the notes."""
    local = local_currency(columns, notes, currency)
    if local == currency or notes.currency:
        return notes, local
    prices = selling_prices(columns)
    name = next(columns.header[number] for number, price in prices.items() if price.currency == local)
    return replace(notes, currency=local, text=name), local


def local_currency(columns: Columns, notes: Notes, currency: str) -> str:
    """Return the currency that a shared sign means in this file: the catalog's currency, unless the file shows another.

    A title must name the only other currency, or the name of a selling price must name it and the amounts must show
    that a price without a currency is the same price without tax (or with tax).
    """
    for sign, codes in _SIGNS.items():
        if currency not in codes:
            continue
        noted = numbers.currency_code(notes.currency or "", currency) if notes.currency not in (None, sign) else None
        prices = selling_prices(columns)
        named = {number: price.currency for number, price in prices.items() if price.currency in codes}
        if noted in codes and set(named.values()) <= {noted}:
            return noted
        if notes.currency is None and len(set(named.values())) == 1 and currency not in named.values():
            others = [number for number, price in prices.items() if price.currency is None]
            has_sign = any(sign in cell for at in (*named, *others) for cell in columns[at].cells[:MAX_CELLS])
            for number, code in named.items():
                is_shown = any(_are_of_one_currency(columns, prices, number, other) for other in others)
                if code and has_sign and is_shown:
                    return code
    return currency


def selling_prices(columns: Columns) -> dict[int, PriceName]:
    """Return the columns at whose amounts products can be sold, with the meanings of their names and the currencies.

    A cost, an offer, a recommended price, and a price for some customers or some quantities say nothing about the
    currency of the price.
    """
    prices: dict[int, PriceName] = {}
    for number, header in enumerate(columns.header):
        code = stated_currency(header)
        name = name_of_price(header) or (name_of_price(f"price {header}") if code else None)
        if name is None or name.kind not in _SOLD or internal_part(header) or is_for_members(header):
            continue
        if is_for_a_measure(header) or names_a_package(header) or quantity_in_name(header) is not None:
            continue
        if share_of_amounts(columns[number]) >= MIN_SHARE and columns[number].cells:
            prices[number] = replace(name, currency=None if is_bare_sign(header) else name.currency or code)
    return prices


def _are_of_one_currency(columns: Columns, prices: Mapping[int, PriceName], number: int, other: int) -> bool:
    """Return whether one column has the prices of the other one plus tax, and the names say so.

    A rate of exchange can look like the rate of a tax. So at least one name must state its tax, and more rows are
    needed if the other name does not.
    """
    low, high = (number, other) if _tax_of(prices[other]) == "gross" or _tax_of(prices[number]) == "net" else (
        other, number,
    )  # fmt: skip
    taxes = _tax_of(prices[low]), _tax_of(prices[high])
    if taxes in (("net", "gross"), ("net", None), (None, "gross")):
        return have_usual_rates(columns, low, high, MIN_AMOUNTS - 1 if None not in taxes else MIN_ROWS)
    return False


def _tax_of(name: PriceName) -> str | None:
    return name.tax or (name.kind if name.kind in ("gross", "net") else None)


def second_currency_question(plan: Plan, columns: Columns, currency: str) -> list[Question]:
    """Return a question if a price with a shared sign can be in the currency of another price of the file.

    `Price` 19.99 beside `Price CAD` 26.99 is in the catalog's currency, because the amounts differ by a usual rate of
    exchange. Beside 19.99 or 22.39 CAD, the price can be the same price, or the price without tax.
    """
    sign = next((sign for sign, codes in _SIGNS.items() if currency in codes), None)
    if sign is None or len(plan.prices) != 1 or any(one.subject == "money" for one in plan.questions):
        return []
    price = plan.prices[0]
    name, cells = plan.column_name(price.column), columns[price.column].cells[:MAX_CELLS]
    if price.currency_column is not None or plan.currency is not None or plan.computed or price.currency not in (
        None, currency,
    ):  # fmt: skip
        return []
    signed = [cell for cell in cells if sign in cell and not re.search(r"[^\W\d_]", cell)]
    if stated_currency(name.replace(sign, " ")) or not (sign in name or 2 * len(signed) > len(cells)):
        return []
    for number, other in selling_prices(columns).items():
        code = other.currency
        if number == price.column or code in (None, currency) or code not in _SIGNS[sign]:
            continue
        if not _are_at_rate_of_exchange(columns, price.column, number, currency, code or ""):
            reason = f"{quoted(columns.header[number], 40)} has similar amounts in {code}"
            label = f"Products are sold at {quoted(columns.header[number], 40)}, in {code}."
            other_price = Choice(columns.header[number], label, columns[number].examples)
            return [_question(name, cells, currency, reason, (other_price,))]
    return []


def _are_at_rate_of_exchange(columns: Columns, price: int, other: int, currency: str, code: str) -> bool:
    """Return whether the amounts of two columns differ as amounts in two currencies do, and not by a tax."""
    ratios = sorted(
        amounts[1] / amounts[0]
        for row in columns.sample[:MAX_CELLS]
        if max(price, other) < len(row)
        and all(amounts := (amount_of(row[price] or ""), amount_of(row[other] or "")))
    )  # fmt: skip
    if not ratios:
        return True
    usual, middle = UNITS[code] / UNITS[currency], ratios[len(ratios) // 2]
    is_usual = usual / MAX_DEVIATION < middle < usual * MAX_DEVIATION and abs(middle - 1) > MIN_DIFFERENCE
    is_tax = have_usual_rates(columns, price, other) or have_usual_rates(columns, other, price)
    return is_usual and not is_tax


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
    if _has_foreign_tax(columns):
        reason = "the file has a tax that does not exist there"
    elif _are_whole_groups(cells):
        reason = "they have no decimals, and dots group their digits"
    else:
        return []
    return [_question(name, cells, currency, reason)]


def _has_foreign_tax(columns: Columns) -> bool:
    """Return whether a price that customers can see names such a tax, or a column has its rates.

    `Updated (PST)` is a time zone, and a rate of 0 is that of a seller in another country.
    """
    for number, header in enumerate(columns.header):
        match = _FOREIGN_TAX.search(header[:MAX_NAME])
        price = name_of_price(header) if match else None
        if match is None or internal_part(header):
            continue
        if price is not None and price.kind != "purchase":
            return True
        rates = {_rate(cell) for cell in columns[number].cells[:MAX_CELLS]} - {0.0}
        is_named = price is None and _OF_TAXES.issuperset(split_words(header))
        if is_named and rates and rates <= _RATES[match[0].casefold()]:
            return True
    return False


def _rate(cell: str) -> float | None:
    """Return a rate in percent: 13 for `13`, `13 %` and `0.13`."""
    match = _RATE.fullmatch(cell.strip())
    rate = float(match[1].replace(",", ".")) if match else None
    return round(rate * 100, 3) if rate is not None and rate < 1 and "%" not in cell else rate


_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,4})?)\s?%?", re.ASCII)


def _question(
    name: str, cells: Sequence[str], currency: str, reason: str, further: tuple[Choice, ...] = ()
) -> Question:
    text = (
        f"Prices such as {quoted(cells[0] if cells else name, 20)} have a sign that several currencies share, and "
        f"{reason}. Are they in {currency}? Otherwise, add a constant `currency` to the mapping."
    )
    choices = (
        Choice("", "The prices of products are not changed."),
        Choice(name, f"The prices are in {currency}.", tuple(cells[:3])),
        *further,
    )
    return Question("price", "money", text, choices, tuple(cells[:3]))


def _are_whole_groups(cells: Sequence[str]) -> bool:
    """Return whether amounts such as `$ 29.990` have no decimals, and dots group their digits."""
    grouped = sum(_GROUPED.fullmatch(cell) is not None for cell in cells)
    return grouped >= MIN_AMOUNTS and 2 * grouped > len(cells) and all(map(_WHOLE.fullmatch, cells))

"""Recognises that one price column contains the prices of another column plus tax, by the amounts.

| columns                                               | evidence                                          |
|-------------------------------------------------------|---------------------------------------------------|
| `MPC brez DDV` 40.98, `MPC z DDV` 50.00, `Stopnja` 22 | each row has the rate of the tax                  |
| `Prezioa BEZ gabe` 18.18, `Prezioa BEZ barne` 20.00   | a shared word for a tax, and one usual ratio      |

The ratio alone is not sufficient, because a discount or a margin can have the same ratio as a tax.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.items import quoted
from wecelebrate.feeds.prices.candidates import PriceCandidate
from wecelebrate.feeds.prices.compared import amount_of
from wecelebrate.feeds.prices.names import is_price_word
from wecelebrate.feeds.prices.tax_kinds import tax_words
from wecelebrate.feeds.vocabulary.folding import split_words

MIN_ROWS = 2
MIN_ROWS_OF_NAMES = 3
MAX_ROWS = 200
MAX_COLUMNS = 60
MAX_PRICES = 12
MIN_SHARED = 2
"""The minimum number of words that two names share: a word for the price, and a word for the tax."""
MAX_RATES = 3
RATES = (
    4, 5, 5.5, 6, 7, 7.5, 7.7, 8, 8.1, 9, 9.5, 10, 10.5, 11, 12, 13, 13.5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 25.5, 27,
)  # fmt: skip
"""The usual rates of value-added taxes, in percent."""
_TOTALS = (({"subtotal"}, {"total"}), ({"base"}, {"total"}))
"""Words of a price without tax and of the price with tax: `Precio venta (Subtotal)`, `Precio venta (Total)`."""
_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s*%?", re.ASCII)
_FRACTION = re.compile(r"0[.,]\d{1,3}", re.ASCII)


def with_related_tax(columns: Columns, sold: list[PriceCandidate]) -> list[PriceCandidate]:
    """Return the candidates. If two prices of the same kind differ by a tax, mark the higher price as a price with tax.

    The lower price is marked as a price without tax.
    """
    kinds: dict[int, PriceCandidate] = {}
    good = [one for one in sold if not one.is_bad and one.kind in ("plain", "gross", "net")][:MAX_PRICES]
    for low in good:
        for high in good:
            if low is high or low.kind != high.kind or low.currency != high.currency:
                continue
            if _is_taxed(columns, low.column, high.column):
                shown = (quoted(columns.header[high.column], 40), quoted(columns.header[low.column], 40))
                reasons = (*high.reasons, f"{shown[0]} is {shown[1]} with the tax in all rows")
                kinds.setdefault(low.column, replace(low, kind="net"))
                kinds[high.column] = replace(high, kind="gross", reasons=reasons)
    return [kinds.get(one.column, one) for one in sold]


def _is_taxed(columns: Columns, low: int, high: int) -> bool:
    if _differ_by_tax(columns.header[low], columns.header[high]) and have_usual_rates(columns, low, high):
        return True
    others = [number for number in range(len(columns.header)) if number not in (low, high)][:MAX_COLUMNS]
    return any(_has_rates(columns, low, high, number) for number in others)


def _differ_by_tax(first: str, second: str) -> bool:
    """Return whether two names share two words, one of them for a tax, and differ only by "with" and "without".

    Names that also differ in a letter, such as `Price A` and `Price B`, or in a word for a price mean price lists.
    """
    words, others = set(split_words(first)), set(split_words(second))
    if len(words & others) >= MIN_SHARED and (words - others, others - words) in _TOTALS:
        return True
    common = {word for word in words & others if len(word) > 1}
    taxes, included, excluded = tax_words()
    different = (words ^ others) - included - excluded
    is_list = any(len(word) == 1 or is_price_word(word) for word in different)
    return len(common) >= MIN_SHARED and not common.isdisjoint(taxes) and words != others and not is_list


def have_usual_rates(columns: Columns, low: int, high: int) -> bool:
    """Return whether a usual tax rate fits each row. All rows with whole amounts must have the same rate."""
    rates: set[float] = set()
    common = frozenset[float](RATES)
    rows = 0
    for first, second in _pairs(columns, low, high):
        fitting = [rate for rate in RATES if _is_at(first, second, rate)]
        if not fitting:
            return False
        if _are_whole(first, second):
            common &= frozenset(fitting)
        else:
            rates.add(fitting[0])
        rows += 1
    return rows >= MIN_ROWS_OF_NAMES and bool(common) and len(rates) <= MAX_RATES


def _pairs(columns: Columns, *numbers: int) -> Iterator[tuple[float, float]]:
    for row in columns.sample[:MAX_ROWS]:
        if max(numbers) < len(row) and all(amounts := [amount_of(row[number] or "") for number in numbers[:2]]):
            yield amounts[0], amounts[1]


def _are_whole(low: float, high: float) -> bool:
    return not (low * 100) % 100 and not (high * 100) % 100


def _is_at(low: float, high: float, rate: float) -> bool:
    """Return whether an amount is another amount plus a tax rate.

    Both amounts are rounded to cents or to whole units.
    """
    unit = 1.0 if _are_whole(low, high) else 0.01
    return abs(high - low * (1 + rate / 100)) <= 0.51 * unit * (2 + rate / 100) and high - low > unit / 2


def _has_rates(columns: Columns, low: int, high: int, number: int) -> bool:
    """Return whether a column contains, in all rows, the tax rate by which the two amounts differ."""
    rows = 0
    for row in columns.sample[:MAX_ROWS]:
        if max(low, high, number) >= len(row):
            return False
        amounts = amount_of(row[low] or ""), amount_of(row[high] or "")
        if not all(amounts):
            continue
        rate = _rate(row[number] or "")
        if rate not in RATES or not _is_at(*amounts, rate):
            return False
        rows += 1
    return rows >= MIN_ROWS


def _rate(cell: str) -> float:
    text = cell.strip()
    if _FRACTION.fullmatch(text):
        return round(float(text.replace(",", ".")) * 100, 2)
    match = _RATE.fullmatch(text)
    return float(match[1].replace(",", ".")) if match else 0.0

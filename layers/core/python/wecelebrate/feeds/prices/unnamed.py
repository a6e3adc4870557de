"""Finds columns of amounts of money with names that are not understood: `AVP`, `€ (D)`, `T1`, `Vårt pris`.

The amounts of such a column are used as selling prices only if the user chooses the column. The question about the
price offers the column if the file has no selling price, or only an offer or a recommended price.
"""

import re
from collections.abc import Collection
from itertools import pairwise

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import field_candidates
from wecelebrate.feeds.columns.visibility import is_property, private_part
from wecelebrate.feeds.prices.candidates import name_of_price
from wecelebrate.feeds.prices.names import TAX_WORDS
from wecelebrate.feeds.prices.tiers import is_comparison, is_for_a_measure
from wecelebrate.feeds.vocabulary.folding import split_words

MIN_AMOUNTS = 2
MIN_SHARE = 0.8
MAX_NAME = 60
MAX_AMOUNT = 40
MAX_COLUMNS = 60
MAX_QUANTITY = 5
_CENTS = re.compile(r"(?:\D*\d)?[\d.,\s'\u2019]*[.,:](?:\d\d|-{1,2})\D{0,8}")
"""An amount with two decimals, or with a dash for no cents: `9,95`, `39:50`, `12,-`."""
_AMOUNT = re.compile(
    r"(?:[€$£¥₹₽₺₩₴₫₪₱฿].{0,20}\d|\d.{0,20}[€$£¥₹₽₺₩₴₫₪₱฿]|\d\s?(?:kr|zł|kč|ft|lei)\b).*", re.IGNORECASE
)
_NOT_ZERO = re.compile(r"[1-9]")
_WHOLE = re.compile(r"[\d.,\s]*[.,]00", re.ASCII)
"""Matches `12,00`. If all values of a column are whole, they can also be quantities."""
_LAST_NUMBER = re.compile(r"\s*\d{1,2}\s*$")
_TYPED = re.compile(r"\d{1,9}(?:\.\d{1,2})?", re.ASCII)
_LEVEL = re.compile(
    r"(tier|level|band|bracket|class|stufe|klasse|gruppe|staffel|kategorie|niveau|palier|categoría|categoria|nivel|"
    r"escala|livello|fascia|nível|niveau|schaal|nivå|trinn|trin|taso|poziom|próg|úroveň|szint|nivel|seviye|уровень)"
    r"[\s_-]*(?:[a-h]|[1-9])",
    re.IGNORECASE,
)
"""The name of a price level: `Tier A`, `Stufe 2`."""
_OTHER = re.compile(
    r"%|\brate\b|satz|quote|faktor|factor|weight|gewicht|date|datum|volum|rating|score|stars|bewert|review|points|punkte|"
    r"\bvat\b|bestand|stock|lager|menge|qty|quant|inventory|reserv|min|max|pack|\bvpe\b",
    re.IGNORECASE,
)
"""Names of rates, measures, ratings and quantities."""


def unnamed_amounts(columns: Columns, used: Collection[int]) -> list[int]:
    """Return the columns that can contain the price, although their names are not known."""
    levels = _levels(columns)
    return [
        number
        for number, name in enumerate(columns.header)
        if number not in used and says_nothing(name) and (number in levels or are_amounts(columns, number))
    ]


def _levels(columns: Columns) -> frozenset[int]:
    """Return the columns of price levels, such as `Tier A;Tier B`. Their amounts can be whole numbers.

    From one column to the next, the amounts of all rows must rise, or the amounts of all rows must fall.
    """
    families: dict[str, list[int]] = {}
    for number, name in enumerate(columns.header):
        if len(name) <= MAX_NAME and (match := _LEVEL.fullmatch(name.strip())):
            families.setdefault(match[1].casefold(), []).append(number)
    return frozenset(
        number for numbers in families.values() if len(numbers) > 1 and _rise_or_fall(columns, numbers)
        for number in numbers
    )  # fmt: skip


def _rise_or_fall(columns: Columns, numbers: list[int]) -> bool:
    rows = [[row[number] or "" for number in numbers] for row in columns.sample if max(numbers) < len(row)]
    filled = [cells for row in rows if all(cells := [cell.strip() for cell in row])]
    if len(filled) < MIN_AMOUNTS or not all(_TYPED.fullmatch(cell) for cells in filled for cell in cells):
        return False
    amounts = [[float(cell) for cell in cells] for cells in filled]
    steps = [after - before for row in amounts for before, after in pairwise(row)]
    return any(steps) and (all(step >= 0 for step in steps) or all(step <= 0 for step in steps))


def says_nothing(name: str) -> bool:
    """Return whether a name has no known meaning: no field, no property, no private word and no measure."""
    if len(name) > MAX_NAME or "." in name.strip(".") or "@" in name:  # the paths of JSON and XML have types
        return False
    if private_part(name) is not None or is_property(name) or field_candidates(name) or name_of_price(name):
        return False
    if name_of_price(_LAST_NUMBER.sub("", name)):  # a second price list, such as `Listino 2`
        return False
    is_other = _OTHER.search(name) or is_for_a_measure(name) or is_comparison(name)
    return not is_other and TAX_WORDS.isdisjoint(split_words(name))


def are_amounts(columns: Columns, number: int) -> bool:
    """Return whether the values of a column are amounts of money.

    Some programs write quantities as `12,00`. If the file contains quantities such as `12`, then `12,00` is an amount.
    """
    others = range(min(len(columns.header), MAX_COLUMNS))
    has_quantities = any(at != number and _are_digits(columns[at]) for at in others)
    return _are_amounts(columns[number], has_quantities=has_quantities)


def _are_digits(facts: Facts) -> bool:
    """Return whether all values are short whole numbers, and at least two of them differ."""
    return len(set(facts.cells)) > 1 and all(cell.isdecimal() and len(cell) <= MAX_QUANTITY for cell in facts.cells)


def _are_amounts(facts: Facts, *, has_quantities: bool) -> bool:
    """Return whether the values are amounts of money. Numbers from a spreadsheet have no trailing zeros."""
    cells = facts.cells
    if len(cells) < MIN_AMOUNTS or facts.filled < MIN_SHARE or any(len(cell) > MAX_AMOUNT for cell in cells):
        return False
    if not any(map(_NOT_ZERO.search, cells)):
        return False
    if sum(map(_is_amount, cells)) >= MIN_SHARE * len(cells):
        return has_quantities or not all(map(_WHOLE.fullmatch, cells))
    are_typed = all(map(_TYPED.fullmatch, cells))
    return are_typed and sum("." in cell for cell in cells) > 0.5 * len(cells)


def _is_amount(cell: str) -> bool:
    return bool(_CENTS.fullmatch(cell) or _AMOUNT.match(cell))

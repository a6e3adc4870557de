"""Finds the crossed-out price: the former price, or the price without a reduction.

| columns                                            | the crossed-out price                                        |
|----------------------------------------------------|--------------------------------------------------------------|
| `Pris inkl. moms`, `Ord. pris inkl. moms`          | `Ord. pris inkl. moms`: blank or equal without a reduction   |
| `Price`, `Was` and `Prezzo`, `Prezzo precedente`   | the second column                                            |
| `Prezzo web`, `Prezzo di listino`                  | `Prezzo di listino`, because it is never lower               |

If the crossed-out price of a row is above the price, it becomes the public attribute `compare_at_price`, as in exports
of Shopify. A recommended price (`UVP`, `RRP`) keeps its own name. A crossed-out price is never the selling price.
"""

import re

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.columns.visibility import internal_part, is_property
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.candidates import name_of_price, share_of_amounts
from wecelebrate.feeds.prices.compared import DISCOUNTS
from wecelebrate.feeds.prices.conditional import is_for_members
from wecelebrate.feeds.prices.names import PriceName, price_name
from wecelebrate.feeds.prices.ordinary import has_equal_amounts, is_reduced
from wecelebrate.feeds.prices.ordinary_names import is_last, is_ordinary, without_ordinary_words
from wecelebrate.feeds.prices.plain_names import plain_name
from wecelebrate.feeds.prices.tiers import is_for_a_measure, names_a_package, quantity_in_name
from wecelebrate.feeds.vocabulary.folding import split_words
from wecelebrate.feeds.vocabulary.words import words

ATTRIBUTE = "compare_at_price"
MAX_NAME = 60
MIN_AMOUNTS = 0.9
MIN_ROWS = 3
"""A list price is a crossed-out price only if the file has at least this number of rows."""
LIST = 2


def find_former_price(plan: Plan, columns: Columns) -> int | None:
    """Return the column of the crossed-out price, or None. The selling price must be certain."""
    if plan.profile is not None or not plan.prices or any(question.key == "price" for question in plan.questions):
        return None
    used = {number for numbers in plan.field_columns.values() for number in numbers}
    ranked = [
        (rank, number)
        for number, name in enumerate(plan.header)
        if number not in used and (rank := _rank(name, plan.header[plan.prices[0].column])) is not None
        and not columns[number].is_empty
        and not (_needs_amounts(name) and not _are_amounts_like(columns, number, plan.prices[0].column))
        and share_of_amounts(columns[number]) >= MIN_AMOUNTS
        and is_reduced(columns, plan.prices[0].column, number) and (rank < LIST or columns[number].rows >= MIN_ROWS)
    ]  # fmt: skip
    return min(ranked)[1] if ranked else None


def _rank(name: str, sold: str) -> int | None:
    """Return the sort key of a name, or None if the name does not mean a crossed-out price for the price `sold`."""
    if len(name) > MAX_NAME or internal_part(name) or is_for_a_measure(name) or names_a_package(name):
        return None
    if is_for_members(name) or quantity_in_name(name) is not None:
        return None
    price, base = name_of_price(name) or _completed(name), name_of_price(sold)
    if price is None or is_last(name) or (price.tax and base and base.tax and price.tax != base.tax):
        return None
    if price.kind == "compare":
        return 0
    if price.kind in ("gross", "plain", "net") and is_ordinary(name):
        return 1
    return LIST if price.kind == "list" and not is_property(name) else None


_CROSSED_OUT = words("was statt compareat streich streichpreis strike strikethrough crossedout barre tachado barrato")
"""Words that mean a crossed-out price without a word for a price. The amounts do not matter."""


def _needs_amounts(name: str) -> bool:
    """Return whether a name such as `Standard` or `Original` can be a quantity, because it has no word for a price."""
    return name_of_price(name) is None and (_CROSSED_OUT | DISCOUNTS).isdisjoint(split_words(name))


def _are_amounts_like(columns: Columns, number: int, sold: int) -> bool:
    """Return whether all amounts have a currency, or are written with cents like the amounts of the selling price.

    Whole numbers can be the number of pieces in a pack, or a minimum stock. Amounts above the price in all rows can be
    the prices of a larger size. For example, the price can be for a small pizza.
    """
    if not columns.fills(number, sold) and not has_equal_amounts(columns, sold, number):
        return False
    cells, others = columns[number].cells, columns[sold].cells
    if all(map(_CURRENCY.search, cells)):
        return True
    return all(map(_CENTS.search, cells)) and not (
        all(map(_NO_CENTS.search, cells)) and not all(map(_NO_CENTS.search, others))
    )


_CURRENCY = re.compile(r"[€$£¥₹₽₺₩₴₫₪₱฿]|\b(?:[A-Z]{3}|kr|zł|Kč|Ft|lei)\b")
_CENTS = re.compile(r"\d[.,:]\d\d\b", re.ASCII)
_NO_CENTS = re.compile(r"\d[.,:]00\b", re.ASCII)


def _completed(name: str) -> PriceName | None:
    """Return the meaning of a name such as `Was`, which has no word for a price, or of a name for an ordinary price."""
    price = price_name(fold(plain_name(f"price {name}")))
    if price is not None and (price.kind == "compare" or is_ordinary(name)):
        return price
    return name_of_price(without_ordinary_words(name)) if is_ordinary(name) else None

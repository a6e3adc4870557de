"""Counts values of a file that were not understood, and did not cause a rejection."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from wecelebrate.feeds.items import quoted

MAX_DIFFERENT = 100
"""The maximum number of different values that are counted separately. Further values are counted together."""
MAX_VALUE_LENGTH = 60
OTHER_VALUES = "other values"
_TEXTS = {
    "unknown_state": "is not a known state; it does not change products, and new products with it are inactive",
    "unread_state": "can be a mark or a code for products that are not sold, but the name of its column is not known; "
    "the products are sold; if the mark forbids this, name the column in the settings: `is_active`",
    "ended_in_name": "says that the product is no longer made; it is inactive, because no column says that it is sold",
    "second_name": "can distinguish products with the same name, but can also be private; it is not shown; to show the "
    "column, name it in the settings: `attributes`",
    "rounded_number": "is a number that a spreadsheet has rounded; it is no attribute",
    "bad_offer": "is no offer whose price and days are understood; the product is sold at its usual price",
    "offer_not_lower": "is an offer that is not below the price; it is left out",
    "negative_stock": "is a stock below 0; it is read as 0",
    "oversold_stock": "is a stock below 0, but the row says that the product can be ordered; its stock is not counted",
    "fraction_of_a_piece": "is no whole number of pieces; the fraction is dropped",
    "vague_stock": "states no number of pieces; the product can be ordered without a limit",
    "zero_price": "is no price; stored products keep their prices, and new products need one",
}
"""The meaning of each warning code."""


def text_of(entry: Mapping[str, Any]) -> str:
    """Return one of the warnings of `as_json` as a sentence for the person who sent the file."""
    rows = "1 row" if entry["rows"] == 1 else f"{entry['rows']:,} rows"
    return f"{entry['column']}: {quoted(entry['value'])} {_TEXTS.get(entry['code'], entry['code'])} ({rows})"


class Warnings:
    """Counts values by code, column and value. `as_json` is for the job's result."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, code: str, column: str, value: str) -> None:
        key = code, column, value[:MAX_VALUE_LENGTH]
        if key not in self._counts and len(self._counts) >= MAX_DIFFERENT:
            key = code, column, OTHER_VALUES
        self._counts[key] += 1

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def total(self) -> int:
        return self._counts.total()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the counted values, the most frequent first, as `{code, column, value, rows}`."""
        return [
            {"code": code, "column": column, "value": value, "rows": rows}
            for (code, column, value), rows in self._counts.most_common()
        ]

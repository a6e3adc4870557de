"""Divides the lines of a list that a person has written without columns:

    MAMA TEE FABRICS
    A1  Ankara Hitarget 6 yards - N14,500 - 25 pcs
    A2  Ankara Vlisco wax - N68,000 - finished
    Call before coming!

A line of a product has a code, a name, a price with its currency or with decimals, and possibly a stock. All other
lines, such as titles, are one cell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

SEPARATOR = "\x1f"
NAMES = ("Code", "Item", "Price", "Stock")
MIN_PRODUCTS = 3
MOST = 0.5
"""The minimum share of lines with a product among the lines that are not blank."""
MAX_LINES = 100
MAX_LINE_LENGTH = 300
_PARTS = re.compile(r"\s{1,20}[-\u2013\u2014|\u2022\u00b7]\s{1,20}|\s{3,20}|\t")
_CODE = re.compile(r"([^\W\d_]{0,6}[-/.]?\d[\w/-]{0,15})(?:[.):]?\s+|[.):]?$)(.*)")
_AMOUNT = r"\d{1,6}(?:[ .,'\u00a0\u202f]?\d{3}){0,3}(?:[.,]\d{1,2})?"
_PRICE = re.compile(
    rf"(?:[^\W\d_]{{1,4}}\.?|[^\w\s]{{1,2}})\s?{_AMOUNT}(?:/?[=-])?|{_AMOUNT}\s?(?:[^\W\d_]{{1,4}}\.?|[^\w\s]{{1,2}}|/[=-])"
    r"|\d{1,6}[.,]\d{2}"
)
_PIECES = re.compile(
    r"\d+\s?(?:pcs?|pieces?|st(?:k|ück)?|szt|ks|db|шт|ud|uds|pz|pièces?|left|bags?|boxes)\.?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class WrittenList:
    heading: str = ""
    """The title that is read as the header of the columns, or ""."""

    def divided(self, line: str) -> str:
        """Return the line with a separator between its cells."""
        text = line.rstrip("\r\n")
        end = line[len(text) :] or "\n"
        if self.heading and text.strip() == self.heading:
            return SEPARATOR.join(NAMES) + end
        cells = product_in(text) if len(text) <= MAX_LINE_LENGTH else None
        return (SEPARATOR.join(cells) if cells else text.strip()) + end


def product_in(line: str) -> tuple[str, ...] | None:
    """Return the code, the name, the price and the stock in a line, or None if it has no product."""
    match = _CODE.match(line.strip())
    if match is None:
        return None
    parts = [part.strip() for part in _PARTS.split(f" {match[2]}") if part and part.strip()]
    at = next((number for number, part in enumerate(parts) if number and _is_price(part)), None)
    if at is None or len(parts) > at + 2:
        return None
    return match[1], " ".join(parts[:at]), parts[at], *(parts[at + 1 :] or [""])


def _is_price(part: str) -> bool:
    return _PRICE.fullmatch(part) is not None and _PIECES.fullmatch(part) is None


def detect(lines: Sequence[str]) -> WrittenList | None:
    """Return how the lines are divided, or None if the lines are not a list of products."""
    texts = [line.strip() for line in islice(lines, MAX_LINES) if line.strip() and len(line) <= MAX_LINE_LENGTH]
    products = [product_in(text) for text in texts]
    read = [cells for cells in products if cells is not None]
    if len(read) < MIN_PRODUCTS or len(read) < MOST * len(texts) or len({cells[0] for cells in read}) < len(read):
        return None
    if all(cells[0] == str(number) for number, cells in enumerate(read, start=1)):
        return None  # line numbers do not identify products
    first = products.index(read[0])
    titles = [text for text in texts[:first] if texts.count(text) == 1]
    return WrittenList(titles[-1]) if titles else None

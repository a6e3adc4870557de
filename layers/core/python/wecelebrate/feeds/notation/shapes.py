"""Describes how the numbers of a column are written: which separator is decimal, and which values are unclear.

| value                      | what it shows                                                       |
|----------------------------|---------------------------------------------------------------------|
| `12,50` `0,990` `1299,000` | the comma is decimal                                                |
| `1.234,56` `1.234.567`     | the comma is decimal, because the point groups thousands            |
| `12,-` `12,--`             | the comma is decimal                                                |
| `1.299` `12.000`           | unclear: the point groups thousands, or it is decimal               |
| `349`                      | nothing, but it makes a decimal point in `1.299` improbable         |
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from wecelebrate.core.types import currencies, minor_units
from wecelebrate.feeds.items import NumberText
from wecelebrate.feeds.vocabulary.folding import western

Separator = Literal[",", "."]
OTHER: dict[Separator, Separator] = {",": ".", ".": ","}

MAX_LENGTH = 60
WHOLE_CURRENCIES = frozenset((
    "AFN", "ALL", "AMD", "BIF", "CLP", "COP", "CRC", "CZK", "DJF", "GNF", "GYD", "HUF", "IDR", "IRR", "ISK", "JPY",
    "KMF", "KPW", "KRW", "LAK", "LBP", "MGA", "MMK", "MNT", "MRO", "MUR", "NOK", "PKR", "PYG", "RSD", "RWF", "SEK",
    "IRT", "SLL", "SOS", "STD", "SYP", "TWD", "TZS", "UGX", "UZS", "VND", "VUV", "XAF", "XOF", "XPF", "YER", "ZMK",
))  # fmt: skip
"""Currencies whose prices are whole numbers in practice: `digits` or `cashDigits` is 0.

Source: Unicode CLDR 45, supplementalData, currencyData/fractions. IQD also has cashDigits 0. It is not in this set
because ISO 4217 gives IQD three decimals.
"""

_NUMBER = re.compile(r"(?:[^\W\d_]{1,5}\.)?[^\d.,]*?([\d.,][\d.,\s'\u2019]*)(?P<ending>:?-{0,2})[^\d]*")
_INDIAN = re.compile(r"\d{1,2}(,\d\d)+,\d{3}", re.ASCII)
_GROUPED = re.compile(r"[\s'\u2019]")
_SIGN = re.compile("[€$£¥₹₽₺₩₴₫₪₱฿]|(?<![a-z])(?:kr|zł|kč|ft|lei)(?![a-z])", re.IGNORECASE)


@dataclass(slots=True)
class Shape:
    """How one value is written. At most one of `decimal` and `unclear` is set."""

    decimal: Separator | None = None
    """The separator that is certainly decimal in this value."""
    unclear: Separator | None = None
    """A separator before exactly three digits, which is decimal or groups thousands."""
    fraction: str = ""
    """The digits after the separator, if it is decimal or unclear."""
    whole_digits: int = 0
    """The number of digits before the separator."""


def shape_of(cell: str) -> Shape | None:
    """Return how the number in the cell is written, or None if the cell has no number."""
    text = cell if cell.isascii() else western(cell)
    match = _NUMBER.fullmatch(text.strip()) if len(cell) <= MAX_LENGTH else None
    if match is None:
        return None
    number = match[1].strip()
    digits = _GROUPED.sub("", number)
    if match["ending"].startswith("-") and digits[-1:] in (",", "."):  # `12,-` and `1.299,-`
        mark: Separator = "," if digits[-1] == "," else "."
        return Shape(mark) if digits.strip(".,") else None
    if not digits.strip(".,"):
        return None
    comma, point = digits.count(","), digits.count(".")
    if comma and point:
        mark = "," if digits.rfind(",") > digits.rfind(".") else "."
        return Shape(mark) if digits.count(mark) == 1 else None
    if not comma and not point:
        return Shape(whole_digits=len(digits))
    mark = "," if comma else "."
    if comma + point > 1:
        is_grouped = all(len(part) == 3 for part in digits.split(mark)[1:]) or _INDIAN.fullmatch(digits)
        return Shape(OTHER[mark]) if is_grouped else None
    whole, _, fraction = digits.partition(mark)
    if not fraction:
        return Shape(whole_digits=len(whole))
    if len(fraction) != 3 or len(whole) > 3 or whole.startswith("0") or not whole or digits != number:
        return Shape(mark, None, fraction, len(whole))
    return Shape(None, mark, fraction, len(whole))


@dataclass(slots=True)
class Tally:
    """Counts how the values of a column are written."""

    filled: int = 0
    numbers: int = 0
    typed: int = 0
    """Values that the file stores as numbers. Their text always has a decimal point."""
    decimals: dict[Separator, int] = field(default_factory=lambda: {",": 0, ".": 0})
    unclear: dict[Separator, int] = field(default_factory=lambda: {",": 0, ".": 0})
    forced_groups: dict[Separator, int] = field(default_factory=lambda: {",": 0, ".": 0})
    """Unclear values whose separator cannot be decimal, because the currency has fewer decimals."""
    odd_fractions: dict[Separator, int] = field(default_factory=lambda: {",": 0, ".": 0})
    """Unclear values that would not be multiples of 0.25 with a decimal separator. Such quantities are unusual."""
    three_decimals: int = 0
    """Unclear values whose currency has three decimals."""
    whole_currency: int = 0
    """Unclear values whose currency has no decimals in practice."""
    plain: int = 0
    """Numbers of at most three digits without a separator."""
    long_plain: int = 0
    """Numbers of more than three digits without a separator."""
    finer: int = 0
    """Values that certainly have more decimals than their currency."""
    sign_before: int = 0
    sign_after: int = 0
    examples: dict[tuple[str, Separator], list[str]] = field(default_factory=dict)
    """The first values of each kind (`decimal` and `unclear`) and each separator."""

    def add(self, cell: str, currency: str | None = None) -> None:
        """Count a value. `currency` is the currency of this value if the value is a price."""
        self.filled += 1
        shape = shape_of(cell)
        if shape is None:
            return
        self.numbers += 1
        if isinstance(cell, NumberText):
            self.typed += 1
            return
        if not cell.replace(".", "").replace(",", "").isdigit() and (sign := _SIGN.search(cell[:MAX_LENGTH])):
            before = not any(char.isdigit() for char in cell[: sign.start()])
            self.sign_before += before
            self.sign_after += not before
        if shape.decimal:
            self.decimals[shape.decimal] += 1
            self._keep("decimal", shape.decimal, cell)
            self.finer += bool(currency and shape.fraction[minor_units(currency) :].strip("0"))
        elif shape.unclear:
            self._add_unclear(shape, shape.unclear, cell, currency)
        elif shape.whole_digits > 3:
            self.long_plain += 1
        else:
            self.plain += 1

    def _add_unclear(self, shape: Shape, mark: Separator, cell: str, currency: str | None) -> None:
        self.unclear[mark] += 1
        self._keep("unclear", mark, cell)
        self.odd_fractions[mark] += shape.fraction not in ("000", "250", "500", "750")
        if currency is None:
            return
        self.whole_currency += currency in WHOLE_CURRENCIES
        self.three_decimals += currencies().get(currency) == 3 and currency != "IQD"
        self.forced_groups[mark] += is_forced_group(shape, currency)

    def _keep(self, kind: str, mark: Separator, cell: str) -> None:
        kept = self.examples.setdefault((kind, mark), [])
        if len(kept) < 3 and (value := cell.strip()) not in kept:
            kept.append(value)

    @property
    def is_unclear(self) -> bool:
        return any(self.unclear.values())

    def shown(self, kind: str) -> tuple[str, ...]:
        """Return example values, at most three of each separator."""
        return tuple(value for (name, _), values in self.examples.items() if name == kind for value in values)


def is_forced_group(shape: Shape, currency: str) -> bool:
    """Return whether the separator of an unclear value groups thousands, because of the decimals of the currency.

    In EUR, `1.299` cannot be a price with three decimals. `1.250` can be a price with three decimals, because some
    systems write 1.25 in this way.
    """
    if currency in WHOLE_CURRENCIES:
        return True
    return bool(shape.fraction[minor_units(currency) :].strip("0"))

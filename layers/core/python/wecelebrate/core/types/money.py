"""Money: amounts, currencies, and the minor units of currencies.

ISO 4217 defines how many decimals the amounts of a currency have: KWD has three, EUR has two, and JPY has none. An
amount with more decimals than its currency is refused, and never rounded silently. The package `iso4217` contains the
table that SIX publishes for ISO.

The database has the same table as the function `app.minor_units`, and a test compares the two.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticKnownError
from typing_extensions import TypeAliasType

from wecelebrate.core.types.schema import OneOf

MAX_AMOUNT = Decimal(10) ** 12
"""Every amount is below this number."""
MAX_MINOR_UNITS = 3
AMOUNT_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,3})?$"

_UNITS_OF_ACCOUNT = frozenset({"XAD"})
"""The Arab Accounting Dinar is the only code with minor units that is not the money of a country. In ISO 4217, the
other units of account, precious metals, `XTS` and `XXX` have no minor units."""

_UNITS = (Decimal("1"), Decimal("0.1"), Decimal("0.01"), Decimal("0.001"))
"""The smallest amount for each number of decimals."""
_amount = re.compile(AMOUNT_PATTERN.replace("$", r"\Z"))


@lru_cache(maxsize=1)
def currencies() -> Mapping[str, int]:
    """Return the minor units of each currency in which prices can be stated.

    These are the active currencies of ISO 4217, except fund codes (`CHE`), units of account (`XDR`) and test codes
    (`XTS`). Currencies with more than three decimals (`CLF`, `UYW`) are also excluded, because they are only used as an
    index.
    """
    import iso4217  # This import takes 25 ms.

    names = iso4217.raw_xml.iterfind("CcyTbl/CcyNtry")
    funds = {entry.findtext("Ccy") for entry in names if entry.find("CcyNm[@IsFund]") is not None}
    return {
        currency.code: currency.exponent
        for currency in iso4217.Currency
        if currency.exponent is not None
        and currency.exponent <= MAX_MINOR_UNITS
        and currency.code not in funds | _UNITS_OF_ACCOUNT
    }


def minor_units(currency: str) -> int:
    """Return the number of decimals of a currency's amounts. For a code that is no longer active, return 2."""
    return currencies().get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal | None:
    """Return the amount with the decimals of its currency, or None if the amount has more decimals."""
    exact = amount.quantize(smallest_amount(currency))
    return exact if exact == amount else None


@lru_cache(maxsize=256)
def smallest_amount(currency: str) -> Decimal:
    """Return the smallest amount of a currency, e.g. 0.01 for EUR."""
    return _UNITS[minor_units(currency)]


def finer_problem(currency: str) -> str:
    """Return the error message for an amount with more decimals than its currency has."""
    decimals = minor_units(currency)
    return (
        f"must have at most {decimals} decimals in {currency}" if decimals else f"must have no decimals in {currency}"
    )


def _decimal(value: Any) -> Any:
    """Parse an amount: a decimal string or a JSON number. A JSON number has the value of its shortest decimal form."""
    if isinstance(value, str):
        if not _amount.match(value):
            raise PydanticKnownError("decimal_parsing")
        return Decimal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _exact(Decimal(repr(value)))
    if isinstance(value, Decimal):
        return _exact(value)
    raise PydanticKnownError("decimal_type")


def _exact(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise PydanticKnownError("finite_number")
    if abs(value) >= MAX_AMOUNT:
        raise PydanticKnownError("less_than", {"lt": int(MAX_AMOUNT)})
    if value.quantize(_UNITS[MAX_MINOR_UNITS]) != value:
        raise PydanticKnownError("decimal_max_places", {"decimal_places": MAX_MINOR_UNITS})
    return value


def _parser(pattern: str, places: int, below: int) -> BeforeValidator:
    """Return a validator that parses a JSON number, or a decimal string that matches `pattern`.

    A JSON number can have at most `places` decimals. The validator does not check the decimals of larger numbers,
    because the type refuses all numbers that are not less than `below`.
    """
    matches = re.compile(pattern.replace("$", r"\Z")).match

    def parse(value: Any) -> Any:
        if isinstance(value, str):
            if not matches(value):
                raise PydanticKnownError("decimal_parsing")
            return Decimal(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = Decimal(repr(value))
        if not isinstance(value, Decimal):
            raise PydanticKnownError("decimal_type")
        if not value.is_finite():
            raise PydanticKnownError("finite_number")
        if abs(value) < below and value.quantize(Decimal(1).scaleb(-places)) != value:
            raise PydanticKnownError("decimal_max_places", {"decimal_places": places})
        return value

    return BeforeValidator(parse)


def _schema(pattern: str, above: int, below: int) -> WithJsonSchema:
    number = {"type": "number", "exclusiveMinimum": above, "exclusiveMaximum": below}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": pattern}]})


def plain(amount: Decimal) -> str:
    """Return the amount as a decimal string without an exponent and without zeros at the end, e.g. `100` or `12.5`."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


Money = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=0, lt=MAX_AMOUNT),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": int(MAX_AMOUNT)},
                {"type": "string", "pattern": AMOUNT_PATTERN},
            ]
        }
    ),
    PlainSerializer(plain, return_type=str),
]
"""An amount of money that a caller sends. In JSON it should be a decimal string, because not every program reads
numbers exactly. It has at most three decimals. If its currency has fewer decimals, the model with the currency refuses
the amount."""
MARKUP_PATTERN = r"^-?[0-9]{1,5}(\.[0-9]{1,4})?$"
Markup = Annotated[
    Decimal,
    _parser(MARKUP_PATTERN, 4, 10_001),
    Field(gt=-100, lt=10_001),
    _schema(MARKUP_PATTERN, -100, 10_001),
    PlainSerializer(plain, return_type=str),
]
"""A percentage by which prices are raised, or lowered if it is below 0."""
ADJUSTMENT_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$"
Adjustment = Annotated[
    Decimal,
    _parser(ADJUSTMENT_PATTERN, MAX_MINOR_UNITS, 10**12),
    Field(gt=-MAX_AMOUNT, lt=MAX_AMOUNT),
    _schema(ADJUSTMENT_PATTERN, -(10**12), 10**12),
    PlainSerializer(plain, return_type=str),
]
"""An amount that is added to prices, or subtracted if it is below 0."""
RATE_PATTERN = r"^[0-9]{1,7}(\.[0-9]{1,12})?$"
ExchangeRate = Annotated[
    Decimal,
    _parser(RATE_PATTERN, 12, 10**7),
    Field(gt=0, lt=10**7),
    _schema(RATE_PATTERN, 0, 10**7),
    PlainSerializer(plain, return_type=str),
]
"""How many units of a currency one unit of another currency costs."""
Amount = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]{1,3})?$")]
"""An amount of money in a response, with the decimals of its currency."""
CurrencyCode = TypeAliasType(
    "CurrencyCode",
    Annotated[
        str,
        StringConstraints(strip_whitespace=False),
        OneOf(currencies, "must be the ISO 4217 code of an active currency, e.g. EUR"),
    ],
)
"""The ISO 4217 code of a currency in upper case."""

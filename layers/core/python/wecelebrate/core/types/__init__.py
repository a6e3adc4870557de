"""The types of values: one type for each concept, used by every entry point of the platform.

An entry point is a place where the platform receives values: for example, the body of a request, a query parameter, a
row of a bulk import, a cell of a file, a setting, or an argument of the command. A type defines which spellings are
valid, and returns the spelling that is stored. Therefore all entry points have the same rules for the same concept.

Each type also has a JSON schema. The code refuses every value that the schema refuses. A schema cannot express all
rules: for example, only the code refuses the 31st of February.

| type                                       | a value                                                                |
|--------------------------------------------|------------------------------------------------------------------------|
| `Name`, `Label`, `ShortLine`, `Line(n)`    | one line of text with at least one visible character                   |
| `Text`                                     | text of several lines                                                  |
| `Sku`, `OrderNumber`, `Slug`               | identifiers that people choose or type                                 |
| `Money`, `Amount`, `CurrencyCode`          | amounts, and ISO 4217 currencies with their minor units                |
| `Markup`, `Adjustment`, `ExchangeRate`     | the numbers of price rules                                             |
| `CountryCode`                              | ISO 3166-1 alpha-2                                                     |
| `EmailAddress`, `DomainName`               | RFC 5321 and IDNA                                                      |
| `PhoneNumber`                              | digits with an optional `+` and separators, as ITU-T E.164 counts them |
| `HttpUrl`, `ImageUrl`                      | URLs with a host                                                       |
| `Timestamp`, `Moment`, `Day`               | RFC 3339: `Timestamp` is input, `Moment` is output                     |
| `Timezone`                                 | the IANA time zone of a place                                          |
| `InventoryPolicy`                          | whether the stock of a product is counted                              |
| `Id`, `Count`, `Whole`, `Flag`, `Switch`   | UUIDs, numbers and truth values; `Whole` and `Switch` are parameters   |

All text is in Unicode's normalization form NFC. `core.models.Input` normalizes the texts of every request.
"""

from wecelebrate.core.types.addresses import EmailAddress, email_address
from wecelebrate.core.types.country import CountryCode
from wecelebrate.core.types.money import (
    Adjustment,
    Amount,
    CurrencyCode,
    ExchangeRate,
    Markup,
    Money,
    currencies,
    finer_problem,
    minor_units,
    rounded,
)
from wecelebrate.core.types.numbers import Count, Flag, Id, Percent, Switch, Whole
from wecelebrate.core.types.phone import PhoneNumber
from wecelebrate.core.types.stock import InventoryPolicy
from wecelebrate.core.types.text import Label, Line, Name, OrderNumber, ShortLine, Sku, Slug, Text
from wecelebrate.core.types.time_zones import Timezone
from wecelebrate.core.types.times import Day, Moment, Timestamp
from wecelebrate.core.types.urls import DomainName, HttpUrl, ImageUrl, domain_name

__all__ = [
    "Adjustment",
    "Amount",
    "Count",
    "CountryCode",
    "CurrencyCode",
    "Day",
    "DomainName",
    "EmailAddress",
    "ExchangeRate",
    "Flag",
    "HttpUrl",
    "Id",
    "ImageUrl",
    "InventoryPolicy",
    "Label",
    "Line",
    "Markup",
    "Moment",
    "Money",
    "Name",
    "OrderNumber",
    "Percent",
    "PhoneNumber",
    "ShortLine",
    "Sku",
    "Slug",
    "Switch",
    "Text",
    "Timestamp",
    "Timezone",
    "Whole",
    "currencies",
    "domain_name",
    "email_address",
    "finer_problem",
    "minor_units",
    "rounded",
]

"""Reads the stock items in an export of masters of Tally.

Source: help.tallysolutions.com, "Sample XML" and "XML tags". A stock item has no number: its name is unique in a
company, and other documents refer to it by this name. Rates are written with their unit, as in `899.00/Nos`. The stock
is counted in `BASEUNITS`, and a rate for another unit is not the price of one piece. A stock can also be written in
another unit of the item: `64 Nos = 5 Doz 4 Nos`. Retail prices (MRP) can be different in each state of India.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.base import XmlFormat
from wecelebrate.feeds.xml.flat import Flattener, child_text, descend, descendants, text_of
from wecelebrate.feeds.xml.reader import Element

NAME, PRICE, RECOMMENDED, ALIAS, STOCK = "NAME", "STANDARDPRICE", "MRPRATE", "ALIAS", "CLOSINGBALANCE"
PRICES = "STANDARDPRICELIST.LIST"

_QUANTITY = re.compile(r"[-+(]*\d[\d.,() -]*([^\W\d_][^=]*)")
"""A quantity with its unit: ` 24 Nos`, `(-)2 Nos`."""
_ALL_STATES = frozenset(("", "any", "all", "not applicable"))
"""The names that mean all states. Tally writes a control character before them: `&#4; Any`."""

PROFILE = Profile(
    "tally",
    (),
    {
        "sku": ("name",),
        "name": ("name",),
        "description": ("description",),
        "category": ("parent",),
        "price": ("standardprice",),
        "inventory_count": ("closingbalance",),
    },
    {"mrprate": "mrp"},
)


class TallyMasters(XmlFormat):
    """Each stock item is a product. Its price is the latest standard price, or else the retail price.

    Further names of an item are aliases, which are often numbers of the company. Costs are not read.
    """

    name = "Tally"
    profile = PROFILE
    columns = (NAME, "PARENT", PRICE, RECOMMENDED, STOCK, "DESCRIPTION")
    sku_elements = ()
    complete_elements = ("STOCKITEM",)

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        lists = ("STANDARDCOSTLIST.LIST", PRICES, "MRPDETAILS.LIST", "LANGUAGENAME.LIST")
        self._flat = Flattener((), (*lists, "OPENINGBALANCE", "OPENINGVALUE", "OPENINGRATE", "NAME"), language)

    def records(self, element: Element) -> Iterator[Record]:
        record = {column: text for column, text in self._flat(element).items() if column != "@NAME"}
        record[NAME] = (element.get(NAME) or child_text(element, NAME)).strip()
        names = [text_of(name) for name in descendants(element, NAME)]
        record[ALIAS] = next((alias for alias in names if alias and alias != record[NAME]), "")
        stock = child_text(element, STOCK).partition("=")[0].strip()
        record[STOCK] = stock
        unit = _unit(child_text(element, "BASEUNITS")) or _unit_of_quantity(stock)
        standard = [(child_text(each, "DATE"), child_text(each, "RATE")) for each in descend(element, PRICES)]
        retail = _latest(_retail_prices(element))
        record[RECOMMENDED] = "" if _is_for_other_unit(retail, unit) else _amount(retail)
        record[PRICE] = _price(_latest(standard) or retail, unit)
        yield record


def _latest(rates: Iterable[tuple[str, str]]) -> str:
    """Return the rate that is valid now: the last one with the latest day that is not in the future.

    `rates` has days, written as 20260401, and rates, written as `899.00/Nos`.
    """
    today = f"{datetime.now(UTC):%Y%m%d}"
    valid = [(day, at, rate) for at, (day, rate) in enumerate(rates) if rate and day <= today]
    return max(valid, default=("", 0, ""))[2]


def _retail_prices(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the days and the retail prices. States with different prices have no common price."""
    for dated in descend(element, "MRPDETAILS.LIST"):
        of_states = [
            (child_text(each, "STATENAME").lstrip("\x04 ").casefold(), child_text(each, RECOMMENDED))
            for each in descend(dated, "MRPRATEDETAILS.LIST")
        ]
        common = [rate for state, rate in of_states if state in _ALL_STATES and rate]
        rates = [child_text(dated, RECOMMENDED)] if not of_states else common or [rate for _, rate in of_states]
        yield child_text(dated, "FROMDATE"), rates[-1] if common or len({*rates}) == 1 else ""


def _price(rate: str, unit: str) -> str:
    """Return the amount of a rate. A rate for another unit is returned as a text, so that its row is rejected."""
    return f"{rate}, but the stock is in {unit}" if _is_for_other_unit(rate, unit) else _amount(rate)


def _amount(rate: str) -> str:
    return rate.partition("/")[0].strip()


def _is_for_other_unit(rate: str, unit: str) -> bool:
    return (of_rate := _unit(rate.partition("/")[2])) != "" and of_rate != (unit or of_rate)


def _unit_of_quantity(quantity: str) -> str:
    match = _QUANTITY.match(quantity)
    return _unit(match[1]) if match else ""


def _unit(text: str) -> str:
    """Return a unit for comparisons. `&#4; Not Applicable` is no unit."""
    unit = text.lstrip("\x04 ").strip(" .").casefold()
    return "" if unit in _ALL_STATES else unit

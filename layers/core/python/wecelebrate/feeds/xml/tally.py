"""Reads the stock items in an export of masters of Tally.

Source: help.tallysolutions.com, "Sample XML" and "XML tags". A stock item has no number: its name is unique in a
company, and other documents refer to it by this name. Rates are written with their unit, as in `899.00/Nos`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from wecelebrate.feeds.columns.profile import Profile
from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.base import XmlFormat
from wecelebrate.feeds.xml.flat import Flattener, child_text, descend, descendants, text_of
from wecelebrate.feeds.xml.reader import Element

NAME, PRICE, RECOMMENDED, ALIAS = "NAME", "STANDARDPRICE", "MRPRATE", "ALIAS"

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
    columns = (NAME, "PARENT", PRICE, RECOMMENDED, "CLOSINGBALANCE", "DESCRIPTION")
    sku_elements = ()
    complete_elements = ("STOCKITEM",)

    def __init__(self, currency: str, language: str | None) -> None:
        super().__init__(currency, language)
        lists = ("STANDARDCOSTLIST.LIST", "STANDARDPRICELIST.LIST", "MRPDETAILS.LIST", "LANGUAGENAME.LIST")
        self._flat = Flattener((), (*lists, "OPENINGBALANCE", "OPENINGVALUE", "OPENINGRATE", "NAME"), language)

    def records(self, element: Element) -> Iterator[Record]:
        record = {column: text for column, text in self._flat(element).items() if column != "@NAME"}
        record[NAME] = (element.get(NAME) or child_text(element, NAME)).strip()
        names = [text_of(name) for name in descendants(element, NAME)]
        record[ALIAS] = next((alias for alias in names if alias and alias != record[NAME]), "")
        record[RECOMMENDED] = _latest(element, "MRPDETAILS.LIST", "FROMDATE", "MRPRATE")
        record[PRICE] = _latest(element, "STANDARDPRICELIST.LIST", "DATE", "RATE") or record[RECOMMENDED]
        yield record


def _latest(element: Element, rates: str, day: str, rate: str) -> str:
    """Return the amount that is valid now, without its unit: the amount with the latest day that is not in the future.

    The days are written as 20260401.
    """
    today = f"{datetime.now(UTC):%Y%m%d}"
    dated = [(child_text(each, day), child_text(each, rate)) for each in descend(element, rates)]
    valid = [(each, amount) for each, amount in dated if amount and each <= today]
    return max(valid, default=("", ""))[1].partition("/")[0].strip()

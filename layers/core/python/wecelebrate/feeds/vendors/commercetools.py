"""commercetools: the CSV files of the Merchant Center and of the older ImpEx tools, and JSON of the APIs.

Sources: docs.commercetools.com/merchant-center, "Import products" (columns such as `variants.prices.value.centAmount`);
github.com/commercetools/nodejs, "product-json-to-csv" (columns such as `prices`); docs.commercetools.com, "Products"
and "Product Projections" (JSON).

In JSON, a price in the catalog's currency is used only if it has no customer group, no channel, no dates and no
country.

A row without a SKU has further prices or images of the variant above. A further variant has blank product columns.
"""

import re
from decimal import Decimal

from wecelebrate.core.types import currencies, minor_units
from wecelebrate.feeds.columns.profile import Profile, VariantRule
from wecelebrate.feeds.items import BadCell, quoted

PRODUCT_COLUMNS = "(?!key|name|description|slug|categories|tax|published|producttype|meta).*"
"""A pattern for the columns of the variant. A variant has its own attributes, and inherits no attributes."""

COMMERCETOOLS = Profile(
    "commercetools",
    (("variantssku", "variantspricesvaluecentamount"), ("variantssku", "key", "name[a-z]{2,4}")),
    {
        "sku": ("variantssku",),
        "name": ("name[a-z]{2,4}", "name"),
        "description": ("description[a-z]{2,4}", "description"),
        "category": ("categories(?:key|name|names)?", "categories0key"),
        "price": ("variantspricesvaluecentamount",),
        "currency": ("variantspricesvaluecurrencycode",),
        "images": ("variantsimagesurl",),
        "is_active": ("published", "ispublished"),
    },
    {"variantsattributes.+": ""},
    VariantRule(
        key=("key", "id"), blank_continues=True, variant_columns=("variantssku",), own_columns=(PRODUCT_COLUMNS,)
    ),
    cell_readers={"category": "first_category"},
)

COMMERCETOOLS_IMPEX = Profile(
    "commercetools impex",
    (("producttype", "variantid", "sku", "prices"),),
    {
        "sku": ("sku",),
        "name": ("name[a-z]{2,4}", "name"),
        "description": ("description[a-z]{2,4}", "description"),
        "category": ("categories",),
        "price": ("prices",),
        "images": ("images",),
        "is_active": ("published",),
    },
    # Other columns are attributes of the product type.
    {"(?!producttype|slug|meta|creationdate|lastmodified).+": ""},
    VariantRule(
        key=("id", "key", r"slug[a-z]{2,4}"), blank_continues=True, variant_columns=("variantid", "sku"),
        own_columns=(PRODUCT_COLUMNS,),
    ),
    cell_readers={"category": "first_category", "price": "price_list"},
)  # fmt: skip

COMMERCETOOLS_JSON = Profile(
    "commercetools json",
    (
        ("variantssku", "variantsprices(?:0|only).*centamount", "name(?:[a-z]{2,8})?"),
        ("variantssku", "variantsid", "published", "name(?:[a-z]{2,8})?"),
    ),
    {
        "sku": ("variantssku",),
        "name": ("name(?:[a-z]{2,8})?",),
        "description": ("description(?:[a-z]{2,8})?",),
        "category": ("categories0objname(?:[a-z]{2,8})?", "categories0name", "categories0key"),
        "price": ("variantsprices0valuecentamount",),
        "images": ("variantsimagesurl",),
        "inventory_count": ("variantsavailabilityavailablequantity",),
        "is_active": ("published",),
    },
    {"variantsattributes.+": ""},
    VariantRule(key=("key", "id"), variant_columns=("variantssku",), own_columns=(PRODUCT_COLUMNS,)),
)  # fmt: skip

# DE-EUR 1299|1199 B2B#channel$2026-01-01~2026-02-01: country, currency, cents, discounted cents, group, channel, dates.
_PRICE = re.compile(r"(?:([A-Z]{2})-)?([A-Z]{3}) (\d{1,12})(?:\|\d{1,12})?(.{0,300})", re.ASCII)


def price_of_list(cell: str, catalog_currency: str) -> tuple[Decimal, str]:
    """Return the price for all customers in the catalog's currency, or else the first price for all customers.

    Amounts are whole numbers of the smallest unit, such as cents. Raises BadCell with the code `not_a_number`.
    """
    prices: list[tuple[bool, Decimal, str]] = []
    for part in re.split(r"[;\n]", cell[:5_000]):
        match = _PRICE.fullmatch(part.strip())
        if match is None or match[2] not in currencies():
            raise BadCell("not_a_number", f"{quoted(part.strip())} is not a price such as EUR 1299 or DE-EUR 1299")
        if not match[4].strip():  # a price without a group of customers, a channel and dates
            prices.append((bool(match[1]), Decimal(match[3]).scaleb(-minor_units(match[2])), match[2]))
    if not prices:
        raise BadCell("not_a_number", f"{quoted(cell)} has no price for all customers")
    # A price for all countries is preferred to the price for one country.
    _, price, currency = min(prices, key=lambda price: (price[2] != catalog_currency, price[0]))
    return price, currency

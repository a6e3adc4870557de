"""Profiles of the exports of further shops and tills, one module for each vendor."""

from wecelebrate.feeds.vendors.akeneo import AKENEO
from wecelebrate.feeds.vendors.amazon import AMAZON, AMAZON_REPORT
from wecelebrate.feeds.vendors.bigcommerce import BIGCOMMERCE, BIGCOMMERCE_LEGACY
from wecelebrate.feeds.vendors.ebay import EBAY, EBAY_REPORT
from wecelebrate.feeds.vendors.loyverse import LOYVERSE
from wecelebrate.feeds.vendors.shopware import SHOPWARE
from wecelebrate.feeds.vendors.square import SQUARE
from wecelebrate.feeds.vendors.squarespace import SQUARESPACE
from wecelebrate.feeds.vendors.wix import WIX

VENDOR_PROFILES = (
    AKENEO, AMAZON, AMAZON_REPORT, BIGCOMMERCE, BIGCOMMERCE_LEGACY, EBAY, EBAY_REPORT, LOYVERSE, SHOPWARE, SQUARE,
    SQUARESPACE, WIX,
)  # fmt: skip

__all__ = ["VENDOR_PROFILES"]

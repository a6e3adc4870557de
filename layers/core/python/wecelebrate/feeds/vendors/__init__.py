"""Profiles of the exports of further shops and tills, one module for each vendor."""

from wecelebrate.feeds.vendors.bigcommerce import BIGCOMMERCE, BIGCOMMERCE_LEGACY
from wecelebrate.feeds.vendors.loyverse import LOYVERSE
from wecelebrate.feeds.vendors.shopware import SHOPWARE
from wecelebrate.feeds.vendors.square import SQUARE
from wecelebrate.feeds.vendors.squarespace import SQUARESPACE
from wecelebrate.feeds.vendors.wix import WIX

VENDOR_PROFILES = (BIGCOMMERCE, BIGCOMMERCE_LEGACY, LOYVERSE, SHOPWARE, SQUARE, SQUARESPACE, WIX)

__all__ = ["VENDOR_PROFILES"]

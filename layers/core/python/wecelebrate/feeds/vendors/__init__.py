"""Profiles of the exports of shops, tills and marketplaces, one module for each vendor.

If a file has the columns of several profiles, the first profile in PROFILES is used.
"""

from wecelebrate.feeds.vendors.akeneo import AKENEO
from wecelebrate.feeds.vendors.amazon import AMAZON, AMAZON_REPORT
from wecelebrate.feeds.vendors.bigcommerce import BIGCOMMERCE, BIGCOMMERCE_LEGACY
from wecelebrate.feeds.vendors.commercetools import COMMERCETOOLS, COMMERCETOOLS_IMPEX, COMMERCETOOLS_JSON
from wecelebrate.feeds.vendors.ebay import EBAY, EBAY_REPORT, EBAY_REVISE
from wecelebrate.feeds.vendors.german_shops import JTL, PLENTYMARKETS
from wecelebrate.feeds.vendors.google_merchant import GOOGLE_MERCHANT
from wecelebrate.feeds.vendors.json_products import JSON_PRODUCTS
from wecelebrate.feeds.vendors.lightspeed import ECWID, LIGHTSPEED_C, LIGHTSPEED_R, LIGHTSPEED_X
from wecelebrate.feeds.vendors.loyverse import LOYVERSE
from wecelebrate.feeds.vendors.magento import MAGENTO, MAGENTO_REST
from wecelebrate.feeds.vendors.medusa import MEDUSA
from wecelebrate.feeds.vendors.odoo import ODOO
from wecelebrate.feeds.vendors.opencart import OPENCART
from wecelebrate.feeds.vendors.prestashop import PRESTASHOP
from wecelebrate.feeds.vendors.quickbooks import QUICKBOOKS_ITEMS
from wecelebrate.feeds.vendors.rakuten import RAKUTEN
from wecelebrate.feeds.vendors.saleor import SALEOR
from wecelebrate.feeds.vendors.shopify import SHOPIFY
from wecelebrate.feeds.vendors.shopware import SHOPWARE, SHOPWARE_5
from wecelebrate.feeds.vendors.spryker import SPRYKER_ABSTRACT, SPRYKER_CONCRETE, SPRYKER_PRICES, SPRYKER_STOCK
from wecelebrate.feeds.vendors.square import SQUARE
from wecelebrate.feeds.vendors.squarespace import SQUARESPACE
from wecelebrate.feeds.vendors.tiendanube import TIENDANUBE
from wecelebrate.feeds.vendors.trendyol import TRENDYOL
from wecelebrate.feeds.vendors.vendure import VENDURE
from wecelebrate.feeds.vendors.wix import WIX
from wecelebrate.feeds.vendors.woocommerce import WOOCOMMERCE, WOOCOMMERCE_REST

PROFILES = (
    AKENEO, AMAZON, AMAZON_REPORT, BIGCOMMERCE, BIGCOMMERCE_LEGACY, EBAY_REVISE, EBAY, EBAY_REPORT, LOYVERSE, SHOPWARE,
    SHOPWARE_5, SQUARE, SQUARESPACE, WIX, ECWID, LIGHTSPEED_X, LIGHTSPEED_R, LIGHTSPEED_C, COMMERCETOOLS_JSON,
    COMMERCETOOLS, COMMERCETOOLS_IMPEX, JTL, PLENTYMARKETS, JSON_PRODUCTS, SHOPIFY, MEDUSA, WOOCOMMERCE_REST,
    WOOCOMMERCE, MAGENTO_REST, MAGENTO, PRESTASHOP, OPENCART, ODOO, VENDURE, SALEOR, SPRYKER_PRICES, SPRYKER_STOCK,
    SPRYKER_CONCRETE, SPRYKER_ABSTRACT, TIENDANUBE, RAKUTEN, TRENDYOL, QUICKBOOKS_ITEMS, GOOGLE_MERCHANT,
)  # fmt: skip

__all__ = ["PROFILES"]

"""OpenCart: the sheet `Products` of the extension Export/Import Tool, and simple CSV exports.

Source: opencart.com/marketplace, "Export/Import Tool". A column of a text has its language in brackets: `name(en-gb)`.
Where `sku` is blank, `model` is the product's number.
"""

from wecelebrate.feeds.columns.profile import Profile

OPENCART = Profile(
    "opencart",
    (("productid", "name(?:[a-z]{2,4})?", "model", "sku"), ("productid", "model", "taxclassid")),
    {
        "sku": ("sku", "model"),
        "name": ("name(?:[a-z]{2,4})?",),
        "description": ("description(?:[a-z]{2,4})?",),
        "category": ("categoryname", "categorypath"),
        "brand": ("manufacturer",),
        "price": ("price",),
        "images": ("imagename", "image"),
        "inventory_count": ("quantity",),
        "is_active": ("status", "statusenabled"),
    },
    {"ean": "ean", "upc": "upc", "isbn": "isbn", "mpn": "mpn", "weight": "weight"},
)

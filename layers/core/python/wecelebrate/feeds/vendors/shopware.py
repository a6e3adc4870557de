"""Shopware 6: the default profile for products, with semicolons.

Source: docs.shopware.com, "Import/Export". A variant names the id of its product in `parent_id`.
"""

from wecelebrate.feeds.profile import Profile, VariantRule

SHOPWARE = Profile(
    "shopware",
    (("productnumber", "pricegross"), ("productnumber", "pricenet"), ("productnumber", "covermediaurl")),
    {
        "sku": ("productnumber",),
        "name": ("name",),
        "description": ("description",),
        "brand": ("manufacturername",),
        "price": ("pricegross", "pricenet"),
        "images": ("covermediaurl", "mediaurls?"),
        "inventory_count": ("stock",),
        "is_active": ("active",),
    },
    {"ean": "ean", "manufacturernumber": "mpn", "weight": "weight"},
    VariantRule(
        key=("id",),
        parent=("parentid",),
        variant_columns=("parentid",),
        parent_patterns={"id": ".+"},
        own_columns=("id", "ean", "optionids"),
        inherits_price=True,
    ),
    joined_fields=("images",),
)

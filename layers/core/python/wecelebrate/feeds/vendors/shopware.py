"""Shopware: the default profile for products of version 6, and the export of articles of version 5.

Sources: docs.shopware.com, "Import/Export" (version 6) and "Import / Export: Article" (version 5).

A variant of version 6 names the id of its product in `parent_id`. In version 5, all variants of an article have the
number of its main variant in `mainnumber`, and each variant is sold.
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

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
        is_scattered=True,
        parent=("parentid",),
        variant_columns=("parentid",),
        parent_patterns={"id": ".+"},
        own_columns=("id", "ean", "optionids"),
        inherits_price=True,
    ),
    joined_fields=("images",),
)

SHOPWARE_5 = Profile(
    "shopware 5",
    (("ordernumber", "mainnumber", "priceek?"), ("ordernumber", "mainnumber", "name")),
    {
        "sku": ("ordernumber",),
        "name": ("name",),
        "description": ("descriptionlong", "description"),
        "category": ("categories", "categorypaths?"),
        # `supplier` is the manufacturer that the shop shows.
        "brand": ("supplier", "suppliername"),
        # EK is the standard group of customers, so `price_EK` is the selling price of the shop.
        "price": ("priceek", "price"),
        "images": ("imageurl", "images"),
        "inventory_count": ("instock",),
        "is_active": ("active",),
    },
    {"ean": "ean", "suppliernumber": "mpn", "weight": "weight"},
    VariantRule(
        key=("mainnumber",),
        is_scattered=True,
        blank_continues=True,
        variant_columns=("ordernumber",),
        # Group:Option|Group:Option
        option_texts=("configuratoroptions", r"(?<![^|;])([^:|;]{1,200}):([^:|;]{1,500})"),
        own_columns=(
            "ordernumber", "ean", "suppliernumber", "weight", "active", "pseudoprice.*", "baseprice.*", "imageurl",
        ),
    ),
    joined_fields=("images",),
    cell_readers={"category": "first_category"},
)  # fmt: skip

"""Squarespace: the product export. The first row of a product is also its first variant.

Source: support.squarespace.com, "Importing products from a .csv".
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

SQUARESPACE = Profile(
    "squarespace",
    (("producturl", "title", "hostedimageurls"), ("productpage", "producturl", "title")),
    {
        "sku": ("sku",),
        "name": ("title",),
        "description": ("description",),
        "category": ("categories",),
        # "Sale Price" is the price that customers pay while "On Sale" is Yes. It has no days.
        "price": ("price",),
        "images": ("hostedimageurls",),
        "inventory_count": ("stock",),
        "is_active": ("visible",),
    },
    {"gtin": "gtin", "mpn": "mpn", "tags": "tags", "weight": "weight", "length|width|height": ""},
    VariantRule(
        key=("productid.*", "producturl"),
        handle=("producturl",),
        blank_continues=True,
        variant_columns=("variantid.*", "sku", r"optionvalue\d", "price"),
        options=tuple((f"optionname{n}", f"optionvalue{n}") for n in range(1, 7)),
        own_columns=("variantid.*", "gtin", "mpn", "saleprice", "onsale", "weight", "length|width|height"),
    ),
    offers_without_days="valid",
    offer_switch=("onsale",),
    cell_readers={"category": "first_category"},
)

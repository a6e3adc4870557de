"""Wix Stores: the product export. A variant's price is the price of its product plus a surcharge.

Source: support.wix.com, "Wix Stores: Importing Products from Another eCommerce Platform" and its template.
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

WIX = Profile(
    "wix",
    (("handleid", "fieldtype"),),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description",),
        "category": ("collection",),
        "brand": ("brand",),
        # A discount is not applied, because the file does not say how long the discount lasts.
        "price": ("price",),
        "images": ("productimageurl",),
        "inventory_count": ("inventory",),
        "is_active": ("visible",),
    },
    {"weight": "weight"},
    VariantRule(
        key=("handleid",),
        handle=("handleid",),
        variant_columns=("fieldtype",),
        parent_patterns={"fieldtype": "product"},
        options=tuple((f"productoptionname{n}", f"productoptiondescription{n}") for n in range(1, 7)),
        own_columns=("fieldtype", "weight", "discountmode", "discountvalue"),
        inherits_price=True,
        surcharge=("surcharge",),
    ),
    cell_readers={"category": "first_category"},
)

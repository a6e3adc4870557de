"""Square: the item library. A location has its own columns, such as `Current Quantity Main Street`.

Source: squareup.com/help, "Import items online".
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

SQUARE = Profile(
    "square",
    (("token", "itemname", "variationname"), ("referencehandle", "itemname", "variationname")),
    {
        "sku": ("sku",),
        "name": ("itemname",),
        "description": ("description",),
        "category": ("categories", "category", "reportingcategory"),
        "price": ("price", "onlinesaleprice"),
        "inventory_count": ("currentquantity.*",),
        "is_active": ("archived", "squareonlineitemvisibility", "sellable"),
    },
    {"gtin": "gtin", "weight.*": "weight"},
    VariantRule(
        key=("itemname",),
        variant_columns=("variationname", "sku"),
        options=tuple((f"optionname{n}", f"optionvalue{n}") for n in range(1, 7)),
        variant_title=("variationname",),
        own_columns=("token", "gtin", "weight.*", "archived", "sellable"),
    ),
    (RejectRule("price", "variable", "no_fixed_price", "is not a price; give the variation a fixed price"),),
    joined_fields=("inventory_count",),
    cell_readers={"category": "first_category"},
)

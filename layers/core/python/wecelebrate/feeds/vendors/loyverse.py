"""Loyverse: the items of the back office. Columns of a store have the name of the store in brackets.

Source: help.loyverse.com, "Exporting and Importing Items".
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

LOYVERSE = Profile(
    "loyverse",
    (("handle", "sku", "name", "soldbyweight"), ("handle", "sku", "name", "trackstock")),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description",),
        "category": ("category",),
        # If a shop has several stores, the columns of the first store are used.
        "price": ("price.*", "defaultprice"),
        "inventory_count": ("instock.*",),
        "is_active": ("availableforsale.*",),
    },
    {"barcode": "barcode"},
    VariantRule(
        key=("handle",),
        blank_continues=True,
        # A row without a SKU names a part of a composite item.
        variant_columns=("sku",),
        options=tuple((f"option{n}name", f"option{n}value") for n in (1, 2, 3)),
        own_columns=("barcode", "skuofincludeditem", "quantityofincludeditem", "lowstock.*"),
    ),
    (RejectRule("price.*", "variable", "no_fixed_price", "is not a price; give the item a fixed price"),),
    joined_fields=("inventory_count",),
)

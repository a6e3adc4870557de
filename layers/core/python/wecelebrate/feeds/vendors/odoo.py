"""Odoo: the export of products and the import template.

Source: odoo.com/documentation, "Export and import data".
"""

from wecelebrate.feeds.profile import Profile, VariantRule

ODOO = Profile(
    "odoo",
    (("internalreference", "name"), ("internalreference", "salesprice"), ("defaultcode", "listprice")),
    {
        "sku": ("internalreference", "defaultcode", "barcode"),
        "name": ("name", "displayname"),
        "description": (
            "salesdescription", "saledescription", "descriptionsale", "description", "ecommercedescription",
        ),
        "category": ("productcategory(?:name|displayname|completename)?", "productcategoryid", "categid.*"),
        "brand": ("brand.*", "manufacturer.*"),
        "price": ("salesprice", "saleprice", "publicprice", "listprice", "lstprice"),
        "currency": ("currency.*",),
        "images": ("imageurl", "imageurls", "websiteimageurl"),
        "inventory_count": ("quantityonhand", "qtyavailable", "freequantity", "freeqty"),
        "is_active": ("active", "canbesold", "sales?ok"),
    },
    {
        "barcode": "barcode", "weight": "weight", "unitofmeasure.*|uomid.*": "unit",
        "productvalues": "product_values", "tags|producttags.*": "tags",
    },
    VariantRule(
        key=("internalreference", "defaultcode", "name", "externalid"),
        blank_continues=True,
        variant_columns=("internalreference", "defaultcode", "name"),
    ),
)  # fmt: skip

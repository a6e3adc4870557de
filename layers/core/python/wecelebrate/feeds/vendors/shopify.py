"""Shopify: the product export in CSV, and the files of Matrixify, which add columns such as `Command`.

Sources: help.shopify.com, "Using CSV files to import and export products"; matrixify.app, "Products".
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

OPTIONS = tuple((f"option{n}name", f"option{n}value") for n in (1, 2, 3))

SHOPIFY = Profile(
    "shopify",
    (
        ("handle", "title", "option1name", "variantprice"),
        ("handle", "bodyhtml", "vendor"),
        ("handle", "title", "variantsku"),
        ("handle", "title", "option1value"),
        ("handle", "option1value", "variantprice"),
        ("urlhandle", "title"),
        ("urlhandle", "option1value"),
    ),
    {
        "sku": ("variantsku", "sku"),
        "name": ("title",),
        "description": ("bodyhtml", "description"),
        "category": ("type", "productcategory", "customproducttype", "standardproducttype"),
        "brand": ("vendor",),
        "price": ("variantprice", "price"),
        "images": ("imagesrc", "productimageurl"),
        "inventory_count": ("variantinventoryqty", "inventoryquantity"),
        "is_active": ("status", "published", "publishedononlinestore", "command", "variantcommand"),
    },
    {
        "tags": "tags",
        "variantbarcode|barcode": "barcode",
        "variantgrams|weightvaluegrams": "weight_grams",
        "variantcompareatprice|compareatprice": "compare_at_price",
        "status": "status",
    },
    VariantRule(
        key=("handle", "urlhandle"),
        is_scattered=True,
        handle=("handle", "urlhandle"),
        variant_columns=(
            "variantsku", "sku", "variantprice", "price", "option1value", "option2value", "option3value",
            "variantinventoryqty", "inventoryquantity",
        ),
        options=OPTIONS,
        variant_images=("variantimage", "variantimageurl"),
        own_columns=("variant.*", "barcode", "weightvaluegrams", "compareatprice", "costperitem", "image.*"),
    ),
    (
        RejectRule("command", "ignore", "ignored", "is a command to skip the row"),
        RejectRule("variantcommand", "ignore", "ignored", "is a command to skip the variant"),
    ),
)  # fmt: skip

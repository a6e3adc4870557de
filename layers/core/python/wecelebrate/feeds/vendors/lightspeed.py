"""Lightspeed: the product exports of Retail X-Series (Vend) and R-Series, and of eCom C-Series and E-Series (Ecwid).

Sources: x-series-support.lightspeedhq.com, "Importing and exporting products"; retail-support.lightspeedhq.com,
"Formatting your item import file"; support.ecwid.com, "Importing products from CSV".
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

_NUMBERS = ("one", "two", "three")

LIGHTSPEED_X = Profile(
    "lightspeed x-series",
    (("handle", "sku", "name", "retailprice"), ("handle", "sku", "supplyprice", "retailprice")),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description",),
        "category": ("productcategory", "type"),
        "brand": ("brandname",),
        "price": ("retailprice",),
        "images": ("imageurls?", "image"),
        # Each outlet has its own column, such as `inventory_Main_Outlet`.
        "inventory_count": ("inventory.+",),
        "is_active": ("active",),
    },
    {"tags": "tags", "weight": "weight"},
    VariantRule(
        key=("handle",),
        is_scattered=True,
        variant_columns=("sku", "retailprice"),
        options=tuple((f"variantoption{n}name", f"variantoption{n}value") for n in _NUMBERS),
        own_columns=("id", "supplyprice", "suppliercode", "tags", "weight", "reorder.*", "restock.*"),
    ),
    joined_fields=("inventory_count",),
)

LIGHTSPEED_R = Profile(
    "lightspeed r-series",
    (("systemid", "item", "price"), ("systemid", "customsku", "item")),
    {
        "sku": ("customsku", "systemid"),
        "name": ("item", "description"),
        "category": ("category",),
        "brand": ("brand",),
        "price": ("price", "defaultprice"),
        "images": ("imageurl", "image"),
        "inventory_count": ("qty", "qoh", "quantity"),
        "is_active": ("archived", "archive"),
    },
    {"upc": "upc", "ean": "ean", "manufactsku": "mpn", "color": "color", "size": "size"},
)

LIGHTSPEED_C = Profile(
    "lightspeed c-series",
    (("internalid", "internalvariantid", "articlecode|sku"),),
    {
        "sku": ("sku", "articlecode"),
        # Each language has its own columns, such as `NL_Title_Short` and `EN_Title_Short`.
        "name": ("[a-z]{2}titleshort", "[a-z]{2}titlelong"),
        "description": ("[a-z]{2}contentlong|[a-z]{2}descriptionlong", "[a-z]{2}descriptionshort|[a-z]{2}contentshort"),
        "category": ("[a-z]{2}category1", "categories"),
        "brand": ("brand",),
        "price": ("price",),
        "images": ("images?",),
        "inventory_count": ("stocklevel",),
        "is_active": ("visible",),
    },
    {"ean": "ean", "weight": "weight", "[a-z]{2}variant": "variant", "priceold": "compare_at_price"},
)

ECWID = Profile(
    "ecwid",
    (("type", "productsku", "productname"), ("productinternalid", "productname", "productprice")),
    {
        "sku": ("productvariationsku", "productsku"),
        "name": ("productname",),
        "description": ("productdescription",),
        "category": ("productcategory1", "productcategory"),
        "brand": ("productbrand",),
        "price": ("productvariationprice", "productprice"),
        "images": ("productmediamainimageurl", r"productmediagalleryimageurl\d+"),
        "inventory_count": ("productvariationquantity", "productquantity"),
        "is_active": ("productisavailable",),
    },
    {"productweight": "weight", "productupc": "upc"},
    VariantRule(
        key=("productinternalid", "productname"),
        first_row_patterns={"type": "product"},
        variant_columns=("productvariationsku", "productvariationprice", "productvariationquantity"),
        parent_patterns={"type": "product"},
        option_columns=r"product_variation_option_(.{1,100})",
        own_columns=("type", "productvariation.*", "productoption.*", "productinternalid"),
        inherits_price=True,
    ),
    (RejectRule("type", "product_option.*", "not_sold_itself", "is the row of an option, not of a product"),),
    joined_fields=("images",),
)  # fmt: skip

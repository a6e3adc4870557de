"""BigCommerce: the current export ("Item") and the legacy export ("Item Type").

Sources: support.bigcommerce.com, "Supported Product Fields", "Importing Complex Attributes" (current) and
"Importing Product Options (v2)" (legacy).
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

BIGCOMMERCE = Profile(
    "bigcommerce",
    (("item", "sku", "options", "inventorytracking"), ("item", "name", "sku", "isvisible")),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description",),
        "category": ("categories",),
        "brand": ("brand", "brandname"),
        # "Sale Price" has no dates: customers pay it as long as it is set. "Retail Price" is the crossed-out price.
        "price": ("price",),
        "images": ("imageurlimport", "internalimageurlexport", "imageurl"),
        "inventory_count": ("currentstock",),
        "is_active": ("isvisible",),
    },
    {
        "retailprice": "compare_at_price",
        "upcean": "upc",
        "gtin|gtinglobaltradenumber": "gtin",
        "mpn|manufacturerpartnumber": "mpn",
        "weight": "weight",
    },
    VariantRule(
        key=("id",),
        first_row_patterns={"item": "product"},
        variant_columns=("options",),
        parent_patterns={"item": "product"},
        # Type=Rectangles|Name=Size|Value=Small;Type=Swatch|Name=Colour|Value=Red[#ff0000]
        option_texts=("options", r"Name=([^|;=]{1,200})\|Value=([^|;\[]{1,500})"),
        variant_images=("variantimageurl",),
        own_columns=(
            "item",
            "id",
            "type",
            "upcean",
            "gtin.*",
            "mpn|manufacturerpartnumber",
            "saleprice",
            "retailprice",
        ),
        inherits_price=True,
    ),
    joined_fields=("images",),
    offers_without_days="valid",
    cell_readers={"category": "first_category"},
)

BIGCOMMERCE_LEGACY = Profile(
    "bigcommerce (legacy)",
    (("itemtype", "productname", "productcodesku"),),
    {
        "sku": ("productcodesku",),
        "name": ("productname",),
        "description": ("productdescription",),
        "category": ("category", "categorystring"),
        "brand": ("brandname", "brand"),
        "price": ("price",),
        "images": (r"productimageurl\d*", r"productimagefile\d*"),
        "inventory_count": ("currentstocklevel", "stocklevel"),
        "is_active": ("productvisible",),
    },
    {
        "retailprice": "compare_at_price",
        "productupcean": "upc",
        "manufacturerpartnumber": "mpn",
        "productweight": "weight",
    },
    VariantRule(
        key=("productid",),
        first_row_patterns={"itemtype": "product"},
        variant_columns=("productcodesku",),
        parent_patterns={"itemtype": "product"},
        # The name of a SKU row is [S]Size=Small,[C]Colour=Red:#ff0000
        option_texts=("productname", r"\[[A-Z]{1,4}\]([^=,\[]{1,200})=([^,:]{1,500})"),
        own_columns=("itemtype", "productid", "productupcean", "manufacturerpartnumber", "saleprice", "retailprice"),
        inherits_price=True,
        price_rules={"itemtype": "rule"},
    ),
    joined_fields=("images",),
    offers_without_days="valid",
    cell_readers={"category": "first_category"},
)

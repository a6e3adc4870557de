"""eBay: the listings of the Seller Hub reports and of the File Exchange.

Source: pages.ebay.com/sh/reports/help, "Create listings". The name of the column `Action` contains the currency:
`*Action(SiteID=US|Country=US|Currency=USD|Version=1193)`.
"""

from wecelebrate.feeds.profile import Profile, RejectRule, VariantRule

EBAY = Profile(
    "ebay",
    (("action.*", "title", "startprice"), ("action.*", "title", "customlabel.*"), ("customlabelsku", "title")),
    {
        "sku": ("customlabel.*",),
        "name": ("title",),
        "description": ("description",),
        "category": ("storecategory", "categoryname.*", "ebaycategory1name"),
        "brand": ("cbrand", "brand"),
        "price": ("buyitnowprice", "startprice", "currentprice"),
        "images": ("picurl", "itemphotourl"),
        "inventory_count": ("quantity", "availablequantity"),
        "is_active": ("action.*",),
    },
    {"ccolou?r": "Color", "csize": "Size", "cmaterial": "Material", "productean|ean": "ean", "productupc|upc": "upc",
     "cmpn|mpn": "mpn"},
    VariantRule(
        key=("customlabel.*",),
        first_row_patterns={"relationship": ""},
        variant_columns=("relationship",),
        parent_patterns={"relationship": ""},
        # Size=S|Colour=Red
        option_texts=("relationshipdetails", r"([^|=;]{1,200})=([^|;]{1,500})"),
        own_columns=("action.*", "relationship", "productean|ean", "productupc|upc", "cmpn|mpn", "ccolou?r", "csize"),
    ),
    (
        RejectRule(
            "format", "auction|chinese", "no_fixed_price", "is the format of an auction, which has no fixed price",
            ("buyitnowprice",),
        ),
    ),
    inactive_pattern="end|delete|enditem",
    header_currency=r"action.*currency([a-z]{3})(?:version|.*)",
)  # fmt: skip

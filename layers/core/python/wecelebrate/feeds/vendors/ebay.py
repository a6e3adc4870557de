"""eBay: the templates and the report of active listings, of the Seller Hub and of the File Exchange.

Sources: pages.ebay.com/sh/reports/help, "Create listings" and "Download reports"; eBay, "File Exchange Advanced
Template Instructions", version 3.5.4. The name of the column `Action` contains the currency:
`*Action(SiteID=US|Country=US|Currency=USD|Version=1193)`.

| file                      | the rows of a listing and of its variations                                             |
|---------------------------|-----------------------------------------------------------------------------------------|
| template                  | `Relationship` is `Variation`. Without this column, each row is a listing               |
| report of active listings | have the same item number, and the row of the listing has all values: `Size=S;M`        |
| download to revise        | `Variation details` without an item number and a title, below the row of the listing    |
"""

from dataclasses import replace

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

EBAY = Profile(
    "ebay",
    (("action.*", "title", "startprice"), ("action.*", "title", "customlabel.*")),
    {
        "sku": ("customlabel.*",),
        "name": ("title",),
        "description": ("description",),
        "category": ("storecategory", "categoryname.*", "ebaycategory1name"),
        "brand": ("cbrand", "brand"),
        "price": ("buyitnowprice", "startprice", "currentprice"),
        "currency": ("currency",),
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
        option_texts=("relationshipdetails", r"(?<![^|;])([^|=;]{1,200})=([^|;]{1,500})"),
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

_VARIATIONS = VariantRule(
    key=("itemnumber", "itemid"),
    variant_columns=("variationdetails",),
    # The row of a listing has all values of its variations: Size=S;M;L|Colour=Red;Blue
    parent_patterns={"variationdetails": "|[^;]*;.*"},
    option_texts=("variationdetails", r"(?<![^|;])([^|=;]{1,200})=([^|;]{1,500})"),
    own_columns=("pean", "pupc", "pisbn"),
)

EBAY_REPORT = Profile(
    "ebay listings report",
    (("customlabel.*", "title", "itemnumber"), ("customlabel.*", "itemtitle", "itemid"), ("customlabelsku", "title")),
    {
        "sku": ("customlabel.*",),
        "name": ("title", "itemtitle"),
        "category": ("ebaycategory1name", "categoryleafname"),
        # The start price of a listing does not change when the seller changes the price.
        "price": ("auctionbuyitnowprice", "currentprice", "price", "startprice"),
        "currency": ("currency",),
        "inventory_count": ("availablequantity", "quantityavailable"),
    },
    {"pean": "ean", "pupc": "upc", "pisbn": "isbn", "condition": "condition"},
    _VARIATIONS,
    (
        RejectRule(
            "format|type", "auction|chinese", "no_fixed_price",
            "is the format of an auction, which has no fixed price", ("auctionbuyitnowprice",),
        ),
        RejectRule(
            "variationdetails", "[^;]*;.*", "not_sold_itself",
            "lists the variations of a listing, which is not sold itself; its variations are rows of their own",
        ),
    ),
)  # fmt: skip

EBAY_REVISE = replace(
    EBAY_REPORT,
    name="ebay revise",
    signatures=(("action.*", "customlabel.*", "title", "variationdetails"),),
    fields={**EBAY_REPORT.fields, "is_active": ("action.*",)},
    variants=replace(_VARIATIONS, blank_continues=True),
    inactive_pattern=EBAY.inactive_pattern,
)

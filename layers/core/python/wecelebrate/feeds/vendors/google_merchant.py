"""Google Merchant Center: product data in CSV and TSV.

Sources: support.google.com/merchants, "Product data specification"; "Submit your sale information": a `sale_price`
without `sale_price_effective_date` is always valid.
"""

from wecelebrate.feeds.columns.profile import Profile

GOOGLE_MERCHANT = Profile(
    "google merchant",
    (("id", "title", "imagelink"), ("id", "title", "link", "price"), ("id", "title", "availability")),
    {
        "sku": ("id",),
        "name": ("title",),
        "description": ("description",),
        "category": ("producttype", "googleproductcategory"),
        "brand": ("brand",),
        "price": ("price",),
        "images": ("imagelink", r"additionalimagelink\d*"),
        "inventory_count": ("quantity", "quantitytosellonfacebook", "inventory", "availability"),
        "is_active": ("status",),
    },
    {
        "gtin|mpn|color|size|material|gender|condition|availability|link|pattern": "",
        "agegroup": "age_group",
        "itemgroupid": "item_group_id",
    },
    joined_fields=("images",),
    offers_without_days="valid",
)  # fmt: skip

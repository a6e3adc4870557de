"""Amazon: the flat file for listings, and the report of active listings.

Source: sellercentral.amazon.com, "Inventory file templates" and "Active Listings Report". The third line of a template
contains the names of the fields, such as `item_sku`.
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

AMAZON = Profile(
    "amazon",
    (("itemsku", "itemname"), ("itemsku", "standardprice"), ("itemsku", "parentchild")),
    {
        "sku": ("itemsku",),
        "name": ("itemname",),
        "description": ("productdescription",),
        "category": ("itemtype", "itemtypekeyword", "feedproducttype"),
        "brand": ("brandname", "manufacturer"),
        # A list price is the crossed-out price. A sale price needs its first and its last day. If these days are
        # missing, the user is asked about the sale price.
        "price": ("standardprice",),
        "currency": ("currency",),
        "images": ("mainimageurl", r"otherimageurl\d"),
        "inventory_count": ("quantity",),
        "is_active": ("updatedelete",),
    },
    {
        "externalproductid": "gtin",
        "listprice": "compare_at_price",
        "partnumber": "mpn",
        "colorname": "color",
        "sizename": "size",
        "materialtype": "material",
    },
    # Each row has all values of its variation, so no row belongs to another row.
    VariantRule(key=("itemsku",), variant_columns=("itemsku",)),
    (
        RejectRule(
            "parentchild|parentage", "parent", "not_sold_itself",
            "marks a parent, which is not sold itself; its variations are rows of their own",
        ),
    ),
    joined_fields=("images",),
    inactive_pattern="delete",
)  # fmt: skip

AMAZON_REPORT = Profile(
    "amazon listings report",
    (("sellersku", "itemname", "price"), ("sellersku", "asin1"), ("sellersku", "listingid")),
    {
        "sku": ("sellersku",),
        "name": ("itemname",),
        "description": ("itemdescription",),
        "price": ("price",),
        "images": ("imageurl",),
        "inventory_count": ("quantity",),
        "is_active": ("status",),
    },
    # `product-id` is an ASIN in most reports, and not a GTIN.
    {"asin1": "asin"},
)

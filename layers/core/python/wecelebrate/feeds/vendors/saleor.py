"""Saleor: the export of products (`exportProducts`).

Source: docs.saleor.io, "exportProducts".
"""

from wecelebrate.feeds.columns.profile import Profile

SALEOR = Profile(
    "saleor",
    (("variantsku", "name"), ("variantsku", "productname"), ("variantsku", ".*channelpriceamount")),
    {
        "sku": ("variantsku",),
        "name": ("name", "productname"),
        "description": ("description", "productdescription"),
        "category": ("category", "productcategory"),
        "brand": ("brandproductattribute", "brand"),
        "price": ("(?P<channel>.*)channelpriceamount", "variantprice", "price"),
        "images": ("variantmedia", "productmedia"),
        "inventory_count": (".*warehousequantity",),
    },
    {
        ".*productattribute|.*variantattribute": "",
        "collections": "collections",
        "producttype": "product_type",
        "variantweight|productweight": "weight",
    },
    joined_fields=("images", "inventory_count"),
    cell_readers={"description": "editor_text"},
)  # fmt: skip

"""PrestaShop: the list of products and the import template.

Source: docs.prestashop-project.org, "Import" (CSV import of products).
"""

from wecelebrate.feeds.profile import Profile

PRESTASHOP = Profile(
    "prestashop",
    (
        ("name", "pricetaxexcluded"), ("name", "pricetaxexcl"), ("name", "priceincludingtax"),
        ("name", "imageurlsxyz"), ("name", "categoriesxyz"), ("name", "pricetaxexcludedorpricetaxincluded"),
    ),
    {
        "sku": ("reference", "productid", "id"),
        "name": ("name",),
        "description": ("description", "summary", "shortdescription"),
        "category": ("categories(?:xyz)?", "category"),
        "brand": ("manufacturer", "brand"),
        "price": ("pricetaxincl.*", "priceincludingtax", "pricetaxexcluded.*", "pricetaxexcl"),
        "images": ("imageurls(?:xyz)?", "image"),
        "inventory_count": ("quantity",),
        "is_active": ("active01", "active", "enabled", "status"),
    },
    {"ean13": "ean", "upc": "upc", "mpn": "mpn", "weight": "weight", "tagsxyz": "tags", "condition": "condition"},
    cell_readers={"category": "first_category"},
)  # fmt: skip

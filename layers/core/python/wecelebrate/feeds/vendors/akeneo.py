"""Akeneo PIM: products in CSV. A column has the code of its attribute, and the locale, channel or currency.

Source: help.akeneo.com, "Understand the product export CSV file": `name-en_US`, `description-en_US-ecommerce`,
`price-EUR`, categories separated by commas.
"""

from wecelebrate.feeds.columns.profile import Profile

AKENEO = Profile(
    "akeneo",
    (
        ("sku|identifier|uuid", "family", "enabled", "categories"),
        ("sku|identifier|uuid", "family", "groups", "categories"),
    ),
    {
        "sku": ("sku", "identifier"),
        "name": ("name(?:[a-z]{4})?(?:[a-z]+)?", "(?:erp)?name", "label.*", "title.*"),
        "description": ("description.*", "shortdescription.*"),
        "category": ("categories",),
        "brand": ("brand", "manufacturer"),
        "price": ("(?:sales?|retail|unit)?price(?P<currency>[a-z]{3})", "price"),
        "images": ("image(?:s|filepath)?", "picture", "mainimage.*", "images?.*"),
        "is_active": ("enabled",),
    },
    {"ean|ean13|gtin|weight|material|colou?r|maincolou?r|size|clothingsize": ""},
    joined_fields=("name", "description"),
    cell_readers={"category": "first_category"},
)

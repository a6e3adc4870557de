"""Vendure: the import format for products.

Source: docs.vendure.io, "Importing data".
"""

from wecelebrate.feeds.columns.profile import Profile, VariantRule

VENDURE = Profile(
    "vendure",
    (
        ("name.*", "sku", "price", "optiongroups.*"),
        ("name.*", "sku", "facets.*"),
        ("name.*", "sku", "stockonhand", "taxcategory"),
    ),
    {
        "sku": ("sku",),
        "name": ("name(?:[a-z]{2})?(?:[a-z]{2})?",),
        "description": ("description(?:[a-z]{2})?(?:[a-z]{2})?",),
        "category": ("facets(?:[a-z]{2})?",),
        "brand": ("facets(?:[a-z]{2})?",),
        "price": ("price",),
        "images": ("assets",),
        "inventory_count": ("stockonhand",),
        "is_active": ("enabled", "productenabled", "variantenabled"),
    },
    {"facets(?:[a-z]{2})?": "facets", "variantfacets(?:[a-z]{2})?": "variant_facets", "slug(?:[a-z]{2})?": "slug"},
    VariantRule(
        key=("name(?:[a-z]{2})?(?:[a-z]{2})?", "slug(?:[a-z]{2})?"),
        blank_continues=True,
        variant_columns=("sku", "price"),
        option_lists=("optiongroups(?:[a-z]{2})?", "optionvalues(?:[a-z]{2})?"),
        variant_images=("variantassets",),
        own_columns=("variant.*", "optionvalues.*", "trackinventory", "taxcategory"),
    ),
    cell_readers={"category": "facet_category", "brand": "facet_brand"},
)  # fmt: skip

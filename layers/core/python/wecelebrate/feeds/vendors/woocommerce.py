"""WooCommerce: the product exporter. A variation names the SKU of its product, or `id:` and the ID, in `Parent`.

Sources: github.com/woocommerce/woocommerce/wiki, "Product CSV Import Schema"; the documentation of the REST API at
woocommerce.github.io, "Products" and "Product variations".
"""

from wecelebrate.feeds.profile import OPTION_LINE, Profile, RejectRule, VariantRule

WOOCOMMERCE = Profile(
    "woocommerce",
    (
        ("type", "sku", "name", "regularprice"),
        ("type", "sku", "name", "published"),
        ("sku", "name", "regularprice", "categories"),
    ),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description", "shortdescription"),
        "category": ("categories",),
        "brand": ("brands", "brand", "metabrand"),
        # The regular price is preferred, because the file does not reliably say how long a sale price is valid.
        "price": ("regularprice", "saleprice"),
        "images": ("images",),
        "inventory_count": ("stock",),
        "is_active": ("published",),
    },
    {
        "tags": "tags",
        "weight[a-z]*": "weight",
        "gtinupceanorisbn": "gtin",
        "saleprice": "sale_price",
        "shortdescription": "short_description",
    },
    VariantRule(
        key=("sku", "id"),
        is_scattered=True,
        parent=("parent",),
        variant_columns=("parent",),
        parent_patterns={"type": ".*variable.*"},
        options=tuple((f"attribute{n}name", f"attribute{n}values") for n in range(1, 7)),
        own_columns=("id", "type", "saleprice", "weight[a-z]*", "gtinupceanorisbn", r"attribute\d+values"),
    ),
    (
        RejectRule(
            "type", ".*(variable|grouped).*", "not_sold_itself",
            "is the type of a product that is not sold itself, and the file has no variation of it; export its "
            "variations too",
        ),
    ),
    cell_readers={"category": "first_category"},
)  # fmt: skip

WOOCOMMERCE_REST = Profile(
    "woocommerce rest",
    (
        ("type", "regularprice", "stockstatus", "managestock"),
        ("permalink", "regularprice", "stockstatus"),
        ("sku", "regularprice", "catalogvisibility"),
    ),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description", "shortdescription"),
        "category": ("categories0name",),
        "brand": ("brands0name",),
        # `price` is the offer while an offer is valid.
        "price": ("regularprice", "price"),
        "images": ("image(?:src)?", "images"),
        "inventory_count": ("stockquantity",),
        "is_active": ("status",),
    },
    {
        "weight": "weight",
        "globaluniqueid": "gtin",
        "saleprice": "sale_price",
        # A product has all its values, a variation has one.
        "attributes.+": "",
    },
    VariantRule(
        key=("id",),
        is_scattered=True,
        parent=("parentid",),
        variant_columns=("parentid",),
        parent_patterns={"type": ".*variable.*"},
        option_texts=("attributes", OPTION_LINE),
        variant_images=("image(?:src)?",),
        own_columns=(
            "id", "type", "permalink", "slug", "price", "saleprice", "weight", "globaluniqueid",
            "attributes.*",
        ),
    ),
    (
        RejectRule(
            "type", ".*(variable|grouped).*", "not_sold_itself",
            "is the type of a product that is not sold itself, and the file has no variation of it; export its "
            "variations too",
        ),
    ),
    joined_fields=("images",),
)  # fmt: skip

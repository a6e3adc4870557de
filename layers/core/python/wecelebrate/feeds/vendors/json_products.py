"""Products with variants in JSON: responses from the APIs of many shops, such as Shopify, BigCommerce and Medusa 2.

Sources: shopify.dev, "Product" (Admin REST and GraphQL) and "Perform bulk operations with the GraphQL Admin API";
developer.bigcommerce.com, "Products"; docs.medusajs.com, "Admin API: Products".
"""

from wecelebrate.feeds.columns.profile import OPTION_LINE, Profile, VariantRule

OPTIONS = tuple((f"options{n - 1}name", f"variantsoption{n}") for n in (1, 2, 3))

JSON_PRODUCTS = Profile(
    "json with variants",
    (("title", "variantsprice"), ("name", "variantsprice"), ("title", "variantssku"), ("name", "variantssku")),
    {
        # A record without variants is also a product.
        "sku": ("variantssku", "sku"),
        "name": ("title", "name"),
        "description": ("bodyhtml", "descriptionhtml", "description"),
        "category": ("producttype", "category", "categoryname", "categories0name", "typevalue", "collectiontitle"),
        "brand": ("vendor", "brand", "brandname", "brands0name", "manufacturer"),
        # WooCommerce has a regular price. The key `price` can be an offer.
        "price": (
            "variantsregularprice", "variantsprice", "variantspriceamount", r"variantsprices0?amount", "regularprice",
            "price",
        ),
        "currency": ("variantspricecurrency(?:code)?", "currency", "variants(?:prices0?)?currency(?:code)?"),
        "images": ("featuredimageurl", "images", "media", "image", "imagesrc", "thumbnail"),
        "inventory_count": (
            "variantsinventoryquantity", "variantsstockquantity", "variantsinventorylevel", "variantsstock",
            "variantsquantity", "variantsinventory", "inventoryquantity", "stockquantity", "inventorylevel",
        ),
        "is_active": ("status", "published", "active", "isvisible", "publishedat"),
    },
    {
        "tags": "tags",
        "variantsbarcode": "barcode",
        "variantsgrams": "weight_grams",
        "variantscompareatprice": "compare_at_price",
    },
    VariantRule(
        key=("handle", "slug", "id"),
        handle=("handle", "slug", "id"),
        variant_columns=("variants.*",),
        options=OPTIONS,
        option_texts=("variants(?:selectedoptions|options|optionvalues|attributes)", OPTION_LINE),
        variant_title=("variantstitle", "variantsname"),
        variant_images=("variantsfeaturedimagesrc", "variantsimagesrc", "variantsimage", "variantsimages"),
        own_columns=("variants.*",),
    ),
    joined_fields=("images",),
)  # fmt: skip

"""Magento 2 and Adobe Commerce: the product export, and the list of products of the REST API.

Sources: experienceleague.adobe.com, "Product attributes CSV file structure"; developer.adobe.com, "Search using REST
endpoints"; experienceleague.adobe.com, "Special price": a special price without dates is valid until it is removed.
`additional_attributes` contains pairs such as `color=Red,"features=Zip|Pocket, inside"`.
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

MAGENTO = Profile(
    "magento",
    (
        ("sku", "attributesetcode", "producttype"), ("sku", "storeviewcode"), ("sku", "attributeset", "type"),
        ("sku", "name", "baseimage"), ("sku", "name", "productonline"), ("sku", "name", "urlkey", "price"),
    ),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("description", "shortdescription"),
        "category": ("categories", "category"),
        "brand": ("manufacturer", "brand"),
        "price": ("price",),
        "images": ("baseimage", "image", "additionalimages", "mediaimage"),
        "inventory_count": ("qty",),
        "is_active": ("productonline", "status"),
    },
    {
        "weight": "weight",
        "metakeywords": "keywords",
        "color|size|material|countryofmanufacture": "",
    },
    VariantRule(
        key=("sku",),
        is_scattered=True,
        blank_continues=True,
        variant_columns=("price", "storeviewcode"),
        # A row of a store view has the translated texts, and belongs to the product of the row without a store view.
        completing_patterns={"storeviewcode|store": "(?!(?:admin|all)$).+"},
    ),
    (
        RejectRule(
            "storeviewcode|store", "(?!(?:admin|all|default)$).+", "translation",
            "marks the texts of a store view, and the file has no row of this product for all store views; export "
            "this row too",
        ),
        RejectRule(
            "producttype|type", "configurable|grouped", "not_sold_itself",
            "is the type of a product that is not sold itself, because its variants are separate rows",
        ),
        RejectRule(
            "producttype|type", "bundle", "not_sold_itself",
            "is the type of a product whose parts are sold, and the bundle has no price of its own", ("price",),
        ),
    ),
    joined_fields=("images",),
    inactive_pattern="2|0|disabled",
    offers_without_days="valid",
    # color=Red,"features=Zip|Pocket, inside"
    pair_columns=("additionalattributes",),
    cell_readers={"category": "first_category", "attributes": "code_pairs"},
)  # fmt: skip

MAGENTO_REST = Profile(
    "magento rest",
    (("sku", "attributesetid", "typeid"),),
    {
        "sku": ("sku",),
        "name": ("name",),
        "description": ("attributesdescription", "attributesshortdescription"),
        "price": ("price",),
        "images": ("mediagalleryentries",),
        "inventory_count": ("extensionattributesstockitemqty",),
        "is_active": ("status",),
    },
    # The values of other attributes are the numbers of their options: `{"attribute_code": "color", "value": "49"}`.
    {"weight": "weight"},
    VariantRule(key=("sku",), variant_columns=("sku",)),
    (
        RejectRule(
            "typeid", "configurable|grouped|bundle", "not_sold_itself",
            "is the type of a product that is not sold itself, because its variants or parts are products of their own",
        ),
    ),
    inactive_pattern="2|0|disabled",
    offers_without_days="valid",
)  # fmt: skip

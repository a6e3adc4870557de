"""Spryker: the CSV files of the data importer.

Sources: docs.spryker.com, "File details: product_price.csv", "File details: product_concrete.csv", "File details:
product_abstract.csv" and "File details: product_stock.csv".
"""

from wecelebrate.feeds.columns.profile import Profile, RejectRule, VariantRule

SPRYKER_PRICES = Profile(
    "spryker prices",
    (("concretesku", "valuegross"), ("abstractsku", "valuegross"), ("concretesku", "valuenet")),
    {
        "sku": ("concretesku", "abstractsku"),
        "price": ("valuegross", "valuenet"),
        "currency": ("currency",),
    },
    {"store": "store"},
    # The prices are whole numbers of cents (Spryker documentation, "File details: product_price.csv").
    minor_units=True,
)

SPRYKER_STOCK = Profile(
    "spryker stock",
    (("concretesku", "quantity", "isneveroutofstock"),),
    # `name` is the name of the warehouse.
    {"sku": ("concretesku",), "inventory_count": ("quantity",)},
)

SPRYKER_CONCRETE = Profile(
    "spryker products",
    (("concretesku", "abstractsku", "name[a-z]{2,4}"), ("concretesku", "name[a-z]{2,4}")),
    {
        "sku": ("concretesku",),
        "name": ("name[a-z]{2,4}",),
        "description": ("description[a-z]{2,4}",),
    },
    # The prices are in the file product_price.csv.
    separate_prices=True,
)

SPRYKER_ABSTRACT = Profile(
    "spryker abstract products",
    (("abstractsku", "categorykey"), ("abstractsku", "name[a-z]{2,4}", "taxsetname")),
    {
        "sku": ("abstractsku",),
        "name": ("name[a-z]{2,4}",),
        "description": ("description[a-z]{2,4}",),
        "category": ("categorykey",),
    },
    {},
    VariantRule(key=("abstractsku",), variant_columns=("abstractsku",)),
    (
        RejectRule(
            "abstractsku", ".+", "not_sold_itself",
            "is an abstract product, which is not sold itself; import product_concrete.csv and product_price.csv",
        ),
    ),
)  # fmt: skip

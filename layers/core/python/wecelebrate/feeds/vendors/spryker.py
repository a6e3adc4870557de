"""Spryker: the CSV files of the data importer.

Source: docs.spryker.com, "File details: product_price.csv".
"""

from wecelebrate.feeds.profile import Profile

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
)  # fmt: skip

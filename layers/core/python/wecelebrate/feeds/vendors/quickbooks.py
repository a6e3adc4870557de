"""QuickBooks Desktop: the list of items in the Intuit Interchange Format (IIF).

The header of a list begins with `!` and the name of the list, and each row begins with this name. `NAME` is the code of
the item, `DESC` is its text for customers, and `REFNUM` is its number in the company file.

Source: quickbooks.intuit.com, "Export, import, and edit IIF files"; the IIF Import Kit, "Item list".
"""

from wecelebrate.feeds.columns.profile import Profile

QUICKBOOKS_ITEMS = Profile(
    "quickbooks iif",
    (("invitem", "name", "invitemtype"), ("invitem", "name", "desc", "price")),
    {
        "sku": ("name",),
        "name": ("desc", "name"),
        "price": ("price",),
        "inventory_count": ("qnty",),
        "is_active": ("hidden",),
    },
    joined_fields=("name",),
)

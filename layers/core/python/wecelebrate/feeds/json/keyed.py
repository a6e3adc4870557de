"""Recognises JSON objects whose values are the products: `{"products": {"A-1": {"name": …}, "A-2": {…}}}`.

The key of each product becomes a column of the product. This column is `sku` if the products have no other number and
the keys look like article numbers. It is `_id`, as in MongoDB, if a database has generated the keys. It is `key` if the
products have another number, or if the keys are short numbers, which can be row numbers.
"""

import re
from collections.abc import Sequence
from typing import Any

from wecelebrate.feeds.columns.names import field_candidates, is_weak

MIN_MEMBERS = 2
MIN_SHARED = 2
"""The minimum number of keys that the first products have in common."""
SKU_COLUMN, ID_COLUMN, KEY_COLUMN = "sku", "_id", "key"
MAX_KEY = 200
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
_RANDOM = re.compile(
    r"-[\w-]{8,}|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*[a-z])(?=.*[A-Z])\w{17,}"
)
"""Keys that a database has generated: keys of Firebase, keys of MongoDB, and UUIDs."""
_IDS = frozenset(("id", "_id", "uid", "uuid", "guid", "key", "code", "number", "no", "nr"))
"""Keys that objects of customers and orders have too."""
_MIN_NUMBER = 5
"""Numbers that are shorter than this can be row numbers."""


def are_products(members: Sequence[tuple[str, Any]]) -> bool:
    """Return whether the first values of an object are products.

    Products are objects with the same keys, and one of these keys means a SKU, a price or a stock. Keys such as `de`
    and `en` are languages.
    """
    if len(members) < MIN_MEMBERS or not all(isinstance(value, dict) for _, value in members):
        return False
    if all(_LANGUAGE.fullmatch(key) for key, _ in members):
        return False
    shared = set.intersection(*(set(value) for _, value in members))
    smallest = min(len(value) for _, value in members)
    if len(shared) < max(MIN_SHARED, smallest / 2):
        return False
    return is_product(dict.fromkeys(shared))


def key_column(members: Sequence[tuple[str, Any]]) -> str:
    """Return the name of the column for the keys: `sku`, `_id` or `key`."""
    keys = [key for key, _ in members]
    if any(_has_sku(value) for _, value in members):
        return KEY_COLUMN
    if any(_RANDOM.fullmatch(key[:MAX_KEY]) for key in keys):
        return ID_COLUMN
    return KEY_COLUMN if any(key.isdecimal() and len(key) < _MIN_NUMBER for key in keys) else SKU_COLUMN


def is_product(value: Any) -> bool:
    """Return whether an object has a key that clearly means a SKU, a price or a stock. A name is not sufficient."""
    return isinstance(value, dict) and any(
        name in ("sku", "price", "inventory_count") and not is_weak(rank)
        for key in value
        if key.casefold() not in _IDS
        for name, rank, _ in field_candidates(key[:MAX_KEY])
    )


def _has_sku(product: dict[str, Any]) -> bool:
    return any(
        name == "sku" for key in product for name, _, _ in field_candidates(key[:MAX_KEY])
    )  # fmt: skip


def with_key(value: Any, column: str, key: str) -> Any:
    """Return the product with its key as a further value. If the product already has this column, its value is kept."""
    return {column: key, **value} if isinstance(value, dict) and not hasattr(value, "repeated_key") else value

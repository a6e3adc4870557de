"""Inventory that runs low, told to whoever wants to know."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from wecelebrate.database import Transaction, queries

sql = queries(__file__)

TOLD = 100
"""Products that one event names."""


def tell_low(tx: Transaction, catalog_id: UUID, count: int, products: Sequence[dict[str, Any]]) -> None:
    """Publish that `count` products of a catalog fell to its `low_inventory`, and the first of them."""
    catalog = sql.get_low_stock_rule(tx, catalog_id=catalog_id)
    if catalog is None or catalog["owner_client_id"] is None:
        return
    from wecelebrate import webhooks  # with what readers need not load

    data = {"catalog_id": catalog_id, "low_inventory": catalog["low_inventory"], "count": count}
    webhooks.publish(tx, catalog["owner_client_id"], "inventory.low", {**data, "products": list(products[:TOLD])})


def tell_if_low(tx: Transaction, catalog_id: UUID, before: int, product: dict[str, Any]) -> None:
    """Publish that a product fell to its catalog's `low_inventory`, of which there were so many `before`."""
    left = product["inventory_count"]
    if left < before and sql.fell_to_low_stock(tx, catalog_id=catalog_id, before=before, left=left):
        tell_low(tx, catalog_id, 1, [product])

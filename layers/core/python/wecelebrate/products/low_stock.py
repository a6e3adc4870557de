"""The event `inventory.low`: products whose stock fell to the threshold of their catalog."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries

sql = queries(__file__)

MAX_PRODUCTS = 100
"""Products in one event."""


def publish_low_stock(tx: Transaction, catalog_id: UUID, count: int, products: Sequence[dict[str, Any]]) -> None:
    """Publish that `count` products of a catalog fell to its `low_inventory`. The event contains the first of them."""
    catalog = sql.get_stock_keeper(tx, catalog_id=catalog_id)
    if catalog is None or catalog["owner_client_id"] is None:
        return
    # Imported here because functions that only read do not need it.
    from wecelebrate import webhooks

    payload = {
        "catalog_id": catalog_id,
        "low_inventory": catalog["low_inventory"],
        "count": count,
        "products": list(products[:MAX_PRODUCTS]),
    }
    webhooks.publish(tx, catalog["owner_client_id"], "inventory.low", payload)


def publish_if_low(tx: Transaction, catalog_id: UUID, count_before: int, product: dict[str, Any]) -> None:
    """Publish the event if a change of one product's stock made it fall to the catalog's `low_inventory`."""
    count = product["inventory_count"]
    if count < count_before and sql.fell_low(tx, catalog_id=catalog_id, before=count_before, left=count):
        publish_low_stock(tx, catalog_id, 1, [product])

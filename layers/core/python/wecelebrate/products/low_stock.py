"""Publishes the events `inventory.low` and `inventory.short`.

`inventory.low` means that the stock of a product fell to the threshold of its catalog, or below the threshold.
`inventory.short` means that customers have ordered more pieces of a product than a file states as its stock.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, queries

sql = queries(__file__)

MAX_PRODUCTS = 100
"""The largest number of products in one event."""


def publish_low_stock(tx: Transaction, catalog_id: UUID, count: int, products: Sequence[dict[str, Any]]) -> None:
    """Publish that the stock of `count` products fell to the `low_inventory` of the catalog, or below this value.

    The event contains at most the first MAX_PRODUCTS of `products`.
    """
    catalog = sql.get_low_stock_rule(tx, catalog_id=catalog_id)
    if catalog is None or catalog["owner_client_id"] is None:
        return
    # `webhooks` is imported here, because Lambda functions that only read do not need this module.
    from wecelebrate import webhooks

    payload = {
        "catalog_id": catalog_id,
        "low_inventory": catalog["low_inventory"],
        "count": count,
        "products": list(products[:MAX_PRODUCTS]),
    }
    webhooks.publish(tx, catalog["owner_client_id"], "inventory.low", payload)


def publish_short_stock(
    tx: Transaction, catalog_id: UUID, job_id: UUID, count: int, products: Sequence[dict[str, Any]]
) -> None:
    """Publish that customers have ordered more pieces of `count` products than the file of a job states as their stock.

    The event contains at most the first MAX_PRODUCTS of `products`.
    """
    catalog = sql.get_low_stock_rule(tx, catalog_id=catalog_id)
    if catalog is None or catalog["owner_client_id"] is None:
        return
    from wecelebrate import webhooks

    payload = {"catalog_id": catalog_id, "job_id": job_id, "count": count, "products": list(products[:MAX_PRODUCTS])}
    webhooks.publish(tx, catalog["owner_client_id"], "inventory.short", payload)


def publish_if_low(tx: Transaction, catalog_id: UUID, count_before: int, product: dict[str, Any]) -> None:
    """Publish `inventory.low` if a change lowered the stock of one product to the `low_inventory` of the catalog or
    below it.
    """
    count = product["inventory_count"]
    if count < count_before and sql.fell_to_low_stock(tx, catalog_id=catalog_id, before=count_before, left=count):
        publish_low_stock(tx, catalog_id, 1, [product])

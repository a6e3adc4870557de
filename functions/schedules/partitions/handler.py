"""Partitions: create the partitions of the coming months, and delete old event receipts, jobs and holds of stock."""

from typing import Any

from wecelebrate import events, jobs, products
from wecelebrate.core import deadline


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    with deadline.invocation(context):
        return {
            "partitions": events.create_partitions(),
            "receipts": events.delete_old_receipts(),
            "jobs": jobs.forget(),
            "held_products": products.settle_stock_holds(),
        }

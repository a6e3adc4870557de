"""Partitions: create the partitions of the coming months, drop expired ones, delete old rows, and erase old orders."""

from typing import Any

from wecelebrate import erasures, jobs, products
from wecelebrate.core import deadline
from wecelebrate.events import maintenance


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    with deadline.invocation(context):
        return {
            "partitions": maintenance.create_partitions(),
            "dropped": maintenance.drop_partitions(),
            "events": maintenance.delete_expired(),
            "receipts": maintenance.delete_old_receipts(),
            "jobs": jobs.forget(),
            "held_products": products.settle_stock_holds(),
            "retention": erasures.start_retention(),
        }

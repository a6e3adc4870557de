"""Partitions: create the partitions of the coming months, and delete old event receipts and old jobs."""

from typing import Any

from wecelebrate import events, jobs
from wecelebrate.core import deadline


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    with deadline.invocation(context):
        return {
            "partitions": events.create_partitions(),
            "receipts": events.delete_old_receipts(),
            "jobs": jobs.forget(),
        }

"""Partitions: create the partitions of the coming months, and delete old event receipts and old jobs."""

from typing import Any

from wecelebrate import events, jobs


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    return {
        "partitions": events.create_partitions(),
        "receipts": events.delete_old_receipts(),
        "jobs": jobs.forget(),
    }

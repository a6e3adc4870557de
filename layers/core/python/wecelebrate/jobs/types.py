"""The types of jobs, and the queue of each type."""

from collections.abc import Mapping
from typing import Literal

JobType = Literal[
    "product_import",
    "catalog_sync",
    "report_generation",
    "email_notification",
    "image_processing",
    "data_export",
    "order_file",
    "erasure",
]
JobStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]
WaitingFor = Literal["approval", "decision"]
Priority = Literal["high", "normal"]
RowCount = Literal["read", "created", "updated", "unchanged", "rejected", "deactivated"]
"""The names of the numbers in `Counts`. A worker stores all other numbers in the checkpoint and in the result."""

QUEUES: Mapping[str, str] = {
    "product_import": "product-imports",
    "catalog_sync": "catalog-syncs",
    "report_generation": "reports",
    "email_notification": "emails",
    "image_processing": "images",
    "data_export": "exports",
    "order_file": "order-files",
    "erasure": "erasures",
}

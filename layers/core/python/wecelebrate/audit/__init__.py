"""The audit log records who changed what.

Each entry is written in the transaction that performs the recorded action. Entries are never deleted.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.audit.models import AuditFilters
from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, as_json, queries

sql = queries(__file__)


def record(
    tx: Transaction,
    action: str,
    client_id: UUID | None,
    object_id: object,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record an action of the caller.

    `action` consists of a noun and a verb, e.g. `job.cancel`. `object_id` identifies the object that the action
    affects.
    """
    parameters = as_json({"details": dict(details or {})}, "details")
    sql.record_entry(tx, action=action, client_id=client_id, object_id=str(object_id), **parameters)


def page(tx: Transaction, filters: AuditFilters) -> pages.RenderedPage:
    """Return one page of the entries that the caller can see, sorted from newest to oldest."""
    return pages.list_page("audit", sql.list_entries, tx, filters, pages.NEWEST)

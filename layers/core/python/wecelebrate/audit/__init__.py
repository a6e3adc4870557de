"""Audit: who did what that others will ask about. A note is written in the transaction of the deed, for good."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import pages
from wecelebrate.audit.models import AuditFilters
from wecelebrate.database import Transaction, as_json, queries

sql = queries(__file__)


def note(
    tx: Transaction,
    action: str,
    client_id: UUID | None,
    object_id: object,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note what the caller does: `action` is a noun and a verb, `job.cancel`; `object_id` says to what."""
    told = as_json({"details": dict(details or {})}, "details")
    sql.record_entry(tx, action=action, client_id=client_id, object_id=str(object_id), **told)


def page(tx: Transaction, filters: AuditFilters) -> pages.Built:
    """One page of the notes that the caller may see, newest first."""
    return pages.listed("audit", sql.list_entries, tx, filters, pages.NEWEST)

"""Suppressed addresses. No mail is sent to a suppressed address."""

from uuid import UUID

from wecelebrate.core import pages
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Forbidden, NotFound
from wecelebrate.mail.log import sql
from wecelebrate.mail.models import SuppressionFilters


def page(tx: Transaction, filters: SuppressionFilters) -> pages.RenderedPage:
    """Return one page of the addresses that are suppressed for the caller's clients, from newest to oldest."""
    return pages.list_page("mail-suppressions", sql.list_suppressions, tx, filters, pages.NEWEST)


def release(tx: Transaction, suppression_id: UUID) -> None:
    """Release an address, so that mail is sent to it again. Raises NotFound or Forbidden.

    The row of the suppression is not deleted, and records who released the address. A second release has no effect.
    """
    row = sql.get_suppression(tx, suppression_id=suppression_id)
    if row is None:
        raise NotFound
    if tx.context.role != "app_admin" and row["client_id"] not in (tx.context.editor_ids or []):
        raise Forbidden
    sql.release_suppression(tx, suppression_id=suppression_id)

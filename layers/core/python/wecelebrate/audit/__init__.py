"""The audit log records the changes of all users and services, and the reads of the platform's staff.

The database records changes: triggers write an entry in the transaction of the change (`schema/functions/audit.sql`).
Reads run on a replica or are answered from the cache, so no trigger can record them. A route that returns personal data
declares that its reads are recorded::

    @app.get("/v1/orders", response_model=Page[Order], dependencies=[records_reads("order")])

If the caller belongs to the staff, the entry is committed before the response is sent. If this commit fails, the caller
gets an error instead of the data. Reads by members of a client are not recorded, and have no additional cost.
"""

from wecelebrate.audit.models import AuditFilters
from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, queries

sql = queries(__file__)

BATCH_SIZE = 1000
"""The largest number of expired entries that one run of the sweeper deletes."""


def page(tx: Transaction, filters: AuditFilters) -> pages.RenderedPage:
    """Return one page of the entries that the caller can see, sorted from newest to oldest."""
    return pages.list_page("audit", sql.list_entries, tx, filters, pages.NEWEST)


def clean_up(tx: Transaction) -> None:
    """Delete entries that are older than two years. The sweeper calls this function."""
    sql.delete_expired_entries(tx, max_rows=BATCH_SIZE)

"""Access to PostgreSQL: every statement runs in a transaction that belongs to a caller.

A database cursor is available only inside such a transaction. Therefore the database filters every query by tenant::

    with reading(caller) as tx:
        row = sql.get_product(tx, product_id=product_id)

The first statement of every transaction is `app.enter`. It resolves the caller, switches to the caller's database role
and sets the caller's ids. These settings end with the transaction. This package never pins a session of RDS Proxy: it
uses no session-level SET, no named prepared statements and no server-side cursors.

    caller          defines the caller, and the caller's context after `app.enter`
    transaction     opens reading and writing transactions
    endpoints       manages the connections to the primary and the replica
    queries         loads named queries from `.sql` files
    invalidations   invalidates cached values after a commit
    errors          translates errors of PostgreSQL into problems
    login           signs a function in to the database
"""

from wecelebrate.core.database.caller import SYSTEM, Caller, CallerContext, check_session, visited_site
from wecelebrate.core.database.endpoints import probe
from wecelebrate.core.database.queries import Queries, as_json, copy_rows, queries, rows_within
from wecelebrate.core.database.transaction import (
    ENTER,
    Transaction,
    reading,
    reading_snapshot,
    retry_on_primary,
    writing,
    writing_beside,
)

__all__ = [
    "ENTER",
    "SYSTEM",
    "Caller",
    "CallerContext",
    "Queries",
    "Transaction",
    "as_json",
    "check_session",
    "copy_rows",
    "probe",
    "queries",
    "reading",
    "reading_snapshot",
    "retry_on_primary",
    "rows_within",
    "visited_site",
    "writing",
    "writing_beside",
]

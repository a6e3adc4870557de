"""Access to PostgreSQL: every statement runs in a transaction of its caller.

There is no other way to get a cursor, so no query can forget its tenant::

    with reading(caller) as tx:
        row = sql.get_product(tx, product_id=product_id)

The first statement of every transaction is `app.enter`. It resolves the caller, switches to the caller's database role
and sets the caller's ids, all until the end of the transaction. Nothing here pins a session of RDS Proxy: no session
SET, no named prepared statement, no server-side cursor.

    caller          the caller, and its context once the database has resolved it
    transaction     reading and writing transactions
    endpoints       the connections to the primary and the replica
    queries         named queries in `.sql` files
    invalidations   cache invalidation after a commit
    errors          errors of PostgreSQL as problems
    login           how a function signs in
"""

from wecelebrate.core.database.caller import SYSTEM, Caller, CallerContext
from wecelebrate.core.database.endpoints import probe
from wecelebrate.core.database.queries import Queries, as_json, copy_rows, queries
from wecelebrate.core.database.transaction import ENTER, Transaction, reading, writing

__all__ = [
    "ENTER",
    "SYSTEM",
    "Caller",
    "CallerContext",
    "Queries",
    "Transaction",
    "as_json",
    "copy_rows",
    "probe",
    "queries",
    "reading",
    "writing",
]

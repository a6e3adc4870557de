"""Suspensions of row-level security: the kill switch for one table whose policies are broken.

While a table is suspended, admins can read the table. All other requests that need the table are refused with
`row_security_suspended`. A suspension ends by itself: the sweeper calls `end_expired`.
"""

from aws_lambda_powertools import Logger

from wecelebrate.core import metrics
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.core.errors import Problem
from wecelebrate.core.kill_switches.models import NewSuspension, Suspension, Suspensions

logger = Logger()
sql = queries(__file__)


def list_all(tx: Transaction) -> Suspensions:
    """List the suspensions that are in force. Raises Forbidden unless the caller is an admin."""
    return Suspensions(data=[Suspension.model_validate(row) for row in sql.list_suspensions(tx, table=None)])


def suspend(tx: Transaction, table: str, new: NewSuspension) -> Suspension:
    """Suspend row-level security of a table, or change the reason and the time of its suspension.

    Raises NotFound if the table cannot be suspended. Raises Forbidden unless the caller is a super admin. Raises
    Conflict if running statements use the table for too long.
    """
    sql.suspend_row_security(tx, table=table, reason=new.reason, minutes=new.minutes)
    logger.warning("row-level security was suspended", table=table, reason=new.reason, by=tx.caller.subject)
    return Suspension.model_validate(next(iter(sql.list_suspensions(tx, table=table))))


def restore(tx: Transaction, table: str) -> None:
    """End the suspension of a table.

    Raises NotFound if the table cannot be suspended. Raises Forbidden and Conflict in the same cases as `suspend`.
    """
    if sql.restore_row_security(tx, table=table):
        logger.warning("row-level security was restored", table=table, by=tx.caller.subject)


def end_expired() -> None:
    """End the suspensions that have expired. If one suspension cannot be ended, the other suspensions still end."""
    with writing(SYSTEM) as tx:
        tables = [row["table_name"] for row in sql.list_suspended_tables(tx, expired=True)]
    for table in tables:
        try:
            with writing(SYSTEM) as tx:
                restore(tx, table)
        except Problem as problem:
            logger.warning("row-level security could not be restored yet", table=table, reason=str(problem))


def report(tx: Transaction) -> None:
    """Count the suspensions that are in force. The alarm uses this count."""
    for row in sql.list_suspended_tables(tx, expired=False):
        metrics.count("RowSecuritySuspended")
        logger.warning("row-level security is suspended", table=row["table_name"])

"""The sweeper sends the messages and invalidations that other functions did not send. It also does regular maintenance.

A function sends its cache invalidations to Redis after its commit. If the function dies before this, or cannot reach
Redis, the invalidations stay in the outbox. A sweeper checks the outbox every INTERVAL_SECONDS. If Redis is available,
a cached value is therefore outdated for at most UNSENT_AFTER_SECONDS + INTERVAL_SECONDS, plus the duration of one
check. Each check also ends the leases of dead workers, and starts and ends the offers of products.

A sweeper starts every minute and runs for almost two minutes, because the starts of two runs can be almost two minutes
apart: EventBridge Scheduler guarantees only that a run starts within its minute. Usually, two sweepers run at the same
time. Each of them skips the rows that the other one has locked.
"""

import time

from aws_lambda_powertools import Logger

from wecelebrate import audit, exports, images, jobs, order_files, products, schedules, webhooks
from wecelebrate.core import cache, idempotency, metrics
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.core.errors import Conflict, Unavailable
from wecelebrate.core.kill_switches import row_security
from wecelebrate.ingestion.merge import staging
from wecelebrate.orders import buyers
from wecelebrate.reports.mailings import due as due_reports

logger = Logger()
sql = queries(__file__)

UNSENT_AFTER_SECONDS = 2.0
"""The age in seconds after which the sweeper sends the row of an outbox. Normally, the function that wrote the row
sends it earlier."""
INTERVAL_SECONDS = 2.0
"""The pause between two checks, in seconds."""
MAINTENANCE_SECONDS = 15.0
"""The time between two rounds of maintenance, in seconds. Each round also writes the heartbeat. Readers compute the
replication lag from the heartbeat."""
RUN_SECONDS = 120.0 - INTERVAL_SECONDS
"""The time from the start of a run to its last check, in seconds."""
_BATCH_SIZE = 100
"""The largest number of outbox rows that one transaction sends."""
FOLD_SIZE = 200
"""The largest number of rows that one transaction of `fold_documents` copies to documents."""
FOLD_SECONDS = 4.0
"""After this time, in seconds, a check begins no further transaction of `fold_documents`, so that it does not delay
other work.
"""


def run(seconds: float = RUN_SECONDS) -> None:
    """Sweep repeatedly for the given number of seconds."""
    ends_at = time.monotonic() + seconds
    maintained_at = float("-inf")
    while True:
        try:
            row_security.end_expired()
            jobs.sweep()
            webhooks.sweep()
            apply_due_offers()
            sweep_outbox()
            fold_documents()
            if time.monotonic() - maintained_at >= MAINTENANCE_SECONDS:
                maintain()
                maintained_at = time.monotonic()
        except (cache.CacheDown, Unavailable, Conflict) as error:
            logger.warning("a sweep failed and will be repeated", reason=str(error))
        remaining = ends_at - time.monotonic()
        if remaining <= 0:
            return
        time.sleep(min(INTERVAL_SECONDS, remaining))


def maintain() -> None:
    """Write the heartbeat, delete expired rows, and report unexpected state.

    This function also starts the image jobs, the schedules, the exports of orders and the reports by mail that are due.
    It cancels the orders of guests that were not confirmed in time.
    """
    with writing(SYSTEM) as tx:
        sql.write_heartbeat(tx)
        sql.delete_old_keys(tx, seconds=idempotency.LIFE_SECONDS)
        images.retry_due(tx)
        sql.delete_old_uploads(tx)
        webhooks.clean_up(tx)
        audit.clean_up(tx)
        report_unexpected_state(tx)
        metrics.highest("SyncAgeSeconds", sql.get_age_of_oldest_sync(tx))
        row_security.report(tx)
        sql.delete_old_order_quantities(tx)
        sql.delete_old_guest_mails(tx)
        sql.delete_old_invitations(tx)
        sql.forget_kv_history(tx)
        report_troubles_of_store(tx)
    metrics.count("Heartbeat")
    buyers.expire_unconfirmed()
    delete_orphaned_rows()
    schedules.run_due()
    order_files.run_due()
    due_reports.run_due()
    delete_expired_exports()


def report_troubles_of_store(tx: Transaction) -> None:
    """Count the errors of the migration from the key-value store since the last call (docs/migration.md)."""
    troubles = sql.report_kv_troubles(tx) or {}

    def count(name: metrics.Name) -> None:
        if troubles.get(name):
            metrics.count(name, troubles[name])

    count("KvConflicts")
    count("KvMirrorErrors")
    count("KvQuarantined")
    count("KvShadowMismatches")
    count("KvRetiredRequests")


def report_unexpected_state(tx: Transaction) -> None:
    """Count database objects and settings that no release creates (docs/runbook.md).

    Only an operator or injected SQL can have created them.
    """
    for row in sql.list_unexpected_state(tx):
        metrics.count("UnexpectedDatabaseState")
        logger.error("the database has a state that no release creates", state=row["state"])


def sweep_outbox(min_age: float = UNSENT_AFTER_SECONDS) -> int:
    """Send the cache invalidations that are older than `min_age` seconds. It returns the number of sent invalidations.

    Raises CacheDown.
    """
    sent = 0
    while True:
        with writing(SYSTEM) as tx:
            # The invalidations are sent before the commit of this transaction, which deletes their rows. If the
            # transaction fails, the next sweep sends the invalidations again.
            changes = list(sql.claim_invalidations(tx, older_than=min_age, max_rows=_BATCH_SIZE))
            for change in changes:
                cache.invalidate(change["tags"], change["xid"], late=True)
        sent += len(changes)
        if len(changes) < _BATCH_SIZE:
            return sent


def fold_documents(seconds: float = FOLD_SECONDS) -> int:
    """Copy the rows of bulk writes to the documents of the key-value store, for at most the given time.

    It returns the number of copied rows. An unexpected error must not stop the other work of the sweeper.
    """
    ends_at = time.monotonic() + seconds
    folded = 0
    try:
        while True:
            with writing(SYSTEM) as tx:
                rows: int = sql.fold_kv(tx, size=FOLD_SIZE)
            folded += rows
            if not rows or time.monotonic() > ends_at:
                return folded
    except (Unavailable, Conflict):
        raise
    except Exception:
        metrics.count("KvMirrorErrors")
        logger.exception("documents of bulk writes could not be written")
        return folded


def apply_due_offers() -> None:
    """Start and end the due offers. An unexpected error must not stop the other work of the sweeper."""
    try:
        products.apply_due_offers()
    except (Unavailable, Conflict):
        raise
    except Exception:
        metrics.count("OffersNotApplied")
        logger.exception("offers could not be started or ended")


def delete_expired_exports() -> None:
    """Delete expired exports. An error of S3 does not stop the sweeper, because the next round tries again."""
    try:
        exports.clean_up()
    except Exception:
        metrics.count("ExportCleanUpFailed")
        logger.exception("expired exports could not be deleted")


def delete_orphaned_rows() -> None:
    """Delete the staged rows of ended jobs.

    A job can end without deleting its staged rows, if its worker dies or if the job runs within a request.
    """
    job_ids = staging.job_ids()
    if job_ids:
        with writing(SYSTEM) as tx:
            ended = jobs.ended(tx, job_ids)
        if ended:
            staging.delete(ended)

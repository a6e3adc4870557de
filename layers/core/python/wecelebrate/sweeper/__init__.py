"""The sweeper: sends again what other functions could not send after their commit, and does recurring maintenance.

If a function dies between its commit and its call of Redis, or cannot reach Redis, its cache invalidations stay in the
outbox. The sweeper starts once a minute, and checks the outbox every INTERVAL_SECONDS until the minute ends. If Redis
can be reached, cached values are therefore outdated for at most UNSENT_AFTER_SECONDS + INTERVAL_SECONDS, plus the time
of one check.
"""

import time

from aws_lambda_powertools import Logger

from wecelebrate import images, jobs, schedules, webhooks
from wecelebrate.core import cache, idempotency
from wecelebrate.core.database import SYSTEM, queries, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.ingestion.merge import staging

logger = Logger()
sql = queries(__file__)

UNSENT_AFTER_SECONDS = 2.0
"""The age at which an outbox row counts as unsent: its own function would have sent it by then."""
INTERVAL_SECONDS = 2.0
"""Pause between two checks."""
MAINTENANCE_SECONDS = 15.0
"""Pause between two rounds of maintenance, which also write the heartbeat that readers measure replication lag by."""
RUN_SECONDS = 60.0 - INTERVAL_SECONDS
"""Time from the start of a run to its last check. The schedule starts a run every minute."""
_BATCH_SIZE = 100
"""Outbox rows that one transaction sends."""


def run(seconds: float = RUN_SECONDS) -> None:
    """Sweep repeatedly, for `seconds`."""
    ends_at = time.monotonic() + seconds
    maintained_at = float("-inf")
    while True:
        try:
            if time.monotonic() - maintained_at >= MAINTENANCE_SECONDS:
                maintain()
                maintained_at = time.monotonic()
            jobs.sweep()
            webhooks.sweep()
            sweep_outbox()
        except (cache.CacheDown, Unavailable) as error:
            logger.warning("the sweep failed and will be repeated", reason=str(error))
        remaining = ends_at - time.monotonic()
        if remaining <= 0:
            return
        time.sleep(min(INTERVAL_SECONDS, remaining))


def maintain() -> None:
    """Write the heartbeat, delete what has expired, and start what is due."""
    with writing(SYSTEM) as tx:
        sql.beat(tx)
        sql.forget_keys(tx, seconds=idempotency.LIFE_SECONDS)
        images.retry_due(tx)
        sql.forget_uploads(tx)
        webhooks.clean_up(tx)
    delete_orphaned_rows()
    schedules.run_due()


def sweep_outbox(min_age: float = UNSENT_AFTER_SECONDS) -> int:
    """Send the cache invalidations that are older than `min_age` seconds. Returns their number. Raises CacheDown."""
    sent = 0
    while True:
        with writing(SYSTEM) as tx:
            # Sent before the rows are deleted: if anything fails here, the next sweep repeats the invalidations.
            changes = list(sql.take_invalidations(tx, older_than=min_age, most=_BATCH_SIZE))
            for change in changes:
                cache.invalidate(change["tags"], change["xid"], late=True)
        sent += len(changes)
        if len(changes) < _BATCH_SIZE:
            return sent


def delete_orphaned_rows() -> None:
    """Delete the staged rows of jobs that have ended, but whose worker died before it deleted them."""
    job_ids = staging.job_ids()
    if job_ids:
        with writing(SYSTEM) as tx:
            ended = jobs.ended(tx, job_ids)
        if ended:
            staging.delete(ended)

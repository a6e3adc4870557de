"""The sweeper: what a function could not do after its commit is done here, within seconds.

A function that dies between its commit and the call of Redis, or finds no Redis, leaves what it changed in the outbox.
The schedule starts this once a minute; it looks every other second for as long as that minute lasts. So what the cache
shows is never older than AGE + INTERVAL seconds and the time of one look, unless Redis itself cannot be reached.
"""

import time

from aws_lambda_powertools import Logger

from wecelebrate import cache, idempotency, images, jobs, schedules, webhooks
from wecelebrate.database import SYSTEM, queries, writing
from wecelebrate.errors import Unavailable
from wecelebrate.loads import staging

logger = Logger()
sql = queries(__file__)

AGE = 2.0
"""Seconds after which nobody else is about to send what lies in the outbox."""
INTERVAL = 2.0
"""Seconds between two looks."""
BEAT = 15.0
"""Seconds between two beats of the heart that readers are judged by."""
RUN = 60.0 - INTERVAL
"""Seconds that one run lasts, a look at their end included; the next begins with the next minute."""
_MOST = 100
"""Changes that one transaction takes."""


def run(seconds: float = RUN) -> None:
    """Sweep again and again, for so long."""
    began = time.monotonic()
    beaten = float("-inf")
    while True:
        try:
            if time.monotonic() - beaten >= BEAT:
                with writing(SYSTEM) as tx:
                    sql.write_heartbeat(tx)
                    sql.delete_old_keys(tx, seconds=idempotency.LIFE)
                    images.retry_due(tx)
                    sql.delete_old_uploads(tx)
                    webhooks.tidy(tx)
                unstage()
                schedules.run_due()
                beaten = time.monotonic()
            jobs.sweep()
            webhooks.sweep()
            sweep()
        except (cache.CacheDown, Unavailable) as error:
            logger.warning("the outbox waits", reason=str(error))
        left = began + seconds - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(INTERVAL, left))


def sweep(age: float = AGE) -> int:
    """Send all that lies in the outbox for longer than `age` seconds; how many changes. Raises CacheDown."""
    sent = 0
    while True:
        with writing(SYSTEM) as tx:
            # Sent before they are gone from the outbox: whatever fails here, they are there for the next sweep.
            taken = list(sql.claim_invalidations(tx, older_than=age, max_rows=_MOST))
            for change in taken:
                cache.invalidate(change["tags"], change["xid"], late=True)
        sent += len(taken)
        if len(taken) < _MOST:
            return sent


def unstage() -> None:
    """Remove the staged rows of jobs that have ended: their workers died before they could."""
    staged = staging.jobs()
    if staged:
        with writing(SYSTEM) as tx:
            ended = jobs.ended(tx, staged)
        if ended:
            staging.clear(ended)

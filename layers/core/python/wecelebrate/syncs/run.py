"""The work of a sync: read the file, stage its rows, merge them chunk by chunk, report.

Every chunk's rows and the job's progress commit together, so a worker that is killed anywhere leaves a state that the
next one goes on from, and a worker that lost its job to another can write no more: its fence is old.
"""

import time
from contextlib import suppress
from itertools import islice
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import feeds, jobs, queue, storage
from wecelebrate.database import SYSTEM, writing
from wecelebrate.errors import Unavailable
from wecelebrate.syncs import report, staging
from wecelebrate.syncs.intake import PLATFORM, sql
from wecelebrate.syncs.work import Fenced, Work

logger = Logger()

CHUNK = 5_000
"""Rows that are staged, or merged, in one transaction."""
LONGEST = 300.0
"""Seconds for which one message keeps its worker beginning further syncs."""
HELD_WAIT = 5
"""Seconds until a sync looks again whether the one before it is done."""
MANY = 1_000
"""Changed rows from which on the planner is told."""
RACES = 5
"""Tries of a chunk into which somebody else adds the same products."""


class Raced(Exception):
    """Somebody else keeps adding the products that this chunk is about to add."""


def run(message: queue.Message) -> None:
    """Do the syncs that wait for the catalog of this message's job, oldest first.

    Files of a catalog go in one at a time, in the order they came. When another worker holds the first of them, or
    time is short, the message comes again. Raises what may pass with the next try.
    """
    job_id = UUID(message.body["job_id"])
    until = time.monotonic() + LONGEST
    while True:
        message.hold()
        with writing(SYSTEM) as tx:
            oldest = sql.oldest_open_job(tx, job_id=job_id)
            fence = jobs.sql.take_job(tx, job_id=oldest["id"], seconds=jobs.LEASE_SECONDS) if oldest else None
        if oldest is None:
            return
        if fence is None or time.monotonic() > until:
            queue.send("catalog-syncs", message.body, str(oldest["client_id"] or PLATFORM), delay=HELD_WAIT)
            return
        _do(Work.of(oldest, fence, message.hold))


def _do(work: Work) -> None:
    logger.append_keys(job_id=str(work.job_id), catalog_id=str(work.catalog_id), client_id=str(work.client_id))
    try:
        _sync(work)
    except Fenced:
        logger.warning("another worker holds the job")
    except (feeds.UnreadableFeed, storage.GoneError) as error:
        _fail(work, "unreadable_file", str(error))
    except Unavailable:
        # A database that fails over is no fault of the work: it uses no attempt up.
        _release(work, attempts=0)
        raise
    except Exception:
        if work.last_attempt:
            logger.exception("the last attempt failed")
            _fail(work, "internal_error", "Something of ours failed; the file was not at fault. Drop it again.")
        else:
            _release(work, attempts=1)
            raise


def _fail(work: Work, code: str, reason: str) -> None:
    report.fail(work, code, reason)
    staging.clear(work)


def _release(work: Work, attempts: int) -> None:
    """Back to the queue; when even that fails, the lease runs out by itself."""
    with suppress(Unavailable), writing(SYSTEM) as tx:
        jobs.sql.release_job(tx, job_id=work.job_id, fence=work.fence, attempts=attempts)


def _sync(work: Work) -> None:
    with writing(SYSTEM) as tx:
        work.resume(sql.resume(tx, job_id=work.job_id))
        settings = sql.get_sync_settings(tx, catalog_id=work.catalog_id)
    work.currency = settings.get("currency", "USD")
    if work.phase == "stage":
        staging.clear(work)
        _stage(work, {**(settings.get("options") or {}), **(settings.get("mapping") or {})})
    while _merge(work):
        pass
    if work.counts["created"] + work.counts["updated"] >= MANY:
        with writing(SYSTEM) as tx:
            sql.analyze_products(tx)
    report.complete(work)
    staging.clear(work)


def _stage(work: Work, mapping: dict[str, str | None]) -> None:
    """Every row of the file to the staging tables. Starts anew after a break: nothing was applied yet."""
    with storage.open_version("drops", work.key, work.version_id) as body:
        feed = feeds.open_feed(body, storage.object_name(work.key), mapping, work.currency)
        items = iter(feed)
        while chunk := list(islice(items, CHUNK)):
            staging.add(work, chunk)
            work.counts["read"] = feed.rows_read
            work.counts["rejected"] += sum(item.rows for item in chunk if isinstance(item, feeds.Rejected))
            work.done = work.counts["rejected"]
            with writing(SYSTEM) as tx:
                work.save(tx)
    staging.finish()
    work.checkpoint = {
        "phase": "merge",
        "fence": work.fence,
        "after": "",
        "header": feed.header,
        "details": feed.details,
        "ended_cleanly": feed.ended_cleanly,
    }
    work.counts["read"] = work.total = feed.rows_read
    with writing(SYSTEM) as tx:
        work.save(tx)


def _merge(work: Work) -> bool:
    """One chunk of SKUs into the catalog, as whoever the job runs for; False when none was left."""
    for _ in range(RACES):
        with writing(work.caller) as tx, tx.savepoint() as undo:
            merged = sql.merge_chunk(
                tx,
                job_id=work.job_id,
                fence=work.staged_fence,
                catalog_id=work.catalog_id,
                currency=work.currency,
                after=work.checkpoint["after"],
                chunk=CHUNK,
            )
            if merged["upto"] is None:
                return False
            if merged["raced"]:
                undo()
            else:
                work.count(merged)
                work.save(tx)
        if not merged["raced"]:
            work.last_xid = tx.left.xid
            return True
    raise Raced(f"{merged['raced']} products were added by somebody else, again and again")

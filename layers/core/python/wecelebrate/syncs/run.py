"""The work of a sync: read the file, stage its rows, merge them chunk by chunk, report.

Every chunk's rows and the job's progress commit together, so a worker that is killed anywhere leaves a state that the
next one goes on from, and a worker that lost its job to another can write no more: its fence is old.
"""

from itertools import islice
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import feeds, jobs, queue, storage
from wecelebrate.database import writing
from wecelebrate.syncs import report, staging
from wecelebrate.syncs.intake import PLATFORM, SYSTEM, sql
from wecelebrate.syncs.work import Fenced, Work

logger = Logger()

CHUNK = 5_000
"""Rows that are staged, or merged, in one transaction."""
HELD_WAIT = 5
"""Seconds until a sync looks again whether the one before it is done."""
RACES = 5
"""Tries of a chunk into which somebody else adds the same products."""


class Raced(Exception):
    """Somebody else keeps adding the products that this chunk is about to add."""


def run(message: dict[str, Any]) -> None:
    """Do the oldest sync that waits for the catalog of this message's job.

    Files of a catalog go in one at a time, in the order they came: a message whose job has others before it does the
    first of them and comes again. One whose job is done does nothing. Raises what may pass with the next try.
    """
    job_id = UUID(message["job_id"])
    with writing(SYSTEM) as tx:
        oldest = sql.oldest_open_job(tx, job_id=job_id)
        fence = jobs.sql.take_job(tx, job_id=oldest["id"], seconds=jobs.LEASE_SECONDS) if oldest else None
    if oldest is None:
        return
    if fence is not None:
        _do(Work.of(oldest, fence))
    if oldest["id"] != job_id or fence is None:
        group = str(oldest["client_id"] or PLATFORM)
        queue.send("catalog-syncs", message, group, delay=HELD_WAIT if fence is None else 0)


def _do(work: Work) -> None:
    logger.append_keys(job_id=str(work.job_id), catalog_id=str(work.catalog_id), client_id=str(work.client_id))
    try:
        _sync(work)
    except Fenced:
        logger.warning("another worker holds the job")
    except (feeds.UnreadableFeed, storage.GoneError) as error:
        report.fail(work, "unreadable_file", str(error))
    except Exception as error:
        if work.last_attempt:
            logger.exception("the last attempt failed")
            report.fail(work, "internal_error", "Something of ours failed; the file was not at fault. Drop it again.")
        else:
            with writing(SYSTEM) as tx:
                jobs.sql.release_job(
                    tx, job_id=work.job_id, fence=work.fence, code="internal_error", reason=type(error).__name__
                )
            raise


def _sync(work: Work) -> None:
    with writing(SYSTEM) as tx:
        work.resume(sql.resume(tx, job_id=work.job_id))
        settings = sql.get_sync_settings(tx, catalog_id=work.catalog_id)
    work.currency = settings.get("currency", "USD")
    if work.phase == "stage":
        staging.clear(work)
        _stage(work, settings.get("mapping") or {})
    while _merge(work):
        pass
    report.complete(work)
    staging.clear(work)


def _stage(work: Work, mapping: dict[str, str]) -> None:
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
    work.checkpoint = {
        "phase": "merge",
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
                return True
    raise Raced(f"{merged['raced']} products were added by somebody else, again and again")

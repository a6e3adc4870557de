"""Runs a load through its phases."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import islice
from typing import Any, cast
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import feeds, jobs
from wecelebrate.core.database import SYSTEM, queries, writing
from wecelebrate.ingestion import catalog_settings
from wecelebrate.ingestion.merge import merging, places, report, review, staging
from wecelebrate.ingestion.merge.bounds import check_header
from wecelebrate.ingestion.merge.identification import identify
from wecelebrate.ingestion.merge.load import Load, Rows, Rules
from wecelebrate.ingestion.merge.read_ahead import ReadChunk, read_ahead

logger = Logger()
sql = queries(__file__)

CHUNK_SIZE = 5_000
"""The number of rows that one transaction stages or merges. A merge also includes the other rows of its last SKU."""
ANALYZE_AFTER_CHANGES = 1_000
"""If a load has changed at least this number of rows, it updates the query planner's statistics about the products."""


def run_load(load: Load) -> None:
    """Run a load from its checkpoint to its end, or until it needs an approval or a decision.

    Raises JobRejected if the load can never succeed. Raises another exception if a later attempt can succeed. If the
    file is unreadable, the job fails and no exception is raised.
    """
    load.resume()
    if load.phase == "stage":
        try:
            if not _stage(load):
                return
        except feeds.UnreadableFeed as error:
            report.fail(load, "unreadable_file", str(error))
            staging.discard(load)
            return
    if load.phase == "review":
        if review.stop_for_approval(load):
            return
        load.enter_phase("merge")
    while load.phase == "merge":
        merging.merge_next_chunk(load, CHUNK_SIZE)
        load.job.check_deadline()
    while load.phase == "deactivate":
        merging.deactivate_next_chunk(load, CHUNK_SIZE)
        load.job.check_deadline()
    changed_rows = load.job.counts["created"] + load.job.counts["updated"]
    if not load.rules.dry_run and changed_rows >= ANALYZE_AFTER_CHANGES:
        with writing(SYSTEM) as tx:
            sql.analyze_products(tx)
    report.complete(load)
    staging.discard(load)


def settings_are_known(job: jobs.LeasedJob, settings: Mapping[str, Any], **place: Any) -> bool:
    """Return whether this release knows the settings of the catalog. If it does not, the job fails.

    Call this function before any other use of the settings, because a later release can have written values of other
    types. `place` contains the fields of `Load` that say where the result is written.
    """
    try:
        catalog_settings.check_settings(settings)
    except feeds.UnreadableFeed as error:
        rules = Rules(catalog_settings.DEFAULT_CURRENCY)
        never_opened = cast("Callable[[], AbstractContextManager[Rows]]", nullcontext)
        load = Load(job, cast("UUID", job.catalog_id), rules, never_opened, **place)
        load.resume()
        report.fail(load, "unreadable_file", str(error))
        staging.discard(load)
        return False
    return True


def _stage_chunk(load: Load, chunk: ReadChunk) -> None:
    """Stage the next items and save the progress of the job in one transaction."""
    job = load.job
    job.counts["read"] = chunk.rows_read
    # The mode must be known first, because it decides whether a row without offers removes the offers of the product.
    job.checkpoint["declared_mode"] = chunk.declared_mode
    identify(load, chunk.items, chunk.other_identifier)
    prepared = staging.prepare(load, chunk.items)
    job.counts["rejected"] += prepared.rejected_rows
    job.done = job.counts["rejected"]
    job.checkpoint["items"] += len(chunk.items)
    staging.add_chunk(load, prepared)


def _stage(load: Load) -> bool:
    """Stage every row of the file. It returns False if the load stopped before the first row because of doubts.

    After an interruption, the file is read again from its start. Rows that are already staged are skipped.
    """
    job = load.job
    with load.open_rows() as rows:
        check_header(rows.header)
        if job.checkpoint["items"] == 0 and review.stop_for_decision(load, rows):
            return False
        items = iter(rows)
        for _ in islice(items, job.checkpoint["items"]):
            job.check_lease()
        with closing(read_ahead(rows, items, CHUNK_SIZE)) as chunks:
            for chunk in chunks:
                _stage_chunk(load, chunk)
                job.check_deadline()
    # The properties of `rows` can change with each row. Therefore they are stored again after the last row.
    job.counts["read"] = rows.rows_read
    check_header(rows.header)
    reading = rows.reading
    if rows.has_places and places.combine(load) and reading is not None:
        reading = reading | {"by_place": True}
    staging.finish(load)
    job.checkpoint = {
        "fence": job.checkpoint["fence"],
        "header": rows.header,
        "details": rows.details,
        "ended_cleanly": rows.ended_cleanly,
        "declared_mode": rows.declared_mode,
        "states_stock": rows.states_stock,
        "keeps_places": rows.keeps_places,
        "reading": reading,
        "doubts": job.checkpoint.get("doubts", []),
        "would_stop": job.checkpoint.get("would_stop"),
    }
    load.enter_phase("review")
    job.counts["read"] = job.total = rows.rows_read
    with writing(job.caller) as tx:
        job.save(tx)
    return True

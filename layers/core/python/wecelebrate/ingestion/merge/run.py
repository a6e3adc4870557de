"""The way of a load through its phases."""

from itertools import islice

from aws_lambda_powertools import Logger

from wecelebrate import feeds
from wecelebrate.core.database import SYSTEM, queries, writing
from wecelebrate.ingestion.merge import merging, report, staging
from wecelebrate.ingestion.merge.load import Load

logger = Logger()
sql = queries(__file__)

CHUNK = 5_000
"""Rows that are staged, or merged, in one transaction."""
MANY = 1_000
"""Changed rows from which on the planner is told."""


def run(load: Load) -> None:
    """Do a load, from wherever it is. Raises what may pass with the next try; jobs.JobRejected for what cannot."""
    load.resume()
    if load.phase == "stage":
        try:
            _stage(load)
        except feeds.UnreadableFeed as error:
            report.fail(load, "unreadable_file", str(error))
            staging.done(load)
            return
    if load.phase == "look":
        if load.full and load.job.approval != "given" and merging.too_many_missing(load):
            return
        load.go_to("merge")
    while load.phase == "merge":
        merging.merge_next(load, CHUNK)
        load.job.check_deadline()
    while load.phase == "deactivate":
        merging.deactivate_next(load, CHUNK)
        load.job.check_deadline()
    if not load.rules.dry_run and load.job.counts["created"] + load.job.counts["updated"] >= MANY:
        with writing(SYSTEM) as tx:
            sql.analyze_products(tx)
    report.complete(load)
    staging.done(load)


def _stage(load: Load) -> None:
    """Every row of the file to the staging tables. After a break the file is read again from its beginning, but what is
    staged is not staged again."""
    job = load.job
    with load.open() as rows:
        items = iter(rows)
        for _ in islice(items, job.checkpoint["items"]):
            job.renew_lease()
        while chunk := list(islice(items, CHUNK)):
            job.counts["read"] = rows.rows_read
            job.counts["rejected"] += sum(item.rows for item in chunk if isinstance(item, feeds.Rejected))
            job.done = job.counts["rejected"]
            job.checkpoint["items"] += len(chunk)
            staging.add(load, chunk)
            job.check_deadline()
    # A header may have grown with the last rows, and what comes after them: it is read to its end.
    job.counts["read"] = rows.rows_read
    staging.finish(load)
    job.checkpoint = {
        "fence": job.checkpoint["fence"],
        "header": rows.header,
        "details": rows.details,
        "ended_cleanly": rows.ended_cleanly,
        "nature": rows.declared_mode,
    }
    load.go_to("look")
    job.counts["read"] = job.total = rows.rows_read
    with writing(job.caller) as tx:
        job.save(tx)

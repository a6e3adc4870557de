"""The way of a load through its phases."""

from itertools import islice

from aws_lambda_powertools import Logger

from wecelebrate import feeds
from wecelebrate.database import SYSTEM, queries, writing
from wecelebrate.loads import merging, report, staging
from wecelebrate.loads.load import Load

logger = Logger()
sql = queries(__file__)

CHUNK = 5_000
"""Rows that are staged, or merged, in one transaction."""
MANY = 1_000
"""Changed rows from which on the planner is told."""


def run(load: Load) -> None:
    """Do a load, from wherever it is. Raises what may pass with the next try; jobs.Refused for what cannot."""
    load.resume()
    if load.phase == "stage":
        try:
            _stage(load)
        except feeds.UnreadableFeed as error:
            report.fail(load, "unreadable_file", str(error))
            staging.done(load)
            return
    if load.phase == "review":
        if load.full and load.job.approval != "given" and merging.too_many_missing(load):
            return
        load.go_to("merge")
    while load.phase == "merge":
        merging.merge_next(load, CHUNK)
        load.job.check_time()
    while load.phase == "deactivate":
        merging.deactivate_next(load, CHUNK)
        load.job.check_time()
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
            job.alive()
        while chunk := list(islice(items, CHUNK)):
            job.counts["read"] = rows.rows_read
            job.counts["rejected"] += sum(item.rows for item in chunk if isinstance(item, feeds.Rejected))
            job.done = job.counts["rejected"]
            job.checkpoint["items"] += len(chunk)
            staging.add(load, chunk)
            job.check_time()
    # A header may have grown with the last rows, and what comes after them: it is read to its end.
    job.counts["read"] = rows.rows_read
    staging.finish(load)
    job.checkpoint = {
        "fence": job.checkpoint["fence"],
        "header": rows.header,
        "details": rows.details,
        "ended_cleanly": rows.ended_cleanly,
        "nature": rows.nature,
    }
    load.go_to("review")
    job.counts["read"] = job.total = rows.rows_read
    with writing(job.caller) as tx:
        job.save(tx)

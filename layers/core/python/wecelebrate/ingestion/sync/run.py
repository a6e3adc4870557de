"""The work of a sync: a dropped file as a load of its catalog."""

from wecelebrate import feeds, jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.ingestion import merge
from wecelebrate.ingestion.merge.run import run as load
from wecelebrate.ingestion.sync.intake import sql

MOST_DEACTIVATED = 20.0
"""Percent of the active products that a full sync deactivates without asking, where the catalog says nothing else."""


def run(job: jobs.LeasedJob) -> None:
    """Read the file, stage its rows, merge them chunk by chunk, deactivate what a full one lacks, report."""
    if job.catalog_id is None:
        raise jobs.JobRejected("no_such_catalog", "Its catalog was deleted.")
    with writing(SYSTEM) as tx:
        settings = sql.get_sync_settings(tx, catalog_id=job.catalog_id)
    key, version_id = job.payload["key"], job.payload["version_id"]
    currency = settings.get("currency", "USD")
    told = merge.told(settings)

    def open_feed() -> feeds.Feed:
        try:
            with storage.open_version("drops", key, version_id) as body:
                return feeds.open_feed(body, storage.object_name(key), told, currency)
        except storage.ObjectGone as error:
            raise feeds.UnreadableFeed(str(error)) from error

    rules = merge.Rules(
        currency=currency,
        full=job.payload.get("full", False),
        most_deactivated=settings.get("most_deactivated_percent", MOST_DEACTIVATED),
        dry_run=job.payload.get("dry_run", False),
    )
    about = {"file": key, "version_id": version_id}
    results = f"{job.catalog_id}/results/{storage.object_name(key)}.{job.id}"
    load(merge.Load(job, job.catalog_id, rules, open_feed, "drops", results, about))

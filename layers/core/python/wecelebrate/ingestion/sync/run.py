"""Runs the job of a sync: loads a dropped or uploaded file into its catalog."""

from contextlib import AbstractContextManager
from typing import Any

from wecelebrate import feeds, jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.ingestion import catalog_settings, merge
from wecelebrate.ingestion.exported_rows import open_exported
from wecelebrate.ingestion.merge.load import Rows
from wecelebrate.ingestion.merge.run import run_load, settings_are_known

DEFAULT_MAX_DEACTIVATED_PERCENT = 20.0
"""By default, a full sync can deactivate at most this percentage of the active products without an approval."""


def run(job: jobs.LeasedJob) -> None:
    """Run a sync. Raises JobRejected if the sync can never succeed."""
    with writing(SYSTEM) as tx:
        catalog = catalog_settings.find_catalog(tx, job.catalog_id) if job.catalog_id else None
    if not job.catalog_id or not catalog:
        raise jobs.JobRejected("no_such_catalog", "The catalog was deleted.")
    settings = catalog["sync_settings"]
    bucket, key, version_id = job.payload.get("bucket", "drops"), job.payload["key"], job.payload["version_id"]
    place: dict[str, Any] = {
        "bucket": "drops",
        "result_prefix": f"{job.catalog_id}/results/{storage.object_name(key)}.{job.id}",
        "source": {"file": key, "version_id": version_id},
    }
    if not settings_are_known(job, settings, **place):
        return
    currency = catalog_settings.default_currency(catalog)

    def open_rows() -> AbstractContextManager[Rows]:
        try:
            with storage.open_version(bucket, key, version_id) as body:
                exported, content = open_exported(body, currency)
                if exported is not None:
                    return exported
                options = catalog_settings.reading_options(settings)
                disclosure, memory = catalog_settings.disclosure(settings), catalog["reading"]
                name = storage.object_name(key)
                return feeds.open_feed(content, name, options, currency, memory=memory, disclosure=disclosure)
        except storage.ObjectGone as error:
            raise feeds.UnreadableFeed(str(error)) from error

    rules = merge.Rules(
        currency=currency,
        catalog_currency=catalog["currency"],
        full=job.payload.get("full", False),
        max_deactivated_percent=settings.get("most_deactivated_percent", DEFAULT_MAX_DEACTIVATED_PERCENT),
        dry_run=job.payload.get("dry_run", False),
        timezone=catalog["timezone"],
        default_inventory_policy=catalog_settings.default_inventory_policy(settings),
        **catalog_settings.rules_of_files(settings),
    )
    run_load(
        merge.Load(
            job,
            job.catalog_id,
            rules,
            open_rows,
            **place,
            accepted=catalog["accepted"],
            decided=catalog_settings.decided(settings),
            settings_key=catalog_settings.settings_key(catalog),
            stock_as_of=catalog_settings.stock_as_of(job.payload, job.id, settings),
        )
    )

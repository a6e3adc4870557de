"""Runs the job of a bulk import: loads its rows, or its uploaded file, into the catalog."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import feeds, jobs
from wecelebrate.core import storage
from wecelebrate.core.database import Caller, writing
from wecelebrate.ingestion import catalog_settings, merge, uploads
from wecelebrate.ingestion.bulk_import.rows import RequestRows
from wecelebrate.ingestion.exported_rows import open_exported
from wecelebrate.ingestion.merge.load import Rows
from wecelebrate.ingestion.merge.run import run_load, settings_are_known

logger = Logger()


def run_inline(caller: Caller, job_id: UUID) -> bool:
    """Run a small import within the request that created it, because the message for its job cannot be sent.

    It returns whether the import ran. If it did not run, the sweeper sends the message later.
    """
    try:
        job = jobs.claim_inline(caller, job_id)
        if job is None:
            return False
        try:
            run(job, inline=True)
        except BaseException:
            jobs.release_inline(job)
            raise
    except Exception:
        logger.exception("the inline import failed; the sweeper will send its message later", job_id=str(job_id))
        return False
    return True


def run(job: jobs.LeasedJob, *, inline: bool = False) -> None:
    """Run an import. `inline` is true within a request. Raises JobRejected if the import can never succeed."""
    with writing(job.caller) as tx:
        catalog = catalog_settings.find_catalog(tx, job.catalog_id) if job.catalog_id else None
    if not job.catalog_id or not catalog:
        raise jobs.JobRejected("no_such_catalog", "The catalog was deleted, or you no longer have access to it.")
    settings, payload = catalog["sync_settings"], job.payload
    place: dict[str, Any] = {
        "bucket": uploads.BUCKET,
        "result_prefix": f"{payload['results']}/result",
        "source": {"file": payload["key"], "version_id": payload["version_id"]},
        "inline": inline,
    }
    if not settings_are_known(job, settings, **place):
        return
    currency = catalog_settings.default_currency(catalog)

    def open_rows() -> AbstractContextManager[Rows]:
        try:
            with storage.open_version(uploads.BUCKET, payload["key"], payload["version_id"]) as body:
                if payload["format"] == "rows":
                    return RequestRows(body.read(), currency)
                exported, content = open_exported(body, currency)
                if exported is not None:
                    return exported
                options = catalog_settings.reading_options(settings)
                disclosure, memory = catalog_settings.disclosure(settings), catalog["reading"]
                return feeds.open_feed(
                    content, payload["name"], options, currency, memory=memory, disclosure=disclosure
                )
        except storage.ObjectGone as error:
            raise feeds.UnreadableFeed(str(error)) from error

    run_load(
        merge.Load(
            job,
            job.catalog_id,
            merge.Rules(
                currency=currency,
                catalog_currency=catalog["currency"],
                mode=payload["mode"],
                dry_run=payload["dry_run"],
                timezone=catalog["timezone"],
                default_inventory_policy=catalog_settings.default_inventory_policy(settings),
                **({} if payload["format"] == "rows" else catalog_settings.rules_of_files(settings)),
            ),
            open_rows,
            **place,
            accepted=catalog["accepted"],
            decided=catalog_settings.decided(settings),
            settings_key=catalog_settings.settings_key(catalog),
            stock_as_of=_stock_as_of(job, settings),
        )
    )


def _stock_as_of(job: jobs.LeasedJob, settings: Mapping[str, Any]) -> datetime | None:
    """Return when the stock was counted. If a request with rows names no such time, the result is None."""
    if job.payload["format"] == "rows" and not job.payload.get("stock_as_of"):
        return None
    return catalog_settings.stock_as_of(job.payload, job.id, settings)

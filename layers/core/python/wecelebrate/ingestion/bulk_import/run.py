"""The work of an import: given rows, or an uploaded file, as a load of its catalog."""

from contextlib import AbstractContextManager
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import feeds, jobs
from wecelebrate.core import storage
from wecelebrate.core.database import Caller, queries, writing
from wecelebrate.ingestion import merge, uploads
from wecelebrate.ingestion.bulk_import.rows import GivenRows
from wecelebrate.ingestion.merge.load import Rows
from wecelebrate.ingestion.merge.run import run as load

logger = Logger()
sql = queries(__file__)


def run_inline(caller: Caller, job_id: UUID) -> bool:
    """Do a small import in the request that asked for it, for no worker can be told of it; whether it was done."""
    try:
        job = jobs.claim_inline(caller, job_id)
        if job is None:
            return False
        try:
            run(job, here=True)
        except BaseException:
            jobs.release_inline(job)
            raise
    except Exception:
        logger.exception("the sweeper will send word of an import", job_id=str(job_id))
        return False
    return True


def run(job: jobs.LeasedJob, *, here: bool = False) -> None:
    """Run an import. `here`: within a request. Raises JobRejected for what can never succeed."""
    with writing(job.caller) as tx:
        catalog = job.catalog_id and sql.get_catalog(tx, catalog_id=job.catalog_id)
    if not job.catalog_id or not catalog:
        raise jobs.JobRejected("no_such_catalog", "Its catalog was deleted, or is no longer yours.")
    settings, payload = catalog["sync_settings"], job.payload
    currency = settings.get("currency", "USD")

    def open_rows() -> AbstractContextManager[Rows]:
        try:
            with storage.open_version(uploads.BUCKET, payload["key"], payload["version_id"]) as body:
                if payload["format"] == "rows":
                    return GivenRows(body.read(), currency)
                return feeds.open_feed(body, payload["name"], merge.told(settings), currency)
        except storage.ObjectGone as error:
            raise feeds.UnreadableFeed(str(error)) from error

    rules = merge.Rules(currency=currency, mode=payload["mode"], dry_run=payload["dry_run"])
    results = f"{payload['results']}/result"
    about = {"file": payload["key"], "version_id": payload["version_id"]}
    load(merge.Load(job, job.catalog_id, rules, open_rows, uploads.BUCKET, results, about, here))

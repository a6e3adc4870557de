"""Creates the sync of a file that was uploaded through the API.

An uploaded file is treated like a dropped file: the same rules decide when its job runs, and which older jobs it makes
obsolete. There is one difference: the same upload can be synced several times, for example first as a dry run.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import jobs
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Forbidden, NotFound, Unavailable
from wecelebrate.ingestion import uploads
from wecelebrate.ingestion.catalog_settings import find_catalog, stock_time
from wecelebrate.ingestion.superseding import supersede_older
from wecelebrate.ingestion.sync import intake
from wecelebrate.ingestion.sync.models import NewSync
from wecelebrate.jobs.models import Job

logger = Logger()


def create(tx: Transaction, catalog_id: UUID, new: NewSync) -> Job:
    """Create the job of a sync. It runs with the permissions of the caller.

    Raises NotFound if the caller cannot see the catalog, and Forbidden if the caller can only read it. Raises Invalid
    if the upload does not exist, has no file yet, or belongs to a client whose data the caller may not change.
    """
    catalog = find_catalog(tx, catalog_id)
    if catalog is None:
        raise NotFound
    if not intake.sql.is_writable(tx, catalog_id=catalog_id):
        raise Forbidden
    file = uploads.find(tx, new.upload_id)
    full = intake.is_full(catalog, new.mode)
    as_of = new.stock_as_of or stock_time(catalog["sync_settings"], datetime.now(UTC))
    payload = {
        "bucket": uploads.BUCKET, "key": file.key, "version_id": file.version_id, "full": full, "dry_run": new.dry_run,
        "stock_as_of": as_of.isoformat(),
    }  # fmt: skip
    intake.sql.lock_catalog(tx, catalog_id=catalog_id)
    job_id = intake.create_job(tx, catalog, payload)
    if not new.dry_run:
        superseded = supersede_older(tx, catalog_id, job_id, full=full)
        tx.after_commit(partial(_report_superseded, catalog_id, superseded))
    return jobs.get(tx, job_id)


def _report_superseded(catalog_id: UUID, superseded: list[dict[str, Any]]) -> None:
    """Write the result files of superseded jobs.

    An error does not stop the new sync, because the superseded jobs contain the same results as these files.
    """
    try:
        intake.report_superseded(catalog_id, superseded)
    except Unavailable as error:
        logger.warning("the result files of superseded jobs were not written", reason=str(error))

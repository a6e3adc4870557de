"""Superseding: a new file makes waiting jobs of the same catalog obsolete."""

from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core.database import Transaction, queries

sql = queries(__file__)

NEWER_FILE = "A newer file arrived before this job started. Upload this file again if it is still needed."


def supersede_older(tx: Transaction, catalog_id: UUID, job_id: UUID, *, full: bool) -> list[dict[str, Any]]:
    """Cancel the waiting jobs that a new file makes obsolete.

    It returns the `id`, the `type` and the `key` of each cancelled job.

    `job_id` is the job of the new file. `full` says whether the new file is a full file.
    """
    superseded = [dict(row) for row in sql.list_superseded(tx, catalog_id=catalog_id, job_id=job_id, full=full)]
    for job in superseded:
        jobs.supersede(tx, job["id"], job["type"], NEWER_FILE)
    return superseded

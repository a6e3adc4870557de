"""Intake: from a notification of S3 to a job, once a file version."""

import json
import re
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import jobs, queue, storage
from wecelebrate.database import SYSTEM, Transaction, as_json, queries, writing

logger = Logger()
sql = queries(__file__)

SERVICE = "service:drops"
PLATFORM = "platform"
"""The message group of catalogs that no client owns."""

_INCOMING = re.compile(r"(?P<catalog>[^/]+)/incoming/(?P<name>.+)", re.DOTALL)


def receive(message: queue.Message) -> None:
    """Take in what one S3 notification tells of. What is no dropped file (`s3:TestEvent`, our own results) is nothing.

    A notification that comes again finds its file recorded; when its job still waits, word of it is sent again, so
    nothing is lost between the commit and the send.
    """
    for upload in storage.uploads(message.body.get("Records", [])):
        place = _INCOMING.fullmatch(upload["key"])
        if place is None or upload["key"].endswith("/"):
            continue
        with writing(SYSTEM) as tx:
            job = _record(tx, place["catalog"], upload)
        if job is None:
            _refuse(place["catalog"], upload["key"])
        elif job["status"] == "pending":
            queue.send("catalog-syncs", {"job_id": str(job["job_id"])}, group=str(job["client_id"] or PLATFORM))


def _record(tx: Transaction, catalog: str, upload: dict[str, Any]) -> dict[str, Any] | None:
    """The job of a file version, made if it is new; None when there is no such catalog."""
    try:
        found = sql.find_catalog(tx, catalog_id=UUID(catalog))
    except ValueError:
        found = None
    if found is None:
        return None
    recorded: dict[str, Any] | None = sql.find_drop(tx, key=upload["key"], version_id=upload["version_id"])
    if recorded:
        return recorded
    client_id = found["owner_client_id"]
    with tx.savepoint() as undo:
        payload = {"key": upload["key"], "version_id": upload["version_id"], "size": upload["size"]}
        job_id = jobs.sql.create_job(
            tx,
            client_id=client_id,
            catalog_id=found["id"],
            type="catalog_sync",
            requested_by=SERVICE,
            max_attempts=3,
            **as_json({"payload": payload}, "payload"),
        )
        if sql.record_drop(tx, client_id=client_id, catalog_id=found["id"], job_id=job_id, **upload) == 0:
            undo()
    return dict(sql.find_drop(tx, key=upload["key"], version_id=upload["version_id"]))


def _refuse(catalog: str, key: str) -> None:
    """Tell whoever dropped the file, where they look for its result, that it went nowhere."""
    logger.warning("a file was dropped for no catalog", extra={"key": key})
    result = {
        "status": "failed",
        "error_code": "no_such_catalog",
        "error": f"There is no catalog {catalog}. Drop the file at <catalog id>/incoming/<name>.",
        "file": key,
    }
    place = f"{catalog}/results/{storage.object_name(key)}.refused.json"
    storage.put("drops", place, json.dumps(result, indent=2).encode(), "application/json")

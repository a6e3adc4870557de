"""Receives files with news about orders, and creates one job for each version of a file."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import jobs
from wecelebrate.core import storage
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.order_files import FOLDER, ordering_key, sql

logger = Logger()

_INCOMING_KEY = re.compile(rf"{FOLDER}(?P<destination>[^/]+)/incoming/(?P<name>.+)", re.DOTALL)


def receive(upload: Mapping[str, Any]) -> UUID | None:
    """Register a version of a file, and create its job, unless the version is already registered.

    `upload` describes the file in the format of `storage.created_objects`. It returns the id of the job. It returns
    None if the file is not in the folder `incoming`, or if the destination does not exist.
    """
    match = _INCOMING_KEY.fullmatch(upload["key"])
    if match is None or upload["key"].endswith("/"):
        return None
    job_id = _register(match["destination"], upload)
    if job_id is None:
        _report_unknown_destination(match["destination"], upload["key"])
    return job_id


def _register(destination: str, upload: Mapping[str, Any]) -> UUID | None:
    try:
        destination_id = UUID(destination)
    except ValueError:
        return None
    with writing(SYSTEM) as tx:
        row = sql.get_destination(tx, destination_id=destination_id)
        if row is None:
            return None
        sql.lock_destination_intake(tx, destination_id=destination_id)
        known: UUID | None = sql.find_drop(tx, key=upload["key"], version_id=upload["version_id"])
        if known is not None:
            return known
        payload = {name: upload[name] for name in ("key", "version_id", "size")}
        job_id = jobs.create(
            tx,
            "order_file",
            client_id=row["client_id"],
            payload=payload | {"direction": "in", "destination_id": str(destination_id)},
            ordering_key=ordering_key(destination_id),
            requested_by=tx.caller.subject,
        )
        names = ("key", "version_id", "size", "etag", "dropped_at")
        values = {name: upload[name] for name in names}
        sql.record_drop(tx, client_id=row["client_id"], destination_id=destination_id, job_id=job_id, **values)
        return job_id


def _report_unknown_destination(destination: str, key: str) -> None:
    """Write an error file to the folder in which the sender of the file expects the result."""
    logger.warning("a file was uploaded for an order destination that does not exist", extra={"key": key})
    result = {
        "status": "failed",
        "error_code": "no_such_destination",
        "error": f"The order destination {destination} does not exist. Upload the file to"
        " orders/<destination id>/incoming/<name>.",
        "file": key,
    }
    result_key = f"{FOLDER}{destination}/results/{storage.object_name(key)}.refused.json"
    storage.put("drops", result_key, json.dumps(result, indent=2).encode(), "application/json")

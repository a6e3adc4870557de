"""Intake: creates one job for each version of a file.

The versions are loaded in the order in which they were uploaded.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import jobs, order_files
from wecelebrate.core import queue, storage
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.ingestion.catalog_settings import find_catalog, stock_time
from wecelebrate.ingestion.superseding import NEWER_FILE, supersede_older
from wecelebrate.order_files import intake as order_intake

logger = Logger()
sql = queries(__file__)

SERVICE = "service:drops"
"""The subject that requests sync jobs."""

_INCOMING_KEY = re.compile(
    r"(?P<catalog>[^/]+)/incoming/(?P<dry_run>dry-run/)?(?:(?P<mode>full|delta)/)?(?P<name>.+)", re.DOTALL
)
_OLD_VERSION = "A newer version of this file was already loaded. Upload this version again if it is still needed."


def receive_notification(message: queue.Message) -> None:
    """Register the files of an S3 notification. Files in the folder `orders/` are order files. All other files belong
    to catalogs.

    A notification that announces no incoming file is ignored, for example `s3:TestEvent` or a notification about a
    result file.
    """
    for upload in storage.created_objects(message.body.get("Records", [])):
        if upload["key"].startswith(order_files.FOLDER):
            order_intake.receive(upload)
            continue
        match = _INCOMING_KEY.fullmatch(upload["key"])
        if match is None or upload["key"].endswith("/"):
            continue
        if register_version(match["catalog"], upload, match["mode"], dry_run=bool(match["dry_run"])) is None:
            _report_unknown_catalog(match["catalog"], upload["key"])


def register_version(
    catalog_id: str, upload: Mapping[str, Any], mode: str | None, *, dry_run: bool = False
) -> UUID | None:
    """Register a file version and create its job, unless the version is already registered.

    It returns the id of the job, or None if the catalog does not exist. `upload` describes the file in the format of
    `storage.created_objects`. `mode` is `full` or `delta`. If `mode` is None, the setting of the catalog applies.
    """
    with writing(SYSTEM) as tx:
        catalog = _parse_catalog(tx, catalog_id)
        if catalog is None:
            return None
        job_id, superseded = _register(tx, catalog, mode, dry_run, upload)
    report_superseded(catalog["id"], superseded)
    return job_id


def _parse_catalog(tx: Transaction, catalog_id: str) -> dict[str, Any] | None:
    """Return the catalog with this id. Return None if the id is not a UUID, or if the catalog does not exist."""
    try:
        return find_catalog(tx, UUID(catalog_id))
    except ValueError:
        return None


def _register(
    tx: Transaction, catalog: dict[str, Any], mode: str | None, dry_run: bool, upload: Mapping[str, Any]
) -> tuple[UUID, list[dict[str, Any]]]:
    """Register a file version.

    It returns the id of the version's job, and the waiting jobs that the version supersedes.
    """
    # Each new version is compared with the registered versions. Therefore a lock ensures that only one version per
    # catalog is registered at a time.
    sql.lock_catalog(tx, catalog_id=catalog["id"])
    drop = sql.find_drop(tx, key=upload["key"], version_id=upload["version_id"])
    if drop:
        return drop["job_id"], []
    full = is_full(catalog, mode)
    as_of = stock_time(catalog["sync_settings"], _time(upload["dropped_at"]))
    payload = {name: upload[name] for name in ("key", "version_id", "size")}
    payload |= {"full": full, "dry_run": dry_run, "stock_as_of": as_of.isoformat()}
    job_id = create_job(tx, catalog, payload, requested_by=SERVICE)
    sql.record_drop(tx, client_id=catalog["owner_client_id"], catalog_id=catalog["id"], job_id=job_id, **upload)
    newer = sql.find_newer_version(tx, key=upload["key"], sequencer=upload["sequencer"], job_id=job_id)
    if newer is not None and newer["begun"]:
        jobs.supersede(tx, job_id, "catalog_sync", _OLD_VERSION)
    elif newer is not None:
        sql.move_before(tx, job_id=job_id, other=newer["job_id"])
    elif not dry_run:
        return job_id, supersede_older(tx, catalog["id"], job_id, full=full)
    return job_id, []


def _time(dropped_at: datetime | str) -> datetime:
    """Return when a file was dropped. In a notification of S3, this time is a text."""
    return dropped_at if isinstance(dropped_at, datetime) else datetime.fromisoformat(dropped_at)


def is_full(catalog: Mapping[str, Any], mode: str | None) -> bool:
    """Return whether a file contains the whole catalog. If `mode` is None, the setting of the catalog decides."""
    return (mode or catalog["sync_settings"].get("mode")) == "full"


def create_job(
    tx: Transaction, catalog: Mapping[str, Any], payload: Mapping[str, Any], requested_by: str | None = None
) -> UUID:
    """Create the job of a sync. The caller is the requester, unless `requested_by` names a service.

    The catalog must be locked, so that the jobs of the catalog are created in the order of their files.
    """
    return jobs.create(
        tx,
        "catalog_sync",
        client_id=catalog["owner_client_id"],
        catalog_id=catalog["id"],
        payload=payload,
        ordering_key=f"catalog:{catalog['id']}",
        requested_by=requested_by,
    )


def report_superseded(catalog_id: UUID, superseded: Iterable[Mapping[str, Any]]) -> None:
    """Write the result files of superseded jobs. Call this function after the commit."""
    for job in superseded:
        if job["type"] != "catalog_sync":
            continue
        result = {"job_id": str(job["id"]), "status": "cancelled", "error_code": "superseded", "error": NEWER_FILE}
        _write_result(f"{catalog_id}/results/{storage.object_name(job['key'])}.{job['id']}.json", result)


def _report_unknown_catalog(catalog_id: str, key: str) -> None:
    """Write an error file to the folder in which the sender of the file expects the result."""
    logger.warning("a file was uploaded for a catalog that does not exist", extra={"key": key})
    result = {
        "status": "failed",
        "error_code": "no_such_catalog",
        "error": f"The catalog {catalog_id} does not exist. Upload the file to <catalog id>/incoming/<name>.",
        "file": key,
    }
    _write_result(f"{catalog_id}/results/{storage.object_name(key)}.refused.json", result)


def _write_result(key: str, result: dict[str, Any]) -> None:
    storage.put("drops", key, json.dumps(result, indent=2).encode(), "application/json")

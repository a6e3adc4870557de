"""Intake: from a notification of S3 to a job, once a file version, in the order in which versions came."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate import jobs, queue, storage
from wecelebrate.database import SYSTEM, Transaction, queries, writing

logger = Logger()
sql = queries(__file__)

SERVICE = "service:drops"

_INCOMING = re.compile(
    r"(?P<catalog>[^/]+)/incoming/(?P<dry_run>dry-run/)?(?:(?P<mode>full|delta)/)?(?P<name>.+)", re.DOTALL
)
_SUPERSEDED = "A newer file came before this one began. Drop it again if it is still wanted."
_OLD_VERSION = "A newer version of this file was synced before. Drop it again if it is still wanted."


def notified(message: queue.Message) -> None:
    """Take in what an S3 notification tells of. What is no dropped file (`s3:TestEvent`, our results) is nothing."""
    for upload in storage.uploads(message.body.get("Records", [])):
        place = _INCOMING.fullmatch(upload["key"])
        if place is None or upload["key"].endswith("/"):
            continue
        if take_in(place["catalog"], upload, place["mode"], dry_run=bool(place["dry_run"])) is None:
            _refuse(place["catalog"], upload["key"])


def take_in(catalog_id: str, upload: Mapping[str, Any], mode: str | None, *, dry_run: bool = False) -> UUID | None:
    """Record a file version and make its job, or find that both are there; the job, or none where there is no such
    catalog. A file that comes twice makes one job: word of it was sent, or the sweeper sends it."""
    with writing(SYSTEM) as tx:
        catalog = _catalog(tx, catalog_id)
        if catalog is None:
            return None
        job_id, superseded = _record(tx, catalog, mode, dry_run, upload)
    for job in superseded:
        told = {"job_id": str(job["id"]), "status": "cancelled", "error_code": "superseded", "error": _SUPERSEDED}
        _write(f"{catalog['id']}/results/{storage.object_name(job['key'])}.{job['id']}.json", told)
    return job_id


def _catalog(tx: Transaction, named: str) -> dict[str, Any] | None:
    try:
        found = sql.find_catalog(tx, catalog_id=UUID(named))
    except ValueError:
        return None
    return dict(found) if found else None


def _record(
    tx: Transaction, catalog: dict[str, Any], mode: str | None, dry_run: bool, upload: Mapping[str, Any]
) -> tuple[UUID, list[dict[str, Any]]]:
    """The job of a file version, made if it is new, and the jobs that it makes needless."""
    # Versions of one catalog one after the other: which is newer is decided by what is recorded.
    sql.lock_catalog(tx, catalog_id=catalog["id"])
    recorded = sql.find_drop(tx, key=upload["key"], version_id=upload["version_id"])
    if recorded:
        return recorded["job_id"], []
    full = (mode or catalog["sync_settings"].get("mode")) == "full"
    client_id = catalog["owner_client_id"]
    job_id = jobs.create(
        tx,
        "catalog_sync",
        client_id=client_id,
        catalog_id=catalog["id"],
        payload={
            "key": upload["key"],
            "version_id": upload["version_id"],
            "size": upload["size"],
            "full": full,
            "dry_run": dry_run,
        },
        series=f"catalog:{catalog['id']}",
        requested_by=SERVICE,
    )
    sql.record_drop(tx, client_id=client_id, catalog_id=catalog["id"], job_id=job_id, **upload)
    newer = sql.find_newer_version(tx, key=upload["key"], sequencer=upload["sequencer"], job_id=job_id)
    if newer is not None and newer["begun"]:
        jobs.supersede(tx, job_id, "catalog_sync", _OLD_VERSION)
    elif newer is not None:
        sql.move_before(tx, job_id=job_id, other=newer["job_id"])
    elif not dry_run:
        superseded = list(sql.list_superseded(tx, catalog_id=catalog["id"], job_id=job_id, full=full))
        for job in superseded:
            jobs.supersede(tx, job["id"], "catalog_sync", _SUPERSEDED)
        return job_id, superseded
    return job_id, []


def _refuse(catalog: str, key: str) -> None:
    """Tell whoever dropped the file, where they look for its result, that it went nowhere."""
    logger.warning("a file was dropped for no catalog", extra={"key": key})
    result = {
        "status": "failed",
        "error_code": "no_such_catalog",
        "error": f"There is no catalog {catalog}. Drop the file at <catalog id>/incoming/<name>.",
        "file": key,
    }
    _write(f"{catalog}/results/{storage.object_name(key)}.refused.json", result)


def _write(key: str, result: dict[str, Any]) -> None:
    storage.put("drops", key, json.dumps(result, indent=2).encode(), "application/json")

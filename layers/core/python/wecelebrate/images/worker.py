"""The work of an image job: the images of a catalog's products, or one upload.

A catalog is gone through by SKU. Of each stretch of products the addresses that are due are asked for, a few dozen at a
time; what came of those, what the products now show and the job's progress are one transaction. A worker that dies
repeats that few dozen at most, and finds their renditions in the bucket.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import storage
from wecelebrate.database import Transaction, as_json, reading, writing
from wecelebrate.images import rendering, store, uploads
from wecelebrate.images.fetching import Outcome, Wanted, fetch_all
from wecelebrate.images.rendering import NotRendered
from wecelebrate.images.rows import sql
from wecelebrate.jobs import Held, Refused
from wecelebrate.settings import settings

STRETCH = 500
"""Products that are looked at at once."""
CHUNK = 48
"""Addresses that are asked for between two saves."""

_NOTHING: Mapping[str, Any] = dict.fromkeys(("sha256", "type", "width", "height", "bytes", "renditions"))


def work(job: Held) -> None:
    """Do an image job."""
    if job.catalog_id is None:
        raise Refused("no_such_catalog", "Its catalog was deleted.")
    if "image_id" in job.payload:
        _take_upload(job, UUID(job.payload["image_id"]))
    else:
        _fetch(job, job.catalog_id)


def _fetch(job: Held, catalog_id: UUID) -> None:
    if job.total is None:
        with reading(job.caller, primary=True) as tx:
            job.total = sql.count_products(tx, catalog_id=catalog_id)
        job.counts = dict.fromkeys(("read", "created", "updated", "unchanged", "rejected"), 0)
    again = {"failed_before": job.payload.get("failed_before"), "ready_before": job.payload.get("ready_before")}
    while True:
        job.check_time()
        after = job.checkpoint.get("after", "")
        with reading(job.caller, primary=True) as tx:
            found = sql.next_products(
                tx, catalog_id=catalog_id, after=after, products=STRETCH, max_images=CHUNK, **again
            )
        if found["last_sku"] is None:
            break
        due = [Wanted(**one) for one in found["due"]]
        outcomes = fetch_all(due, lambda data: store.keep(job.client_id, data), job.alive)
        with writing(job.caller) as tx:
            for outcome in outcomes:
                _record(tx, catalog_id, outcome)
                _count(job.counts, outcome)
            sql.update_media(tx, catalog_id=catalog_id, after=after, last_sku=found["last_sku"])
            if len(due) < CHUNK:
                job.checkpoint["after"] = found["last_sku"]
                job.done += found["products"]
            job.checkpoint["asked"] = job.counts["read"]
            job.save(tx)
    with writing(job.caller) as tx:
        job.complete(tx, result={"ready": job.counts["created"], "failed": job.counts["rejected"]})


def _record(tx: Transaction, catalog_id: UUID, outcome: Outcome) -> None:
    kept = {name: (outcome.kept or _NOTHING)[name] for name in _NOTHING}
    sql.record_image(
        tx,
        catalog_id=catalog_id,
        source=outcome.address,
        etag=outcome.etag,
        error_code=outcome.code,
        error=outcome.reason,
        wait=outcome.wait,
        **as_json(kept, *(["renditions"] if outcome.kept else [])),
    )


def _count(counts: dict[str, int], outcome: Outcome) -> None:
    counts["read"] += 1
    counts["rejected" if outcome.code else "created" if outcome.kept else "unchanged"] += 1


def _take_upload(job: Held, image_id: UUID) -> None:
    with reading(job.caller, primary=True) as tx:
        told = sql.get_upload(tx, image_id=image_id)
    if told is None:
        raise Refused("no_such_upload", "There is no such upload any more.")
    try:
        data = storage.read(uploads.BUCKET, uploads.key(job.client_id, image_id), rendering.MOST_BYTES)
        if data is None:
            raise NotRendered("not_uploaded", "nothing was uploaded")
        if len(data) != told["bytes"]:
            raise NotRendered("wrong_length", f"{told['bytes']} bytes were announced, and others came")
        kept = store.keep(job.client_id, data)
        if kept["type"] != told["type"]:
            raise NotRendered("wrong_type", f"{told['type']} was announced, and {kept['type']} came")
    except NotRendered as refused:
        with writing(job.caller) as tx:
            sql.fail_upload(tx, image_id=image_id, code=refused.code, reason=refused.reason)
            job.fail(tx, refused.code, refused.reason)
        return
    source = f"{settings().images()}/{kept['renditions']['large']['key']}"
    with writing(job.caller) as tx:
        sql.finish_upload(tx, image_id=image_id, source=source, **as_json({n: kept[n] for n in _NOTHING}, "renditions"))
        job.complete(tx, result={"image_id": str(image_id), "source": source})

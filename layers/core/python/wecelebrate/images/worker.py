"""The worker of image jobs: it fetches the images of a catalog's products, or renders one upload.

It reads a catalog's products by SKU, in pages. Of each page it fetches the due URLs in chunks. The results of a chunk,
the media of the products and the progress of the job are saved in one transaction. A worker that takes over repeats at
most one chunk, and finds its renditions in the bucket.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, as_json, reading, writing
from wecelebrate.core.settings import settings
from wecelebrate.images import rendering, store, uploads
from wecelebrate.images.fetching import FetchResult, ImageRequest, fetch_all
from wecelebrate.images.rendering import NotRendered
from wecelebrate.images.rows import sql
from wecelebrate.jobs import JobRejected, LeasedJob

PRODUCTS_PAGE = 500
"""Products that are read at once."""
CHUNK = 48
"""URLs that are fetched between two saves."""

_NO_IMAGE: Mapping[str, Any] = dict.fromkeys(("sha256", "type", "width", "height", "bytes", "renditions"))


def work(job: LeasedJob) -> None:
    """Run an image job."""
    if job.catalog_id is None:
        raise JobRejected("no_such_catalog", "The catalog of this job was deleted.")
    if "image_id" in job.payload:
        _render_upload(job, UUID(job.payload["image_id"]))
    else:
        _fetch_catalog(job, job.catalog_id)


def _fetch_catalog(job: LeasedJob, catalog_id: UUID) -> None:
    if job.total is None:
        with reading(job.caller, primary=True) as tx:
            job.total = sql.count_products(tx, catalog_id=catalog_id)
        job.counts = dict.fromkeys(("read", "created", "updated", "unchanged", "rejected"), 0)
    refetch = {"failed_before": job.payload.get("failed_before"), "ready_before": job.payload.get("ready_before")}
    while True:
        job.check_deadline()
        after = job.checkpoint.get("after", "")
        with reading(job.caller, primary=True) as tx:
            page = sql.next_products(
                tx, catalog_id=catalog_id, after=after, products=PRODUCTS_PAGE, most=CHUNK, **refetch
            )
        if page["upto"] is None:
            break
        requests = [ImageRequest(**due) for due in page["due"]]
        results = fetch_all(requests, lambda data: store.render_once(job.client_id, data), job.renew_lease)
        with writing(job.caller) as tx:
            for result in results:
                _record(tx, catalog_id, result)
                _count(job.counts, result)
            sql.show_media(tx, catalog_id=catalog_id, after=after, upto=page["upto"])
            if len(requests) < CHUNK:
                job.checkpoint["after"] = page["upto"]
                job.done += page["products"]
            # Every chunk advances the checkpoint, which resets the failure count of the job.
            job.checkpoint["fetched"] = job.counts["read"]
            job.save(tx)
    with writing(job.caller) as tx:
        job.complete(tx, result={"ready": job.counts["created"], "failed": job.counts["rejected"]})


def _record(tx: Transaction, catalog_id: UUID, result: FetchResult) -> None:
    columns = {name: (result.image or _NO_IMAGE)[name] for name in _NO_IMAGE}
    sql.record_image(
        tx,
        catalog_id=catalog_id,
        source=result.address,
        etag=result.etag,
        error_code=result.code,
        error=result.reason,
        wait=result.wait,
        **as_json(columns, *(["renditions"] if result.image else [])),
    )


def _count(counts: dict[str, int], result: FetchResult) -> None:
    counts["read"] += 1
    counts["rejected" if result.code else "created" if result.image else "unchanged"] += 1


def _render_upload(job: LeasedJob, image_id: UUID) -> None:
    with reading(job.caller, primary=True) as tx:
        upload = sql.get_upload(tx, image_id=image_id)
    if upload is None:
        raise JobRejected("no_such_upload", "The upload no longer exists.")
    try:
        data = storage.read(uploads.BUCKET, uploads.key(job.client_id, image_id), rendering.MAX_BYTES)
        if data is None:
            raise NotRendered("not_uploaded", "no file was uploaded")
        if len(data) != upload["bytes"]:
            raise NotRendered("wrong_length", f"the file has {len(data)} bytes instead of {upload['bytes']}")
        image = store.render_once(job.client_id, data)
        if image["type"] != upload["type"]:
            raise NotRendered("wrong_type", f"the file is {image['type']} instead of {upload['type']}")
    except NotRendered as error:
        with writing(job.caller) as tx:
            sql.refuse_upload(tx, image_id=image_id, code=error.code, reason=error.reason)
            job.fail(tx, error.code, error.reason)
        return
    source = f"{settings().images()}/{image['renditions']['large']['key']}"
    columns = {name: image[name] for name in _NO_IMAGE}
    with writing(job.caller) as tx:
        sql.finish_upload(tx, image_id=image_id, source=source, **as_json(columns, "renditions"))
        job.complete(tx, result={"image_id": str(image_id), "source": source})

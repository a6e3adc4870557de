"""The worker of image jobs. A job fetches the images of a catalog's products, or renders one uploaded image.

The worker reads pages of a catalog's products in SKU order, and fetches the due URLs of each page in chunks. One
transaction saves the results of a chunk, the `media` of the products and the progress of the job. If a worker dies, the
next worker repeats at most one chunk. Images whose renditions are already in the bucket are not rendered again.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from wecelebrate.core import storage
from wecelebrate.core.database import Transaction, as_json, reading, writing
from wecelebrate.core.settings import settings
from wecelebrate.core.shortening import shortened_text
from wecelebrate.images import fetching, renditions, store, uploads
from wecelebrate.images.fetching import FetchResult, ImageRequest
from wecelebrate.images.renditions import NotRendered
from wecelebrate.images.rows import sql
from wecelebrate.jobs import DeadlineReached, JobRejected, LeasedJob, RowCount

PRODUCTS_PAGE = 500
"""The largest number of products that the worker reads as one page."""
CHUNK = 48
"""The largest number of URLs that are fetched before the results are saved."""

CHUNK_SECONDS = 120.0
"""After this number of seconds, no further image of a chunk is fetched or rendered, and the results are saved. The
limit is needed because a hostile image can take all the time that the renderer allows."""
LAST_IMAGE_SECONDS = 90.0
"""How long the last image of a chunk can take after CHUNK_SECONDS have passed. A chunk begins only if the invocation
lasts for a longer time."""
MAX_REASON_LENGTH = 5_000
"""The maximum length of the reason for a failed fetch, in characters."""

_NO_IMAGE: Mapping[str, Any] = dict.fromkeys(("sha256", "type", "width", "height", "bytes", "renditions"))


def work(job: LeasedJob) -> None:
    """Run an image job: fetch the images of its catalog, or render its upload."""
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
        job.counts = {"read": 0, "created": 0, "updated": 0, "unchanged": 0, "rejected": 0}
    refetch = {"failed_before": job.payload.get("failed_before"), "ready_before": job.payload.get("ready_before")}
    while True:
        seconds = min(CHUNK_SECONDS, job.time_left() - LAST_IMAGE_SECONDS)
        if seconds <= fetching.TIMEOUT:
            raise DeadlineReached
        after = job.checkpoint.get("after", "")
        with reading(job.caller, primary=True) as tx:
            page = sql.next_products(
                tx, catalog_id=catalog_id, after=after, products=PRODUCTS_PAGE, max_images=CHUNK, **refetch
            )
        if page["last_sku"] is None:
            break
        requests = [ImageRequest(**due) for due in page["due"]]
        results = fetching.fetch_all(requests, partial(store.render_once, job.client_id), job.check_lease, seconds)
        with writing(job.caller) as tx:
            for result in results:
                _record(tx, catalog_id, result)
                _count(job.counts, result)
            sql.update_media(tx, catalog_id=catalog_id, after=after, last_sku=page["last_sku"])
            if len(requests) < CHUNK and len(results) == len(requests):
                job.checkpoint["after"] = page["last_sku"]
                job.done += page["products"]
            # Each chunk changes the checkpoint, because a changed checkpoint resets the failure count of the job.
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
        error=result.reason and shortened_text(result.reason, MAX_REASON_LENGTH),
        wait=result.wait,
        **as_json(columns, *(["renditions"] if result.image else [])),
    )


def _count(counts: dict[RowCount, int], result: FetchResult) -> None:
    counts["read"] += 1
    counts["rejected" if result.code else "created" if result.image else "unchanged"] += 1


def _render_upload(job: LeasedJob, image_id: UUID) -> None:
    with reading(job.caller, primary=True) as tx:
        upload = sql.get_upload(tx, image_id=image_id)
    if upload is None:
        raise JobRejected("no_such_upload", "The upload no longer exists. Upload the image again.")
    try:
        data = storage.read(uploads.BUCKET, uploads.key(job.client_id, image_id), renditions.MAX_BYTES)
        if data is None:
            raise NotRendered("not_uploaded", "no file was uploaded: upload the file before you complete the image")
        if len(data) != upload["bytes"]:
            raise NotRendered(
                "wrong_length", f"the file has {len(data)} bytes, but {upload['bytes']} bytes were announced"
            )
        image = store.render_once(job.client_id, data)
        if image["type"] != upload["type"]:
            raise NotRendered("wrong_type", f"the file is {image['type']}, but {upload['type']} was announced")
    except NotRendered as error:
        with writing(job.caller) as tx:
            sql.fail_upload(tx, image_id=image_id, code=error.code, reason=error.reason)
            job.fail(tx, error.code, error.reason)
        return
    source = f"{settings().images()}/{image['renditions']['large']['key']}"
    columns = {name: image[name] for name in _NO_IMAGE}
    with writing(job.caller) as tx:
        sql.finish_upload(tx, image_id=image_id, source=source, **as_json(columns, "renditions"))
        job.complete(tx, result={"image_id": str(image_id), "source": source})

"""Images of products: addresses that feeds and callers name become renditions of ours, as jobs; and uploads.

`products.images` says which images a product has; this says what became of each, and `products.media` what is shown.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate import jobs, pages
from wecelebrate.database import Transaction
from wecelebrate.images.models import FetchImages, ImageFilters
from wecelebrate.images.rows import get, owner, sql
from wecelebrate.images.uploads import begin_upload, complete_upload
from wecelebrate.jobs.models import Job
from wecelebrate.settings import settings

__all__ = ["begin_upload", "complete_upload", "fetch", "get", "page", "retry_due", "want", "work"]

SERVICE = "service:images"
"""Who asks for images when a catalog's settings do."""
_MOST_CATALOGS = 20


def page(tx: Transaction, catalog_id: UUID, filters: ImageFilters) -> pages.Built:
    """One page of a catalog's images, newest first. Raises NotFound for a catalog that the caller cannot see."""
    owner(tx, catalog_id)
    return pages.listed(
        "images", sql.list_images, tx, filters, pages.NEWEST, catalog_id=catalog_id, base_url=settings().images()
    )


def want(tx: Transaction, catalog_id: UUID, product_id: UUID | None = None) -> None:
    """Have the images fetched of what was just written (one product, if one is named), where the catalog's settings say
    so: a job, if there are addresses that are not known and no job waits already. Support, which makes no jobs, leaves
    them to the next write."""
    if tx.entered.role == "app_support":
        return
    found = sql.find_catalog_to_fetch(
        tx, catalog_id=catalog_id, product_id=product_id, ordering_key=_series(catalog_id)
    )
    if found is not None:
        _fetch(tx, catalog_id, found["owner_client_id"], {}, SERVICE)


def retry_due(tx: Transaction) -> None:
    """Jobs for the catalogs with images whose next try is due. The sweeper's."""
    for due in sql.due_catalogs(tx, max_rows=_MOST_CATALOGS):
        _fetch(tx, due["id"], due["owner_client_id"], {}, SERVICE)


def fetch(tx: Transaction, catalog_id: UUID, asked: FetchImages) -> Job:
    """Have the images of a catalog fetched now: the job. Raises NotFound, Forbidden for one that is only read."""
    now = datetime.now(UTC).isoformat()
    payload = {"failed_before": now if asked.failed else None, "ready_before": now if asked.ready else None}
    return jobs.get(tx, _fetch(tx, catalog_id, owner(tx, catalog_id), payload, None))


def work(job: jobs.Held) -> None:
    """Do an image job."""
    from wecelebrate.images import worker  # with Pillow, which functions of the API do not have

    worker.work(job)


def _series(catalog_id: UUID) -> str:
    return f"images:{catalog_id}"


def _fetch(
    tx: Transaction, catalog_id: UUID, client_id: UUID | None, payload: dict[str, Any], requested_by: str | None
) -> UUID:
    return jobs.create(
        tx,
        "image_processing",
        client_id=client_id,
        catalog_id=catalog_id,
        payload=payload,
        series=_series(catalog_id),
        requested_by=requested_by,
    )

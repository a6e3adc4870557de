"""Images of products: fetched from the URLs in `products.images`, or uploaded, and rendered in three sizes.

`products.images` lists the URLs of a product's images. A row of `images` records the result of each URL, and
`products.media` lists the rendered images that the product shows.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core import pages
from wecelebrate.core.database import Transaction
from wecelebrate.core.settings import settings
from wecelebrate.images.models import FetchImages, ImageFilters
from wecelebrate.images.rows import catalog_owner, get, sql
from wecelebrate.images.uploads import begin_upload, complete_upload
from wecelebrate.jobs.models import Job

__all__ = ["begin_upload", "complete_upload", "fetch", "fetch_missing", "get", "page", "retry_due", "work"]

SERVICE = "service:images"
"""The requester of jobs that the settings of a catalog cause."""
_MAX_CATALOGS = 20
"""Catalogs for which one run of the sweeper creates jobs."""


def page(tx: Transaction, catalog_id: UUID, filters: ImageFilters) -> pages.RenderedPage:
    """One page of a catalog's images, newest first. Raises NotFound for a catalog that the caller cannot see."""
    catalog_owner(tx, catalog_id)
    return pages.list_page(
        "images", sql.list_images, tx, filters, pages.NEWEST, catalog_id=catalog_id, shown_at=settings().images()
    )


def fetch_missing(tx: Transaction, catalog_id: UUID, product_id: UUID | None = None) -> None:
    """Create a job that fetches new images of a catalog or of one product, after they were written.

    Creates none if the catalog's settings do not ask for it, if there are no new URLs, or if a job is pending. Support
    staff cannot create jobs; the next write by another user creates one.
    """
    if tx.context.role == "app_support":
        return
    catalog = sql.wanting(tx, catalog_id=catalog_id, product_id=product_id, series=_ordering_key(catalog_id))
    if catalog is not None:
        _create_job(tx, catalog_id, catalog["owner_client_id"], {}, SERVICE)


def retry_due(tx: Transaction) -> None:
    """Create jobs for catalogs with images that are due for a retry. The sweeper calls this."""
    for catalog in sql.due_catalogs(tx, most=_MAX_CATALOGS):
        _create_job(tx, catalog["id"], catalog["owner_client_id"], {}, SERVICE)


def fetch(tx: Transaction, catalog_id: UUID, request: FetchImages) -> Job:
    """Create a job that fetches the images of a catalog now.

    Raises NotFound, Forbidden if the caller can only read the catalog.
    """
    now = datetime.now(UTC).isoformat()
    payload = {"failed_before": now if request.failed else None, "ready_before": now if request.ready else None}
    return jobs.get(tx, _create_job(tx, catalog_id, catalog_owner(tx, catalog_id), payload, None))


def work(job: jobs.LeasedJob) -> None:
    """Run an image job."""
    # Imported here because functions of the API do not have the layer with Pillow.
    from wecelebrate.images import worker

    worker.work(job)


def _ordering_key(catalog_id: UUID) -> str:
    return f"images:{catalog_id}"


def _create_job(
    tx: Transaction, catalog_id: UUID, client_id: UUID | None, payload: dict[str, Any], requested_by: str | None
) -> UUID:
    return jobs.create(
        tx,
        "image_processing",
        client_id=client_id,
        catalog_id=catalog_id,
        payload=payload,
        ordering_key=_ordering_key(catalog_id),
        requested_by=requested_by,
    )

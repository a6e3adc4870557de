"""Images of products. An image is fetched from a URL or uploaded, and then rendered in three sizes.

`products.images` lists the URLs of a product's images. For each URL, the table `images` has a row. This row records
whether the image was fetched and rendered. `products.media` lists the rendered images of the product.
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
"""The `requested_by` of jobs that the platform creates because of the settings of a catalog, and not for a user."""
_MAX_CATALOGS = 20
"""One run of the sweeper creates jobs for at most this number of catalogs."""


def page(tx: Transaction, catalog_id: UUID, filters: ImageFilters) -> pages.RenderedPage:
    """Return one page of a catalog's images, sorted from newest to oldest.

    Raises NotFound for a catalog that the caller cannot see.
    """
    catalog_owner(tx, catalog_id)
    return pages.list_page(
        "images", sql.list_images, tx, filters, pages.NEWEST, catalog_id=catalog_id, base_url=settings().images()
    )


def fetch_missing(tx: Transaction, catalog_id: UUID, product_id: UUID | None = None) -> None:
    """Create a job that fetches the new images of a catalog or product. Call this function after products were written.

    It creates no job if the settings of the catalog do not enable fetching, if there are no new URLs, or if a job is
    already pending. It also creates no job if the caller is support staff, because support staff cannot create jobs.
    The next write by another user then creates the job.
    """
    if tx.context.role == "app_support":
        return
    catalog = sql.find_catalog_to_fetch(
        tx, catalog_id=catalog_id, product_id=product_id, ordering_key=_ordering_key(catalog_id)
    )
    if catalog is not None:
        _create_job(tx, catalog_id, catalog["owner_client_id"], {}, SERVICE)


def retry_due(tx: Transaction) -> None:
    """Create a job for each catalog with images that are due for a retry. The sweeper calls this function."""
    for catalog in sql.due_catalogs(tx, max_rows=_MAX_CATALOGS):
        _create_job(tx, catalog["id"], catalog["owner_client_id"], {}, SERVICE)


def fetch(tx: Transaction, catalog_id: UUID, request: FetchImages) -> Job:
    """Create a job that fetches the images of a catalog now.

    Raises NotFound if the caller cannot see the catalog, and Forbidden if the caller can only read the catalog.
    """
    now = datetime.now(UTC).isoformat()
    payload = {"failed_before": now if request.failed else None, "ready_before": now if request.ready else None}
    return jobs.get(tx, _create_job(tx, catalog_id, catalog_owner(tx, catalog_id), payload, None))


def work(job: jobs.LeasedJob) -> None:
    """Run an image job."""
    # The import is in the function, because the worker needs Pillow. The API functions import this module too, but
    # their layers do not contain Pillow.
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

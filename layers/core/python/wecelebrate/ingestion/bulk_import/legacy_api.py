"""The import and job routes of the platform's first API, for client apps that still use them.

The fields of these routes have names in camelCase. The states of jobs have other names than in the current API. The
jobs themselves are the same in both APIs.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from wecelebrate import jobs
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, NotFound, Problem
from wecelebrate.core.models import pointer
from wecelebrate.core.validation_messages import message_for
from wecelebrate.ingestion import bulk_import
from wecelebrate.ingestion.bulk_import.models import BulkImport
from wecelebrate.jobs.models import Job

sql = queries(__file__)

LegacyStatus = Literal["waiting", "active", "completed", "failed", "not_found"]

_STATUSES: dict[str, LegacyStatus] = {
    "pending": "waiting",
    "processing": "active",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "failed",
}


class _CamelCase(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class LegacyImport(BaseModel):
    """The request of an import: products, and optionally their catalog.

    The model accepts any value, because the first API reported an error in the field `error`, and never with status
    422.
    """

    model_config = ConfigDict(extra="allow")

    products: Annotated[JsonValue, Field(description="A list of products, each with its `sku`.")] = None
    catalog_id: Annotated[
        JsonValue,
        Field(alias="catalogId", description="Required if the caller can write to more than one catalog."),
    ] = None


class QueuedImport(_CamelCase):
    """The import was queued."""

    success: Literal[True] = True
    """Always true."""
    job_id: UUID
    """The id of the job."""
    status: Literal["queued"] = "queued"
    """Always `queued`."""
    message: str
    """A message for users."""
    status_url: str
    """The path of the request that returns the state of the job."""


class FailedProduct(BaseModel):
    """A product that was not imported."""

    product: str | None = Field(description="The SKU, if it could be read.")
    error: str
    """Why the product was rejected, as a text for users."""


class ImportResult(BaseModel):
    """How many products were imported, and how many failed."""

    total: int
    """The number of products that were read."""
    successful: int
    """The number of products that were not rejected."""
    failed: int
    """The number of products that were rejected."""
    errors: list[FailedProduct] = Field(description="At most 20.")


class LegacyJob(_CamelCase):
    """A job as the first API shows it."""

    id: str
    status: LegacyStatus
    """The state of the job."""
    progress: float = Field(default=0, description="Percent.")
    data: dict[str, JsonValue] | None = Field(default=None, description="The type, the catalog and the number of rows.")
    result: ImportResult | dict[str, JsonValue] | None = None
    """The result of the job. Null until the job has ended."""
    failed_reason: str | None = None
    """Why the job failed, as a text for users. Null if the job did not fail."""


class NotImportable(Problem):
    """The products cannot be imported. See `error`.

    The routes below `/api` return the first error of the request as the text `error`, as the first API did.

    Correct the products and send them again. New programs should use `POST /v1/products/bulk-import`, which reports
    the errors of each row.
    """

    status = 400
    code = "not_importable"

    def document(self, request_id: str | None, docs_url: str) -> dict[str, Any]:
        """Return the problem document, with the detail also in the field `error`."""
        return super().document(request_id, docs_url) | {"error": self.detail}


def create(tx: Transaction, request: LegacyImport) -> QueuedImport:
    """Create the job of an import. Raises NotImportable. Raises Forbidden if the caller can only read the catalog."""
    try:
        catalog_id = request.catalog_id or _only_catalog(tx)
        fields: Any = {"catalog_id": catalog_id, "rows": request.products}
        job = bulk_import.create(tx, BulkImport.model_validate(fields))
    except ValidationError as error:
        first_error = error.errors(include_url=False)[0]
        detail = f"{pointer(first_error['loc']) or '/'}: {message_for(first_error)}"
        raise NotImportable(_with_legacy_names(detail)) from error
    except Invalid as problem:
        raise NotImportable(_detail(problem)) from problem
    return QueuedImport(job_id=job.id, message="Import queued successfully", status_url=f"/api/jobs/{job.id}/status")


def state(tx: Transaction, job_id: str) -> tuple[LegacyJob, int]:
    """Return a job and the HTTP status.

    A job that the caller cannot see has the status `not_found` and HTTP status 404.
    """
    try:
        job = jobs.get(tx, UUID(job_id))
    except (ValueError, NotFound):
        return LegacyJob(id=job_id, status="not_found"), 404
    legacy_job = LegacyJob(
        id=job_id,
        status=_STATUSES[job.status],
        progress=job.progress.percent or 0,
        data={"type": job.type, "catalogId": str(job.catalog_id), "total": job.progress.total},
        result=_result(job) if job.status == "completed" else None,
        failed_reason=job.error,
    )
    return legacy_job, 200


def _result(job: Job) -> ImportResult | dict[str, JsonValue] | None:
    if job.type not in ("product_import", "catalog_sync"):
        return job.result
    return ImportResult(
        total=job.counts.read,
        successful=job.counts.read - job.counts.rejected,
        failed=job.counts.rejected,
        errors=[FailedProduct(product=error.sku, error=error.reason) for error in job.first_errors],
    )


def _only_catalog(tx: Transaction) -> UUID:
    """Return the only catalog that the caller can write to.

    Raises Invalid if the caller cannot write to any catalog, or can write to several catalogs.
    """
    catalog_ids: list[UUID] = [row["id"] for row in sql.list_writable_catalogs(tx)]
    if len(catalog_ids) == 1:
        return catalog_ids[0]
    raise Invalid("catalogId: must be the id of the catalog to import into")


def _detail(problem: Problem) -> str:
    messages = [problem.detail or "", *(f"{error.pointer}: {error.detail}" for error in problem.errors)]
    return _with_legacy_names("; ".join(message for message in messages if message) or problem.title())


def _with_legacy_names(text: str) -> str:
    """Replace the field names of the current API with the field names of the first API."""
    return text.replace("/rows", "/products").replace("/catalog_id", "/catalogId")

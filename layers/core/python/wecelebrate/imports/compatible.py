"""The import and job routes of the platform's first API, which client apps of then still call: camelCase, and states of
their own. What they ask for is done by the same jobs."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from wecelebrate import imports, jobs
from wecelebrate.database import Transaction, queries
from wecelebrate.errors import Invalid, NotFound, Problem
from wecelebrate.imports.models import BulkImport
from wecelebrate.jobs.models import Job
from wecelebrate.models import pointer
from wecelebrate.wording import clause

sql = queries(__file__)

State = Literal["waiting", "active", "completed", "failed", "not_found"]

_STATES: dict[str, State] = {
    "pending": "waiting",
    "processing": "active",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "failed",
}


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ProductsImport(BaseModel):
    """What the first API takes: products, and nothing else. Anything may come: what is wrong is said in `error`."""

    model_config = ConfigDict(extra="allow")

    products: Annotated[JsonValue, Field(description="A list of products, each with its `sku`.")] = None
    catalog_id: Annotated[
        JsonValue,
        Field(alias="catalogId", description="Needed by who writes more than one catalog."),
    ] = None


class Queued(_Camel):
    """The import was queued."""

    success: Literal[True] = True
    job_id: UUID
    status: Literal["queued"] = "queued"
    message: str
    status_url: str


class FailedProduct(BaseModel):
    """A product that was not imported."""

    product: str | None = Field(description="Its SKU, when it could be read.")
    error: str


class ImportResult(BaseModel):
    """What became of the products."""

    total: int
    successful: int
    failed: int
    errors: list[FailedProduct] = Field(description="The first 20.")


class JobState(_Camel):
    """A job as the first API shows it."""

    id: str
    status: State
    progress: float = Field(default=0, description="Percent.")
    data: dict[str, JsonValue] | None = Field(default=None, description="What was asked for.")
    result: ImportResult | dict[str, JsonValue] | None = None
    failed_reason: str | None = None


class NotImportable(Problem):
    """These products cannot be imported as they stand."""

    status = 400
    code = "not_importable"

    def document(self, request_id: str | None) -> dict[str, Any]:
        """The problem, with what the first API says of it."""
        return super().document(request_id) | {"error": self.detail}


def create(tx: Transaction, asked: ProductsImport) -> Queued:
    """The job of an import. Raises NotImportable, Forbidden for a catalog that is read only to the caller."""
    try:
        catalog_id = asked.catalog_id or _only_catalog(tx)
        given: Any = {"catalog_id": catalog_id, "rows": asked.products}
        job = imports.create(tx, BulkImport.model_validate(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise NotImportable(_renamed(f"{pointer(first['loc']) or '/'}: {clause(first)}")) from error
    except Invalid as problem:
        raise NotImportable(_said(problem)) from problem
    return Queued(job_id=job.id, message="Import queued successfully", status_url=f"/api/jobs/{job.id}/status")


def state(tx: Transaction, job_id: str) -> tuple[JobState, int]:
    """A job and the status to answer it with; one that is not there, or not the caller's, is `not_found`."""
    try:
        job = jobs.get(tx, UUID(job_id))
    except (ValueError, NotFound):
        return JobState(id=job_id, status="not_found"), 404
    shown = JobState(
        id=job_id,
        status=_STATES[job.status],
        progress=job.progress.percent or 0,
        data={"type": job.type, "catalogId": str(job.catalog_id), "total": job.progress.total},
        result=_result(job) if job.status == "completed" else None,
        failed_reason=job.error,
    )
    return shown, 200


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
    """The catalog of who writes one alone. Raises Invalid."""
    found: list[UUID] = [row["id"] for row in sql.list_writable_catalogs(tx)]
    if len(found) == 1:
        return found[0]
    raise Invalid("catalogId: say which catalog the products are for")


def _said(problem: Problem) -> str:
    told = [problem.detail or "", *(f"{error.pointer}: {error.detail}" for error in problem.errors)]
    return _renamed("; ".join(one for one in told if one) or problem.title())


def _renamed(text: str) -> str:
    """What our API says of an import, in the words of the first one."""
    return text.replace("/rows", "/products").replace("/catalog_id", "/catalogId")

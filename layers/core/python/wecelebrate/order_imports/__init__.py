"""Historical orders. A client imports these orders from another system, in their final state.

models      the request
reading     the rows of a file: CSV, XLSX, NDJSON and JSON
columns     the mapping of columns to fields
values      parsing texts of cells as amounts, times and other values
assembling  combining the rows of an order into an order
spool       the rows of a file, grouped by order, on the disk of the worker
run         the job

An import creates orders with their original numbers and times. It creates no mails, webhook events, order files or
stock holds. The database determines which orders already exist (`schema/functions/order_importing.sql`).
"""

from uuid import UUID

from wecelebrate import jobs
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Forbidden, Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.ingestion import uploads
from wecelebrate.jobs.models import Job
from wecelebrate.order_imports.models import OrderImport

sql = queries(__file__)


def create(tx: Transaction, site_id: UUID, request: OrderImport) -> Job:
    """Create the job of an import. The imports of one client run one after the other.

    Raises NotFound. Raises Forbidden if the caller can only read the site. Raises Invalid if an upload has no file.
    """
    site = sql.get_site(tx, site_id=site_id)
    if site is None:
        raise NotFound
    if not site["may_write"]:
        raise Forbidden
    files = [uploads.find(tx, request.upload_id).model_dump()]
    if request.lines_upload_id is not None:
        if request.lines_upload_id == request.upload_id:
            raise Invalid(errors=[FieldError(pointer="/lines_upload_id", detail="must differ from `upload_id`")])
        files.append(_find_lines(tx, request.lines_upload_id))
    settings = request.model_dump(
        mode="json", exclude={"upload_id", "lines_upload_id", "source", "notify"}, exclude_none=True
    )
    job_id = jobs.create(
        tx,
        "order_file",
        client_id=site["client_id"],
        payload={
            "direction": "history",
            "site_id": str(site_id),
            "source": request.source,
            "files": files,
            "settings": settings | {"timezone": request.timezone or site["timezone"]},
        },
        ordering_key=f"order-import:{site['client_id']}",
        notify_email=tx.caller.email if request.notify else None,
    )
    return jobs.get(tx, job_id)


def _find_lines(tx: Transaction, upload_id: UUID) -> dict[str, str]:
    """Return the uploaded file that contains the order lines. Raises Invalid."""
    try:
        return uploads.find(tx, upload_id).model_dump()
    except Invalid as invalid:
        raise Invalid(errors=[FieldError(pointer="/lines_upload_id", detail=invalid.errors[0].detail)]) from None

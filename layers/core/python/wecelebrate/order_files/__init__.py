"""Order files: the platform writes files with orders for ERP systems, and reads files with news about orders. For
example, an ERP system reports that an order was shipped.

    s3://drops/orders/<destination id>/out/<prefix>orders-<seq>.<ext>        orders
    s3://drops/orders/<destination id>/out/<prefix>orders-<seq>.<ext>.done   the SHA-256, written after the file
    s3://drops/orders/<destination id>/incoming/<name>                       news about orders
    s3://drops/orders/<destination id>/results/<name>.<job id>.json          the result of reading the news
    s3://drops/orders/<destination id>/results/<name>.<job id>.errors.csv    the refused rows, with their errors

`order_files.export` writes the files, and `order_files.intake` receives the news. Their jobs have the type
`order_file`. The jobs of a destination run one at a time.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

from aws_lambda_powertools import Logger
from cronsim import CronSimError

from wecelebrate import jobs
from wecelebrate.core import batches, pages, quotas
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match
from wecelebrate.core.pages import ListParameters
from wecelebrate.core.problem_document import FieldError
from wecelebrate.jobs.models import Job
from wecelebrate.order_files.models import (
    NewOrderDestination,
    OrderDestination,
    OrderDestinationFilters,
    OrderDestinationPatch,
)
from wecelebrate.schedules import cron

logger = Logger()
sql = queries(__file__)

FOLDER = "orders/"
"""The folder of order files in the drops bucket. All other files in the bucket belong to catalogs."""
MAX_DESTINATIONS = 20
"""The maximum number of destinations of a client."""
BATCH_SIZE = 100
"""The largest number of due destinations that one transaction processes."""


class TooManyDestinations(Conflict):
    """This client has the maximum number of order destinations.

    The number of destinations of a client is limited.

    Delete a destination that is not needed any more: `DELETE /v1/order-destinations/{destination_id}`.
    """

    code = "too_many_destinations"


_QUOTA = quotas.Quota("order destinations", MAX_DESTINATIONS, TooManyDestinations)


def page(tx: Transaction, filters: OrderDestinationFilters) -> pages.RenderedPage:
    """Return one page of the destinations that the caller can see, sorted from newest to oldest."""
    return pages.list_page("order destinations", sql.list_destinations, tx, filters, pages.NEWEST)


def get(tx: Transaction, destination_id: UUID) -> OrderDestination:
    """Return one destination. Raises NotFound."""
    row = sql.get_destination(tx, destination_id=destination_id)
    if row is None:
        raise NotFound
    return OrderDestination(**row)


def runs(tx: Transaction, destination_id: UUID, parameters: ListParameters) -> pages.RenderedPage:
    """Return one page of the files of a destination, sorted from newest to oldest. Raises NotFound."""
    get(tx, destination_id)
    return pages.list_page(
        "order export runs", sql.list_runs, tx, parameters, pages.NEWEST, destination_id=destination_id
    )


def create(tx: Transaction, new: NewOrderDestination) -> OrderDestination:
    """Create a destination.

    Raises Forbidden or TooManyDestinations. Raises AlreadyExists if the client has a destination with this name. Raises
    Invalid if the site does not belong to the client. Also raises Invalid if the request names no client and the caller
    has no default client.
    """
    # The import is in the function, because at the top of the module it would add 6 ms to every cold start.
    from wecelebrate.clients.members import default_client

    client_id = new.client_id or default_client(tx)
    if client_id is None:
        raise Invalid(errors=[FieldError(pointer="/client_id", detail="is required")])
    if tx.context.role == "app_client" and client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    if new.site_id and not sql.owns_site(tx, site_id=new.site_id, client_id=client_id):
        raise Invalid(errors=[FieldError(pointer="/site_id", detail="must be a site of the client")])
    quotas.check(tx, _QUOTA, client_id, lambda: int(sql.count_destinations(tx, client_id=client_id)))
    values = new.model_dump(mode="json") | {"client_id": client_id, "orders_from": new.orders_from}
    return OrderDestination(**sql.create_destination(tx, **_with_columns(values), next_run_at=_next_run(values)))


def change(tx: Transaction, destination_id: UUID, patch: OrderDestinationPatch, match: Match) -> OrderDestination:
    """Apply a patch to a destination. Raises NotFound, Forbidden, AlreadyExists, and the errors of `Match.check`."""
    current = _lock(tx, destination_id)
    match.check(current)
    changes = patch.changes()
    next_run_at = current.next_run_at
    if changes.keys() & {"cron", "timezone", "is_active"}:
        next_run_at = _next_run(current.model_dump() | changes)
    values = as_json({"changes": changes}, "changes")
    row = sql.change_destination(tx, destination_id=destination_id, next_run_at=next_run_at, **values)
    return OrderDestination(**row)


def delete(tx: Transaction, destination_id: UUID, match: Match) -> None:
    """Delete a destination.

    The files of the destination stay in S3. Raises NotFound, Forbidden, and the errors of `Match.check`.
    """
    match.check(_lock(tx, destination_id))
    sql.delete_destination(tx, destination_id=destination_id)


def run(tx: Transaction, destination_id: UUID) -> Job:
    """Create a job that exports the orders that the destination does not have yet. It returns the job.

    If a job of the destination is already waiting, the function returns that job. Raises NotFound or Forbidden.
    """
    destination = _lock(tx, destination_id)
    waiting = sql.find_waiting_job(tx, ordering_key=ordering_key(destination_id))
    job_id = waiting or _create_job(tx, destination_id, destination.client_id, requested_by=None)
    return jobs.get(tx, job_id)


def run_due() -> int:
    """Create an export job for each destination that is due. It returns the number of these destinations."""
    return batches.run(_create_due_jobs, BATCH_SIZE)


def ordering_key(destination_id: UUID) -> str:
    """Return the ordering key of the jobs of a destination."""
    return f"order-destination:{destination_id}"


def _create_due_jobs(tx: Transaction, limit: int) -> int:
    destinations = list(sql.claim_due_destinations(tx, max_rows=limit))
    for destination in destinations:
        destination_id = destination["id"]
        try:
            next_run_at = cron.next_after(destination["cron"], destination["timezone"], destination["due_at"])
        except (CronSimError, ZoneInfoNotFoundError) as error:
            # The IANA database sometimes renames a time zone, so that a stored name can become invalid.
            logger.error("the next run of a destination cannot be computed", destination_id=str(destination_id))
            sql.set_next_run(tx, destination_id=destination_id, next_run_at=None)
            outcome = f"The next run cannot be computed: {error}. Change the cron expression or the time zone."
            sql.record_outcome(tx, destination_id=destination_id, job_id=None, outcome=outcome)
            continue
        sql.set_next_run(tx, destination_id=destination_id, next_run_at=next_run_at)
        if sql.find_waiting_job(tx, ordering_key=ordering_key(destination_id)) is None:
            _create_job(tx, destination_id, destination["client_id"], requested_by=tx.caller.subject)
    return len(destinations)


def _create_job(tx: Transaction, destination_id: UUID, client_id: UUID, requested_by: str | None) -> UUID:
    return jobs.create(
        tx,
        "order_file",
        client_id=client_id,
        payload={"direction": "out", "destination_id": str(destination_id)},
        ordering_key=ordering_key(destination_id),
        requested_by=requested_by,
    )


def _lock(tx: Transaction, destination_id: UUID) -> OrderDestination:
    """Lock a destination for a change. Raises NotFound, or Forbidden if the caller can only read the destination."""
    row = sql.lock_destination(tx, destination_id=destination_id)
    if row is not None:
        return OrderDestination(**row)
    get(tx, destination_id)
    raise Forbidden


def _with_columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a query, with the columns as JSON. If there are no columns, their value is null."""
    return values if values["columns"] is None else as_json(values, "columns")


def _next_run(destination: dict[str, Any]) -> datetime | None:
    if not destination["is_active"] or destination["cron"] is None:
        return None
    return cron.next_after(destination["cron"], destination["timezone"], datetime.now(UTC))

"""Schedules. A schedule starts work whenever the local time in its time zone matches its cron expression."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate.core import pages, quotas
from wecelebrate.core.database import Transaction, as_json
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match
from wecelebrate.core.problem_document import FieldError
from wecelebrate.schedules import cron, runs
from wecelebrate.schedules.models import NewSchedule, Schedule, ScheduleFilters, SchedulePatch
from wecelebrate.schedules.runs import finish_run, requested_run, run_due, sql

__all__ = ["change", "create", "delete", "finish_run", "get", "page", "requested_run", "run", "run_due"]


MAX_SCHEDULES = 100
"""The maximum number of schedules of a client. The limit is needed because each due schedule lists files. Too many
schedules of one client would delay the schedules of other clients."""


class TooManySchedules(Conflict):
    """This client has the maximum number of schedules.

    The number of schedules of a client is limited.

    Delete a schedule that is not needed any more: `DELETE /v1/schedules/{schedule_id}`.
    """

    code = "too_many_schedules"


_QUOTA = quotas.Quota("schedules", MAX_SCHEDULES, TooManySchedules)


def page(tx: Transaction, filters: ScheduleFilters) -> pages.RenderedPage:
    """Return one page of the schedules that the caller can see, sorted by name."""
    return pages.list_page("schedules", sql.list_schedules, tx, filters, pages.BY_NAME)


def get(tx: Transaction, schedule_id: UUID) -> Schedule:
    """Return one schedule. Raises NotFound."""
    row = sql.get_schedule(tx, schedule_id=schedule_id)
    if row is None:
        raise NotFound
    return Schedule(**row)


def create(tx: Transaction, new: NewSchedule) -> Schedule:
    """Create a schedule.

    Raises Forbidden or TooManySchedules. Raises AlreadyExists if the client already has a schedule with this name.
    Raises Invalid if the client does not own the catalog. Also raises Invalid if the request names no client and the
    caller has no default client.
    """
    # The import is in the function, because at the top of the module it would add 6 ms to every cold start.
    from wecelebrate.clients.members import default_client

    client_id = new.client_id or default_client(tx)
    if tx.context.role == "app_client" and client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    if not sql.owns_catalog(tx, catalog_id=new.catalog_id, client_id=client_id):
        raise Invalid(errors=[FieldError(pointer="/catalog_id", detail="must be a catalog that the client owns")])
    quotas.check(tx, _QUOTA, client_id, lambda: int(sql.count_schedules(tx, client_id=client_id)))
    values = new.model_dump(mode="json") | {
        "client_id": client_id,
        "settings": new.settings.model_dump(mode="json", exclude_none=True),
    }
    return Schedule(**sql.create_schedule(tx, **as_json(values, "settings"), next_at=_next_at(values)))


def change(tx: Transaction, schedule_id: UUID, patch: SchedulePatch, match: Match) -> Schedule:
    """Apply a patch to a schedule. If the patch changes the due times, compute the next due time.

    Raises NotFound, Forbidden, AlreadyExists, and the errors of `Match.check`.
    """
    current = _lock(tx, schedule_id)
    match.check(current)
    changes = patch.changes()
    next_at = current.next_at
    if changes.keys() & {"cron", "timezone", "is_active"}:
        next_at = _next_at(current.model_dump() | changes)
    values = as_json({"changes": changes}, "changes")
    return Schedule(**sql.change_schedule(tx, schedule_id=schedule_id, next_at=next_at, **values))


def delete(tx: Transaction, schedule_id: UUID, match: Match) -> None:
    """Delete a schedule. The jobs that the schedule has created are not deleted.

    Raises NotFound, Forbidden, and the errors of `Match.check`.
    """
    schedule = _lock(tx, schedule_id)
    match.check(schedule)
    sql.delete_schedule(tx, schedule_id=schedule_id)


def run(tx: Transaction, schedule_id: UUID) -> Schedule:
    """Run a schedule now, even if the schedule is not active. Raises NotFound, Forbidden or ScheduleBusy."""
    schedule = _lock(tx, schedule_id)
    runs.request_run(tx, schedule_id, schedule.type, schedule.client_id)
    return get(tx, schedule_id)


def _lock(tx: Transaction, schedule_id: UUID) -> Schedule:
    """Lock a schedule for a change. Raises NotFound, or Forbidden if the caller can only read the schedule."""
    row = sql.lock_schedule(tx, schedule_id=schedule_id)
    if row is not None:
        return Schedule(**row)
    get(tx, schedule_id)
    raise Forbidden


def _next_at(schedule: dict[str, Any]) -> datetime | None:
    if not schedule["is_active"]:
        return None
    return cron.next_after(schedule["cron"], schedule["timezone"], datetime.now(UTC))

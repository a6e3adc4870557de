"""Schedules: work that comes again by itself, by cron in a time zone."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate import audit
from wecelebrate.clients.members import default_client
from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, as_json
from wecelebrate.core.errors import FieldError, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match
from wecelebrate.schedules import cron, runs
from wecelebrate.schedules.models import NewSchedule, Schedule, ScheduleFilters, SchedulePatch
from wecelebrate.schedules.runs import over, run_due, sql, wanted

__all__ = ["change", "create", "delete", "get", "over", "page", "run", "run_due", "wanted"]


def page(tx: Transaction, filters: ScheduleFilters) -> pages.RenderedPage:
    """One page of the schedules that the caller may see, in name order."""
    return pages.list_page("schedules", sql.list_schedules, tx, filters, pages.BY_NAME)


def get(tx: Transaction, schedule_id: UUID) -> Schedule:
    """One schedule. Raises NotFound."""
    row = sql.get_schedule(tx, schedule_id=schedule_id)
    if row is None:
        raise NotFound
    return Schedule(**row)


def create(tx: Transaction, new: NewSchedule) -> Schedule:
    """Raises Forbidden, AlreadyExists for a name that the client has, Invalid for a catalog that is not its own, or
    when it is not clear whose it is."""
    client_id = new.client_id or default_client(tx)
    if tx.context.role == "app_client" and client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    if not sql.owns_catalog(tx, catalog_id=new.catalog_id, client_id=client_id):
        raise Invalid(errors=[FieldError(pointer="/catalog_id", detail="is no catalog of this client's own")])
    given = new.model_dump(mode="json") | {
        "client_id": client_id,
        "settings": new.settings.model_dump(mode="json", exclude_none=True),
    }
    return Schedule(**sql.create_schedule(tx, **as_json(given, "settings"), next_at=_next_at(given)))


def change(tx: Transaction, schedule_id: UUID, patch: SchedulePatch, match: Match) -> Schedule:
    """What the patch names; when it is due next follows. Raises NotFound, Forbidden, AlreadyExists, and as
    `Match.check` does."""
    current = _lock(tx, schedule_id)
    match.check(current)
    changes = patch.changes()
    next_at = current.next_at
    if changes.keys() & {"cron", "timezone", "is_active"}:
        next_at = _next_at(current.model_dump() | changes)
    told = as_json({"changes": changes}, "changes")
    return Schedule(**sql.change_schedule(tx, schedule_id=schedule_id, next_at=next_at, **told))


def delete(tx: Transaction, schedule_id: UUID, match: Match) -> None:
    """The schedule; jobs that it made stay. Raises NotFound, Forbidden, and as `Match.check` does."""
    schedule = _lock(tx, schedule_id)
    match.check(schedule)
    sql.delete_schedule(tx, schedule_id=schedule_id)
    audit.record(tx, "schedule.delete", schedule.client_id, schedule_id, {"name": schedule.name})


def run(tx: Transaction, schedule_id: UUID) -> Schedule:
    """Run it now, whether it is active or not. Raises NotFound, Forbidden, ScheduleBusy."""
    schedule = _lock(tx, schedule_id)
    runs.ask(tx, schedule_id, schedule.type, schedule.client_id)
    audit.record(tx, "schedule.run", schedule.client_id, schedule_id)
    return get(tx, schedule_id)


def _lock(tx: Transaction, schedule_id: UUID) -> Schedule:
    """The schedule, for a change. Raises NotFound, Forbidden for one that the caller only sees."""
    row = sql.lock_schedule(tx, schedule_id=schedule_id)
    if row is not None:
        return Schedule(**row)
    get(tx, schedule_id)
    raise Forbidden


def _next_at(schedule: dict[str, Any]) -> datetime | None:
    if not schedule["is_active"]:
        return None
    return cron.next_after(schedule["cron"], schedule["timezone"], datetime.now(UTC))

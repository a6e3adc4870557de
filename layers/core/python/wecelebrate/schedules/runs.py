"""Runs of schedules.

    run_due, request_run   request a run: mark the schedule's row, and send a message after the commit
    requested_run          the run that a message is about, for the domain that does the work
    finish_run             records the outcome of a run

A schedule is skipped while its previous run, or the last job that it created, has not finished. A schedule that missed
several due times runs once.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

from aws_lambda_powertools import Logger
from cronsim import CronSimError

from wecelebrate.core import batches, queue
from wecelebrate.core.database import SYSTEM, Transaction, queries, writing
from wecelebrate.core.errors import Conflict
from wecelebrate.schedules import cron
from wecelebrate.schedules.types import QUEUES, ScheduleType

logger = Logger()
sql = queries(__file__)

BATCH_SIZE = 100
"""Due schedules that one transaction handles."""
LOST_AFTER_SECONDS = 900.0
"""The age at which the message of a requested run counts as lost. SQS has given up the message by then."""

_IN_PROGRESS = "The run is in progress."
_SKIPPED = "The run was skipped because the previous run has not finished."


class ScheduleBusy(Conflict):
    """The previous run of this schedule has not finished."""

    code = "schedule_busy"


@dataclass(frozen=True)
class Run:
    """A requested run of a schedule."""

    id: UUID
    """The id of the schedule."""
    client_id: UUID | None
    catalog_id: UUID | None
    type: ScheduleType
    settings: dict[str, Any]


def run_due() -> int:
    """Request a run of each due schedule, and send lost messages again. Returns the number of due schedules.

    Concurrent calls share the due schedules: each is requested once.
    """
    due_count = batches.run(_request_due, BATCH_SIZE)
    with writing(SYSTEM) as tx:
        for schedule in sql.claim_late_runs(tx, seconds=LOST_AFTER_SECONDS):
            _enqueue(tx, schedule["type"], schedule["id"], schedule["client_id"])
    return due_count


def request_run(tx: Transaction, schedule_id: UUID, kind: ScheduleType, client_id: UUID | None) -> None:
    """Request a run now. Raises ScheduleBusy."""
    if sql.is_busy(tx, schedule_id=schedule_id):
        raise ScheduleBusy
    _request(tx, schedule_id, kind, client_id)


def requested_run(schedule_id: UUID) -> Run | None:
    """The requested run of a schedule. None if it has finished, or the schedule was deleted."""
    with writing(SYSTEM) as tx:
        row = sql.get_requested_run(tx, schedule_id=schedule_id)
    return Run(**row) if row else None


def finish_run(run: Run, outcome: str, job_id: UUID | None, *, more: bool = False) -> None:
    """Record the outcome of a run and its last job. If there is `more` to do, the run continues with another message
    instead of finishing."""
    with writing(SYSTEM) as tx:
        sql.finish_run(tx, schedule_id=run.id, outcome=outcome, job_id=job_id, more=more)
        if more:
            _enqueue(tx, run.type, run.id, run.client_id)


def _request_due(tx: Transaction, limit: int) -> int:
    schedules = list(sql.claim_due(tx, max_rows=limit))
    for schedule in schedules:
        _request_or_skip(tx, schedule)
    return len(schedules)


def _request_or_skip(tx: Transaction, schedule: dict[str, Any]) -> None:
    """Request a run of a due schedule, or skip it if it is busy, and set when it is due next."""
    schedule_id = schedule["id"]
    try:
        next_at = cron.next_after(schedule["cron"], schedule["timezone"], schedule["due_at"])
    except (CronSimError, ZoneInfoNotFoundError) as error:
        # Time zones are renamed at times. This schedule stops until someone changes it; the others continue.
        logger.error("the next run of a schedule cannot be computed", extra={"schedule_id": str(schedule_id)})
        sql.set_next_run(tx, schedule_id=schedule_id, next_at=None)
        sql.skip_run(tx, schedule_id=schedule_id, outcome=f"The next run cannot be computed: {error}")
        return
    sql.set_next_run(tx, schedule_id=schedule_id, next_at=next_at)
    if sql.is_busy(tx, schedule_id=schedule_id):
        sql.skip_run(tx, schedule_id=schedule_id, outcome=_SKIPPED)
    else:
        _request(tx, schedule_id, schedule["type"], schedule["client_id"])


def _request(tx: Transaction, schedule_id: UUID, kind: ScheduleType, client_id: UUID | None) -> None:
    sql.request_run(tx, schedule_id=schedule_id, outcome=_IN_PROGRESS)
    _enqueue(tx, kind, schedule_id, client_id)


def _enqueue(tx: Transaction, kind: ScheduleType, schedule_id: UUID, client_id: UUID | None) -> None:
    queue.enqueue(tx, queue.message(QUEUES[kind], {"schedule_id": str(schedule_id)}, client_id))

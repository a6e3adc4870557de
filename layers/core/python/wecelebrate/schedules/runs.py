"""Runs of schedules.

    run_due, request_run   request a run: they change the row of the schedule, and send a message after the commit
    requested_run          returns the run that a message requests (called by the domain that does the work)
    finish_run             records the outcome of a run

If the previous run of a schedule or the newest job of the schedule has not finished, the due run is skipped. If a
schedule has missed several due times, it runs only once.
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
"""The largest number of due schedules that one transaction processes."""
LOST_AFTER_SECONDS = 900.0
"""The age in seconds after which the message for a requested run is treated as lost. SQS does not retry a message of
this age."""

_IN_PROGRESS = "The run is in progress."
_SKIPPED = "The run was skipped because the previous run has not finished."


class ScheduleBusy(Conflict):
    """The previous run of this schedule has not finished.

    A schedule has at most one run at a time. The job `last_job_id` of the schedule has not finished.

    Wait until the job has finished, or cancel it: `POST /v1/jobs/{job_id}/cancel`. Then run the schedule again.
    """

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
    """Request a run of each due schedule, and send lost messages again. It returns the number of due schedules.

    If several calls run at the same time, only one of these calls processes each due schedule.
    """
    due_count = batches.run(_request_due, BATCH_SIZE)
    with writing(SYSTEM) as tx:
        for schedule in sql.claim_late_runs(tx, seconds=LOST_AFTER_SECONDS):
            _enqueue(tx, schedule["type"], schedule["id"], schedule["client_id"])
    return due_count


def request_run(tx: Transaction, schedule_id: UUID, kind: ScheduleType, client_id: UUID | None) -> None:
    """Request a run of a schedule now. Raises ScheduleBusy."""
    if sql.is_busy(tx, schedule_id=schedule_id):
        raise ScheduleBusy
    _request(tx, schedule_id, kind, client_id)


def requested_run(schedule_id: UUID) -> Run | None:
    """Return the requested run of a schedule.

    It returns None if the run has finished, or if the schedule was deleted.
    """
    with writing(SYSTEM) as tx:
        row = sql.get_requested_run(tx, schedule_id=schedule_id)
    return Run(**row) if row else None


def finish_run(run: Run, outcome: str, job_id: UUID | None, *, more: bool = False) -> None:
    """Record the outcome of a run, and the newest job that the run created.

    If `more` is true, the run has remaining work. It is not finished, and continues with a further message.
    """
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
    """Request a run of a due schedule, and set the next due time. If the schedule is busy, skip the run."""
    schedule_id = schedule["id"]
    try:
        next_at = cron.next_after(schedule["cron"], schedule["timezone"], schedule["due_at"])
    except (CronSimError, ZoneInfoNotFoundError) as error:
        # The IANA database sometimes renames a time zone. A schedule with the old name does not run until a user
        # changes the schedule. This error must not affect other schedules.
        logger.error("the next run of a schedule cannot be computed", extra={"schedule_id": str(schedule_id)})
        sql.set_next_run(tx, schedule_id=schedule_id, next_at=None)
        outcome = f"The next run cannot be computed: {error}. Change the cron expression or the time zone."
        sql.skip_run(tx, schedule_id=schedule_id, outcome=outcome)
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

"""Runs of schedules: wanted when they are due or asked for, and over when they are done.

    run_due, ask    want a run: a row says so, and word of it goes to the queue of its type after the commit
    wanted          what a run is about, for whoever does it; nothing once it is over
    over            what it came to

A schedule is not run while a run of it goes on, or the last job that it made. What was missed is made up for once.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

from aws_lambda_powertools import Logger
from cronsim import CronSimError

from wecelebrate import batches, queue
from wecelebrate.database import SYSTEM, Transaction, queries, writing
from wecelebrate.errors import Conflict
from wecelebrate.schedules import when
from wecelebrate.schedules.types import QUEUES, ScheduleType

logger = Logger()
sql = queries(__file__)

MOST = 100
"""Schedules that one transaction looks at."""
LATE = 900.0
"""Seconds after which word of a run counts as lost: more than SQS needs to give it up."""

_UNDER_WAY = "It is under way."
_LEFT_OUT = "It was left out: what it did the last time is not over yet."


class ScheduleBusy(Conflict):
    """What it did the last time is not over yet."""

    code = "schedule_busy"


@dataclass(frozen=True)
class Run:
    """A run that is wanted."""

    id: UUID
    """Of the schedule."""
    client_id: UUID | None
    catalog_id: UUID | None
    type: ScheduleType
    settings: dict[str, Any]


def run_due() -> int:
    """Want a run of each schedule that is due, once, however many look at the same time and however often it was
    missed, and tell again of runs whose word was lost. How many were due."""
    due = batches.run(_come_due, MOST)
    with writing(SYSTEM) as tx:
        for late in sql.claim_late_runs(tx, seconds=LATE):
            _tell(tx, late["type"], late["id"], late["client_id"])
    return due


def ask(tx: Transaction, schedule_id: UUID, kind: ScheduleType, client_id: UUID | None) -> None:
    """Want a run now. Raises ScheduleBusy."""
    if sql.is_busy(tx, schedule_id=schedule_id):
        raise ScheduleBusy
    _want(tx, schedule_id, kind, client_id)


def wanted(schedule_id: UUID) -> Run | None:
    """The run that is wanted; none when it is over, or the schedule gone."""
    with writing(SYSTEM) as tx:
        found = sql.get_requested_run(tx, schedule_id=schedule_id)
    return Run(**found) if found else None


def over(run: Run, outcome: str, job_id: UUID | None, *, more: bool = False) -> None:
    """The run is over, and what it came to; with `more` to do, it goes on with another message."""
    with writing(SYSTEM) as tx:
        sql.finish_run(tx, schedule_id=run.id, outcome=outcome, job_id=job_id, more=more)
        if more:
            _tell(tx, run.type, run.id, run.client_id)


def _come_due(tx: Transaction, most: int) -> int:
    due = list(sql.claim_due(tx, max_rows=most))
    for schedule in due:
        _want_next(tx, schedule)
    return len(due)


def _want_next(tx: Transaction, schedule: dict[str, Any]) -> None:
    schedule_id = schedule["id"]
    try:
        next_at = when.next_after(schedule["cron"], schedule["timezone"], schedule["due_at"])
    except (CronSimError, ZoneInfoNotFoundError) as error:
        # Zones are renamed at times: it stands still until somebody changes it, and holds up no other.
        logger.error("a schedule is due at no time any more", extra={"schedule_id": str(schedule_id)})
        sql.set_next_run(tx, schedule_id=schedule_id, next_at=None)
        sql.skip_run(tx, schedule_id=schedule_id, outcome=f"It cannot be said when it is due: {error}")
        return
    sql.set_next_run(tx, schedule_id=schedule_id, next_at=next_at)
    if sql.is_busy(tx, schedule_id=schedule_id):
        sql.skip_run(tx, schedule_id=schedule_id, outcome=_LEFT_OUT)
    else:
        _want(tx, schedule_id, schedule["type"], schedule["client_id"])


def _want(tx: Transaction, schedule_id: UUID, kind: ScheduleType, client_id: UUID | None) -> None:
    sql.request_run(tx, schedule_id=schedule_id, outcome=_UNDER_WAY)
    _tell(tx, kind, schedule_id, client_id)


def _tell(tx: Transaction, kind: ScheduleType, schedule_id: UUID, client_id: UUID | None) -> None:
    tx.words.append(queue.word(QUEUES[kind], {"schedule_id": str(schedule_id)}, client_id))

"""Starts the reports that are due. The sweeper calls `run_due`.

One transaction creates the job of a report and records the last day of the report. Therefore each report is started
exactly once, even if a process dies. After an outage, the missed reports of the last MAX_CATCH_UP are started, one
report for each period.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from aws_lambda_powertools import Logger
from cronsim import CronSimError

from wecelebrate import jobs
from wecelebrate.core import batches
from wecelebrate.core.database import Transaction
from wecelebrate.reports.mailings import sql
from wecelebrate.reports.mailings.periods import days_of, due_day, next_due
from wecelebrate.reports.periods import Period

logger = Logger()

BATCH_SIZE = 100
"""The largest number of due reports that one transaction starts."""
MAX_CATCH_UP = timedelta(days=3)
"""How long after its due time a report is still sent."""
SERVICE = "service:reports"
"""The requester of the jobs. It has access to the client of the report."""


def run_due() -> int:
    """Create the jobs of the reports that are due. It returns the number of due subscriptions."""
    return batches.run(_start_due, BATCH_SIZE)


def _start_due(tx: Transaction, limit: int) -> int:
    subscriptions = list(sql.claim_due_subscriptions(tx, max_rows=limit))
    for subscription in subscriptions:
        subscription_id = subscription["id"]
        try:
            next_at = _start(tx, subscription, datetime.now(UTC))
        except (CronSimError, ZoneInfoNotFoundError):
            # The IANA database sometimes renames a time zone. The report is then not sent until a user changes the time
            # zone.
            logger.error("the next report cannot be computed", subscription_id=str(subscription_id))
            next_at = None
        sql.set_next(tx, subscription_id=subscription_id, next_at=next_at)
    return len(subscriptions)


def _start(tx: Transaction, subscription: dict[str, Any], now: datetime) -> datetime:
    """Start a report for each due time that has passed. It returns the next due time."""
    due_at: datetime = subscription["due_at"]
    covered: date | None = subscription["covered_until"]
    if due_at <= now - MAX_CATCH_UP:
        due_at = next_due(subscription, now - MAX_CATCH_UP)
    while due_at <= now:
        period = days_of(subscription["cadence"], subscription["period"], due_day(due_at, subscription["timezone"]))
        if covered is None or covered < period.last_day:
            covered = period.last_day
            _create_job(tx, subscription, period)
        due_at = next_due(subscription, due_at)
    return due_at


def _create_job(tx: Transaction, subscription: dict[str, Any], period: Period) -> None:
    subscription_id = subscription["id"]
    days = {"first_day": str(period.first_day), "last_day": str(period.last_day)}
    job_id = jobs.create(
        tx,
        "report_generation",
        client_id=subscription["client_id"],
        payload={"subscription_id": str(subscription_id), **days},
        requested_by=SERVICE,
    )
    sql.record_start(tx, subscription_id=subscription_id, covered_until=period.last_day, job_id=job_id)

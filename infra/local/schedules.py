"""EventBridge Scheduler: invokes the functions that have a `[schedule]`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. Difference from AWS: if a run is still in
progress when the next one is due, the next one is skipped. EventBridge would start both in parallel.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from logging import getLogger
from uuid import uuid4
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter  # type: ignore[import-untyped]

from infra.functions import FunctionSpec
from infra.local.function_process import ACCOUNT, REGION
from infra.local.lambda_service import Lambda, TooManyRequests

log = getLogger(__name__)

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((.+)\)")


class BadSchedule(ValueError):
    """The expression is not valid in EventBridge Scheduler."""


class Schedule:
    """A schedule: `rate(5 minutes)` or `cron(0 9 ? * MON-FRI *)`. Cron expressions are in the given time zone."""

    def __init__(self, expression: str, timezone: str = "UTC") -> None:
        self._zone = ZoneInfo(timezone)
        if rate := _RATE.fullmatch(expression):
            if int(rate[1]) < 1:
                raise BadSchedule(expression)
            self._interval: timedelta | None = timedelta(**{f"{rate[2]}s": int(rate[1])})
        elif cron := _CRON.fullmatch(expression):
            self._interval = None
            try:
                self._cron = AwsCroniter(cron[1])
            except ValueError as error:
                raise BadSchedule(f"{expression}: {error}") from error
        else:
            raise BadSchedule(expression)

    def first(self, created: datetime) -> datetime | None:
        """The first due time of a schedule that was created at `created`.

        A rate is due immediately, as on EventBridge without a StartDate.
        """
        return created.astimezone(UTC) if self._interval is not None else self.next(created)

    def next(self, after: datetime) -> datetime | None:
        """The next due time after `after` (with time zone), in UTC. None if there is no further due time.

        A local time that daylight saving skips is due after the skipped hour. A repeated local time is due only the
        first time.
        """
        if self._interval is not None:
            return after.astimezone(UTC) + self._interval
        # Expressions use local time. Compute with the local time labelled as UTC, because UTC has no missing hours.
        local = after.astimezone(self._zone).replace(tzinfo=UTC)
        while True:
            local = self._cron.occurrence(local).next()
            if local is None:
                return None
            due: datetime = local.replace(tzinfo=self._zone).astimezone(UTC)
            # In a repeated hour, the same local time occurs again after the due time.
            if due > after:
                return due


class Scheduler:
    """Invokes each scheduled function when it is due.

    now: the clock. max_sleep: maximum seconds between two readings of the clock.
    """

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        functions: Lambda,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        max_sleep: float = 30.0,
    ) -> None:
        self._functions = functions
        self._max_sleep = max_sleep
        self._now = now
        self._schedules = {
            spec.name: Schedule(spec.schedule.expression, spec.schedule.timezone) for spec in specs if spec.schedule
        }
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(name, schedule)) for name, schedule in self._schedules.items()]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, name: str, schedule: Schedule) -> None:
        due = schedule.first(self._now())
        while due is not None:
            # Sleep for short times only. A long sleep would not notice a changed clock or a suspended machine.
            while (remaining := (due - self._now()).total_seconds()) > 0:  # noqa: ASYNC110 (a clock has no event)
                await asyncio.sleep(min(remaining, self._max_sleep))
            try:
                result = await self._functions.invoke(name, event(name, due))
                if result.error:
                    log.warning("%s failed: %s", name, result.payload.decode("utf-8", "replace"))
            except TooManyRequests as error:
                log.warning("%s: %s", name, error)
            due = schedule.next(due)
            while due is not None and due <= self._now():
                due = schedule.next(due)


def event(name: str, due: datetime) -> dict[str, object]:
    """The event that EventBridge Scheduler sends for a schedule without a configured input."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"],
        "detail": "{}",
    }

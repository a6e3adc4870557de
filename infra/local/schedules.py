"""Invokes the functions that declare a `[schedule]`, in the same way as EventBridge Scheduler on AWS.

If a run has not finished when the next run is due, the runs overlap. The `concurrency` of the function limits their
number. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
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
    """The expression is not valid for EventBridge Scheduler."""


class Schedule:
    """A schedule: `rate(5 minutes)` or `cron(0 9 ? * MON-FRI *)`. A cron expression uses local time in `timezone`."""

    def __init__(self, expression: str, timezone: str = "UTC") -> None:
        self._zone = ZoneInfo(timezone)
        if rate := _RATE.fullmatch(expression):
            if int(rate[1]) < 1:
                raise BadSchedule(f"{expression}: the value of a rate must be at least 1")
            self._interval: timedelta | None = timedelta(**{f"{rate[2]}s": int(rate[1])})
        elif cron := _CRON.fullmatch(expression):
            self._interval = None
            try:
                self._cron = AwsCroniter(cron[1])
            except ValueError as error:
                raise BadSchedule(f"{expression}: {error}") from error
        else:
            raise BadSchedule(f"{expression}: use rate(<number> minutes|hours|days) or cron(<fields>)")

    def first(self, created: datetime) -> datetime | None:
        """Return the first time at which the schedule is due. created: when the schedule was created.

        A rate is due immediately, like a schedule of EventBridge without a StartDate.
        """
        return created.astimezone(UTC) if self._interval is not None else self.next(created)

    def next(self, after: datetime) -> datetime | None:
        """Return the first time after `after` at which the schedule is due, in UTC, or None if it is never due again.

        `after` must have a time zone. When clocks change to daylight saving time, a schedule in the missing hour is due
        one hour later. When clocks change back, a schedule in the repeated hour is due only once, at the first of the
        two times.
        """
        if self._interval is not None:
            return after.astimezone(UTC) + self._interval
        # The cron library gets local times with the time zone UTC, because UTC has no missing or repeated hours.
        local = after.astimezone(self._zone).replace(tzinfo=UTC)
        while True:
            local = self._cron.occurrence(local).next()
            if local is None:
                return None
            due: datetime = local.replace(tzinfo=self._zone).astimezone(UTC)
            # In a repeated hour, `due` is the first of two equal local times. If it is too early, continue the loop.
            if due > after:
                return due


class Scheduler:
    """Invokes each scheduled function when it is due.

    now: a function that returns the current time. max_sleep: the maximum time between two calls of `now`, in seconds.
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
        self._runs: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(name, schedule)) for name, schedule in self._schedules.items()]

    async def stop(self) -> None:
        tasks = [*self._tasks, *self._runs]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, name: str, schedule: Schedule) -> None:
        due = schedule.first(self._now())
        while due is not None:
            # Sleep only for short times, because the clock could be set or the machine could be suspended during a long
            # sleep.
            while (remaining := (due - self._now()).total_seconds()) > 0:  # noqa: ASYNC110 (a clock sets no event)
                await asyncio.sleep(min(remaining, self._max_sleep))
            run = asyncio.create_task(self._invoke(name, due))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
            due = schedule.next(due)
            while due is not None and due <= self._now():
                due = schedule.next(due)

    async def _invoke(self, name: str, due: datetime) -> None:
        try:
            result = await self._functions.invoke(name, event(name, due))
            if result.error:
                log.warning("%s failed: %s", name, result.payload.decode("utf-8", "replace"))
        except TooManyRequests as error:
            log.warning("%s: %s", name, error)


def event(name: str, due: datetime) -> dict[str, object]:
    """Return the event that EventBridge Scheduler sends if the schedule defines no input."""
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

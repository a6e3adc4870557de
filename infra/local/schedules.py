"""EventBridge Scheduler: runs the functions that have a `[schedule]`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. A run that is still going on when the next
is due makes that one be left out; EventBridge would start it beside the first.
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
    """An expression that EventBridge Scheduler would not take."""


class Schedule:
    """When something is due: `rate(5 minutes)` or `cron(0 9 ? * MON-FRI *)`, the latter in a time zone."""

    def __init__(self, expression: str, timezone: str = "UTC") -> None:
        self._zone = ZoneInfo(timezone)
        if rate := _RATE.fullmatch(expression):
            if int(rate[1]) < 1:
                raise BadSchedule(expression)
            self._every: timedelta | None = timedelta(**{f"{rate[2]}s": int(rate[1])})
        elif cron := _CRON.fullmatch(expression):
            self._every = None
            try:
                self._cron = AwsCroniter(cron[1])
            except ValueError as error:
                raise BadSchedule(f"{expression}: {error}") from error
        else:
            raise BadSchedule(expression)

    def first(self, made: datetime) -> datetime | None:
        """When it is due after it was made: what has a rate, at once, as without a StartDate on EventBridge."""
        return made.astimezone(UTC) if self._every is not None else self.next(made)

    def next(self, after: datetime) -> datetime | None:
        """The first time it is due after `after` (aware), in UTC; None when there is none any more.

        A time that the clocks skip is due when they have skipped it; one that they repeat, the first time.
        """
        if self._every is not None:
            return after.astimezone(UTC) + self._every
        # Expressions mean wall-clock time: the arithmetic is done on it as if it were UTC, where no hour is missing.
        wall = after.astimezone(self._zone).replace(tzinfo=UTC)
        while True:
            wall = self._cron.occurrence(wall).next()
            if wall is None:
                return None
            due: datetime = wall.replace(tzinfo=self._zone).astimezone(UTC)
            # In an hour that is repeated, the wall clock shows the time again after it was due.
            if due > after:
                return due


class Scheduler:
    """Runs each scheduled function when it is due."""

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        functions: Lambda,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        longest_sleep: float = 30.0,
    ) -> None:
        self._functions = functions
        self._longest_sleep = longest_sleep
        self._now = now
        self._schedules = {
            spec.name: Schedule(spec.schedule.expression, spec.schedule.timezone) for spec in specs if spec.schedule
        }
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(name, when)) for name, when in self._schedules.items()]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, name: str, schedule: Schedule) -> None:
        due = schedule.first(self._now())
        while due is not None:
            # A sleep of days would not notice that the machine's clock was set, or that it slept.
            while (left := (due - self._now()).total_seconds()) > 0:  # noqa: ASYNC110 (a clock has no event)
                await asyncio.sleep(min(left, self._longest_sleep))
            try:
                result = await self._functions.invoke(name, event(name, due))
                if result.error:
                    log.warning("%s failed: %s", name, result.payload.decode("utf-8", "replace"))
            except TooManyRequests as error:
                log.warning("%s: %s", name, error)
            following = schedule.next(due)
            while following is not None and following <= self._now():
                following = schedule.next(following)
            due = following


def event(name: str, due: datetime) -> dict[str, object]:
    """What EventBridge Scheduler sends when a schedule has no input of its own."""
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

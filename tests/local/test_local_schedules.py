"""Tests the local scheduler: the due times of schedules, and the invocations of scheduled functions."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra.local.schedules import BadSchedule, Schedule, Scheduler, event
from tests.local.sample_functions import running, write


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("rate(1 minute)", "2026-03-01T10:00:30", "2026-03-01T10:01:30"),
        ("rate(6 hours)", "2026-03-01T22:00:00", "2026-03-02T04:00:00"),
        ("rate(1 day)", "2026-02-28T10:00:00", "2026-03-01T10:00:00"),
        ("cron(0/15 * * * ? *)", "2026-03-01T10:15:00", "2026-03-01T10:30:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-03-06T18:00:00", "2026-03-09T18:00:00"),
        ("cron(30 6 1 * ? *)", "2026-12-31T00:00:00", "2027-01-01T06:30:00"),
        ("cron(0 9 L * ? *)", "2028-02-01T00:00:00", "2028-02-29T09:00:00"),
        ("cron(0 9 ? * 6#3 *)", "2026-12-01T00:00:00", "2026-12-18T09:00:00"),
    ],
)
def test_the_next_due_time_of_a_schedule_matches_its_expression(expression: str, after: str, due: str) -> None:
    assert Schedule(expression).next(utc(after)) == utc(due)


def test_only_a_rate_schedule_is_due_immediately() -> None:
    created = utc("2026-03-01T10:00:30")
    assert Schedule("rate(5 minutes)").first(created) == created
    assert Schedule("cron(0/15 * * * ? *)").first(created) == utc("2026-03-01T10:15:00")


def test_a_cron_expression_that_matches_only_past_times_has_no_next_time() -> None:
    assert Schedule("cron(0 0 1 1 ? 2020)").next(utc("2026-01-01T00:00:00")) is None


def test_cron_expressions_use_the_local_time_of_their_time_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    schedule = Schedule("cron(0 9 * * ? *)", "Europe/Berlin")
    due = utc("2026-03-27T12:00:00")
    local_times = []
    for _ in range(3):
        next_due = schedule.next(due)
        assert next_due is not None
        local_times.append(next_due.astimezone(zone).isoformat())
        due = next_due
    # Daylight saving time starts on 29 March.
    assert local_times == ["2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"]


def test_a_schedule_runs_once_in_a_skipped_or_repeated_hour() -> None:
    schedule = Schedule("cron(30 2 * * ? *)", "Europe/Berlin")
    for start, days in (("2026-03-28T12:00:00", 2), ("2026-10-24T12:00:00", 2)):
        due: datetime | None = utc(start)
        runs = []
        for _ in range(days):
            assert due is not None
            due = schedule.next(due)
            assert due is not None
            runs.append(due)
        assert timedelta(hours=22) < runs[1] - runs[0] < timedelta(hours=26)


@pytest.mark.parametrize(
    "expression", ["rate(0 minutes)", "rate(5 weeks)", "cron(0 9 * * MON *)", "cron(61 * * * ? *)", "x"]
)
def test_an_invalid_schedule_is_rejected(expression: str) -> None:
    with pytest.raises(BadSchedule):
        Schedule(expression)


def test_the_event_of_a_scheduled_function_has_the_format_of_eventbridge_scheduler() -> None:
    payload = event("schedules-sweep", utc("2026-03-01T10:00:30"))
    assert (payload["source"], payload["detail-type"], payload["time"]) == (
        "aws.scheduler", "Scheduled Event", "2026-03-01T10:00:30Z",
    )  # fmt: skip
    assert payload["resources"] == ["arn:aws:scheduler:us-east-1:000000000000:schedule/default/schedules-sweep"]


@pytest.mark.anyio
async def test_the_concurrency_of_a_scheduled_function_limits_its_concurrent_runs(tmp_path: Path) -> None:
    spec = write(
        tmp_path,
        "schedules/sweep",
        """
        import json, os, time

        def handler(event, context):
            began = time.time()
            time.sleep(0.5)
            with open(os.environ["RUNS"], "a") as out:
                out.write(json.dumps([event["source"], began, time.time()]) + "\\n")
        """,
        'timeout = 5\nconcurrency = 2\n\n[schedule]\nexpression = "rate(1 minute)"\n',
    )
    runs = tmp_path / "runs"
    began = time.monotonic()

    def fast_clock() -> datetime:
        """Return the time of a clock that advances by one minute every 40 ms."""
        return utc("2026-01-01T00:00:00") + timedelta(minutes=(time.monotonic() - began) / 0.04)

    async with running(tmp_path, spec, environment={"RUNS": str(runs)}) as functions:
        scheduler = Scheduler([spec], functions, now=fast_clock, max_sleep=0.01)
        scheduler.start()
        while not runs.exists() or len(runs.read_text().splitlines()) < 6:
            assert time.monotonic() - began < 20
            await asyncio.sleep(0.05)
        await scheduler.stop()
    lines = [json.loads(line) for line in runs.read_text().splitlines()]
    assert {source for source, _, _ in lines} == {"aws.scheduler"}
    running_at_starts = [sum(began <= at < ended for _, began, ended in lines) for _, at, _ in lines]
    assert max(running_at_starts) == 2

"""Tests the jobs of a batch. A failed job does not affect the other jobs. If the platform is unavailable, all jobs
return to the queue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from wecelebrate.core.errors import Unavailable
from wecelebrate.jobs import batch_workers, workers
from wecelebrate.jobs.lease import JobRejected, LeasedJob
from wecelebrate.jobs.rate_limit import RateLimiter


def job(name: str, seconds_left: float = 300.0) -> LeasedJob:
    row: dict[str, Any] = dict.fromkeys(
        ("client_id", "catalog_id", "approval", "notify_email", "total"), None
    ) | {
        "id": uuid4(), "type": "email_notification", "requested_by": "service:mail", "payload": {"name": name},
        "fence": 1, "attempts": 1, "failures": 1, "max_attempts": 3, "done": 0, "counts": {}, "checkpoint": {},
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    return LeasedJob.from_row(row, lambda: None, lambda: seconds_left)


@dataclass
class Work:
    """A fake worker that logs its steps. The function `fails` can raise an exception in each step."""

    fails: Callable[[str, str], None] = lambda _step, _name: None
    log: list[str] = field(default_factory=list)

    def open(self, jobs: Sequence[LeasedJob]) -> "Work":
        for each in jobs:
            self.fails("open", each.payload["name"])
        self.log.append(f"open {' '.join(each.payload['name'] for each in jobs)}")
        return self

    def run(self, job: LeasedJob) -> None:
        self.fails("run", job.payload["name"])
        self.log.append(f"run {job.payload['name']}")


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return how each job ended. A job that has recorded its outcome itself is not in the list."""
    ends: list[str] = []

    def returned(jobs: Sequence[LeasedJob]) -> None:
        ends.extend(f"{each.payload['name']} returned" for each in jobs)

    def release(job: LeasedJob, delay: int, failures: int) -> None:
        ends.append(f"{job.payload['name']} released with {failures} failures")

    def fail(job: LeasedJob, code: str, reason: str) -> None:
        ends.append(f"{job.payload['name']} failed: {code}")

    monkeypatch.setattr(batch_workers, "_return_to_queue", returned)
    monkeypatch.setattr(batch_workers, "rate_limiter", lambda: RateLimiter(1e9, 1))
    monkeypatch.setattr(workers, "_release", release)
    monkeypatch.setattr(workers, "_fail", fail)
    monkeypatch.setattr(workers, "_saved_failures", lambda job: job.failures)
    return ends


def failing(step: str, name: str, error: Exception) -> Callable[[str, str], None]:
    def fails(at: str, of: str) -> None:
        if (at, of) == (step, name):
            raise error

    return fails


def run_batch(work: Work) -> None:
    batch_workers._run_batch([job(name) for name in "abc"], work.open)


def test_the_jobs_of_a_batch_are_read_together_and_run_separately(ends: list[str]) -> None:
    work = Work()
    run_batch(work)
    assert work.log == ["open a b c", "run a", "run b", "run c"]
    assert ends == []


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (JobRejected("bad", "text"), "b failed: bad"),
        (ValueError("a fault"), "b released with 1 failures"),
    ],
)
def test_a_job_that_fails_does_not_affect_the_other_jobs(ends: list[str], error: Exception, end: str) -> None:
    work = Work(failing("run", "b", error))
    run_batch(work)
    assert work.log == ["open a b c", "run a", "run c"]
    assert ends == [end]


def test_jobs_that_have_not_begun_return_to_the_queue_if_the_platform_is_unavailable(ends: list[str]) -> None:
    work = Work(failing("run", "b", Unavailable("SES")))
    with pytest.raises(Unavailable):
        run_batch(work)
    assert work.log == ["open a b c", "run a"]
    assert ends == ["b released with 0 failures", "c returned"]


def test_all_jobs_return_to_the_queue_if_the_database_is_unavailable(ends: list[str]) -> None:
    with pytest.raises(Unavailable):
        run_batch(Work(failing("open", "b", Unavailable("the database"))))
    assert ends == ["a returned", "b returned", "c returned"]


def test_only_the_job_that_fails_in_the_shared_step_is_repeated(ends: list[str]) -> None:
    work = Work(failing("open", "b", ValueError("a fault")))
    run_batch(work)
    assert ends == ["b released with 1 failures"]
    assert work.log == ["open a", "run a", "open c", "run c"]


def test_jobs_return_to_the_queue_if_too_little_time_is_left(ends: list[str]) -> None:
    work = Work()
    jobs = [job("a"), job("b", seconds_left=5.0), job("c", seconds_left=5.0)]
    batch_workers._run_batch(jobs, work.open)
    assert work.log == ["open a b c", "run a"]
    assert ends == ["b returned", "c returned"]


def test_a_job_that_has_already_ended_is_not_run(ends: list[str]) -> None:
    work, jobs = Work(), [job("a"), job("b")]
    jobs[0].ended = True
    batch_workers._run_batch(jobs, work.open)
    assert work.log == ["open a b", "run b"]

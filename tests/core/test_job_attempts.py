"""Tests what happens to a job when its worker runs out of time."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from wecelebrate.jobs import workers
from wecelebrate.jobs.lease import DeadlineReached, LeasedJob, LeaseLost


def job(*, failures: int, seconds_left: float = 0.0) -> LeasedJob:
    """Return a job. `failures` is the number of consecutive attempts without progress, including the current
    attempt.
    """
    row: dict[str, Any] = dict.fromkeys(
        ("client_id", "catalog_id", "approval", "notify_email", "total"), None
    ) | {
        "id": uuid4(), "type": "catalog_sync", "requested_by": "service:test", "payload": {}, "fence": 1,
        "attempts": failures, "failures": failures, "max_attempts": 3, "done": 0, "counts": {}, "checkpoint": {},
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    return LeasedJob.from_row(row, lambda: None, lambda: seconds_left)


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[tuple[UUID, str, object]]:
    """Return a list to which each attempt appends its outcome."""
    ends: list[tuple[UUID, str, object]] = []

    def release(job: LeasedJob, delay: int, failures: int) -> None:
        ends.append((job.id, "released", failures))

    def fail(job: LeasedJob, code: str, reason: str) -> None:
        ends.append((job.id, "failed", code))

    monkeypatch.setattr(workers, "_release", release)
    monkeypatch.setattr(workers, "_fail", fail)
    return ends


@pytest.mark.parametrize(
    ("failures", "progress", "end", "value"),
    [
        (1, False, "released", 1),
        (2, False, "released", 2),
        (3, False, "failed", "too_slow"),
        (3, True, "released", 0),
    ],
)
def test_a_job_without_progress_fails_after_three_attempts(
    ends: list[tuple[UUID, str, object]], failures: int, progress: bool, end: str, value: object
) -> None:
    leased = job(failures=failures)

    def work(job: LeasedJob) -> None:
        if progress:
            job.progress_saved(failures=0)
        job.check_deadline()

    workers.run_job(leased, work)
    assert ends == [(leased.id, end, value)]


def test_a_lost_lease_is_reported_even_if_the_deadline_is_reached() -> None:
    leased = job(failures=1)
    with pytest.raises(DeadlineReached):
        leased.check_lease()
    leased.lease_lost = True
    with pytest.raises(LeaseLost):
        leased.check_lease()

"""The lease of a job. While a worker holds the lease, no other worker runs the job."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core import queue
from wecelebrate.core.database import SYSTEM, Caller, Transaction, as_json, queries, writing
from wecelebrate.core.models import json_bytes
from wecelebrate.core.shortening import shortened, shortened_text
from wecelebrate.jobs.notifications import StoppedJob, job_stopped
from wecelebrate.jobs.types import QUEUES, JobType, RowCount

logger = Logger()
sql = queries(__file__)

LEASE_SECONDS = 10
"""The duration of a lease that is not renewed, in seconds. If a worker dies, another worker continues its job after
this time, plus at most the interval of the sweeper."""
RENEW_SECONDS = 3.0
"""The time between two renewals of a lease, in seconds. A thread renews the lease (`jobs.renewal`)."""
OVERDUE = 2 / 3
"""If the thread has not renewed the lease after this fraction of its duration, the code of the job renews the lease."""
INLINE_LEASE_SECONDS = 60
"""The duration of the lease of a job that runs within a request, in seconds. It is longer than a request, because this
lease is not renewed.
"""
MIN_SECONDS_LEFT = 20.0
"""A worker begins another chunk of work only if the invocation lasts for at least this number of seconds."""
MAX_RESULT_BYTES = 1024 * 1024
MAX_FIRST_ERRORS_BYTES = 512 * 1024
"""The maximum size of a job's list of first errors, in bytes. MAX_RESULT_BYTES limits the result of the job. The
database has the same limits.
"""
MAX_QUESTIONS_BYTES = 144 * 1024
"""The maximum size of the questions of a job, as JSON. The database has the same limit."""
MAX_REASON_LENGTH = 5_000
"""The maximum length of the reason why a job failed, in characters."""


def job_message(kind: JobType, job_id: UUID, client_id: UUID | None, delay: int = 0) -> queue.OutgoingMessage:
    """Create the message that announces a waiting job. SQS delivers the message after `delay` seconds."""
    return queue.message(QUEUES[kind], {"job_id": str(job_id)}, client_id, delay)


def wake_up_message(kind: JobType, client_id: UUID | None, delay: int = 0) -> queue.OutgoingMessage:
    """Create a message that starts a worker for the waiting jobs of a type."""
    return queue.message(QUEUES[kind], {"type": kind}, client_id, delay)


class LeaseLost(Exception):
    """The job was cancelled, or another worker has leased it. This worker must no longer write to the job."""


class DeadlineReached(Exception):
    """This invocation ends soon. The job continues in another invocation."""


class JobRejected(Exception):
    """The job can never succeed. `reason` explains the cause to the requester."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class LeasedJob:
    """A job that this worker has leased: its input, its progress, and the methods that change its state."""

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: JobType
    requested_by: str
    payload: dict[str, Any]
    approval: str | None
    notify_email: str | None
    fence: int
    """A number that increases with every lease of the job. A worker with an older number cannot write to the job."""
    attempts: int
    failures: int
    """The number of consecutive attempts without progress. It includes the current attempt until this attempt makes
    progress.
    """
    max_attempts: int
    created_at: datetime
    done: int
    total: int | None
    counts: dict[RowCount, int]
    checkpoint: dict[str, Any]
    """The position from which the next attempt continues. Empty for a job that has not started."""
    heartbeat: Callable[[], None] = field(repr=False)
    """A function that extends the visibility timeout of the queue message. A thread calls it every few seconds."""
    time_left: Callable[[], float] = field(repr=False)
    """A function that returns the number of seconds until the invocation ends."""
    ended: bool = False
    """Whether this worker has ended its work on the job. The job has then completed or failed, or it waits for a
    user."""
    lease_seconds: int = LEASE_SECONDS
    """The duration of the lease after each renewal, in seconds."""
    lease_lost: bool = False
    """Whether the lease is lost. The thread that renews the lease sets this field."""
    _renewed_at: float = field(default_factory=time.monotonic)

    @classmethod
    def from_row(cls, row: dict[str, Any], heartbeat: Callable[[], None], time_left: Callable[[], float]) -> Self:
        """Create the object from the row of a job that was just claimed."""
        names = ("id", "client_id", "catalog_id", "type", "requested_by", "payload", "approval", "notify_email",
                 "fence", "attempts", "failures", "max_attempts", "created_at", "done", "total", "counts",
                 "checkpoint")  # fmt: skip
        return cls(**{name: row[name] for name in names}, heartbeat=heartbeat, time_left=time_left)

    @property
    def caller(self) -> Caller:
        """The caller of the worker's transactions: the requester of the job.

        The worker therefore has the same permissions as the requester. It can read only the staged rows of this job.
        """
        return Caller(subject=self.requested_by, client_id=self.client_id, job_id=self.id)

    @property
    def last_attempt(self) -> bool:
        """Whether the job fails permanently if this attempt makes no progress."""
        return self.failures >= self.max_attempts

    def save(self, tx: Transaction) -> None:
        """Save the progress and the checkpoint, and renew the lease. Call this method in the transaction of the work.

        Raises LeaseLost.
        """
        values = {"counts": self.counts, "checkpoint": self.checkpoint}
        failures = sql.save_progress(
            tx,
            job_id=self.id,
            fence=self.fence,
            done=self.done,
            total=self.total,
            seconds=self.lease_seconds,
            **as_json(values, *values),
        )
        if failures is None:
            raise LeaseLost
        self.progress_saved(failures)

    def progress_saved(self, failures: int) -> None:
        """Update this object after the database has saved the progress and renewed the lease."""
        self.failures = failures
        self.lease_renewed()

    def lease_renewed(self) -> None:
        """Record that the lease was renewed now."""
        self._renewed_at = time.monotonic()

    def check_lease(self) -> None:
        """Check that this worker can continue. Raises LeaseLost or DeadlineReached.

        Call this method often and outside of a transaction. Nearly every call only reads the clock. If the thread that
        renews the lease has failed for some time, this method renews the lease.
        """
        if not self.lease_lost and time.monotonic() - self._renewed_at > OVERDUE * self.lease_seconds:
            with writing(SYSTEM) as tx:
                self.lease_lost = not sql.renew_lease(tx, job_id=self.id, fence=self.fence, seconds=self.lease_seconds)
            self.lease_renewed()
        self.check_deadline()

    def check_deadline(self) -> None:
        """Raise DeadlineReached if the remaining time is too short for another chunk. Raise LeaseLost if the lease is
        lost.
        """
        if self.lease_lost:
            raise LeaseLost
        if self.time_left() < MIN_SECONDS_LEFT:
            raise DeadlineReached

    def complete(self, tx: Transaction, result: dict[str, Any], first_errors: Sequence[dict[str, Any]] = ()) -> None:
        """Complete the job. Call this method in the transaction of the last change. Raises LeaseLost."""
        if self.total is None:
            self.total = self.done
        values = {
            "counts": self.counts,
            "first_errors": shortened(list(first_errors), MAX_FIRST_ERRORS_BYTES),
            "result": shortened(result, MAX_RESULT_BYTES),
        }
        changed = sql.complete_job(
            tx, job_id=self.id, fence=self.fence, done=self.total, total=self.total, **as_json(values, *values)
        )
        self._stopped(tx, changed, self.notify_email)

    def fail(self, tx: Transaction, code: str, reason: str, result: dict[str, Any] | None = None) -> None:
        """Fail the job permanently. Raises LeaseLost."""
        values = {
            "code": code,
            "reason": shortened_text(reason, MAX_REASON_LENGTH),
            "result": shortened(result, MAX_RESULT_BYTES),
        }
        changed = sql.fail_job(tx, job_id=self.id, fence=self.fence, **as_json(values, "result"))
        self._stopped(tx, changed, self.notify_email)

    def await_approval(self, tx: Transaction, result: dict[str, Any]) -> None:
        """End the lease. The job then waits until a user approves the planned changes, which `result` describes.

        Raises LeaseLost.
        """
        values = {"result": shortened(result, MAX_RESULT_BYTES)}
        changed = sql.await_approval(tx, job_id=self.id, fence=self.fence, **as_json(values, "result"))
        self._stopped(tx, changed, None)

    def await_decision(self, tx: Transaction, questions: Sequence[dict[str, Any]], result: dict[str, Any]) -> None:
        """End the lease until a user answers the questions. Raises LeaseLost.

        If all questions together are too large, only the first questions are asked. The next attempt asks the remaining
        questions.
        """
        recorded = list(questions)
        while len(recorded) > 1 and json_bytes(recorded) > MAX_QUESTIONS_BYTES:
            recorded.pop()
        values = {"questions": recorded, "result": shortened(result, MAX_RESULT_BYTES)}
        changed = sql.await_decision(tx, job_id=self.id, fence=self.fence, **as_json(values, *values))
        self._stopped(tx, changed, None)

    def _stopped(self, tx: Transaction, changed_rows: int, notify_email: str | None) -> None:
        if changed_rows == 0:
            raise LeaseLost
        self.ended = True
        job_stopped(tx, StoppedJob(self.id, self.type, notify_email))

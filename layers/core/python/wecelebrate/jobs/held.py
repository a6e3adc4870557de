"""One job in the hands of one worker."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from wecelebrate import queue
from wecelebrate.database import SYSTEM, Caller, Transaction, as_json, queries, writing
from wecelebrate.jobs import ends
from wecelebrate.jobs.types import QUEUES, JobType

sql = queries(__file__)

LEASE_SECONDS = 60
"""How long a worker holds a job without a sign of life."""
RENEWED_AFTER = 20.0
"""Seconds after which a sign of life is given."""


def word(kind: JobType, job_id: UUID, client_id: UUID | None, delay: int = 0) -> queue.Word:
    """Word that a job waits, to be sent in `delay` seconds."""
    return queue.word(QUEUES[kind], {"job_id": str(job_id)}, client_id, delay)


class Fenced(Exception):
    """The job was cancelled, or another worker took it over: this one may write no more."""


class OutOfTime(Exception):
    """This invocation is about to end: the job goes on in the next."""


class Refused(Exception):
    """The job can never succeed, and why, in words for whoever asked for it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass
class Held:
    """A job that this worker holds: what it is about, how far it is, and what lets the worker go on with it."""

    id: UUID
    client_id: UUID | None
    catalog_id: UUID | None
    type: JobType
    requested_by: str
    payload: dict[str, Any]
    approval: str | None
    notify_email: str | None
    fence: int
    attempts: int
    failures: int
    """Tries in a row that came no further, this one included until it does."""
    max_attempts: int
    done: int
    total: int | None
    counts: dict[str, int]
    checkpoint: dict[str, Any]
    """Where to go on from; empty at the beginning."""
    beat: Callable[[], None] = field(repr=False)
    """Tells the queue that the work goes on."""
    time_left: Callable[[], float] = field(repr=False)
    """Seconds until the invocation ends."""
    ended: bool = False
    _renewed_at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, row: dict[str, Any], beat: Callable[[], None], time_left: Callable[[], float]) -> Self:
        """The job of a row that was just taken."""
        names = ("id", "client_id", "catalog_id", "type", "requested_by", "payload", "approval", "notify_email",
                 "fence", "attempts", "failures", "max_attempts", "done", "total", "counts", "checkpoint")  # fmt: skip
        return cls(**{name: row[name] for name in names}, beat=beat, time_left=time_left)

    @property
    def caller(self) -> Caller:
        """Whoever asked for it: the same policies let the worker do what they would let him; it sees the staged rows
        of this job alone."""
        return Caller(subject=self.requested_by, client_id=self.client_id, job_id=self.id)

    @property
    def last_attempt(self) -> bool:
        """Whether it fails for good when this try comes no further."""
        return self.failures >= self.max_attempts

    def save(self, tx: Transaction) -> None:
        """Progress and checkpoint into the job, in the transaction of what was done. Raises Fenced."""
        values = {"counts": self.counts, "checkpoint": self.checkpoint}
        saved = sql.save_progress(
            tx,
            job_id=self.id,
            fence=self.fence,
            done=self.done,
            total=self.total,
            seconds=LEASE_SECONDS,
            **as_json(values, *values),
        )
        if saved is None:
            raise Fenced
        self.saved(saved)

    def saved(self, failures: int) -> None:
        """Progress was saved: the lease is new."""
        self.failures = failures
        self._renewed_at = time.monotonic()
        self.beat()

    def alive(self) -> None:
        """Keep the job while nothing is saved; a look at the clock, most times. Raises Fenced, OutOfTime."""
        if time.monotonic() - self._renewed_at < RENEWED_AFTER:
            return
        with writing(SYSTEM) as tx:
            if sql.renew_lease(tx, job_id=self.id, fence=self.fence, seconds=LEASE_SECONDS) == 0:
                raise Fenced
        self._renewed_at = time.monotonic()
        self.beat()
        self.check_time()

    def check_time(self) -> None:
        """Raises OutOfTime when there is no time left for another chunk. To be called outside of a transaction."""
        if self.time_left() < RENEWED_AFTER:
            raise OutOfTime

    def complete(self, tx: Transaction, result: dict[str, Any], first_errors: Sequence[dict[str, Any]] = ()) -> None:
        """End the job, in the transaction of its last effect. Raises Fenced."""
        if self.total is None:
            self.total = self.done
        values = {"counts": self.counts, "first_errors": list(first_errors), "result": result}
        done = sql.complete_job(
            tx, job_id=self.id, fence=self.fence, done=self.total, total=self.total, **as_json(values, *values)
        )
        if done == 0:
            raise Fenced
        self.ended = True
        ends.tell(tx, self.id, self.type, self.notify_email)

    def fail(self, tx: Transaction, code: str, reason: str, result: dict[str, Any] | None = None) -> None:
        """End the job for good, and say why. Raises Fenced."""
        values = {"code": code, "reason": reason, "result": result}
        failed = sql.fail_job(tx, job_id=self.id, fence=self.fence, **as_json(values, "result"))
        if failed == 0:
            raise Fenced
        self.ended = True
        ends.tell(tx, self.id, self.type, self.notify_email)

    def await_approval(self, tx: Transaction, result: dict[str, Any]) -> None:
        """Give the job back until somebody approves of what `result` says it would do. Raises Fenced."""
        if sql.await_approval(tx, job_id=self.id, fence=self.fence, **as_json({"result": result}, "result")) == 0:
            raise Fenced
        self.ended = True
        ends.tell(tx, self.id, self.type)

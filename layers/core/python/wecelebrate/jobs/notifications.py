"""Notifies other domains when a job stops: when it completes, fails, is cancelled, or waits for a user.

A domain registers a listener, which is called for every stopped job. `wecelebrate.subscriptions` registers all
listeners. A listener runs in the transaction that stops the job. Therefore its writes are committed together with the
new state of the job.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from wecelebrate.core.database import Transaction
from wecelebrate.jobs.types import JobType


@dataclass(frozen=True)
class StoppedJob:
    """A job that has stopped."""

    id: UUID
    type: JobType
    notify_email: str | None = None
    """The e-mail address to notify. None if the requester does not want to be notified."""


Listener = Callable[[Transaction, StoppedJob], None]

_listeners: list[Listener] = []


class NoListeners(RuntimeError):
    """This Lambda function can stop jobs, but no listener is registered. The function must call
    `subscriptions.connect()` at its start.
    """


def on_job_stopped(listener: Listener) -> None:
    """Register a listener. If the listener is already registered, the call has no effect."""
    if listener not in _listeners:
        _listeners.append(listener)


def check_listeners() -> None:
    """Raise NoListeners if no listener is registered."""
    if not _listeners:
        raise NoListeners(NoListeners.__doc__)


def job_stopped(tx: Transaction, job: StoppedJob) -> None:
    """Call the listeners, in the transaction that stops the job. Raises NoListeners."""
    check_listeners()
    for listener in _listeners:
        listener(tx, job)

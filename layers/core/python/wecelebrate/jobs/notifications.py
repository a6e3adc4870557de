"""Notifies other domains when a job stops: it completed, failed, was cancelled, or waits for an approval.

Domains that react register a listener (`wecelebrate.subscriptions` connects all of them). A listener runs in the
transaction that stops the job, so what it writes commits with the job's new state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from wecelebrate.core.database import Transaction
from wecelebrate.jobs.types import JobType


@dataclass(frozen=True)
class StoppedJob:
    """A job that stopped."""

    id: UUID
    type: JobType
    notify_email: str | None = None
    """The address to notify, if the requester asked for it."""


Listener = Callable[[Transaction, StoppedJob], None]

_listeners: list[Listener] = []


class NoListeners(RuntimeError):
    """The function can stop jobs, but did not call `subscriptions.connect()`: notifications would be lost."""


def on_job_stopped(listener: Listener) -> None:
    """Register a listener. Registering it again has no effect."""
    if listener not in _listeners:
        _listeners.append(listener)


def check_listeners() -> None:
    """Raises NoListeners if no listener is registered."""
    if not _listeners:
        raise NoListeners(NoListeners.__doc__)


def job_stopped(tx: Transaction, job: StoppedJob) -> None:
    """Call the listeners, in the transaction that stops the job. Raises NoListeners."""
    check_listeners()
    for listener in _listeners:
        listener(tx, job)

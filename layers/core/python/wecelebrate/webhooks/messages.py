"""The queue messages of webhooks."""

from contextlib import suppress
from uuid import UUID

from wecelebrate.core import queue
from wecelebrate.core.database import Transaction
from wecelebrate.core.settings import NotDeclared

QUEUE = "webhooks"


def deliveries_due(client_id: UUID | None) -> queue.OutgoingMessage:
    """Return a message that starts a worker for due deliveries.

    Raises NotDeclared if the function does not declare the queue.
    """
    return queue.message(QUEUE, {"type": QUEUE}, client_id)


def announce(tx: Transaction, client_id: UUID) -> None:
    """Send a message that starts a worker for due deliveries, after the commit.

    If the function does not declare the queue, this does nothing. The sweeper then sends the message.
    """
    with suppress(NotDeclared):
        queue.enqueue_best_effort(tx, deliveries_due(client_id))

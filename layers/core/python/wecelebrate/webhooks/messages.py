"""The queue messages of webhooks."""

from contextlib import suppress
from uuid import UUID

from wecelebrate.core import queue
from wecelebrate.core.database import Transaction
from wecelebrate.core.settings import NotDeclared

QUEUE = "webhooks"


def deliveries_due(client_id: UUID | None) -> queue.OutgoingMessage:
    """Return a message that starts a worker for due deliveries.

    Raises NotDeclared if the Lambda function does not declare the queue.
    """
    return queue.message(QUEUE, {"type": QUEUE}, client_id)


def announce(tx: Transaction, client_id: UUID) -> None:
    """Start a worker for due deliveries about a second after the commit.

    If the Lambda function does not declare the queue, this function sends no message. The sweeper then sends the
    message later.
    """
    with suppress(NotDeclared):
        queue.wake_up(tx, deliveries_due(client_id))

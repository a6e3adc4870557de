"""The queue messages of webhooks."""

from contextlib import suppress
from uuid import UUID

from wecelebrate.core import queue
from wecelebrate.core.database import Transaction
from wecelebrate.core.settings import NotDeclared

QUEUE = "webhooks"


def deliveries_due(client_id: UUID | None) -> queue.OutgoingMessage:
    """A message that says that deliveries are due. Raises NotDeclared."""
    return queue.message(QUEUE, {"type": QUEUE}, client_id)


def announce(tx: Transaction, client_id: UUID) -> None:
    """Send, after the commit, the message that deliveries are due. If the function does not declare this queue, the
    sweeper sends it."""
    with suppress(NotDeclared):
        queue.enqueue_best_effort(tx, deliveries_due(client_id))

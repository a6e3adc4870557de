"""The queue messages of webhooks."""

from contextlib import suppress
from uuid import UUID

from wecelebrate.core import queue
from wecelebrate.core.database import Transaction
from wecelebrate.core.settings import NotDeclared

QUEUE = "webhooks"


def deliveries_due(client_id: UUID | None) -> queue.OutgoingMessage:
    """The message that deliveries are due. Raises NotDeclared."""
    return queue.message(QUEUE, {"type": QUEUE}, client_id)


def announce(tx: Transaction, client_id: UUID) -> None:
    """Announce, after the commit, that deliveries are due. In a function that does not declare this queue the sweeper
    announces them."""
    with suppress(NotDeclared):
        queue.enqueue_best_effort(tx, deliveries_due(client_id))

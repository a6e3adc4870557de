"""Creates and reads the message of a batch of events. The message contains the rows to store.

The message contains the ids of the rows and the time of acceptance. If SQS delivers a message twice, both deliveries
therefore create the same rows, even after the receipts of the events have been deleted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from wecelebrate.core import queue
from wecelebrate.core.queue import Message, OutgoingMessage

QUEUE = "events"

Row = dict[str, Any]
"""A row of `analytics_events` as JSON, in the form that `app.store_events` reads."""


def row_id(client_id: UUID, event_id: UUID, accepted_at: datetime) -> UUID:
    """Return the id of an event's row: a UUID of version 7, with a hash of the event instead of the random bits.

    Later events get higher ids. Their index entries are therefore adjacent.
    """
    milliseconds = int(accepted_at.timestamp() * 1000)
    digest = hashlib.sha256(client_id.bytes + event_id.bytes).digest()[:10]
    number = int.from_bytes(milliseconds.to_bytes(6) + digest)
    number = number & ~(0xF << 76) | 0x7 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def message(client_id: UUID, rows: Sequence[Row]) -> OutgoingMessage:
    """Create the message of a batch. The message group is the client, because SQS delivers fairly between message
    groups.
    """
    return queue.message(QUEUE, {"events": list(rows)}, client_id)


def rows_of(message: Message) -> list[Row]:
    """Return the rows of a message. Raises ValueError if the message contains no events."""
    rows = message.body.get("events")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError("the message has no list `events`")
    return rows

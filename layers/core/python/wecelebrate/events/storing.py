"""Stores the events of many messages in one transaction."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.core.queue import Message
from wecelebrate.events import sql
from wecelebrate.events.messages import rows_of

MAX_ROWS = 2_000
"""The largest number of events that one transaction stores. Storing them takes about 0.1 s."""


def store(received: Sequence[Message]) -> None:
    """Store the events of messages. Raises ValueError if a message contains no events.

    If the worker dies, SQS delivers the messages again. Events that were already stored are not stored again.
    """
    rows = [row for message in received for row in rows_of(message)]
    for first in range(0, len(rows), MAX_ROWS):
        with writing(SYSTEM) as tx:
            sql.store_events(tx, events=Jsonb(rows[first : first + MAX_ROWS]))

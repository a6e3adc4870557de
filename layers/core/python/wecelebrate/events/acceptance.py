"""Accepts the events of a visitor. The request only checks the events and sends them to the queue `events`.

The request needs one call to Redis and one call to SQS. It usually needs no database query. If SQS does not accept the
message, the request fails with 503, and the app sends the same events again later. The platform stores an event only
once, because each event has an id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from wecelebrate.core import queue
from wecelebrate.core.cache import keys
from wecelebrate.core.cache.keys import Entry
from wecelebrate.core.database import Transaction
from wecelebrate.core.errors import Invalid, NotFound, Unavailable
from wecelebrate.core.models import pointer
from wecelebrate.core.problem_document import MAX_ERRORS, FieldError
from wecelebrate.core.types.numbers import is_id
from wecelebrate.core.validation_messages import message_for
from wecelebrate.events import consent, messages, sql, times
from wecelebrate.events.consent import Identity
from wecelebrate.events.models import EventBatch, EventReceipt, NewEvent, RefusedEvent
from wecelebrate.sites.models import EventStorage


class EventTarget(BaseModel):
    """The site that the visitor uses, and how much of an event this site stores."""

    client_id: UUID
    site_id: UUID
    event_storage: EventStorage


def target_entry() -> Entry:
    """Return the cache entry of the `EventTarget` of the visited site."""
    return keys.entry(keys.EVENT_TARGET, tags=[])


def target(tx: Transaction) -> EventTarget:
    """Return the `EventTarget` of the visited site. Raises NotFound."""
    row = sql.get_event_target(tx)
    if row is None:
        raise NotFound
    return EventTarget(**row)


def accept(target: EventTarget, batch: EventBatch, signal: EventStorage | None, subject: str | None) -> EventReceipt:
    """Send the valid events of a batch to the queue. It returns how many events were accepted, and which were refused.

    `signal` is the upper bound that the headers of the visitor set. `subject` is the `sub` claim of the visitor's
    token. Raises Unavailable if the queue does not accept the events.
    """
    arrival = _Arrival(target, subject, batch.sent_at, datetime.now(UTC))
    rows: list[messages.Row] = []
    refused: list[RefusedEvent] = []
    withheld = 0
    for index, given in enumerate(batch.events):
        try:
            event = NewEvent.model_validate(given)
        except (ValidationError, Invalid) as error:
            refused.append(RefusedEvent(index=index, id=_id_of(given), errors=_errors(error)))
            continue
        storage = consent.storage(target.event_storage, event.consent, signal)
        if storage == "none":
            withheld += 1
        else:
            rows.append(_row(arrival, event, storage))
    if rows:
        _send(target.client_id, rows)
    return EventReceipt(accepted=len(rows), withheld=withheld, refused=refused)


@dataclass(frozen=True)
class _Arrival:
    target: EventTarget
    subject: str | None
    sent_at: datetime | None
    accepted_at: datetime


def _row(arrival: _Arrival, event: NewEvent, storage: EventStorage) -> messages.Row:
    target, accepted_at = arrival.target, arrival.accepted_at
    created_at, is_clamped = times.corrected(event.at, arrival.sent_at, accepted_at)
    identity = Identity(event.user_id or arrival.subject, event.session_id, event.data)
    if storage == "anonymous":
        identity = consent.anonymous(identity, str(target.site_id), created_at.date())
    return {
        "id": str(messages.row_id(target.client_id, event.id, accepted_at)),
        "event_id": str(event.id),
        "client_id": str(target.client_id),
        "site_id": str(target.site_id),
        "event_type": event.type,
        "user_id": identity.user_id,
        "session_id": identity.session_id,
        "event_data": identity.data,
        "is_anonymous": storage == "anonymous",
        "is_time_clamped": is_clamped,
        "created_at": created_at.isoformat(),
        "accepted_at": accepted_at.isoformat(),
    }


def _send(client_id: UUID, rows: Sequence[messages.Row]) -> None:
    try:
        queue.send([messages.message(client_id, rows)])
    except queue.SendError as error:
        raise Unavailable("The events could not be queued. Send the same events again in a few seconds.") from error


def _id_of(given: Any) -> UUID | None:
    """Return the id of an invalid event, or None if the id itself is not valid."""
    value = given.get("id") if isinstance(given, dict) else None
    return UUID(value) if isinstance(value, str) and is_id(value) else None


def _errors(error: ValidationError | Invalid) -> list[FieldError]:
    if isinstance(error, Invalid):
        return list(error.errors)
    return [
        FieldError(pointer=pointer(detail["loc"]), detail=message_for(detail))
        for detail in error.errors(include_url=False, include_input=False)[:MAX_ERRORS]
    ]

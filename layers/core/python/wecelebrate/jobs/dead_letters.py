"""Dead letters: what could not be done through no fault of its input, until somebody has looked at it.

A job of which every try failed is one, and a message that no try could read. They are rows, not messages: they can be
listed, shown and sent again, once each time, and it is noted by whom.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate import audit, pages, queue
from wecelebrate.database import SYSTEM, Transaction, as_json, queries, writing
from wecelebrate.errors import Conflict, NotFound
from wecelebrate.jobs import control
from wecelebrate.jobs.models import DeadLetter, DeadLetterFilters
from wecelebrate.jobs.types import QUEUES

sql = queries(__file__)

MOST_SHOWN = 2_000
"""Characters of a reason."""


class NothingToRedrive(Conflict):
    """There is nothing left to do again."""

    code = "nothing_to_redrive"


def record_job(tx: Transaction, job: Mapping[str, Any], code: str, reason: str) -> None:
    """A job failed, and not of its input."""
    body = {"job_id": str(job["id"])}
    sql.record_dead_letter(
        tx,
        queue=QUEUES[job["type"]],
        client_id=job["client_id"],
        job_id=job["id"],
        code=code,
        reason=_storable(reason),
        receives=job["attempts"],
        **as_json({"body": body}, "body"),
    )


def record_message(name: str, text: str, receives: int, error: Exception | None) -> None:
    """A message of a queue failed as often as it may."""
    reason = f"{type(error).__name__}: {error}" if error else "Its function died of it, or could not say why."
    with writing(SYSTEM) as tx:
        sql.record_dead_letter(
            tx,
            queue=name.removesuffix("-dead-letters"),
            client_id=None,
            job_id=None,
            code="message_failed",
            reason=_storable(reason),
            receives=receives,
            **as_json({"body": _body(text)}, "body"),
        )


def receive(message: queue.Message) -> None:
    """Take in a message that SQS gave up. One that is no more than word of a job is not missed: the job is the truth,
    and the sweeper sends word of it."""
    if not {"job_id", "type"} & message.body.keys():
        record_message(message.queue, json.dumps(message.body), message.received, None)


def page(tx: Transaction, filters: DeadLetterFilters) -> pages.Built:
    """One page of dead letters, newest first. Raises Forbidden for anyone but admins and support."""
    return pages.listed("dead letters", sql.list_dead_letters, tx, filters, pages.NEWEST)


def get(tx: Transaction, letter_id: UUID) -> DeadLetter:
    """One dead letter. Raises NotFound, Forbidden."""
    row = sql.get_dead_letter(tx, letter_id=letter_id)
    if row is None:
        raise NotFound
    return DeadLetter(**row)


def redrive(tx: Transaction, letter_id: UUID) -> DeadLetter:
    """Do it again. Raises NotFound, Forbidden, NothingToRedrive for a message that was sent again before, JobState when
    its job is done, or is being done, by now."""
    letter = get(tx, letter_id)
    if letter.job_id is None:
        if letter.redriven_at is not None:
            raise NothingToRedrive("It was sent again already; what fails anew is a dead letter of its own.")
        # What could not be read when it came is sent as it came.
        body = letter.body if isinstance(letter.body, dict) else str(letter.body)
        tx.words.append(queue.word(letter.queue, body, letter.client_id))
    else:
        control.retry(tx, letter.job_id)
    sql.mark_redriven(tx, letter_id=letter_id, subject=tx.caller.subject)
    audit.note(tx, "dead_letter.redrive", letter.client_id, letter_id, {"job_id": letter.job_id and str(letter.job_id)})
    return get(tx, letter_id)


def _body(text: str) -> Any:
    """A message as it is kept: an object as one, anything else, and what PostgreSQL cannot hold, as text."""
    try:
        body = json.loads(text)
        json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair is none that it holds
    except (ValueError, RecursionError):
        body = None
    return body if isinstance(body, dict) and "\\u0000" not in text else _held(text)


def _storable(text: str) -> str:
    """What PostgreSQL can hold of a text, shortened."""
    return _held(text[:MOST_SHOWN])


def _held(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()

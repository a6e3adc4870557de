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
    sql.record(
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
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = _storable(text)
    reason = f"{type(error).__name__}: {error}" if error else "Its function died of it, or could not say why."
    with writing(SYSTEM) as tx:
        sql.record(
            tx,
            queue=name.removesuffix("-dead-letters"),
            client_id=None,
            job_id=None,
            code="message_failed",
            reason=_storable(reason),
            receives=receives,
            **as_json({"body": body}, "body"),
        )


def receive(message: queue.Message) -> None:
    """Take in a message that SQS gave up. One that is no more than word of a job is not missed: the job is the truth,
    and the sweeper sends word of it."""
    if not {"job_id", "type"} & message.body.keys():
        record_message(message.queue, json.dumps(message.body), message.received, None)


def page(tx: Transaction, filters: DeadLetterFilters) -> pages.Built:
    """One page of dead letters, newest first. Raises Forbidden for anyone but admins and support."""
    asked = pages.asked("dead letters", filters)
    after = {"after_time": None, "after_id": None} | pages.decode(filters.cursor, asked)
    given = filters.model_dump(exclude={"cursor"})
    return pages.built(sql.list_dead_letters(tx, **given, **after), filters.limit, asked)


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
        tx.words.append(queue.word(letter.queue, letter.body, letter.client_id))  # type: ignore[arg-type]
    else:
        control.retry(tx, letter.job_id)
    sql.mark_redriven(tx, letter_id=letter_id, subject=tx.caller.subject)
    audit.note(tx, "dead_letter.redrive", letter.client_id, letter_id, {"job_id": letter.job_id and str(letter.job_id)})
    return get(tx, letter_id)


def _storable(text: str) -> str:
    """What PostgreSQL can hold of a text, shortened."""
    return text[:MOST_SHOWN].replace("\0", "").encode("utf-8", "replace").decode()

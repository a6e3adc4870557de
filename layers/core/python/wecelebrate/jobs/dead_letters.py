"""Dead letters: jobs and messages that failed although their input is valid. They are stored for an operator.

A job becomes a dead letter if all of its attempts have failed. A message becomes a dead letter if it could not be read
or handled. Dead letters are rows of a table, so that an operator can list them.

An operator can redrive a dead letter: its job then runs again, or its message is sent again. An operator can also
dismiss a dead letter that nobody will redrive, for example because the client has corrected the file. The audit log
records which user redrove or dismissed a dead letter.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wecelebrate.core import metrics, pages, queue
from wecelebrate.core.database import SYSTEM, Transaction, as_json, queries, writing
from wecelebrate.core.errors import Conflict, NotFound, Unavailable
from wecelebrate.core.models import json_bytes
from wecelebrate.core.shortening import shortened_text
from wecelebrate.jobs import control
from wecelebrate.jobs.models import DeadLetter, DeadLetterFilters
from wecelebrate.jobs.types import QUEUES

sql = queries(__file__)

MAX_REASON_LENGTH = 2_000
"""The maximum length of a reason, in characters. A longer reason is shortened."""
MAX_BODY_BYTES = 1024 * 1024
"""The maximum size of the stored body of a message, in bytes. SQS has the same limit for messages."""


class NothingToRedrive(Conflict):
    """This dead letter has already been redriven.

    A dead letter can be redriven once. The job of this dead letter is waiting or running again.

    Read the state of the job with `GET /v1/jobs/{job_id}`. If the job fails again, it gets a new dead letter.
    """

    code = "nothing_to_redrive"


def record_job(tx: Transaction, job: Mapping[str, Any], code: str, reason: str) -> None:
    """Record a dead letter for a job that failed although its input is valid."""
    body = {"job_id": str(job["id"])}
    sql.record_dead_letter(
        tx,
        queue=QUEUES[job["type"]],
        client_id=job["client_id"],
        job_id=job["id"],
        code=code,
        reason=_storable(reason[:MAX_REASON_LENGTH]),
        receives=job["attempts"],
        **as_json({"body": body}, "body"),
    )
    metrics.count("DeadLetters", dimension="queue", of=QUEUES[job["type"]])


def record_message(queue_name: str, text: str, receives: int, error: Exception | None) -> None:
    """Record a dead letter for a message whose last allowed attempt has failed."""
    reason = f"{type(error).__name__}: {error}" if error else "The function stopped without reporting an error."
    with writing(SYSTEM) as tx:
        sql.record_dead_letter(
            tx,
            queue=queue_name.removesuffix("-dead-letters"),
            client_id=None,
            job_id=None,
            code="message_failed",
            reason=_storable(reason[:MAX_REASON_LENGTH]),
            receives=receives,
            **as_json({"body": _body(text)}, "body"),
        )
    metrics.count("DeadLetters", dimension="queue", of=queue_name.removesuffix("-dead-letters"))


def receive(message: queue.Message) -> None:
    """Record a dead letter for a message that SQS moved to the dead-letter queue.

    A message that only announces a job is ignored, because the sweeper announces the job again.
    """
    if not {"job_id", "type"} & message.body.keys():
        record_message(message.queue, json.dumps(message.body), message.received, None)


def page(tx: Transaction, filters: DeadLetterFilters) -> pages.RenderedPage:
    """Return one page of dead letters, newest first. Raises Forbidden unless the caller is an admin or support."""
    return pages.list_page("dead letters", sql.list_dead_letters, tx, filters, pages.NEWEST)


def get(tx: Transaction, letter_id: UUID) -> DeadLetter:
    """Return a dead letter. Raises NotFound or Forbidden."""
    row = sql.get_dead_letter(tx, letter_id=letter_id)
    if row is None:
        raise NotFound
    return DeadLetter(**row)


def redrive(tx: Transaction, letter_id: UUID) -> DeadLetter:
    """Redrive a dead letter: retry its job, or send its message again.

    Raises NotFound or Forbidden. Raises NothingToRedrive if the message was already sent again, and WrongJobState if
    the job has completed or is running.
    """
    letter = get(tx, letter_id)
    if letter.job_id is None:
        if letter.redriven_at is not None:
            raise NothingToRedrive(
                "The message was already sent again. If it has failed again, redrive its newer dead letter."
            )
        if queue.is_direct():
            raise Unavailable("Messages cannot be redriven while the kill switch queue=direct is set. Try again later.")
        # If the message is not a JSON object, its text is sent unchanged.
        body = letter.body if isinstance(letter.body, dict) else str(letter.body)
        queue.enqueue(tx, queue.message(letter.queue, body, letter.client_id))
    else:
        control.retry(tx, letter.job_id)
    sql.mark_redriven(tx, letter_id=letter_id, subject=tx.caller.subject)
    return get(tx, letter_id)


def dismiss(tx: Transaction, letter_id: UUID) -> DeadLetter:
    """Record that nobody will redrive a dead letter. Its job or message does not change. A later redrive is still
    possible.

    If the dead letter was already redriven or dismissed, it does not change. Raises NotFound or Forbidden.
    """
    get(tx, letter_id)
    sql.mark_dismissed(tx, letter_id=letter_id, subject=tx.caller.subject)
    return get(tx, letter_id)


def _body(text: str) -> Any:
    """Return the JSON object of a message.

    If the message is no JSON object that PostgreSQL can store, return its text.
    """
    try:
        body = json.loads(text)
        # This conversion fails if the object contains unpaired surrogates, NaN or infinity, which PostgreSQL cannot
        # store.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        body = None
    stored = body if isinstance(body, dict) and "\\u0000" not in text else _storable(text)
    # PostgreSQL adds spaces, and writes all digits of a number. Therefore the stored body can have more bytes than the
    # message. If the body is too large, the text of the message is shortened and stored.
    return stored if json_bytes(stored) <= MAX_BODY_BYTES else shortened_text(_storable(text), MAX_BODY_BYTES // 8)


def _storable(text: str) -> str:
    """Remove NUL and replace unpaired surrogates by `?`, because PostgreSQL cannot store these characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()

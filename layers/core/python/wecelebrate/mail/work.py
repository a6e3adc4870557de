"""The work of one mail's job: write it, hand it to SES, note what SES calls it.

A mail is handed over once in all but two cases: the worker dies between SES's answer and the commit that notes it, or
SES takes the mail and its answer is lost on the way. SES knows no idempotency key, so the next try sends it again,
unless an event of SES has told by then that it has the mail.
"""

from typing import Any
from uuid import UUID

from wecelebrate.database import Transaction, writing
from wecelebrate.errors import Unavailable
from wecelebrate.jobs.held import Fenced, Held, OutOfTime, Refused
from wecelebrate.mail import sending
from wecelebrate.mail.mails import sql


def work(job: Held) -> None:
    """Send the mail of a job, unless it was sent or its address is suppressed. Raises Refused, Unavailable."""
    mail_id = UUID(job.payload["mail_id"])
    try:
        _send(job, mail_id)
    except Refused as refused:
        _failed(job, mail_id, refused.reason)
        raise
    except (Unavailable, Fenced, OutOfTime):
        raise
    except Exception:
        if job.last_attempt:
            _failed(job, mail_id, "Something of ours failed, again and again.")
        raise


def _send(job: Held, mail_id: UUID) -> None:
    from wecelebrate.mail.letters import write

    with writing(job.caller) as tx:
        mail = sql.get_mail(tx, mail_id=mail_id)
        if mail is None:
            raise Refused("mail_gone", "The mail, or what it is about, is no longer there.")
        if mail["state"] not in ("queued", "failed"):
            # Sent by a worker that died before it could say so, as SES told.
            job.complete(tx, {"state": mail["state"]})
            return
        if _suppressed(tx, job, mail):
            return
    letter = write(mail)
    message_id = sending.send(letter, {"mail": str(mail_id), "job": str(job.id), "client": _owner(job)})
    with writing(job.caller) as tx:
        sql.mark_sent(tx, mail_id=mail_id, message_id=message_id, locale=letter.locale)
        job.complete(tx, {"state": "sent", "message_id": message_id})


def _suppressed(tx: Transaction, job: Held, mail: dict[str, Any]) -> bool:
    """Whether the address is written to no more; the job is then done."""
    found = sql.find_suppression(tx, client_id=job.client_id, address=mail["recipient"])
    if found is None:
        return False
    if not found["is_own"]:
        # The client sees it among its own, and can let it go, without learning whose mail came back.
        given = {"client_id": job.client_id, "address": mail["recipient"], "mail_id": mail["id"]}
        sql.suppress(tx, cause=found["cause"], reason="The address does not take mail.", **given)
    reason = f"Nothing is sent to this address since a {found['cause']}."
    sql.mark_not_sent(tx, mail_id=mail["id"], state="suppressed", reason=reason)
    job.complete(tx, {"state": "suppressed"})
    return True


def _failed(job: Held, mail_id: UUID, reason: str) -> None:
    with writing(job.caller) as tx:
        sql.mark_not_sent(tx, mail_id=mail_id, state="failed", reason=reason)


def _owner(job: Held) -> str:
    return str(job.client_id or "platform")

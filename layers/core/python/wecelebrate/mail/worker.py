"""The worker of mail jobs: render the mail, send it through SES, and record the id that SES gives it.

A mail is sent once, except in two cases: the worker dies between SES's response and the commit that records it, or SES
accepts the mail and its response is lost. SES has no idempotency keys, so the next attempt sends the mail again, unless
an event from SES has confirmed it by then.
"""

from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.jobs.lease import DeadlineReached, JobRejected, LeasedJob, LeaseLost
from wecelebrate.mail import sending
from wecelebrate.mail.log import sql


def work(job: LeasedJob) -> None:
    """Send the mail of a job, unless it was sent before or its address is suppressed.

    Raises JobRejected, Unavailable.
    """
    mail_id = UUID(job.payload["mail_id"])
    try:
        _send(job, mail_id)
    except JobRejected as rejection:
        _mark_failed(job, mail_id, rejection.reason)
        raise
    except (Unavailable, LeaseLost, DeadlineReached):
        raise
    except Exception:
        if job.last_attempt:
            _mark_failed(job, mail_id, "Every attempt failed because of an internal error.")
        raise


def _send(job: LeasedJob, mail_id: UUID) -> None:
    from wecelebrate.mail.rendering import render

    with writing(job.caller) as tx:
        mail = sql.get_mail(tx, mail_id=mail_id)
        if mail is None:
            raise JobRejected("mail_gone", "The mail, or its order or job, no longer exists.")
        if mail["state"] not in ("queued", "failed"):
            # An event from SES says that it was sent, by a worker that died before it could record that.
            job.complete(tx, {"state": mail["state"]})
            return
        if _complete_if_suppressed(tx, job, mail):
            return
    rendered = render(mail)
    tags = {"mail": str(mail_id), "job": str(job.id), "client": str(job.client_id or "platform")}
    message_id = sending.send(rendered, tags)
    with writing(job.caller) as tx:
        sql.mark_sent(tx, mail_id=mail_id, message_id=message_id, locale=rendered.locale)
        job.complete(tx, {"state": "sent", "message_id": message_id})


def _complete_if_suppressed(tx: Transaction, job: LeasedJob, mail: dict[str, Any]) -> bool:
    """Complete the job without sending if the address is suppressed. Returns whether it is."""
    suppression = sql.mail_suppression(tx, client_id=job.client_id, address=mail["recipient"])
    if suppression is None:
        return False
    if not suppression["is_own"]:
        # Copy the suppression to this client, which can then see and release it. The copy does not reveal which
        # client's mail bounced.
        address = {"client_id": job.client_id, "address": mail["recipient"], "mail_id": mail["id"]}
        sql.suppress(tx, cause=suppression["cause"], reason="The address does not accept mail.", **address)
    reason = f"The address is suppressed because of a {suppression['cause']}."
    sql.mark_unsent(tx, mail_id=mail["id"], state="suppressed", reason=reason)
    job.complete(tx, {"state": "suppressed"})
    return True


def _mark_failed(job: LeasedJob, mail_id: UUID, reason: str) -> None:
    with writing(job.caller) as tx:
        sql.mark_unsent(tx, mail_id=mail_id, state="failed", reason=reason)

"""The worker of mail jobs. It renders a mail, sends it through SES, and records the id of the mail in SES.

A mail can be sent twice in two cases: the worker dies after SES has accepted the mail but before the commit, or the
response of SES is lost. SES has no idempotency keys. The next attempt therefore sends the mail again, unless an event
from SES has already confirmed that the mail was sent.
"""

from typing import Any
from uuid import UUID

from wecelebrate.core.database import Transaction, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.shortening import shortened_text
from wecelebrate.jobs.lease import MAX_REASON_LENGTH, DeadlineReached, JobRejected, LeasedJob, LeaseLost
from wecelebrate.mail import links, sending
from wecelebrate.mail.log import sql


def work(job: LeasedJob) -> None:
    """Send the mail of a job, unless the mail was already sent or the recipient's address is suppressed.

    Raises JobRejected or Unavailable.
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
            _mark_failed(job, mail_id, "Every attempt to send the mail failed because of an internal error.")
        raise


def _send(job: LeasedJob, mail_id: UUID) -> None:
    from wecelebrate.mail.rendering import render

    with writing(job.caller) as tx:
        mail = sql.get_mail(tx, mail_id=mail_id)
        if mail is None:
            raise JobRejected("mail_gone", "The mail no longer exists, or its order or job no longer exists.")
        if mail["state"] not in ("queued", "failed"):
            # An earlier worker sent the mail, but died before it recorded the id of the mail in SES. Later, an event
            # from SES reported that the mail was sent.
            job.complete(tx, {"state": mail["state"]})
            return
        if _complete_if_suppressed(tx, job, mail):
            return
        try:
            token = links.token(tx, mail)
        except links.InvitationClosed:
            raise JobRejected("invitation_ended", "The invitation was accepted or revoked.") from None
    rendered = render(mail, token)
    tags = {"mail": str(mail_id), "job": str(job.id), "client": str(job.client_id or "platform")}
    message_id = sending.send(rendered, tags)
    with writing(job.caller) as tx:
        sql.mark_sent(tx, mail_id=mail_id, message_id=message_id, locale=rendered.locale)
        job.complete(tx, {"state": "sent", "message_id": message_id})


def _complete_if_suppressed(tx: Transaction, job: LeasedJob, mail: dict[str, Any]) -> bool:
    """If the address is suppressed, complete the job without sending the mail.

    Returns whether the address is suppressed.
    """
    suppression = sql.find_suppression(tx, client_id=job.client_id, address=mail["recipient"])
    if suppression is None:
        return False
    if not suppression["is_own"]:
        # Copy the suppression to this client, so that the members of this client can see and release the suppression.
        # The copy does not reveal which other client's mail bounced.
        address = {"client_id": job.client_id, "address": mail["recipient"], "mail_id": mail["id"]}
        sql.suppress(tx, cause=suppression["cause"], reason="The address does not accept mail.", **address)
    reason = f"The address is suppressed because of a {suppression['cause']}."
    sql.mark_not_sent(tx, mail_id=mail["id"], state="suppressed", reason=reason)
    job.complete(tx, {"state": "suppressed"})
    return True


def _mark_failed(job: LeasedJob, mail_id: UUID, reason: str) -> None:
    with writing(job.caller) as tx:
        sql.mark_not_sent(tx, mail_id=mail_id, state="failed", reason=shortened_text(reason, MAX_REASON_LENGTH))

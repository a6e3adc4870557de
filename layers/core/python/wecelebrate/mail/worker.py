"""The worker of mail jobs. It renders mails, sends them through SES, and records the ids of the mails in SES.

A worker claims several mails at once (`jobs.batch_workers`).

A mail can be sent twice, because SES has no idempotency keys. This happens if the worker dies before it has recorded
that SES accepted the mail, or if the response of SES is lost. The next attempt then sends the mail again. If an event
from SES has already confirmed the first mail, the mail is not sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from wecelebrate.core.database import Caller, Transaction, writing
from wecelebrate.core.errors import Unavailable
from wecelebrate.core.shortening import shortened_text
from wecelebrate.jobs.lease import (
    MAX_REASON_LENGTH,
    DeadlineReached,
    JobRejected,
    LeasedJob,
    LeaseLost,
)
from wecelebrate.mail import attachments, links, sending
from wecelebrate.mail.log import sql


@dataclass(frozen=True)
class MailBatch:
    """The mails of the jobs that a worker has claimed together.

    They all belong to one client, or all to the platform.
    """

    caller: Caller
    mails: Mapping[UUID, Mapping[str, Any]]
    """Maps the id of a mail to its row of the query `list_mails_to_send`."""
    tokens: dict[UUID, str] = field(default_factory=dict)
    """Maps the id of a mail to the token of its link, or to the code of its invitation."""
    closed: set[UUID] = field(default_factory=set)
    """The ids of mails whose invitation was accepted or revoked."""

    @classmethod
    def load(cls, jobs: Sequence[LeasedJob]) -> Self:
        """Read the mails of jobs. If a mail was already sent or must not be sent, its job is completed."""
        caller = replace(jobs[0].caller, job_id=None)
        with writing(caller) as tx:
            rows = sql.list_mails_to_send(tx, mail_ids=list(map(_mail_id, jobs)))
            batch = cls(caller, {mail["id"]: mail for mail in rows})
            for job in jobs:
                mail = batch.mails.get(_mail_id(job))
                if mail is not None and not _complete_without_sending(tx, job, mail):
                    batch._create_token(tx, job, mail)
        return batch

    def _create_token(self, tx: Transaction, job: LeasedJob, mail: Mapping[str, Any]) -> None:
        try:
            token = links.token(tx, mail)
        except links.InvitationClosed:
            self.closed.add(mail["id"])
        except links.ReportEnded:
            reason = "The recipient has ended this report, or is no longer a member."
            sql.mark_not_sent(tx, mail_id=mail["id"], state="suppressed", reason=reason)
            job.complete(tx, {"state": "suppressed"})
        else:
            if token is not None:
                self.tokens[mail["id"]] = token

    def run(self, job: LeasedJob) -> None:
        """Send the mail of a job, and record its id in SES. Raises JobRejected or Unavailable."""
        try:
            self._send(job)
        except JobRejected as rejection:
            _mark_failed(job, rejection.reason)
            raise
        except (Unavailable, LeaseLost, DeadlineReached):
            raise
        except Exception:
            if job.last_attempt:
                _mark_failed(job, "Every attempt to send the mail failed because of an internal error.")
            raise

    def _send(self, job: LeasedJob) -> None:
        from wecelebrate.mail.rendering import render

        if job.lease_lost:
            raise LeaseLost
        mail_id = _mail_id(job)
        mail = self.mails.get(mail_id)
        if mail is None:
            raise JobRejected("mail_gone", "The mail no longer exists, or its order or job no longer exists.")
        if mail_id in self.closed:
            raise JobRejected("invitation_ended", "The invitation was accepted or revoked.")
        rendered = render(mail, self.tokens.get(mail_id))
        tags = {"mail": str(mail_id), "job": str(job.id), "client": str(job.client_id or "platform")}
        message_id = sending.send(rendered, tags, attachments.of_mail(mail))
        with writing(job.caller) as tx:
            sql.mark_sent(tx, mail_id=mail_id, message_id=message_id, locale=rendered.locale)
            job.complete(tx, {"state": "sent", "message_id": message_id})


def _mail_id(job: LeasedJob) -> UUID:
    return UUID(job.payload["mail_id"])


def _complete_without_sending(tx: Transaction, job: LeasedJob, mail: Mapping[str, Any]) -> bool:
    """Complete the job if its mail was already sent, or if its address is suppressed.

    It returns whether the job was completed.
    """
    if mail["state"] not in ("queued", "failed"):
        # Another worker has sent the mail, and has died before it recorded the id of the mail in SES. Then an event
        # from SES has reported that the mail was sent.
        job.complete(tx, {"state": mail["state"]})
        return True
    if mail["cause"] is not None:
        if not mail["is_own"]:
            # Copy the suppression to this client, so that its members can see and release the suppression. The copy
            # does not reveal the client whose mail bounced.
            address = {"client_id": job.client_id, "address": mail["recipient"], "mail_id": mail["id"]}
            sql.suppress(tx, cause=mail["cause"], reason="The address does not accept mail.", **address)
        reason = f"The address is suppressed because of a {mail['cause']}."
        sql.mark_not_sent(tx, mail_id=mail["id"], state="suppressed", reason=reason)
        job.complete(tx, {"state": "suppressed"})
        return True
    return False


def _mark_failed(job: LeasedJob, reason: str) -> None:
    text = shortened_text(reason, MAX_REASON_LENGTH)
    with writing(job.caller) as tx:
        sql.mark_not_sent(tx, mail_id=_mail_id(job), state="failed", reason=text)

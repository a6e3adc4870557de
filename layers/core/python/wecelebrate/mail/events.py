"""Processes SES events.

An event reports that a mail was delivered, that a mail bounced, or that a recipient complained.

SES sends the events to EventBridge, which sends the events to the queue `mail-events`. Each event arrives at least
once, and events arrive in any order. One transaction processes one event. Events are trusted, because only the
EventBridge rule for SES is allowed to send messages to this queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core import metrics
from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.core.queue import Message
from wecelebrate.mail.log import sql
from wecelebrate.mail.models import MailState, SuppressionCause

logger = Logger()

_MAX_REASON_LENGTH = 500


@dataclass(frozen=True)
class Outcome:
    """The changes that an event causes: the state of a mail, and in some cases the suppression of the recipient's
    address.
    """

    state: MailState
    reason: str | None = None
    suppress_as: SuppressionCause | None = None
    """The reason why the recipient's address is suppressed. None if the event does not suppress the address."""


def receive(message: Message) -> None:
    """Record the outcome that one event reports. Raises ValueError if the message is not an SES event."""
    event = unwrap(message.body)
    kind = event.get("eventType") or event.get("notificationType")
    if not isinstance(kind, str) or not isinstance(event.get("mail"), dict):
        raise ValueError("the message is not an SES event: it needs `eventType` and `mail`")
    outcome = outcome_of(kind, event)
    if outcome is None:
        return
    mail = event["mail"]
    with writing(SYSTEM) as tx:
        row = sql.record_event(
            tx,
            mail_id=_mail_id(mail),
            message_id=str(mail.get("messageId", "")),
            state=outcome.state,
            reason=outcome.reason,
        )
        if row is None:
            logger.warning("ignored an SES event about an unknown mail", message_id=mail.get("messageId"))
        elif outcome.suppress_as and row["is_news"]:
            metrics.count("MailsBounced")
            # Suppress the address to which the platform sent the mail. The event can name another address, because a
            # recipient can forward mails.
            address = {"client_id": row["client_id"], "address": row["recipient"], "mail_id": row["id"]}
            sql.suppress(tx, cause=outcome.suppress_as, reason=outcome.reason, **address)


def unwrap(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the SES event that is contained in a message from EventBridge or SNS.

    With raw delivery, the message from SNS is the event itself.
    """
    if isinstance(body.get("detail"), dict):
        return dict(body["detail"])
    if body.get("Type") == "Notification":
        event = json.loads(body["Message"])
        return event if isinstance(event, dict) else {}
    return body


def outcome_of(kind: str, event: Mapping[str, Any]) -> Outcome | None:
    """Return the outcome that an event reports, or None if the event does not change the state of a mail."""
    match kind:
        case "Delivery":
            return Outcome("delivered")
        case "Bounce":
            bounce = event.get("bounce") or {}
            # After a transient bounce (for example because the mailbox is full), SES does not retry the mail. The
            # address is not suppressed, because the mailbox can accept later mails.
            permanent = bounce.get("bounceType") == "Permanent"
            codes = [recipient.get("diagnosticCode") for recipient in bounce.get("bouncedRecipients") or []]
            types = [bounce.get("bounceType"), bounce.get("bounceSubType")]
            return Outcome("bounced", one_line([*types, *codes]), "bounce" if permanent else None)
        case "Complaint":
            complaint = event.get("complaint") or {}
            reason = one_line([complaint.get("complaintFeedbackType"), "complaint"])
            return Outcome("complained", reason, "complaint")
        case "Reject":
            return Outcome("bounced", one_line(["rejected by SES", (event.get("reject") or {}).get("reason")]))
    return None


def one_line(texts: list[str | None]) -> str:
    """Join untrusted texts to one line of at most 500 characters."""
    return "; ".join(" ".join(str(text).replace("\0", "").split()) for text in texts if text)[:_MAX_REASON_LENGTH]


def _mail_id(mail: Mapping[str, Any]) -> UUID | None:
    """Return the id of the mail's row in `mails`. The worker sent this id to SES as the tag `mail`."""
    try:
        return UUID(mail["tags"]["mail"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return None

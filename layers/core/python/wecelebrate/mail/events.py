"""SES events: a mail was delivered, bounced, or its recipient complained.

They arrive as SES → EventBridge → queue `mail-events`, at least once and in any order. Each event is handled in one
transaction. Events are trusted: only the EventBridge rule for SES may send to this queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.core.database import SYSTEM, writing
from wecelebrate.core.queue import Message
from wecelebrate.mail.log import sql
from wecelebrate.mail.models import MailState, SuppressionCause

logger = Logger()

_MAX_REASON_LENGTH = 500


@dataclass(frozen=True)
class Outcome:
    """The consequence of an event for its mail."""

    state: MailState
    reason: str | None = None
    suppress_as: SuppressionCause | None = None
    """Why the recipient's address is suppressed. None: it is not."""


def receive(message: Message) -> None:
    """Record one event. Raises ValueError if the message is not an SES event."""
    event = unwrap(message.body)
    kind = event.get("eventType") or event.get("notificationType")
    if not isinstance(kind, str) or not isinstance(event.get("mail"), dict):
        raise ValueError("the message is not an SES event: it needs `eventType` and `mail`")
    outcome = outcome_of(kind, event)
    if outcome is None:
        return
    mail = event["mail"]
    with writing(SYSTEM) as tx:
        row = sql.mark_told(
            tx,
            mail_id=_mail_id(mail),
            message_id=str(mail.get("messageId", "")),
            state=outcome.state,
            reason=outcome.reason,
        )
        if row is None:
            logger.warning("ignored an SES event about an unknown mail", message_id=mail.get("messageId"))
        elif outcome.suppress_as and row["is_news"]:
            # Suppress the address that the mail was sent to. The event may name one that it was forwarded to.
            address = {"client_id": row["client_id"], "address": row["recipient"], "mail_id": row["id"]}
            sql.suppress(tx, cause=outcome.suppress_as, reason=outcome.reason, **address)


def unwrap(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the SES event out of its envelope: EventBridge, SNS, or none (raw delivery of SNS)."""
    if isinstance(body.get("detail"), dict):
        return dict(body["detail"])
    if body.get("Type") == "Notification":
        event = json.loads(body["Message"])
        return event if isinstance(event, dict) else {}
    return body


def outcome_of(kind: str, event: Mapping[str, Any]) -> Outcome | None:
    """The outcome that an event reports. None for events that do not change the state of a mail."""
    match kind:
        case "Delivery":
            return Outcome("delivered")
        case "Bounce":
            bounce = event.get("bounce") or {}
            # After a transient bounce (a full mailbox, a server that is down) SES has given up on this mail, but the
            # address may accept mail again next week.
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
    """Join texts from outside into one line of at most 500 characters."""
    return "; ".join(" ".join(str(text).replace("\0", "").split()) for text in texts if text)[:_MAX_REASON_LENGTH]


def _mail_id(mail: Mapping[str, Any]) -> UUID | None:
    """The id of our row, which is a tag of the sent mail."""
    try:
        return UUID(mail["tags"]["mail"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return None

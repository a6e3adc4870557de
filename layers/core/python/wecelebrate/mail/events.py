"""What SES tells of mails: delivered, came back, complained of.

SES → EventBridge → the queue `mail-events`. Events come at least once and in any order; each is one transaction. They
are believed: the queue takes messages from the one rule that listens to SES alone.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger

from wecelebrate.database import SYSTEM, writing
from wecelebrate.mail.mails import sql
from wecelebrate.mail.models import Cause, MailState
from wecelebrate.queue import Message

logger = Logger()

_LONGEST_REASON = 500


def receive(message: Message) -> None:
    """Note what one event tells. Raises ValueError for what is no event of SES."""
    event = unwrapped(message.body)
    kind = event.get("eventType") or event.get("notificationType")
    if not isinstance(kind, str) or not isinstance(event.get("mail"), dict):
        raise ValueError("this is no event of SES")
    told = _told(kind, event)
    if told is None:
        return
    state, reason, cause = told
    mail = event["mail"]
    with writing(SYSTEM) as tx:
        found = sql.record_event(
            tx, mail_id=_tagged(mail), message_id=str(mail.get("messageId", "")), state=state, reason=reason
        )
        if found is None:
            logger.warning("an event of a mail that is none of ours", message_id=mail.get("messageId"))
        elif cause and found["is_news"]:
            # The address that we wrote to: the one that the event names may be where it was forwarded.
            given = {"client_id": found["client_id"], "address": found["recipient"], "mail_id": found["id"]}
            sql.suppress(tx, cause=cause, reason=reason, **given)


def unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event of SES inside what carries it: EventBridge, SNS, or nothing (raw delivery of SNS)."""
    if isinstance(body.get("detail"), dict):
        return dict(body["detail"])
    if body.get("Type") == "Notification":
        inner = json.loads(body["Message"])
        return inner if isinstance(inner, dict) else {}
    return body


def _told(kind: str, event: Mapping[str, Any]) -> tuple[MailState, str | None, Cause | None] | None:
    """What an event means: the state of the mail, why, and what the address is suppressed for, if it is."""
    match kind:
        case "Delivery":
            return "delivered", None, None
        case "Bounce":
            bounce = event.get("bounce") or {}
            # A full mailbox, a server that is away: SES has given the mail up, the address may be good next week.
            lasting = bounce.get("bounceType") == "Permanent"
            said = [one.get("diagnosticCode") for one in bounce.get("bouncedRecipients") or []]
            kinds = [bounce.get("bounceType"), bounce.get("bounceSubType")]
            return "bounced", _words([*kinds, *said]), "bounce" if lasting else None
        case "Complaint":
            complaint = event.get("complaint") or {}
            return "complained", _words([complaint.get("complaintFeedbackType"), "complaint"]), "complaint"
        case "Reject":
            return "bounced", _words(["SES refused it", (event.get("reject") or {}).get("reason")]), None
    return None


def _words(said: list[str | None]) -> str:
    """What the other side said, as one line."""
    return "; ".join(" ".join(str(one).replace("\0", "").split()) for one in said if one)[:_LONGEST_REASON]


def _tagged(mail: Mapping[str, Any]) -> UUID | None:
    """Our own id of a mail: the tag that it was sent with."""
    try:
        return UUID(mail["tags"]["mail"][0])
    except (KeyError, IndexError, TypeError, ValueError):
        return None

"""Reads the mails that functions have sent.

The emulator ministack keeps the mails until it stops. No mail leaves this machine.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import Any, Self

import httpx
from pydantic import BaseModel

from infra.local.aws import ACCOUNT
from infra.local.plain_http import NO_AUTHORITIES
from infra.local.processes import LocalCloudError


class SentMail(BaseModel):
    """A mail that the local SES has accepted."""

    id: str
    """The message id that SES returned to the sender."""
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    at: datetime

    @classmethod
    def of(cls, message: dict[str, Any]) -> Self:
        """Create a mail from a message in the format of ministack."""
        return cls(
            id=message["MessageId"],
            sender=str(make_header(decode_header(message["Source"]))),
            recipients=message["To"],
            subject=message["Subject"],
            text=message["BodyText"] or "",
            html=message["BodyHtml"] or "",
            at=datetime.fromtimestamp(message["Timestamp"], UTC),
        )


def sent(aws: str, to: Collection[str] | None = None) -> list[SentMail]:
    """Return all mails, the newest first. Raises LocalCloudError.

    aws: the endpoint of the local AWS services. to: if set, return only mails with a single recipient whose address is
    in `to`.
    """
    response = httpx.get(
        f"{aws}/_ministack/ses/messages",
        params={"account": ACCOUNT},
        timeout=30,
        trust_env=False,
        verify=NO_AUTHORITIES,
    )
    if response.is_error:
        raise LocalCloudError(f"could not list the mails: ministack returned {response.status_code}: {response.text}")
    messages = response.json()["messages"].get(ACCOUNT, [])
    if to is not None:
        messages = [message for message in messages if len(message["To"]) == 1 and message["To"][0] in to]
    return sorted(map(SentMail.of, messages), key=lambda mail: mail.at, reverse=True)

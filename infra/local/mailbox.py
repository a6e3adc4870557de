"""The mails that the local cloud was handed: nothing leaves the machine, ministack keeps them while it runs."""

from datetime import UTC, datetime
from email.header import decode_header, make_header
from typing import Any, Self

import httpx
from pydantic import BaseModel

from infra.local.aws import ACCOUNT
from infra.local.processes import LocalCloudError


class SentMail(BaseModel):
    """One mail as SES took it."""

    id: str
    """What SES calls it."""
    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    at: datetime

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        """A mail as ministack shows it."""
        return cls(
            id=kept["MessageId"],
            sender=str(make_header(decode_header(kept["Source"]))),
            recipients=kept["To"],
            subject=kept["Subject"],
            text=kept["BodyText"] or "",
            html=kept["BodyHtml"] or "",
            at=datetime.fromtimestamp(kept["Timestamp"], UTC),
        )


def sent(aws: str) -> list[SentMail]:
    """All of them, newest first. `aws`: the endpoint of the local AWS services. Raises LocalCloudError."""
    answer = httpx.get(f"{aws}/_ministack/ses/messages", params={"account": ACCOUNT}, timeout=30, trust_env=False)
    if answer.is_error:
        raise LocalCloudError(f"the mailbox answers {answer.status_code}: {answer.text}")
    kept = answer.json()["messages"].get(ACCOUNT, [])
    return sorted((SentMail.of(one) for one in kept), key=lambda mail: mail.at, reverse=True)

"""Reads the mails that the platform has sent."""

from typing import LiteralString

from infra.local.mailbox import SentMail, sent
from tests.platform.cloud import CloudAccess

SENT: LiteralString = "select from mails where lower(recipient) = lower(%s) and message_id is not null"


class Mails(CloudAccess):
    """Reads the mails that the local SES has accepted."""

    def mails_sent_to(self, *addresses: str) -> list[SentMail]:
        """Return the mails that were sent to these addresses until now, newest first."""
        return sent(self.endpoints.s3, addresses)

    def mails_to(self, *addresses: str, count: int = 1) -> list[SentMail]:
        """Wait until `count` mails have been sent to each address. Return the mails to these addresses, newest first.

        The method first waits for the rows of the mails in the database, because each request to ministack returns all
        mails of the local cloud.
        """
        for address in addresses:
            self.eventually(lambda address=address: self.database.execute(SENT, [address]).rowcount >= count)  # type: ignore[misc]
        mails = self.mails_sent_to(*addresses)
        assert len(mails) >= count * len(addresses)
        return mails

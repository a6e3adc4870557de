"""The tokens in mails.

With a token, a guest can confirm or see an order, a person can accept an invitation, and a recipient can unsubscribe
from a report.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.settings import settings

sql = queries(__file__)

VIEW_HOURS = 24
"""How long the link to an order is valid after the request for the mail, in hours."""
PURPOSES: Mapping[str, str] = {"order_confirm_request": "c", "order_lookup": "v"}
"""Maps the template of each mail with a link to an order to the purpose of the token
(functions/orders_of_guests.sql)."""
INVITATION = "invitation"
"""The template of the mail that contains the token of an invitation."""
REPORT = "report"
"""The template of the mail that contains a report."""
PERSONAL = frozenset({INVITATION, REPORT})
"""The templates of mails with their own language. All other mails have the language of a site."""
UNSUBSCRIBE_PATH = "/v1/unsubscribe/"
_DEFAULT_PATH = "/orders/guest"


class InvitationClosed(Exception):
    """The invitation of a mail was accepted or revoked before the mail was sent."""


class ReportEnded(Exception):
    """The recipient unsubscribed from the report before the mail was sent, or is no longer a recipient."""


def token(tx: Transaction, mail: Mapping[str, Any]) -> str | None:
    """Return the token for a mail, or None if the mail has no token. `mail` is a row of the query `get_mail`.

    Raises InvitationClosed if the invitation of the mail is no longer open. Raises ReportEnded if the recipient has
    unsubscribed from the report.
    """
    if mail["template"] == INVITATION:
        invitation: str | None = sql.create_invitation_token(tx, invitation_id=mail["details"]["invitation_id"])
        if invitation is None:
            raise InvitationClosed
        return invitation
    if mail["template"] == REPORT:
        details = mail["details"]
        report: str | None = sql.get_report_token(
            tx, subscription_id=details["subscription_id"], member_id=details["member_id"]
        )
        if report is None:
            raise ReportEnded
        return report
    purpose = PURPOSES.get(mail["template"])
    if purpose is None:
        return None
    expires_at: datetime = mail["created_at"] + timedelta(hours=VIEW_HOURS)
    if purpose == "c" and mail["confirm_by"] is not None:
        expires_at = mail["confirm_by"]
    text: str | None = sql.get_order_token(tx, order_id=mail["order_id"], purpose=purpose, expires_at=expires_at)
    return text


def url(mail: Mapping[str, Any], token: str | None) -> str:
    """Return the URL of the shop's page for the order of a mail.

    The URL is the `order_page_url` of the site with the parameter `token`, and with `action=confirm` if the guest must
    confirm the order.
    """
    host = mail["domain"] or f"{mail['slug']}.{settings().platform_domain}"
    page = urlsplit(mail["order_page_url"] or f"https://{host}{_DEFAULT_PATH}")
    query = parse_qsl(page.query, keep_blank_values=True)
    if mail["template"] == "order_confirm_request":
        query.append(("action", "confirm"))
    if token is not None:
        query.append(("token", token))
    return urlunsplit(page._replace(query=urlencode(query)))


def unsubscribe_url(token: str) -> str:
    """Return the link with which the recipient of a report unsubscribes."""
    return f"{settings().api_url}{UNSUBSCRIBE_PATH}{token}"

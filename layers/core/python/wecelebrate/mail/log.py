"""Mails as they are read."""

from uuid import UUID

from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.mail.models import Mail, MailFilters

sql = queries(__file__)


def page(tx: Transaction, filters: MailFilters) -> pages.RenderedPage:
    """One page of the mails that the caller may see, newest first."""
    return pages.list_page("mails", sql.list_mails, tx, filters, pages.NEWEST)


def get(tx: Transaction, mail_id: UUID) -> Mail:
    """One mail, written anew. Raises NotFound."""
    from wecelebrate.mail.rendering import write

    row = sql.get_mail(tx, mail_id=mail_id)
    if row is None:
        raise NotFound
    letter = write(row)
    return Mail(
        **row | {"locale": row["locale"] or letter.locale},
        sender=letter.sender,
        reply_to=letter.reply_to,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
    )

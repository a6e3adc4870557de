"""Lists and reads mails."""

from uuid import UUID

from wecelebrate.core import pages
from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.mail.models import Mail, MailFilters

sql = queries(__file__)


def page(tx: Transaction, filters: MailFilters) -> pages.RenderedPage:
    """Return one page of the mails that the caller can see, sorted from newest to oldest."""
    return pages.list_page("mails", sql.list_mails, tx, filters, pages.NEWEST)


def get(tx: Transaction, mail_id: UUID) -> Mail:
    """Return one mail. Its text is rendered again, from the current data of its order or job. Raises NotFound."""
    # The import is in the function, because listing mails does not need the template engine.
    from wecelebrate.mail.rendering import render

    row = sql.get_mail(tx, mail_id=mail_id)
    if row is None:
        raise NotFound
    rendered = render(row)
    return Mail(
        **row | {"locale": row["locale"] or rendered.locale},
        sender=rendered.sender,
        reply_to=rendered.reply_to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
